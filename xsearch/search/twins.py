"""Twins: phases that a pattern cannot tell apart, as one group, for which the plainest stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Hit, TwinGroup
from xsearch.indexes.columns import Columns
from xsearch.search.settings import DEFAULTS, TwinSettings, VerdictSettings
from xsearch.search.verdict import probability, rival_margins, score_features


def twins_of_first(
    of_pattern: NDArray[np.float64], groups: Sequence[Sequence[int]], settings: TwinSettings = DEFAULTS.twins
) -> list[int]:
    """Numbers of the phases that the pattern cannot tell from the first one, which is among them.

    Args:
        of_pattern: (k,) what the pattern says for matched rows; what is known before it does not count.
        groups: places of rows grouped into phases, the best phase first and the best place of each first.
        settings: the largest Bayes factor.
    """
    evidence = of_pattern[[group[0] for group in groups]]
    return (
        np.flatnonzero(np.abs(evidence - evidence[0]) < np.log(settings.bayes_factor)).tolist() if len(groups) else []
    )


def plainest_first(
    columns: Columns,
    rows: NDArray[np.int64],
    of_pattern: NDArray[np.float64],
    fitted: Collection[int],
    groups: list[list[int]],
    settings: TwinSettings = DEFAULTS.twins,
) -> list[list[int]]:
    """The same groups, with the plainest of the first one's twins in front where that is much plainer.

    A solid solution of five elements often fits as well as its end member of two; the latter is what one would say.
    Only twins that are as well reported are taken, and whose lines were fitted.

    Args:
        columns: of the index.
        rows: (k,) that were matched.
        of_pattern, groups, settings: as of `twins_of_first`; other measurements may be in it.
        fitted: places that have a Le Bail fit.
    """
    twins = [
        number for number in twins_of_first(of_pattern, groups, settings) if number == 0 or groups[number][0] in fitted
    ]
    if len(twins) < 2:
        return groups
    leading = rows[[groups[number][0] for number in twins]]
    elements = columns.n_elements[leading].astype(np.int64)
    reported = (columns.is_theoretical[leading] == 0) | (columns.is_measured[leading] == 1)
    plain = (elements <= elements[0] - settings.fewer_elements) & (reported | ~reported[0])
    if not plain.any():
        return groups
    number = twins[int(np.flatnonzero(plain & (elements == elements[plain].min()))[0])]
    return [groups[number], *groups[:number], *groups[number + 1 :]]


def twin_group(
    hits: tuple[Hit, ...],
    of_pattern: NDArray[np.float64],
    total: NDArray[np.float64],
    groups: list[list[int]],
    settings: TwinSettings = DEFAULTS.twins,
    verdict: VerdictSettings = DEFAULTS.verdict,
) -> TwinGroup | None:
    """The first hit's group with its probability; None where nothing was found or hits are no phases.

    Args:
        hits: one a phase, in the order of `groups`.
        of_pattern, total: (k,) what the pattern says for matched rows, and all evidence.
        groups: places of rows grouped into phases.
        settings: of twins.
        verdict: of the largest margins.
    """
    if not hits or not groups:
        return None
    twins = twins_of_first(of_pattern, groups, settings)
    together = [place for number in twins for place in groups[number]]
    outside = [group for number, group in enumerate(groups) if number not in set(twins)]
    margin, third = rival_margins(total, [together, *outside], verdict)[together[0]].tolist()
    first = hits[0]
    evidence = replace(first.evidence, margin=margin, margin_to_third=third)
    features = score_features(first.fitted, evidence, bool(first.matched_entry.is_measured))
    chance = max(first.score, probability(features, "group"))
    ranks = tuple(number + 1 for number in twins if number < len(hits))
    return TwinGroup(ranks, len(twins), chance, margin, third)
