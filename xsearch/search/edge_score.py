"""The score of a hit by X-ray absorption: the probability that it is right, from the evidence of its edges.

The model in `edge_score.json` was fitted by `python -m xsearch.training.edge_score` on simulated measurements of
computed spectra, searched with their compound in the library and with it left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.paths import WEIGHTS_FOLDER
from xsearch.search.probability import ScoreModel

WEIGHTS_FILE = WEIGHTS_FOLDER / "edge_score.json"

FEATURES = ("posterior", "evidence", "reference", "ln_compared", "ln_coverage")
"""Of the score, see `edge_features`."""

PRODUCTS = (("posterior", "ln_compared"),)
"""Pairs whose product is a feature too: being the likeliest says more among many."""

LARGEST_ODDS = 12.0
"""Natural logarithm of the odds beyond which a posterior counts no more."""


def posteriors_of(total: NDArray[np.float64], groups: list[list[int]]) -> NDArray[np.float64]:
    """(groups,) posterior of each phase's best entry, as if the right one were among the phases compared."""
    best = np.array([total[group[0]] for group in groups])
    relative = np.exp(best - best.max(initial=-np.inf))
    return np.asarray(relative / relative.sum())


def edge_features(
    posterior: float, evidence: Sequence[float], has_reference: bool, compared: int, choices: int
) -> dict[str, float] | None:
    """The features of a hit by name; None where no edge of it was compared.

    Many entries compared lower a score, since among many some agree by chance; so do entries without a spectrum, since
    the right one may be among them.

    Args:
        posterior: among the phases compared.
        evidence: of each edge, that of the ranking; NaN where there is nothing to compare.
        has_reference: whether any of it comes from a measured reference.
        compared: how many entries have a spectrum.
        choices: how many meet the conditions.
    """
    known = [value for value in evidence if np.isfinite(value)]
    if not known:
        return None
    posterior = float(np.clip(posterior, 1e-9, 1 - 1e-9))
    odds = float(np.log(posterior / (1 - posterior)))
    return {
        "posterior": float(np.clip(odds, -LARGEST_ODDS, LARGEST_ODDS)),
        "evidence": float(np.mean(known)),
        "reference": float(has_reference),
        "ln_compared": float(np.log(max(compared, 1))),
        "ln_coverage": float(np.log(min(compared / max(choices, 1), 1.0))),
    }


def edge_score(features: Mapping[str, float] | None) -> float:
    """The score of a hit with these features; 0 without any."""
    if features is None:
        return 0.0
    fitted = model()
    return float(fitted.probability(np.array([[features[name] for name in fitted.features]]))[0])


@cache
def model() -> ScoreModel:
    """The fitted model."""
    return ScoreModel.from_dict(json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["model"])
