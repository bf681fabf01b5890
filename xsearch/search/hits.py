"""Hits made of matched rows: strained cells, what they leave unexplained, and the evidence by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Evidence, Hit
from xsearch.fit.correlation import Matches
from xsearch.fit.pattern_fit import Cell, LeBailFit, PatternFit
from xsearch.fit.strain import ZERO_SHIFT, cell_under
from xsearch.indexes import Index
from xsearch.options import Prior
from xsearch.preprocess.axis import MATCH_AXIS
from xsearch.preprocess.kernels import broaden_each
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.profile import best_scale
from xsearch.search.rank import Evidence as RowEvidence
from xsearch.search.settings import DEFAULTS, HitSettings, PowderSettings
from xsearch.search.verdict import probability, score_features
from xsearch.simulate.lattice_kernels import reciprocal_metric
from xsearch.simulate.line_kernels import line_intensities
from xsearch.simulate.powder import spacings
from xsearch.simulate.reflections import Reflections
from xsearch.simulate.texture import textured


def make_hits(
    index: Index,
    pattern: NetPattern,
    matches: Matches,
    evidence: RowEvidence,
    margin: NDArray[np.float64],
    groups: list[list[int]],
    prior: Prior,
    unexplained: float | None = None,
    settings: PowderSettings = DEFAULTS,
) -> tuple[Hit, ...]:
    """Hits of groups of places in `matches`, each group a phase with its best entry first.

    Args:
        index, pattern, matches, evidence: of the search.
        margin: (k, 2) of the summed evidence to the best other phase and to the third best.
        groups: places in `matches`.
        prior: which prior counted; without one, the score takes half the bonus of a known compound.
        unexplained: by all phases together, where the hits are those of a mixture.
        settings: of the search.
    """
    places = sorted({place for group in groups for place in group})
    rows = [int(matches.rows[place]) for place in places]
    owners = [int(index.columns.cell_of[row]) for row in rows]
    wanted = sorted({*rows, *(owner for owner in owners if owner >= 0)})
    materials = dict(zip(wanted, index.materials(wanted), strict=True))
    measured = pattern.profile(MATCH_AXIS, settings.hits.explained_width)
    intensities = evidence.intensities

    def one(place: int, rank: int, duplicates: tuple[Hit, ...] = ()) -> Hit:
        row = int(matches.rows[place])
        owner = int(index.columns.cell_of[row])
        reflections = index.reflections(row)
        lines = evidence.le_bail_fits.get(place)
        amplitudes = matches.amplitudes[place] if lines is None else np.array(lines.amplitudes)
        cell = cell_under(reflections.cell, amplitudes)
        left, n_lines = _unexplained(pattern, measured, reflections, cell, lines, settings.hits)
        fit = PatternFit(
            strain=float(amplitudes[0]),
            cell=cell,
            zero_shift_deg=float(amplitudes[ZERO_SHIFT]),
            unexplained=left,
            fwhm_deg=pattern.fwhm_deg,
            expected_strain=float(matches.expected[place]),
            shape_change=float(np.sqrt((amplitudes[1:ZERO_SHIFT] ** 2).sum())),
            n_lines=n_lines,
            correlations=dict(zip(matches.settings.scales, matches.correlations[place].tolist(), strict=True)),
            le_bail=lines,
        )
        terms = _terms(evidence, intensities, place, margin[place])
        features = score_features(fit, terms, bool(index.columns.is_measured[row] == 1))
        if unexplained is not None:
            features["unexplained_squared"] = unexplained**2
        if prior is not Prior.KNOWN:
            features["prior"] = settings.prior.known_bonus / 2
        return Hit(
            rank=rank,
            material=materials[row] if owner < 0 else materials[owner],
            score=probability(features),
            evidence=terms,
            reflections=reflections,
            pattern_fit=fit,
            matched_cell=None if owner < 0 else materials[row],
            duplicates=duplicates,
        )

    return tuple(
        one(group[0], rank, tuple(one(place, rank) for place in group[1:]))
        for rank, group in enumerate(groups, start=1)
    )


def not_above_the_first(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The same hits, none with a higher score than a better one: only the first's was set on measured patterns."""
    lowest = 1.0
    falling = []
    for hit in hits:
        lowest = min(lowest, hit.score)
        twins = tuple(replace(twin, score=min(lowest, twin.score)) for twin in hit.duplicates)
        falling.append(replace(hit, score=lowest, duplicates=twins))
    return tuple(falling)


def _terms(
    evidence: RowEvidence, intensities: NDArray[np.float64], place: int, margins: NDArray[np.float64]
) -> Evidence:
    return Evidence(
        prior=float(evidence.prior[place]),
        correlation=float(evidence.match[place]),
        recall=float(evidence.recall[place]),
        strain=float(evidence.strain[place]),
        shape=float(evidence.shape[place]),
        lines=float(evidence.lines[place]),
        missing_elements=float(evidence.missing_elements[place]),
        intensities=float(intensities[place]),
        margin=float(margins[0]),
        margin_to_third=float(margins[1]),
    )


def _unexplained(
    pattern: NetPattern,
    measured: NDArray[np.float64],
    reflections: Reflections,
    cell: Cell,
    fit: LeBailFit | None,
    settings: HitSettings,
) -> tuple[float, int]:
    """Share of the measured intensity above the calculated profile scaled to it by least squares, and number of lines.

    The profile has the preferred orientation that was fitted, if any. Lines are those in the measured range above
    `faintest_line` of the strongest.
    """
    hkl, lengths = reflections.hkl, np.array(cell)
    ln_q = np.log(2 * np.pi / spacings(hkl, lengths))
    square = reflections.structure_factor_sq.astype(np.float64)
    if fit is not None:
        square = square * textured(
            hkl, reciprocal_metric(lengths), reflections.system, fit.march_axis, float(np.exp(fit.log_march))
        )
    area = line_intensities(ln_q, square, pattern.wavelength_A, pattern.polarisation)
    first, last = pattern.window(MATCH_AXIS)
    place = MATCH_AXIS.index(ln_q)
    inside_range = (place > first) & (place < last)
    lines = int((inside_range & (area > settings.faintest_line * area.max(initial=0))).sum())
    widths = pattern.calculated_widths(ln_q, settings.explained_width)
    calculated = broaden_each(ln_q, area, widths, MATCH_AXIS.start, MATCH_AXIS.step, MATCH_AXIS.bins)[first:last]
    inside = measured[first:last]
    scale = best_scale(inside, calculated)
    if scale <= 0:
        return 1.0, lines
    return float(np.maximum(inside - scale * calculated, 0).sum() / inside.sum()), lines
