"""The powder diffraction pattern."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError, WavelengthError
from xsearch.spectra.mend import MAX_POINTS, MIN_POINTS

SHORTEST_WAVELENGTH_A, LONGEST_WAVELENGTH_A = 0.05, 5.0
"""Wavelengths at which crystals diffract; set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class PowderPattern:
    """A powder X-ray diffraction pattern: counts against scattering angle at one wavelength.

    The axis must rise strictly, and all values must be finite; the constructor does not repair them. Readers do, and
    say so in `notes`.

    Attributes:
        two_theta_deg: (n,) float64, strictly ascending, within 0..180.
        intensity: (n,) float64, counts or any unit proportional to them; negative values are allowed, since
            background-subtracted files have them.
        wavelength_A: the wavelength in Å.
        source: where it came from, usually the file's name.
        notes: what was assumed or repaired, one line each.
        polarisation: of the beam: intensity polarised in the plane of scattering over that polarised across it, 1 for
            an unpolarised one; `xsearch.simulate.polarisation` has those of monochromators and synchrotrons.
        sigma: (n,) float64, standard deviations of the intensities in their unit, above zero; None where the file
            states none.
    """

    two_theta_deg: NDArray[np.float64]
    intensity: NDArray[np.float64]
    wavelength_A: float
    source: str = ""
    notes: tuple[str, ...] = ()
    polarisation: float = 1.0
    sigma: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        x = np.ascontiguousarray(self.two_theta_deg, dtype=np.float64)
        y = np.ascontiguousarray(self.intensity, dtype=np.float64)
        name = self.source or "powder pattern"
        if x.ndim != 1 or x.shape != y.shape:
            raise SpectrumError(
                f"{name}: angles and intensities must be two lists of one length, got {x.shape} and {y.shape}."
            )
        if len(x) < MIN_POINTS:
            raise SpectrumError(f"{name}: {len(x)} points are too few for a pattern; at least {MIN_POINTS} are needed.")
        if len(x) > MAX_POINTS:
            raise SpectrumError(
                f"{name}: {len(x):,} points are more than the {MAX_POINTS:,} accepted; rebin the pattern first."
            )
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise SpectrumError(f"{name}: holds values that are not finite numbers; remove those rows.")
        if not (np.diff(x) > 0).all():
            raise SpectrumError(f"{name}: the 2θ axis must rise strictly; sort it and remove duplicates.")
        if x[0] < 0 or x[-1] > 180:
            raise SpectrumError(f"{name}: 2θ runs from {x[0]:g} to {x[-1]:g}; degrees between 0 and 180 are expected.")
        if not SHORTEST_WAVELENGTH_A <= self.wavelength_A <= LONGEST_WAVELENGTH_A:
            raise WavelengthError(
                f"{name}: a wavelength of {self.wavelength_A:g} Å is outside {SHORTEST_WAVELENGTH_A:g} to "
                f"{LONGEST_WAVELENGTH_A:g} Å; give it in ångström, such as 1.5406."
            )
        if not 0 <= self.polarisation <= 1:
            raise SpectrumError(f"{name}: a polarisation of {self.polarisation:g} is not between 0 and 1.")
        if self.sigma is not None:
            sigma = np.ascontiguousarray(self.sigma, dtype=np.float64)
            if sigma.shape != y.shape or not (np.isfinite(sigma) & (sigma > 0)).all():
                raise SpectrumError(f"{name}: one finite standard deviation above zero is needed for each intensity.")
            object.__setattr__(self, "sigma", sigma)
        object.__setattr__(self, "two_theta_deg", x)
        object.__setattr__(self, "intensity", y)
        object.__setattr__(self, "wavelength_A", float(self.wavelength_A))

    def __len__(self) -> int:
        return len(self.two_theta_deg)

    @property
    def q_invA(self) -> NDArray[np.float64]:
        """(n,) scattering vector lengths q = 4π sin θ / λ, in 1/Å."""
        return 4 * np.pi * np.sin(np.radians(self.two_theta_deg / 2)) / self.wavelength_A

    def with_notes(self, *notes: str) -> Self:
        """The same pattern with further notes."""
        return replace(self, notes=(*self.notes, *notes))
