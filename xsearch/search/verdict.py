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
from xsearch.fit.pattern_fit import PatternFit
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.search.probability import ScoreModel

WEIGHTS_FILE = WEIGHTS_FOLDER / "hit_probability.json"

SIGNS = (
    "strain",
    "shape",
    "prior",
    "measured_cell",
    "unexplained_squared",
    "margin",
    "margin_to_third",
    "ln_lines",
)
"""What the score is made of, see `score_signs`: the evidence of the strain, of the shape and of the prior, whether the
cell is a measured one, the square of the unexplained intensity, the margins to the best and to the third best other
phase, and the number of lines, since few lines are fitted by many crystals."""

FITTED_SIGNS = (*SIGNS, "ln_cell_misfit", "ln_crystal_misfit")
"""The same for a hit whose lines were fitted: beside the rest, whether the cell has the lines, and whether the crystal
gives their intensities. Texture and line shapes spoil both, so that the one is seen against the other."""

FITTED_PRODUCTS = (("prior", "margin_to_third"),)
"""Signs that change what others mean: a margin says less of a compound that nobody made, since a variant of a crystal
that is missing stands out as far."""

LARGEST_MARGIN = 15.0

CONFIDENT, TENTATIVE = 0.5, 0.25


def margins(total: NDArray[np.float64], groups: list[list[int]], behind: int = 1) -> NDArray[np.float64]:
    """(k,) how far the summed evidence of each place is ahead of another phase, `LARGEST_MARGIN` at most.

    Args:
        total: (k,) summed evidence of matched rows.
        groups: their places grouped into phases, the best phase first and the best place of each first.
        behind: of which other phase: 1 for the best, 3 for the third best.
    """
    best = np.array([total[group[0]] for group in groups])
    rival = np.full(len(total), -np.inf)
    for number, group in enumerate(groups):
        other = behind if number < behind else behind - 1
        rival[group] = best[other] if other < len(best) else -np.inf
    return np.clip(total - rival, -LARGEST_MARGIN, LARGEST_MARGIN)


def rival_margins(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(k, 2) `margins` to the best other phase and to the third best."""
    return np.stack([margins(total, groups, behind) for behind in (1, 3)], axis=1)


def score_signs(fit: PatternFit, evidence: Evidence, is_measured: bool) -> dict[str, float]:
    """The signs of a hit by name: `SIGNS`, and `FITTED_SIGNS` where its lines were fitted.

    Args:
        fit: of the cell that matched.
        evidence: for it.
        is_measured: whether that cell was measured.
    """
    signs = {
        **evidence.terms(),
        "measured_cell": float(is_measured),
        "unexplained_squared": fit.unexplained**2,
        "ln_lines": float(np.log(max(fit.n_lines, 1))),
    }
    if fit.le_bail is not None:
        signs["ln_cell_misfit"] = float(np.log(fit.le_bail.cell))
        signs["ln_crystal_misfit"] = float(np.log(fit.le_bail.crystal))
    return signs


def probability(evidence: Mapping[str, float]) -> float:
    """The score of a hit with this evidence, which holds all of `SIGNS`, or all of `FITTED_SIGNS`."""
    model = models()["fitted" if "ln_crystal_misfit" in evidence else "plain"]
    return float(model.probability(np.array([[evidence[sign] for sign in model.signs]]))[0])


def verdict(scores: list[float]) -> Verdict:
    """What to say of an answer by the first of its scores.

    That is the best hit's, and of a mixture, all of whose phases are the answer, the lowest.
    """
    if not scores or scores[0] < TENTATIVE:
        return "no confident match"
    return "match" if scores[0] >= CONFIDENT else "tentative"


@cache
def models() -> dict[str, ScoreModel]:
    """The models of hits by what is known of them: `fitted` where their lines were fitted, else `plain`."""
    stored = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return {name: ScoreModel.from_dict(stored[name]) for name in ("plain", "fitted")}
