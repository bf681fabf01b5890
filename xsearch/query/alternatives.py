"""An inference where at least one of several elements is there: one for each choice of them, and one ranking of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from xsearch.answers import Candidate, Inference
from xsearch.errors import QueryError
from xsearch.fit.prepared_pattern import prepare
from xsearch.infer.engine import ALL_OF
from xsearch.infer.evidence import refinement_worth

MOST_ALTERNATIVES = 7
"""Choices of elements that are tried, each by an inference: all of three elements, of which at least one is there."""

NOTHING_REFINED = -1e6
"""What an inference is worth none of whose candidates fits the pattern well enough to be refined."""

USUAL_TOP = 10
"""Candidates that are given where their number is not stated."""


def infer_alternatives(
    of_elements: Callable[[frozenset[str]], Inference],
    alternatives: Sequence[frozenset[str]],
    absorbers: frozenset[str] = frozenset(),
    top: int = USUAL_TOP,
) -> Inference:
    """Infer crystals of each set of elements, and rank their candidates together.

    Args:
        of_elements: gives the inference of a compound that holds all of some elements.
        alternatives: the sets.
        absorbers: elements whose edges were measured; sets without them are left out where others hold them.
        top: how many candidates to give.

    Raises:
        QueryError: where there are too many sets, or no template can hold any of them.
    """
    sets = [one for one in alternatives if absorbers <= one] or list(alternatives)
    if len(sets) == 1:
        return of_elements(sets[0])
    if len(sets) > MOST_ALTERNATIVES:
        raise QueryError(
            f"--any leaves {len(sets)} choices of elements, and an inference tries {MOST_ALTERNATIVES} at most; give "
            "three elements there, or those that are certain with --must."
        )
    found, refused = [], []
    for elements in sets:
        try:
            found.append(of_elements(elements))
        except QueryError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return joined(found, top)


def joined(found: Sequence[Inference], top: int) -> Inference:
    """Several inferences of one pattern as one.

    Candidates that were refined are compared by what their refinements are worth, as hits and candidates are; without a
    pattern each set of elements is as likely as another.
    """
    worth = np.array([_worth(one) for one in found])
    share = np.exp(worth - worth.max())
    share /= share.sum()
    scored = [
        (candidate.probability * float(part), one, candidate)
        for one, part in zip(found, share, strict=True)
        for candidate in one.candidates
    ]
    scored.sort(key=lambda entry: (-entry[0], entry[2].inferred_id))
    first = scored[0][1] if scored else found[0]
    ranked: list[Candidate] = [
        replace(candidate, rank=rank, probability=score)
        for rank, (score, _, candidate) in enumerate(scored[:top], start=1)
    ]
    tried = "; ".join(", ".join(one.elements) for one in found)
    notes = (note for note in first.notes if not note.startswith(ALL_OF))
    timings: dict[str, float] = {}
    for one in found:
        for stage, spent_ms in one.timings_ms.items():
            timings[stage] = timings.get(stage, 0.0) + spent_ms
    return replace(
        first,
        elements=tuple(sorted(set().union(*(one.elements for one in found)))),
        candidates=tuple(ranked),
        n_proposed=sum(one.n_proposed for one in found),
        n_screened=sum(one.n_screened for one in found),
        n_fitted=sum(one.n_fitted for one in found),
        notes=(*notes, f"Each of these sets of elements was tried, and every candidate holds all of one: {tried}."),
        timings_ms=timings,
    )


def _worth(one: Inference) -> float:
    """ln of the odds of the best refinement; least where nothing explains the pattern."""
    refined = [candidate.refined for candidate in one.candidates if candidate.refined is not None]
    if one.pattern is None:
        return 0.0
    if not refined:
        return NOTHING_REFINED
    points = prepare(one.pattern).points
    count = points.independent * len(points.excess)
    return max(refinement_worth(each, count) for each in refined)
