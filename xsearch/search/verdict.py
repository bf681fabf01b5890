"""From evidence to a score between 0 and 1, and to the verdict on an answer.

The models in `hit_probability.json` were fitted by `python -m xsearch.training.score` on patterns searched with
their phase in the library and with it taken out, so that a score is about the probability of being right.
"""

import json
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Evidence, Verdict
from xsearch.fit.correlation import closeness
from xsearch.fit.pattern_fit import PatternFit
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.search.probability import ScoreModel
from xsearch.search.settings import VERDICT, VerdictSettings

WEIGHTS_FILE = WEIGHTS_FOLDER / "hit_probability.json"

FEATURES = (
    "strain",
    "shape_change",
    "prior",
    "measured_cell",
    "unexplained_squared",
    "margin",
    "margin_to_third",
    "ln_lines",
)
"""The features of the score, see `score_features`: the evidence of the strain, the change of shape, the prior, whether
the cell is a measured one, the square of the unexplained intensity, the margins to the best and to the third best other
phase, and the number of lines, since few lines are fitted by many crystals."""

FITTED_FEATURES = (
    *FEATURES,
    "ln_cell_misfit",
    "ln_crystal_misfit",
    "ln_points_misfit",
    "texture",
    "closeness",
)
"""The same for a hit with a Le Bail fit: beside the rest, the misfits of the cell, of the calculated intensities and of
the points, how strong preferred orientation is, and the correlation with it. Line shapes raise all misfits, so that one
is judged against the other."""

MODELS = ("plain", "fitted", "group")

LARGEST_SHAPE_CHANGE = 0.05
"""Larger changes of shape are not distinguished."""

FITTED_PRODUCTS = (("prior", "margin_to_third"),)
"""Pairs whose product is a feature too: a margin counts less for a compound that was never reported, since a variant of
a missing crystal stands out as far."""


def margins(
    total: NDArray[np.float64], groups: list[list[int]], behind: int = 1, settings: VerdictSettings = VERDICT
) -> NDArray[np.float64]:
    """(k,) how far the summed evidence of each place is ahead of another phase, `largest_margin` at most.

    Args:
        total: (k,) summed evidence of matched rows.
        groups: their places grouped into phases, the best phase first and the best place of each first.
        behind: of which other phase: 1 for the best, 3 for the third best.
        settings: of the largest margin.
    """
    best = np.array([total[group[0]] for group in groups])
    rival = np.full(len(total), -np.inf)
    for number, group in enumerate(groups):
        other = behind if number < behind else behind - 1
        rival[group] = best[other] if other < len(best) else -np.inf
    return np.clip(total - rival, -settings.largest_margin, settings.largest_margin)


def rival_margins(
    total: NDArray[np.float64], groups: list[list[int]], settings: VerdictSettings = VERDICT
) -> NDArray[np.float64]:
    """(k, 2) `margins` to the best other phase and to the third best."""
    return np.stack([margins(total, groups, behind, settings) for behind in (1, 3)], axis=1)


def score_features(fit: PatternFit, evidence: Evidence, is_measured: bool) -> dict[str, float]:
    """The features of a hit by name: `FEATURES`, and `FITTED_FEATURES` where it has a Le Bail fit.

    Args:
        fit: of the cell that matched.
        evidence: for it.
        is_measured: whether that cell was measured.
    """
    features = {
        **evidence.terms(),
        "measured_cell": float(is_measured),
        "shape_change": min(fit.shape_change or 0.0, LARGEST_SHAPE_CHANGE),
        "unexplained_squared": fit.unexplained**2,
        "ln_lines": float(np.log(max(fit.n_lines, 1))),
    }
    if fit.le_bail is not None:
        features["ln_cell_misfit"] = float(np.log(fit.le_bail.cell))
        features["ln_crystal_misfit"] = float(np.log(fit.le_bail.crystal))
        features["ln_points_misfit"] = float(np.log(fit.le_bail.points))
        features["texture"] = abs(fit.le_bail.log_march)
        features["closeness"] = float(closeness(np.array(fit.le_bail.correlations[-1])))
    return features


def probability(evidence: Mapping[str, float], fitted: str = "fitted") -> float:
    """The score of a hit with this evidence, which holds all of `FEATURES`, or all of `FITTED_FEATURES`.

    Args:
        evidence: by name.
        fitted: which model reads `FITTED_FEATURES`: `fitted`, or `group` where margins are those of a group of twins.
    """
    model = models()[fitted if "ln_crystal_misfit" in evidence else "plain"]
    return float(model.probability(np.array([[evidence[feature] for feature in model.features]]))[0])


def verdict(scores: list[float], settings: VerdictSettings = VERDICT, rivals: int | None = None) -> Verdict:
    """The verdict on an answer by the first of its scores.

    That is the best hit's; of a mixture, all of whose phases are the answer, the lowest.

    Args:
        scores: of the hits.
        settings: the thresholds.
        rivals: other phases that an edge was compared with, of a search by edges alone: a match needs some.
    """
    if not scores or scores[0] < settings.tentative:
        return "no confident match"
    has_rivals = rivals is None or rivals >= settings.least_rivals
    return "match" if scores[0] >= settings.confident and has_rivals else "tentative"


@cache
def models() -> dict[str, ScoreModel]:
    """The models: `fitted` for hits with a Le Bail fit, `group` for groups of twins, `plain` for other hits."""
    stored = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return {name: ScoreModel.from_dict(stored[name]) for name in stored if name in MODELS}
