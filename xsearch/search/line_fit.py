"""Whether a crystal, and not only its cell, gave a pattern: its own line intensities against free ones.

The lines of a strained cell are first fitted with free intensities, while the strain, the zero shift and the widths
settle. What is left then says whether the cell is right. With positions and widths held, the crystal's own intensities
follow, with a scale, thermal motion and texture allowed. How far they stay behind the free ones says whether the
crystal is right; noise, background, line shapes and foreign lines miss both fits alike and cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.le_bail_kernels import add_profile, free_areas, own_step, position_step, shape_table
from xsearch.fit.strain import MODES_BY_CODE, ZERO_SHIFT
from xsearch.fit.strain_kernels import line_design
from xsearch.indexes import Index
from xsearch.preprocess.kernels import line_intensities
from xsearch.preprocess.powder import NetPattern

Array = NDArray[np.float64]

FLOOR = 0.01
"""Of the weights, as a share of the highest point: what is fainter counts little."""

LEAST_MISFIT = 0.01
"""Misfits below this share tell nothing more."""

FIRST_PASSES, PASSES, LAST_PASSES, ROUNDS = 10, 5, 8, 3
"""Passes of the free fit at first, after each of the rounds that move the lines, and in the end."""

EVEN_SHARE = 0.02
"""Free intensities start as the crystal's own and this share of its strongest line, so that none starts at nothing."""

LEAST_FWHM_DEG, MOST_FWHM_DEG = 0.04, 1.5
STRAIN_SIGMA, ZERO_SIGMA_DEG, WIDTH_SIGMA, GROWTH_SIGMA = 0.004, 0.05, 0.3, 0.5
MOST_STRAIN_STEP = 0.003
STIFFNESS = 0.02
"""How far lines may move and widen from where the match left them, and the weight of that against the pattern."""

OWN_STEPS, MOST_OWN_STEP = 8, 0.7
THERMAL_SIGMA_A2, TEXTURE_STIFFNESS = 1.0, 0.05
"""Of a difference in B, and of texture as second-order harmonics of the crystal system, in ln intensity."""

TABLE = shape_table()


@dataclass(frozen=True, slots=True)
class LineFit:
    """Weighed misfits as shares of the pattern's weighed square.

    Attributes:
        cell: of the pattern with free intensities: whether the cell has the lines.
        crystal: of the crystal's own intensities with the free ones: whether the crystal gives them.
        whole: of the crystal's own intensities with the pattern.
    """

    cell: float
    crystal: float
    whole: float


NOTHING_FITS = LineFit(1.0, 1.0, 1.0)


