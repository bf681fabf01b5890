"""The X-ray absorption near-edge spectrum."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MAX_POINTS, MIN_POINTS
from xsearch.spectra.normalisation import UNSTATED, Normalisation


@dataclass(frozen=True, slots=True, eq=False)
class Xanes:
    """An X-ray absorption spectrum of one element's edge.

    Attributes:
        energy_eV: (n,) float64, strictly ascending.
        mu: (n,) float64, absorption in any linear unit (raw, or normalised to an edge step of one).
        absorber: the element's symbol.
        edge: one of `EDGES`.
        source: where it came from, usually the file's name.
        notes: what was assumed or repaired, one line each.
        normalisation: edge energy and ranges where the file or its user states them.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    absorber: str
    edge: str
    source: str = ""
    notes: tuple[str, ...] = ()
    normalisation: Normalisation = UNSTATED

    def __post_init__(self) -> None:
        x = np.ascontiguousarray(self.energy_eV, dtype=np.float64)
        y = np.ascontiguousarray(self.mu, dtype=np.float64)
        name = self.source or "XANES spectrum"
        if x.ndim != 1 or x.shape != y.shape:
            raise SpectrumError(
                f"{name}: energies and absorption must be two lists of one length, got {x.shape} and {y.shape}."
            )
        if not MIN_POINTS <= len(x) <= MAX_POINTS:
            raise SpectrumError(f"{name}: {len(x):,} points; between {MIN_POINTS} and {MAX_POINTS:,} are expected.")
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise SpectrumError(f"{name}: holds values that are not finite numbers; remove those rows.")
        if not (np.diff(x) > 0).all():
            raise SpectrumError(f"{name}: the energy axis must rise strictly; sort it and remove duplicates.")
        if self.absorber not in ATOMIC_NUMBERS:
            raise SpectrumError(f"{name}: unknown absorber {self.absorber!r}; give an element symbol such as Fe.")
        if self.edge not in EDGES:
            raise SpectrumError(f"{name}: unknown edge {self.edge!r}; one of {', '.join(EDGES)} is expected.")
        object.__setattr__(self, "energy_eV", x)
        object.__setattr__(self, "mu", y)

    def __len__(self) -> int:
        return len(self.energy_eV)

    def with_notes(self, *notes: str) -> Self:
        """The same spectrum with further notes."""
        return replace(self, notes=(*self.notes, *notes))
