"""Extinction groups: space groups whose powder lines obey the same conditions, which no line tells apart.

Groups of one crystal family count as alike where the same lines are missing whatever the names of orthorhombic axes;
trigonal and hexagonal groups are one family (International Tables A, table 3.1.4.1, for powders).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXTINCTION_GROUPS: tuple[tuple[int, ...], ...] = (
    (1, 2),
    (3, 6, 10),
    (4, 11),
    (5, 8, 12),
    (7, 13),
    (9, 15),
    (14,),
    (16, 25, 47),
    (17,),
    (18,),
    (19,),
    (20,),
    (21, 35, 38, 65),
    (22, 42, 69),
    (23, 24, 44, 71),
    (26, 28, 51),
    (27, 49),
    (29, 57),
    (30, 53),
    (31, 59),
    (32, 55),
    (33, 62),
    (34, 58),
    (36, 40, 63),
    (37, 66),
    (39, 67),
    (41, 64),
    (43,),
    (45, 72),
    (46, 74),
    (48,),
    (50,),
    (52,),
    (54,),
    (56,),
    (60,),
    (61,),
    (68,),
    (70,),
    (73,),
    (75, 81, 83, 89, 99, 111, 115, 123),
    (76, 78, 91, 95),
    (77, 84, 93),
    (79, 82, 87, 97, 107, 119, 121, 139),
    (80, 98),
    (85, 129),
    (86,),
    (88,),
    (90, 113),
    (92, 96),
    (94,),
    (100, 117, 127),
    (101, 116, 132),
    (102, 118, 136),
    (103, 124),
    (104, 128),
    (105, 112, 131),
    (106, 135),
    (108, 120, 140),
    (109, 122),
    (110,),
    (114,),
    (125,),
    (126,),
    (130,),
    (133,),
    (134,),
    (137,),
    (138,),
    (141,),
    (142,),
    (143, 147, 149, 150, 156, 157, 162, 164, 168, 174, 175, 177, 183, 187, 189, 191),
    (144, 145, 151, 152, 153, 154, 171, 172, 180, 181),
    (146, 148, 155, 160, 166),
    (158, 165, 185, 188, 193),
    (159, 163, 186, 190, 194),
    (161, 167),
    (169, 170, 178, 179),
    (173, 176, 182),
    (184, 192),
    (195, 200, 207, 215, 221),
    (196, 202, 209, 216, 225),
    (197, 199, 204, 211, 217, 229),
    (198, 208),
    (201, 224),
    (203, 227),
    (205,),
    (206,),
    (210,),
    (212, 213),
    (214,),
    (218, 223),
    (219, 226),
    (220,),
    (222,),
    (228,),
    (230,),
)
"""The space groups of each by number, by the first of them."""

EXTINCTION_OF_GROUP: NDArray[np.int64] = np.full(231, -1)
"""(231,) place in `EXTINCTION_GROUPS` of each space group by its number; -1 for 0, an unknown group."""

for _place, _groups in enumerate(EXTINCTION_GROUPS):
    EXTINCTION_OF_GROUP[list(_groups)] = _place
EXTINCTION_OF_GROUP.setflags(write=False)


def of_extinction(of_groups: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 97) probabilities of extinction groups from those of space groups, (..., 230), group 1 first."""
    belongs = EXTINCTION_OF_GROUP[1:, None] == np.arange(len(EXTINCTION_GROUPS))
    return np.asarray(of_groups @ belongs)
