"""The evidence of a whole pattern for a cell, by which trial cells are ranked.

The lines of the cell are fitted with free intensities, its parameters, a zero shift, a displacement and the widths
along with them. Lines of the pattern that the cell does not give enter as foreign ones, each at a cost, so that a few
of them do not sink the right cell. A reflection is there with an intensity drawn from an exponential distribution
(Wilson, Acta Cryst. 2 (1949) 318), or it is absent; the share of absent ones is that which the pattern itself favours.
The integral over the intensities then charges a cell for all the reflections that it could have, so that neither a
multiple nor a part of the true cell has the larger evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from xsearch.indexing import evidence_kernels as kernels
from xsearch.indexing.profile import DrawnLines, Profile, free_areas
from xsearch.indexing.settings import EvidenceSettings
from xsearch.simulate.line_kernels import lorentz_polarisation

Array = NDArray[np.float64]


PARTS = ("squares", "occam", "lines", "foreign", "parameters", "reflections")
"""Of the evidence for a cell: what the fit leaves, the charge for intensities, the line positions, and the numbers of
foreign lines, of free parameters and, as its logarithm, of reflections. Neighbouring points err together, and the
pattern holds what its lines hold, so that they are weighed."""


@dataclass(frozen=True, slots=True, eq=False)
class CellFit:
    """A cell fitted to a whole pattern.

    Attributes:
        form: (6,) quadratic form of the refined cell.
        zero_deg, displacement_deg: refined with it, see `xsearch.simulate.measurement`.
        squares: weighted sum of the squares of what is left.
        occam: natural logarithm of the share of the intensities' prior that the pattern leaves.
        foreign: lines of the pattern that are not the cell's.
        reflections: of the cell in the range, different ones.
        absent: how many of them are weaker than their error allows to see.
        free: parameters of the cell.
    """

    form: Array
    zero_deg: float
    displacement_deg: float
    squares: float
    occam: float
    foreign: int
    reflections: int
    absent: int
    free: int

    def parts(self, error_scale: float, line_evidence: float) -> tuple[float, ...]:
        """The parts of the evidence in the order of `PARTS`.

        Args:
            error_scale: square of the factor by which errors are larger than assumed.
            line_evidence: of the line positions, see `line_evidence_kernels`.
        """
        squares, size = -0.5 * self.squares / error_scale, -float(np.log(self.reflections))
        return (squares, self.occam, line_evidence, -float(self.foreign), -float(self.free), size)


def fit_cell(
    profile: Profile,
    form: Array,
    lattice: int,
    centring: int,
    free: Array,
    zero_deg: float,
    settings: EvidenceSettings,
) -> CellFit | None:
    """Fit a cell to a pattern; None where its reflections are too many, or none is in the range.

    Args:
        profile: the pattern.
        form: (6,) quadratic form to start from, in 1/Å², of lines with the stated wavelength.
        lattice, centring: codes of `kernels`.
        free: (p, 6) the forms that it is a sum of.
        zero_deg: zero shift to start from.
        settings: of the fit.
    """
    one_A = profile.wavelengths_A[0]
    form = form * (profile.stated_A / one_A) ** 2
    limit = (2 * np.sin(np.radians((profile.end_deg + 0.3) / 2)) / one_A) ** 2
    hkl, q = np.empty((settings.most_reflections, 3), np.int64), np.empty(settings.most_reflections)
    count = kernels.reflections(form, lattice, centring, limit, hkl, q)
    if count < 1:
        return None
    h, k, m = hkl[:count].T
    terms = free @ np.array([h * h, k * k, m * m, k * m, h * m, h * k], float)
    solved = np.linalg.lstsq(free.T, form, rcond=None)[0]
    theta = np.concatenate([solved, [zero_deg, 0.0]])
    p = len(theta)
    scale = np.concatenate([np.full(p - 2, settings.cell_sigma) * np.abs(solved).max(), [settings.zero_sigma_deg] * 2])
    stiffness = np.concatenate([1 / scale**2, 1 / np.array([settings.width_sigma, settings.growth_sigma]) ** 2])
    changed, width = np.zeros(p + 2), np.zeros(2)
    changed[p - 2] = zero_deg
    at, keep = _angles(terms, theta, one_A), np.arange(count)
    # those beyond the range are left out once, so that every round has the same lines
    keep = keep[(at > profile.start_deg - 0.1) & (at < profile.end_deg + 0.1)]
    if not len(keep):
        return None
    terms = terms[:, keep]
    order = np.argsort(at[keep], kind="stable")
    terms = terms[:, order]
    own = np.concatenate([[True], np.diff(at[keep][order]) > settings.one_line_deg])
    terms = terms[:, own]
    areas = np.zeros(0)
    foreign = np.zeros(0)
    sums = np.zeros(len(profile.counts))
    for turn in range(settings.rounds + 1):
        at = _angles(terms, theta, one_A)
        fwhm_at = profile.fwhm_deg(profile.lines_deg, (float(width[0]), float(width[1])))
        near = _nearest(at, profile.lines_deg)
        now_foreign = profile.lines_deg[near > settings.own_width * fwhm_at]
        if turn == 0 or len(now_foreign) != len(foreign):
            areas = np.zeros(len(at) + len(now_foreign))
        foreign = now_foreign
        every = np.concatenate([at, foreign])
        order = np.argsort(every, kind="stable")
        fwhm = profile.fwhm_deg(every[order], (float(width[0]), float(width[1])))
        drawn = DrawnLines.of(profile, every[order], fwhm)
        found, band = free_areas(profile, drawn, areas[order], settings.sweeps)
        areas = np.empty(len(every))
        areas[order] = found
        kernels.sum_of_lines(drawn.low, drawn.first, drawn.shapes, found, sums)
        if turn == settings.rounds:
            break
        moves = np.zeros((len(every), p))
        radians = np.radians(at)
        moves[: len(at), : p - 2] = (np.degrees(one_A**2 / (2 * np.sin(radians))) * terms).T
        moves[: len(at), p - 2] = 1.0
        moves[: len(at), p - 1] = np.cos(radians / 2)
        growth = np.tan(np.radians(every / 2)) - profile.middle
        step = kernels.parameter_step(
            drawn.low, drawn.first, drawn.slopes, drawn.widening, found, moves[order], growth[order], profile.counts,
            sums, profile.weights, stiffness, changed,
        )  # fmt: skip
        largest = np.concatenate([2 * scale[:-2], [0.05, 0.05], [0.3, 0.5]])
        step = np.clip(step, -largest, largest)
        changed += step
        theta = theta + step[:p]
        width = np.clip(width + step[p:], -0.7, 0.7)
        if (theta[: p - 2] @ free)[:3].min() <= 0:
            return None
    left = profile.counts - sums
    slack = np.where(order >= len(at), settings.foreign_slack_deg, settings.line_slack_deg)
    relaxed = found.copy()
    excused = kernels.relax_lines(
        drawn.low, drawn.first, drawn.shapes, drawn.slopes, drawn.widening, relaxed, profile.weights, left, slack,
        settings.width_slack, settings.slack_sweeps,
    )  # fmt: skip
    squares = float(profile.weights @ left**2) + excused
    is_foreign = order >= len(at)
    occam, absent, lost, counted = _occam(found, band, every[order], is_foreign, one_A, settings)
    return CellFit(
        np.asarray(theta[: p - 2] @ free), float(theta[p - 2]), float(theta[p - 1]), squares + lost, occam, counted,
        len(at), absent, p - 2,
    )  # fmt: skip


def _angles(terms: Array, theta: Array, wavelength_A: float) -> Array:
    """(n,) angles of Kα1 of reflections, with zero shift and displacement."""
    sine = 0.5 * wavelength_A * np.sqrt(np.maximum(theta[:-2] @ terms, 1e-9))
    half = np.arcsin(np.minimum(sine, 0.999))
    return np.asarray(np.degrees(2 * half) + theta[-2] + theta[-1] * np.cos(half))


def _nearest(at: Array, lines: Array) -> Array:
    """(k,) distance of each line from the nearest reflection."""
    place = np.searchsorted(np.sort(at), lines)
    rising = np.concatenate([[-np.inf], np.sort(at), [np.inf]])
    return np.asarray(np.minimum(lines - rising[place], rising[place + 1] - lines))


def intensity_terms(areas: Array, sigma: Array, mean: Array) -> tuple[Array, Array]:
    """How likely intensities look as they do: the natural logarithms where they are absent, and where they are there.

    Args:
        areas: (n,) fitted. sigma: (n,) their standard deviations.
        mean: (n,) of the exponential distribution that those which are there are drawn from.

    Returns:
        (n,) how much worse the fit is without each; and (n,) the integral of exp(-A/mean)/mean over its posterior.
    """
    ratio = areas / sigma
    seen = np.log(np.sqrt(2 * np.pi) * sigma / mean) - areas / mean + scipy.special.log_ndtr(ratio)
    return -0.5 * ratio**2, np.asarray(seen)


def _occam(
    areas: Array, band: Array, at: Array, is_foreign: NDArray[np.bool_], wavelength_A: float, settings: EvidenceSettings
) -> tuple[float, int, float, int]:
    """The share of the intensities' prior that is left, how many reflections are absent, what the squares grow by where
    foreign lines are not worth their cost, and how many are."""
    own = ~is_foreign
    sine = np.sin(np.radians(at / 2))
    envelope = lorentz_polarisation(sine, 1.0) * np.exp(-2 * settings.b_iso_A2 * (sine / wavelength_A) ** 2)
    mean = envelope * (areas[own].sum() / max(envelope[own].sum(), 1e-12))
    mean = np.maximum(mean, 1e-9)
    curvature = np.empty(len(areas))
    kernels.pivots(band, 1 / mean**2, curvature)
    # lines on top of each other may leave none
    sigma = 1 / np.sqrt(np.maximum(curvature, 1e-12))
    gone, seen = intensity_terms(areas, sigma, mean)
    best = -np.inf
    for share in settings.absent_shares:
        each = np.logaddexp(np.log(share) + gone[own], np.log1p(-share) + seen[own])
        best = max(best, float(each.sum()))
    absent = int((gone[own] > seen[own]).sum())
    gain = -gone[is_foreign]
    cost = np.log(np.maximum(mean[is_foreign] / sigma[is_foreign], 1.0)) + settings.foreign_cost
    kept = gain > cost
    left = float(2 * gain[~kept].sum())
    occam = best - float(np.log(np.maximum(mean[is_foreign] / sigma[is_foreign], 1.0))[kept].sum())
    return occam, absent, left, int(kept.sum())
