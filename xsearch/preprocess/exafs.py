"""EXAFS: χ(k) from a normalised spectrum by AUTOBK, and its Fourier transform, on fixed grids.

The background µ0(E) is a spline whose knots are as many as the low-R part of the spectrum can determine; it is chosen
so that χ(R) is smallest below the first neighbours (Newville, Livins, Yacoby, Rehr and Stern, Phys. Rev. B 47 (1993)
14126). With E0 fixed, χ depends on the spline's coefficients linearly: one least-squares solution is the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from math import pi

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.preprocess.ranges import surroundings
from xsearch.preprocess.xanes import NormalizedXanes
from xsearch.settings import setting
from xsearch.spectra.xanes import Xanes

INV_A2_PER_eV = 0.26246843
"""k² of a photoelectron of one eV, in Å⁻²: 2 m / ħ²."""

K_STEP_invA = 0.05
K_GRID_invA: NDArray[np.float64] = np.arange(0.0, 16.0 + 1e-9, K_STEP_invA)
"""(321,) wave numbers of χ(k) that indexes store."""

R_GRID_A: NDArray[np.float64] = np.arange(0.0, 6.0 + 1e-9, 0.05)
"""(121,) distances of χ(R), without phase correction."""

K_WEIGHT = 2
"""χ is compared as k²χ, which keeps light and heavy neighbours in proportion."""

BY_HAND = "set by hand"


@dataclass(frozen=True, slots=True)
class ExafsSettings:
    """How the background is chosen, and which spectra reach far enough."""

    background_A: float = setting(1.0, "Å", "Rbkg: half the shortest usual bond; Newville 1993, the default of Larch")
    background_k_weight: int = setting(
        2,
        "1",
        "of χ where the background is chosen: closest to the χ of simulated scans (tests/preprocess/test_exafs.py)",
    )
    least_reach_eV: float = setting(
        250.0, "eV", f"above E0, that is k = 8.1 1/Å: shells 0.3 Å apart are resolved; {BY_HAND}"
    )
    least_points: int = setting(60, "points", f"above E0; {BY_HAND}")
    transform_invA: tuple[float, float] = setting(
        (3.0, 12.0), "1/Å", "range of the Fourier transform, as in the examples of Artemis; shorter scans end before"
    )
    window_invA: float = setting(1.0, "1/Å", "width of the Hanning sills of the Fourier transform, as in Artemis")


EXAFS = ExafsSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Exafs:
    """The extended fine structure of one edge.

    Attributes:
        chi: (321,) float64 on `K_GRID_invA`, in edge steps; zero beyond `k_end_invA`.
        k_end_invA: how far it is known.
        e0_eV: where k is zero.
        absorber, edge: as in `Xanes`.
    """

    chi: NDArray[np.float64]
    k_end_invA: float
    e0_eV: float
    absorber: str
    edge: str

    @property
    def k2_chi(self) -> NDArray[np.float64]:
        """(321,) k²χ(k), Å⁻²."""
        return np.asarray(K_GRID_invA**K_WEIGHT * self.chi)

    @property
    def known_k2_chi(self) -> NDArray[np.float64]:
        """(m,) the part of `k2_chi` that is known, which is what indexes store."""
        return self.k2_chi[: round(self.k_end_invA / K_STEP_invA) + 1]

    def chi_r(self, settings: ExafsSettings = EXAFS) -> NDArray[np.complex128]:
        """(121,) χ(R) on `R_GRID_A`, Å⁻³, over the usual range or what is known of it."""
        low, high = settings.transform_invA
        return fourier(self.k2_chi, low, min(high, self.k_end_invA), settings.window_invA)


def computed_k2_chi(energy_eV: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) k²χ(k) on the grid of indexes, of a computed µ/µ0 = 1 + χ that begins where k is zero."""
    k = np.sqrt(INV_A2_PER_eV * np.maximum(energy_eV - energy_eV[0], 0.0))
    grid = K_GRID_invA[K_GRID_invA <= k[-1] + 1e-6]
    return np.asarray(grid**K_WEIGHT * np.interp(grid, k, mu - 1.0))


