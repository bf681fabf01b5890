"""How one measured edge agrees with a library spectrum: near edge, or EXAFS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumMatch:
    """The library spectrum with the most evidence for a hit.

    Attributes:
        edge: such as `Fe K`, or `Fe K EXAFS`.
        spectrum_id: of the library spectrum.
        kind: simulated, measured or predicted.
        level: of a site, or the mean over a material's absorbers.
        code: what calculated or measured it, such as `FEFF9` or a beamline.
        source: where it comes from.
        formula: of its compound.
        correlation: mean over the spectrum and its derivatives, or over k²χ(k) and |χ(R)|.
        shift_eV: query energy less library energy; of EXAFS, between the two E0 where k is zero.
        log_evidence: of this agreement, for the right compound against another.
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
    log_evidence: float

    @property
    def maker(self) -> str:
        """Its kind, and the code or beamline where that adds to it."""
        return self.kind if self.code in ("", self.kind) else f"{self.kind}, {self.code}"

    def __str__(self) -> str:
        return (
            f"{self.edge} ({self.maker}; {self.level}): r {self.correlation:.3f}, shift "
            f"{self.shift_eV:+.1f} eV, {self._changed}"
        )

    @property
    def _changed(self) -> str:
        """What else was done to the library spectrum."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMatch(SpectrumMatch):
    """Of a near edge.

    Attributes:
        broadening_eV: what the library spectrum was broadened by.
        energy_eV: (n,) query energies at which it is drawn.
        mu: (n,) normalised, shifted and broadened, scaled to the query.
    """

    broadening_eV: float
    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]

    @property
    def _changed(self) -> str:
        return f"broadening {self.broadening_eV:g} eV"


@dataclass(frozen=True, slots=True, eq=False)
class ExafsMatch(SpectrumMatch):
    """Of EXAFS.

    Attributes:
        debye_waller_A2: mean squared displacement that was added to the library spectrum.
        k_invA: (n,) wave numbers that were compared.
        measured_k2_chi: (n,) of the query, Å⁻².
        k2_chi: (n,) of the library, shifted, damped and scaled to the query.
    """

    debye_waller_A2: float
    k_invA: NDArray[np.float64]
    measured_k2_chi: NDArray[np.float64]
    k2_chi: NDArray[np.float64]

    @property
    def _changed(self) -> str:
        return f"σ² {self.debye_waller_A2:+.3f} Å²"
