"""What a user says of how a file is to be read: its columns, its axis, and the normalisation of its edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from xsearch.errors import QueryError
from xsearch.options import parse_choice


class Axis(StrEnum):
    """What the axis of a powder pattern is, where a user names it: an angle in degrees (or radians), q in 1/Å or 1/nm,
    d in Å or nm."""

    TWO_THETA = "2theta"
    TWO_THETA_RAD = "2theta_rad"
    THETA = "theta"
    Q = "q"
    Q_NM = "q_nm"
    D = "d"
    D_NM = "d_nm"


COLUMN_ROLES = ("energy", "mu", "i0", "it", "if", "ir", "2theta", "theta", "q", "d", "intensity", "sigma")
"""What a column of a file can be named as: energies, absorption, the counters of an X-ray absorption scan (incident,
transmitted, fluorescence, reference), the axes of a powder pattern, its intensities and their standard deviations."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a user says of how a file is to be read; each goes before what the file says, None leaves it to the file.

    Attributes:
        columns: by role, one of `COLUMN_ROLES`: a column's name, its number from 1, or a sum of columns such as
            `FF1:FF8` (from one to another) or `FF1+FF3`.
        axis: what the axis of a powder pattern is.
        e0_eV: the edge energy; added to energies that a file gives relative to the edge.
        pre_edge_eV, post_edge_eV: ranges relative to E0 in which the pre-edge line and the post-edge curve are fitted.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    axis: Axis | None = None
    e0_eV: float | None = None
    pre_edge_eV: tuple[float, float] | None = None
    post_edge_eV: tuple[float, float] | None = None

    @classmethod
    def parse(
        cls,
        columns: str | None = None,
        axis: str | None = None,
        e0: float | None = None,
        pre: str | None = None,
        post: str | None = None,
    ) -> Reading:
        """From text.

        Args:
            columns: such as `energy=Energy,i0=I0,it=I1` or `energy=1,mu=4`.
            axis: one of `Axis`.
            e0: the edge energy in eV.
            pre, post: ranges relative to E0 in eV, such as `-150:-30` and `50:600`.

        Raises:
            QueryError: where one of them cannot be understood.
        """
        return cls(
            parse_columns(columns) if columns else {},
            None if axis is None else parse_choice(Axis, axis, "axis"),
            e0,
            None if pre is None else parse_range(pre, "pre-edge range"),
            None if post is None else parse_range(post, "post-edge range"),
        )


AS_THE_FILE_SAYS = Reading()
"""Nothing is said of how a file is to be read."""


class AsRead(NamedTuple):
    """How a file is to be read; None leaves it to the file."""

    wavelength: str | None = None
    absorber: str | None = None
    edge: str | None = None
    reading: Reading = AS_THE_FILE_SAYS


def parse_columns(text: str) -> dict[str, str]:
    """Columns by role out of text such as `energy=Energy,i0=I0,it=I1`.

    Raises:
        QueryError: naming the first part that is no role, `=` and a column.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        role, mark, column = (word.strip() for word in part.partition("="))
        if role.lower() not in COLUMN_ROLES or not mark or not column:
            raise QueryError(
                f"{part.strip()!r} names no column; ROLE=COLUMN is expected, such as energy=1 or i0=I0, with one of "
                f"{', '.join(COLUMN_ROLES)}."
            )
        found[role.lower()] = column
    return found


def parse_range(text: str, what: str) -> tuple[float, float]:
    """Two numbers out of text such as `-150:-30`, the lower first.

    Args:
        text: what was given.
        what: it is, for the message.

    Raises:
        QueryError: where it is anything else.
    """
    low, _, high = text.partition(":")
    try:
        found = float(low), float(high)
    except ValueError:
        found = (0.0, 0.0)
    if not found[0] < found[1]:
        raise QueryError(f"{text!r} is no {what}; LOW:HIGH is expected, such as -150:-30.")
    return found