def fit_lines(index: Index, pattern: NetPattern, row: int, amplitudes: Array) -> LineFit:
    """Fit the lines of a row to a pattern, with free intensities and with its own.

    Args:
        index: the index.
        pattern: the net pattern.
        row: of the index.
        amplitudes: (7,) strain modes and zero shift that the match found.
    """
    lines = _Lines.of(index, pattern, row, amplitudes)
    if lines is None:
        return NOTHING_FITS
    counts = pattern.excess
    start, step = float(pattern.two_theta_deg[0]), float(pattern.two_theta_deg[1] - pattern.two_theta_deg[0])
    positions, fwhm, free = _free_fit(lines, counts, pattern.fwhm_deg, start, step)
    own = _own_fit(lines, positions, fwhm, counts, start, step)
    return LineFit(cell=_misfit(counts, free), crystal=_misfit(free, own), whole=_misfit(counts, own))


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The lines of a row within a pattern: ln q unstrained, what strain does to them, areas and cubic texture."""

    ln_q: Array
    design: Array
    theta: Array
    areas: Array
    cubic: Array
    wavelength_A: float

    @classmethod
    def of(cls, index: Index, pattern: NetPattern, row: int, amplitudes: Array) -> _Lines | None:
        found = index.reflections(row)
        modes = int(MODES_BY_CODE[min(int(index.columns.crystal_system[row]), len(MODES_BY_CODE) - 1)])
        ln_q, design = np.empty(len(found)), np.zeros((len(found), modes + 1))
        line_design(found.hkl, found.cell, modes, pattern.wavelength_A, ln_q, design)
        areas = line_intensities(ln_q, found.structure_factor_sq.astype(np.float64), pattern.wavelength_A)
        squares = found.hkl.astype(np.float64) ** 2
        pairs = squares[:, 0] * squares[:, 1] + squares[:, 1] * squares[:, 2] + squares[:, 0] * squares[:, 2]
        cubic = pairs / np.maximum(squares.sum(axis=1), 1) ** 2 - 0.2
        every = cls(
            ln_q, design, np.append(amplitudes[:modes], amplitudes[ZERO_SHIFT]), areas, cubic, pattern.wavelength_A
        )
        angles = every.angles(every.theta)
        seen = (areas > 0) & (angles > pattern.two_theta_deg[0]) & (angles < pattern.two_theta_deg[-1])
        if not seen.any():
            return None
        return cls(ln_q[seen], design[seen], every.theta, areas[seen], cubic[seen], pattern.wavelength_A)

    def angles(self, theta: Array) -> Array:
        """(n,) 2θ in degrees under strain amplitudes and a zero shift."""
        sines = np.exp(self.ln_q - self.design @ theta) * self.wavelength_A / (4 * np.pi)
        return np.asarray(2 * np.degrees(np.arcsin(np.minimum(sines, 0.9999))))

    @property
    def texture(self) -> Array:
        """(n, t) second-order harmonics that the crystal system allows; in a cubic crystal, the fourth-order one."""
        modes = self.design.shape[1] - 1
        return self.design[:, 1:modes] if modes > 1 else self.cubic[:, None]


def _free_fit(lines: _Lines, counts: Array, fwhm_deg: float, start: float, step: float) -> tuple[Array, Array, Array]:
    """Positions and widths of the lines, (n,) degrees, and the fitted sum with free intensities, (points,)."""
    theta = lines.theta.copy()
    positions = lines.angles(theta)
    tangents = np.tan(np.radians(positions / 2))
    growth = tangents - np.median(tangents)
    width = np.array([np.log(max(fwhm_deg, LEAST_FWHM_DEG)), 0.0])
    sigma = np.array([*[STRAIN_SIGMA] * (len(theta) - 1), ZERO_SIGMA_DEG, WIDTH_SIGMA, GROWTH_SIGMA])
    limit = np.array([*[MOST_STRAIN_STEP] * (len(theta) - 1), ZERO_SIGMA_DEG, WIDTH_SIGMA, GROWTH_SIGMA])
    changed = np.zeros(len(theta) + 2)
    free = (lines.areas / lines.areas.max() + EVEN_SHARE) * counts.max() * fwhm_deg
    sums = np.zeros(len(counts))
    fwhm = _widths(width, growth)
    for turn in range(ROUNDS):
        passes = PASSES if turn else FIRST_PASSES
        free_areas(positions, fwhm, free, counts, FLOOR, passes, start, step, TABLE, sums)
        moves = -lines.design * (2 * np.degrees(np.tan(np.radians(positions / 2))))[:, None]
        change = position_step(
            positions, fwhm, free, moves, growth, counts, sums, FLOOR, STIFFNESS / sigma**2, changed, start, step, TABLE
        )
        change = np.clip(change, -limit, limit)
        changed += change
        theta += change[:-2]
        width += change[-2:]
        positions, fwhm = lines.angles(theta), _widths(width, growth)
    free_areas(positions, fwhm, free, counts, FLOOR, LAST_PASSES, start, step, TABLE, sums)
    return positions, fwhm, sums


def _widths(width: Array, growth: Array) -> Array:
    return np.clip(np.exp(width[0] + width[1] * growth), LEAST_FWHM_DEG, MOST_FWHM_DEG)


def _own_fit(lines: _Lines, positions: Array, fwhm: Array, counts: Array, start: float, step: float) -> Array:
    """(points,) the sum of lines with the crystal's own intensities, scaled, warmed and textured to fit best."""
    sums = np.zeros(len(counts))
    areas = lines.areas / lines.areas.max()
    add_profile(positions, fwhm, areas, start, step, TABLE, sums)
    areas *= (np.maximum(counts, 0) @ sums) / max(float(sums @ sums), 1e-12)
    s_squared = (np.exp(lines.ln_q) / (4 * np.pi)) ** 2
    factors = np.column_stack([np.ones(len(areas)), -2 * (s_squared - s_squared.mean()), lines.texture])
    stiffness = np.array([0.0, STIFFNESS / THERMAL_SIGMA_A2**2, *[TEXTURE_STIFFNESS] * (factors.shape[1] - 2)])
    parameters = np.zeros(factors.shape[1])
    least, best = np.inf, sums
    for _ in range(OWN_STEPS):
        change, misfit = own_step(
            positions, fwhm, areas, factors, parameters, counts, FLOOR, stiffness, start, step, TABLE, sums
        )
        if misfit < least:
            least, best = misfit, sums.copy()
        parameters = parameters + np.clip(change, -MOST_OWN_STEP, MOST_OWN_STEP)
    return best


def _misfit(one: Array, other: Array) -> float:
    """Weighed square of the difference of two sums over that of their mean, at least `LEAST_MISFIT`."""
    mean = 0.5 * (np.maximum(one, 0) + np.maximum(other, 0))
    weight = 1 / (mean + FLOOR)
    return max(float(weight @ (one - other) ** 2 / (weight @ mean**2)), LEAST_MISFIT)
