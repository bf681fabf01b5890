"""The lines of a cell as a pattern shows them: what any set of intensities leaves of it, without drawing it.

The weighted squares that intensities I leave of a pattern y are y'Wy - 2 b'I + I'HI, where b and H are drawn from the
shapes of the lines once. So overlapping lines count together, as they should, and the whole pattern is compared at the
cost of its lines (David, Shankland, van de Streek, Pidcock, Motherwell and Cole, J. Appl. Cryst. 39 (2006) 910).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, TRICLINIC
from xsearch.chemistry.wyckoff import space_group_positions
from xsearch.indexing import evidence_kernels as kernels
from xsearch.indexing.profile import DrawnLines, Profile, free_areas
from xsearch.indexing.search import form_parameters
from xsearch.indexing.thorough import RankedCell
from xsearch.simulate.line_kernels import lorentz_polarisation
from xsearch.solve.settings import ObservedSettings

Array = NDArray[np.float64]

FULL_GROUPS = {TRICLINIC: 2, MONOCLINIC: 10, ORTHORHOMBIC: 47, TETRAGONAL: 123, HEXAGONAL: 191, CUBIC: 221}
"""A space group with all the symmetry of each lattice."""


@dataclass(frozen=True, slots=True, eq=False)
class ObservedLines:
    """The lines of a cell in a pattern, rising in angle.

    Attributes:
        cell: (6,) of the conventional cell, Å and degrees.
        lattice, centring: their codes, see `xsearch.indexing.kernels`.
        hkl: (n, 3) one reflection of each line, up to the rotations of the metric.
        s: (n,) sin θ / λ, 1/Å.
        factor: (n,) Lorentz-polarisation factor and thermal motion.
        band: (n, w) normal matrix of the areas, diagonal first. right: (n,) their right side.
        total: weighted squares of the pattern. least: of what free areas leave.
        areas, sigma: (n,) free areas and their standard deviations.
        points: of the pattern that are compared. seen: lines that stand out among them, whatever the cell.
    """

    cell: Array
    lattice: int
    centring: int
    hkl: NDArray[np.int64]
    s: Array
    factor: Array
    band: Array
    right: Array
    total: float
    least: float
    areas: Array
    sigma: Array
    points: int
    seen: int

    def __len__(self) -> int:
        return len(self.hkl)

    @property
    def volume_A3(self) -> float:
        """Of the conventional cell."""
        return abs(float(np.linalg.det(lattice_from_parameters(*self.cell.tolist()))))

    @property
    def rotations(self) -> NDArray[np.int64]:
        """(m, 3, 3) those that keep the metric; hkl @ rotation is of the same line, where the centring allows it."""
        return np.unique(space_group_positions(FULL_GROUPS[self.lattice]).rotations, axis=0)

    def squares(self, intensities: Array) -> float:
        """Weighted squares that (n,) intensities leave with the best scale; the slow reference of the search."""
        full = np.zeros((len(self), len(self)))
        for k in range(self.band.shape[1]):
            part = np.arange(len(self) - k)
            full[part, part + k] = full[part + k, part] = self.band[: len(self) - k, k]
        right = float(self.right @ intensities)
        return self.total - right * abs(right) / max(float(intensities @ full @ intensities), 1e-300)


def observed_lines(
    profile: Profile, ranked: RankedCell, polarisation: float, settings: ObservedSettings
) -> ObservedLines:
    """Read the lines of a cell off a pattern."""
    fit, one_A = ranked.fit, profile.wavelengths_A[0]
    most = settings.profile.most_reflections
    hkl, q = np.empty((most, 3), np.int64), np.empty(most)
    limit = (2 * np.sin(np.radians((profile.end_deg + 0.3) / 2)) / one_A) ** 2
    count = kernels.reflections(fit.form, ranked.lattice, ranked.centring, limit, hkl, q)
    while count < 0:
        limit *= 0.8
        count = kernels.reflections(fit.form, ranked.lattice, ranked.centring, limit, hkl, q)
    order = np.argsort(q[:count], kind="stable")
    hkl, sine = hkl[order], np.sqrt(q[order]) * one_A / 2
    half = np.arcsin(np.minimum(sine, 0.999))
    at = np.degrees(2 * half) + fit.zero_deg + fit.displacement_deg * np.cos(half)
    kept = np.flatnonzero((at > profile.start_deg) & (at < profile.end_deg))
    hkl, sine, at = hkl[kept], sine[kept], at[kept]
    if len(at) > settings.most_lines:
        # the pattern ends between two lines
        end = 0.5 * (at[settings.most_lines - 1] + at[settings.most_lines])
        points = int((end - profile.start_deg) / profile.step_deg)
        profile = replace(profile, counts=profile.counts[:points], weights=profile.weights[:points])
        hkl, sine, at = hkl[: settings.most_lines], sine[: settings.most_lines], at[: settings.most_lines]
    drawn = DrawnLines.of(profile, at, profile.fwhm_deg(at))
    areas, band = free_areas(profile, drawn, np.zeros(len(at)), settings.profile.sweeps)
    right = np.empty(len(at))
    kernels.normal_equations(drawn.low, drawn.first, drawn.shapes, profile.counts, profile.weights, band, right)
    sums = np.zeros(len(profile.counts))
    kernels.sum_of_lines(drawn.low, drawn.first, drawn.shapes, areas, sums)
    width = int(np.flatnonzero((band != 0).any(axis=0)).max(initial=0)) + 1
    s = sine / one_A
    factor = lorentz_polarisation(sine, polarisation) * np.exp(-2 * settings.b_iso_A2 * s**2)
    mean = np.maximum(factor * areas.sum() / factor.sum(), 1e-12)
    curvature = np.empty(len(at))
    kernels.pivots(band, 1 / mean**2, curvature)
    return ObservedLines(
        np.array(form_parameters(fit.form)), ranked.lattice, ranked.centring, hkl, s, factor,
        np.ascontiguousarray(band[:, :width]), right, float(profile.weights @ profile.counts**2),
        float(profile.weights @ (profile.counts - sums) ** 2), areas, curvature**-0.5,
        len(profile.counts), int((profile.lines_deg < profile.end_deg).sum()),
    )  # fmt: skip
