"""Database hits and inferred candidates of one measurement in one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.answers import Candidate, Combined, Hit, Inference, RankedCrystal, SearchResult
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError, QueryError, SpectrumError
from xsearch.fit.crystal_fit import fit_crystal
from xsearch.fit.prepared_pattern import PreparedPattern, prepare
from xsearch.fit.rietveld import Refined
from xsearch.infer.evidence import refinement_worth

Array = NDArray[np.float64]

REFINED_HITS = 5
"""Hits that are refined to be compared with candidates; each takes about as long as a candidate, and later ones are
seldom right."""


def combine(result: SearchResult, inference: Inference, *, threads: int = 2) -> Combined:
    """Rank the hits of an index and inferred crystals together, the likeliest first.

    The first hits are refined as the candidates were, and one log-evidence compares them all. Beforehand an inferred
    crystal stands on what the search leaves, its probability times one less the best hit's score; the evidence then
    moves probability between hits and candidates. The probability that any of them is right stays. A candidate with the
    formula and the space group of a hit is nothing new, and never goes before that. On equal terms a hit goes first.

    Args:
        result: of the search in the index.
        inference: from the templates of the same index, for the same pattern.
        threads: that refine the hits.
    """
    candidates = () if inference.refused else inference.candidates
    best = max((hit.score for hit in result.hits), default=0.0)
    crystals: list[Hit | Candidate] = [*result.hits, *candidates]
    before = np.array([*(hit.score for hit in result.hits), *((1 - best) * one.probability for one in candidates)])
    pattern = prepare(result.pattern) if result.pattern is not None and candidates and result.hits else None
    refined: list[Refined | None] = [*refined_hits(result.hits, pattern, threads), *(one.refined for one in candidates)]
    scores = before if pattern is None else _moved(before, refined, len(result.hits), pattern)
    known: dict[tuple[str, int | None], float] = {}
    for hit, score in zip(result.hits, scores.tolist(), strict=False):
        crystal = (hit.formula, hit.material.space_group)
        known[crystal] = max(score, known.get(crystal, 0.0))
    ranking = [
        RankedCrystal(
            0, one, score if isinstance(one, Hit) else min(score, known.get((one.formula, one.space_group), 1.0)), fit
        )
        for one, score, fit in zip(crystals, scores.tolist(), refined, strict=True)
    ]
    ranking.sort(key=lambda one: (-one.score, one.kind, one.id))
    return Combined(result, inference, tuple(replace(one, rank=rank) for rank, one in enumerate(ranking, start=1)))


def refined_hits(hits: Sequence[Hit], pattern: PreparedPattern | None, threads: int) -> list[Refined | None]:
    """The refinements of the first `REFINED_HITS` of some hits, None for the others and without a pattern."""
    if pattern is None:
        return [None] * len(hits)

    def fit(hit: Hit) -> Refined | None:
        try:
            found = fit_crystal(find_symmetry(hit.matched_entry.crystal), pattern, hit.fitted.strain)
        except (CrystalError, QueryError, SpectrumError):
            return None
        return None if found is None else found.refined

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        first = list(pool.map(fit, hits[:REFINED_HITS]))
    return first + [None] * (len(hits) - len(first))


def _moved(before: Array, refined: Sequence[Refined | None], hits: int, pattern: PreparedPattern) -> Array:
    """(n,) scores after the evidence, of hits and then candidates.

    Args:
        before: (n,) scores without it. refined: (n,) refinements.
        hits: how many of them are hits.
        pattern: that was refined against.
    """
    points = pattern.points.independent * len(pattern.points.excess)
    worth = np.array([np.nan if one is None else refinement_worth(one, points) for one in refined])
    if np.isnan(worth[:hits]).all() or np.isnan(worth[hits:]).all():
        return before
    # what was not refined takes the least of its kind
    for kind in (worth[:hits], worth[hits:]):
        kind[np.isnan(kind)] = np.nanmin(kind)
    weight = before * np.exp(worth - worth.max())
    leaders, firsts = weight[:hits].max() + weight[hits:].max(), before[:hits].max() + before[hits:].max()
    return np.asarray(weight * firsts / leaders) if leaders > 0 else before
