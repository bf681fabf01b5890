"""How one measured edge agrees with a library spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMatch:
    """The library spectrum with the most evidence for a hit.

    Attributes:
        edge: such as `Fe K`.
        spectrum_id: of the library spectrum.
        kind: simulated, measured or predicted.
        level: of a site, or the mean over a material's absorbers.
        code: what calculated or measured it, such as `FEFF9` or a beamline.
        source: where it comes from.
        formula: of its compound.
        correlation: mean over the spectrum and its derivatives.
        shift_eV: query energy less library energy.
        broadening_eV: what the library spectrum was broadened by.
        log_evidence: of this agreement, for the right compound against another.
        energy_eV: (n,) query energies at which it is drawn.
        mu: (n,) normalised, shifted and broadened, scaled to the query.
    """

    edge: str
    spectrum_id: str
    kind: str
    level: str
    code: str
    source: str
    formula: str
    correlation: float
    shift_eV: float
    broadening_eV: float
    log_evidence: float
    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]

    @property
    def maker(self) -> str:
        """Its kind, and the code or beamline where that adds to it."""
        return self.kind if self.code in ("", self.kind) else f"{self.kind}, {self.code}"

    def __str__(self) -> str:
        return (
            f"{self.edge} ({self.maker}; {self.level}): r {self.correlation:.3f}, shift "
            f"{self.shift_eV:+.1f} eV, broadening {self.broadening_eV:g} eV"
        )