def extract_exafs(spectrum: NormalizedXanes, settings: ExafsSettings = EXAFS) -> Exafs:
    """χ(k) of a spectrum that reaches far enough above its edge.

    Args:
        spectrum: normalised; its E0 is where k is zero.
        settings: of the background.

    Raises:
        SpectrumError: where it does not reach, or another edge ends it too soon.
    """
    name = spectrum.source or "spectrum"
    whole = Xanes(spectrum.energy_eV, spectrum.mu, spectrum.absorber, spectrum.edge, spectrum.source)
    end = surroundings(whole, spectrum.e0_eV).high_eV
    relative = spectrum.energy_eV - spectrum.e0_eV
    reach = end - spectrum.e0_eV
    if reach < settings.least_reach_eV:
        raise SpectrumError(
            f"{name}: {spectrum.absorber} {spectrum.edge} is known up to {reach:.0f} eV above the edge; EXAFS needs "
            f"{settings.least_reach_eV:.0f} eV. Compare the near edge (range xanes)."
        )
    above = (relative >= 0.0) & (relative <= reach)
    k = np.sqrt(INV_A2_PER_eV * relative[above])
    if len(k) < settings.least_points:
        raise SpectrumError(f"{name}: only {len(k)} points above the edge; EXAFS needs {settings.least_points}.")
    grid = K_GRID_invA[K_GRID_invA <= k[-1]]
    mu = _on_grid(grid, k, spectrum.mu[above])
    chi = np.zeros(len(K_GRID_invA))
    chi[: len(grid)] = mu - background(grid, mu, settings)
    return Exafs(chi, float(grid[-1]), spectrum.e0_eV, spectrum.absorber, spectrum.edge)


def background(
    k_invA: NDArray[np.float64], mu: NDArray[np.float64], settings: ExafsSettings = EXAFS
) -> NDArray[np.float64]:
    """The smooth part of µ: the spline that leaves least of χ(R) below `background_A`.

    Args:
        k_invA: (n,) evenly spaced from zero.
        mu: (n,) normalised.
        settings: how far in R.

    Returns:
        (n,) in the units of `mu`.
    """
    basis = _basis(len(k_invA), settings.background_A)
    weight = k_invA**settings.background_k_weight * hanning(k_invA, 0.0, float(k_invA[-1]), 0.1)
    r_A = np.arange(0.0, settings.background_A + 1e-9, pi / (4 * k_invA[-1]))
    waves = np.exp(2j * np.outer(r_A, k_invA)) * weight * K_STEP_invA / np.sqrt(pi)
    rows = np.vstack([waves.real, waves.imag])
    coefficients = np.linalg.lstsq(rows @ basis, rows @ mu, rcond=1e-8)[0]
    return np.asarray(basis @ coefficients)


def fourier(
    weighted: NDArray[np.floating], low_invA: float, high_invA: float, sill_invA: float = EXAFS.window_invA
) -> NDArray[np.complex128]:
    """χ(R) of weighted χ(k): (..., 321) on `K_GRID_invA` to (..., 121) on `R_GRID_A`.

    Args:
        weighted: such as k²χ(k).
        low_invA, high_invA: middles of the window's sills.
        sill_invA: their width.
    """
    return np.asarray((weighted * hanning(K_GRID_invA, low_invA, high_invA, sill_invA)) @ _waves())


@cache
def _waves() -> NDArray[np.complex128]:
    return np.asarray(np.exp(2j * np.outer(K_GRID_invA, R_GRID_A)) * K_STEP_invA / np.sqrt(pi))


def hanning(k_invA: NDArray[np.float64], low_invA: float, high_invA: float, sill_invA: float) -> NDArray[np.float64]:
    """(n,) a window that is one between two sills, along which it falls to zero as a squared sine."""
    rise = np.clip((k_invA - low_invA) / sill_invA + 0.5, 0.0, 1.0)
    fall = np.clip((high_invA - k_invA) / sill_invA + 0.5, 0.0, 1.0)
    return np.asarray(np.sin(pi / 2 * rise) ** 2 * np.sin(pi / 2 * fall) ** 2)


@lru_cache(maxsize=64)
def _basis(points: int, background_A: float) -> NDArray[np.float64]:
    """(n, m) cubic splines on evenly spaced knots in k: as many as the range below `background_A` holds.

    m is one more than the number of independent points of that range, 2 Rbkg kmax / π (Newville 1993).
    """
    from scipy.interpolate import BSpline

    k_end = (points - 1) * K_STEP_invA
    count = max(5, 1 + int(2 * background_A * k_end / pi))
    knots = np.concatenate([[0.0] * 3, np.linspace(0.0, k_end, count - 2), [k_end] * 3])
    found = BSpline.design_matrix(np.arange(points) * K_STEP_invA, knots, 3, extrapolate=True)
    return np.asarray(found.toarray())


def _on_grid(grid: NDArray[np.float64], k: NDArray[np.float64], mu: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) values on an even grid; where a scan is finer, the mean over each step."""
    area = np.concatenate([[0.0], np.cumsum(np.diff(k) * (mu[1:] + mu[:-1]) / 2)])
    edges = np.clip(np.append(grid - K_STEP_invA / 2, grid[-1] + K_STEP_invA / 2), k[0], k[-1])
    width = np.diff(edges)
    mean = np.diff(np.interp(edges, k, area)) / np.maximum(width, 1e-12)
    count = np.histogram(k, np.append(grid - K_STEP_invA / 2, grid[-1] + K_STEP_invA / 2))[0]
    plain = np.interp(grid, k, mu)
    return np.where((count >= 2) & (width > 0.5 * K_STEP_invA), mean, plain)
