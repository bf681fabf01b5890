"""Fit the weights by which indexed cells are ranked: `python -m benchmarks.indexing_weights LOG [--patterns 200]`.

Reported crystals of an index are measured under laboratory conditions (`xsearch.evaluate.indexing_samples`), of the
half of the formulas that figures are not reported on. All cells that indexing fits to each pattern are kept in the log,
and a later run goes on there. A conditional logistic regression then weighs the parts of the evidence so that the true
lattice comes first, and a logistic regression says how often it is among the cells at all. The weights are printed;
they stand in `xsearch.indexing.settings`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from xsearch.evaluate.indexing import is_right
from xsearch.evaluate.indexing_samples import IndexingSample, checked, simulated_samples
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.indexing.evidence import PARTS
from xsearch.indexing.thorough import ranked_cells
from xsearch.preprocess.powder import net_pattern

Array = NDArray[np.float64]

PULL = {"squares": 1000.0, "occam": 1000.0, "lines": 10.0}
"""How strongly a weight is held near its prior value; 1 for the others."""

PRIOR = {"squares": 0.05, "occam": 0.05, "lines": 0.5, "foreign": 0.5, "parameters": 0.5, "reflections": 0.5}


@dataclass(frozen=True, slots=True)
class Fitted:
    """The cells that were fitted to one pattern: the parts of their evidence, and which are right."""

    name: str
    parts: list[list[float]]
    right: list[bool]
    best_lines: float


def fitted(sample: IndexingSample) -> Fitted:
    """The cells of one sample."""
    ranked = ranked_cells(net_pattern(sample.pattern))
    return Fitted(
        sample.name,
        [list(one.parts) for one in ranked],
        [is_right(one.reduced, sample) for one in ranked],
        max((one.line_evidence for one in ranked), default=-99.0),
    )


def conditional_logit(found: list[Fitted]) -> Array:
    """(parts,) weights with which a right cell is likeliest to come first, near `PRIOR`."""
    prior, pull = np.array([PRIOR[part] for part in PARTS]), np.array([PULL.get(part, 1.0) for part in PARTS])
    data = [(np.array(one.parts), np.array(one.right)) for one in found if any(one.right)]

    def loss(weights: Array) -> float:
        total = 0.0
        for parts, right in data:
            score = parts @ weights
            total += scipy.special.logsumexp(score) - scipy.special.logsumexp(score[right])
        return float(total / len(data) + 1e-3 * (pull * (weights - prior) ** 2).sum())

    bounds = [(0.0, None)] * len(PARTS)
    return np.asarray(scipy.optimize.minimize(loss, prior, method="L-BFGS-B", bounds=bounds).x)


def logistic(found: list[Fitted]) -> tuple[float, float]:
    """Offset and slope of the chance that the right cell is among those fitted, by the best evidence of lines."""
    x = np.array([one.best_lines for one in found])
    y = np.array([any(one.right) for one in found])

    def loss(weights: Array) -> float:
        return float(np.logaddexp(0, -np.where(y, 1, -1) * (weights[0] + weights[1] * x)).mean())

    offset, slope = scipy.optimize.minimize(loss, np.zeros(2)).x
    return float(offset), float(slope)


def shares(found: list[Fitted], weights: Array) -> dict[str, float]:
    """How often a right cell is first, among ten, and fitted at all."""
    ranks = []
    for one in found:
        right = np.array(one.right, bool)
        order = np.argsort(-(np.array(one.parts).reshape(-1, len(PARTS)) @ weights), kind="stable")
        ranks.append(next((place for place, at in enumerate(order, 1) if right[at]), 0))
    return {
        "top1": float(np.mean([rank == 1 for rank in ranks])),
        "top10": float(np.mean([0 < rank <= 10 for rank in ranks])),
        "fitted": float(np.mean([rank > 0 for rank in ranks])),
    }


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--patterns", type=int, default=200)
    parser.add_argument("--index", default="mp")
    arguments = parser.parse_args()
    log = OutcomeLog(arguments.log, lambda stored: Fitted(**stored), lambda one: one.name)
    found = []
    for sample in islice(checked(simulated_samples(arguments.index, False), lambda reason: None), arguments.patterns):
        one = log.done.get(sample.name) or fitted(sample)
        log.add(one)
        found.append(one)
    weights = conditional_logit(found)
    offset, slope = logistic(found)
    halves = [conditional_logit(found[half::2]) for half in (0, 1)]
    across = [shares(found[half::2], halves[1 - half]) for half in (0, 1)]
    answer: dict[str, Any] = {
        "n": len(found),
        "weights": dict(zip(PARTS, weights.round(4).tolist(), strict=True)),
        "among_offset": round(offset, 3),
        "among_slope": round(slope, 4),
        "fitted_to_itself": shares(found, weights),
        "each_half_by_the_other": {name: float(np.mean([one[name] for one in across])) for name in across[0]},
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
