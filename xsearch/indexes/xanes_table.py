"""The spectra of one absorber and edge: arrays that are searched as a whole."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import BuildError
from xsearch.preprocess.xanes import WINDOW_POINTS

KINDS = ("simulated", "measured", "predicted")
LEVELS = ("material", "site")
TEXTS = ("spectrum_id", "material_id", "reduced_formula", "kind", "level", "code", "source", "licence")


@dataclass(frozen=True, slots=True, eq=False)
class XanesTable:
    """Spectra of one absorber and edge, n of them.

    Attributes:
        absorber, edge: of all of them.
        values: (n, 200) float32 windows, zero where unknown.
        known: (n, 200) bool.
        offset_eV: (n,) float32, E0 less the tabulated edge.
        elements: n sets of element symbols.
        spectrum_id: (n,) unique.
        material_id: (n,) the index's entry; empty where the spectrum is a reference without an entry.
        reduced_formula: (n,).
        kind: (n,) one of `KINDS`.
        level: (n,) one of `LEVELS`: the mean over a material's absorbers, or one of them.
        code: (n,) what made it, such as `FEFF9` or a beamline.
        source, licence: (n,) of the data.
    """

    absorber: str
    edge: str
    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    offset_eV: NDArray[np.float32]
    elements: tuple[frozenset[str], ...]
    spectrum_id: NDArray[np.object_]
    material_id: NDArray[np.object_]
    reduced_formula: NDArray[np.object_]
    kind: NDArray[np.object_]
    level: NDArray[np.object_]
    code: NDArray[np.object_]
    source: NDArray[np.object_]
    licence: NDArray[np.object_]

    def __post_init__(self) -> None:
        n = len(self.offset_eV)
        if self.values.shape != (n, WINDOW_POINTS) or self.known.shape != (n, WINDOW_POINTS):
            raise BuildError(
                f"{self.absorber} {self.edge}: {n} spectra need windows of {n} by {WINDOW_POINTS}, got "
                f"{self.values.shape} and {self.known.shape}."
            )
        if bad := [name for name in (*TEXTS, "elements") if len(getattr(self, name)) != n]:
            raise BuildError(f"{self.absorber} {self.edge}: {bad[0]} does not have {n} entries.")
        if strange := sorted(set(self.kind) - set(KINDS)):
            raise BuildError(f"Unknown kind {strange[0]!r} of spectrum; one of {', '.join(KINDS)} is expected.")

    def __len__(self) -> int:
        return len(self.offset_eV)

    def take(self, rows: NDArray[np.generic]) -> Self:
        """Some of the spectra, by index or mask."""
        chosen = np.flatnonzero(rows) if rows.dtype == bool else np.asarray(rows, np.int64)
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("absorber", "edge", "elements")}
        return type(self)(
            absorber=self.absorber,
            edge=self.edge,
            elements=tuple(self.elements[i] for i in chosen),
            **{name: array[chosen] for name, array in arrays.items()},
        )


def concatenate(tables: list[XanesTable]) -> XanesTable:
    """Tables of one absorber and edge as one."""
    if len({(t.absorber, t.edge) for t in tables}) != 1:
        raise BuildError("Only spectra of one absorber and edge make a table.")
    arrays = [f.name for f in fields(XanesTable) if f.name not in ("absorber", "edge", "elements")]
    return XanesTable(
        absorber=tables[0].absorber,
        edge=tables[0].edge,
        elements=tuple(e for t in tables for e in t.elements),
        **{name: np.concatenate([getattr(t, name) for t in tables]) for name in arrays},
    )
