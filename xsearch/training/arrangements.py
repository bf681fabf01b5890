"""Weights by which known arrangements of sites are ranked: those at which the true shares are likeliest.

    python -m xsearch.training.arrangements [--rows 4700]

prints the weights of `LIKENESS`, fitted to known compounds, none its own analogue, and how often the likeliest
arrangement is right on a fourth of the formulas that was left out. The weights beside a spectrum
(`ArrangedSettings.pool`) are fitted by the same `fit`, on `evidence` of answers to simulated spectra of formulas that
no part has seen.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.data.xanes_sites import fold_of
from xsearch.elements import SYMBOLS
from xsearch.models.analogues import KnownSites
from xsearch.models.arranged import ARRANGED, is_several
from xsearch.models.arrangements import Arrangements, arrangements

MISSED = 0.003
"""Likelihood of shares that a candidate does not have, beside 1 of those that it has. Set by hand."""

RIDGE = 2e-3
"""By which squared weights are punished, of features divided by their spread. Set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A compound with the candidates for the sites of one of its elements.

    Attributes:
        formula: of the compound.
        features: (c, f) of the candidates.
        cn: (c, 16) their shares.
        truth: (16,) true shares.
    """

    formula: str
    features: NDArray[np.float64]
    cn: NDArray[np.float64]
    truth: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(c,) which candidates have the true shares."""
        return np.asarray(np.abs(self.cn - self.truth).max(1) <= ARRANGED.alike)


def fit(ranked: list[Ranked], weight: NDArray[np.float64] | None = None, ridge: float = RIDGE) -> NDArray[np.float64]:
    """(f,) weights of the features: probabilities of the candidates are their exponentials, divided by their sum.

    Args:
        ranked: compounds with one candidate or more each.
        weight: (n,) of each; equal if None.
        ridge: see `RIDGE`.
    """
    weight = np.ones(len(ranked)) if weight is None else weight
    weight = weight / weight.sum()
    everything = np.concatenate([one.features for one in ranked])
    spread = everything.std(0) + 1e-3
    inputs = (everything - everything.mean(0)) / spread
    starts = np.cumsum([0, *(len(one.cn) for one in ranked)])[:-1]
    group = np.repeat(np.arange(len(ranked)), [len(one.cn) for one in ranked])
    likelihood = np.where(np.concatenate([one.right for one in ranked]), 1.0, MISSED)

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logs = inputs @ at
        powers = np.exp(logs - np.maximum.reduceat(logs, starts)[group])
        prior = powers / np.add.reduceat(powers, starts)[group]
        joint = prior * likelihood
        total = np.add.reduceat(joint, starts)
        gradient = inputs.T @ (weight[group] * (prior - joint / total[group]))
        return float(-weight @ np.log(total) + ridge * at @ at), gradient + 2 * ridge * at

    found = scipy.optimize.minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x / spread)


def of_known(known: KnownSites, rows: NDArray[np.int64]) -> list[Ranked]:
    """Rows of known compounds with their candidates; without those that have none."""
    ranked = []
    for row in rows.tolist():
        formula = known.formulas[known.formula[row]]
        amounts = parse_formula(formula)
        found: Arrangements = arrangements(known, SYMBOLS[known.z[row] - 1], amounts)
        if len(amounts) > 1 and len(found):
            ranked.append(Ranked(formula, found.likeness, found.cn, known.cn[row].astype(np.float64)))
    return ranked


def rightness(ranked: list[Ranked], weights: NDArray[np.float64]) -> float:
    """For how many the likeliest candidate has the true shares."""
    return float(np.mean([one.right[(one.features @ weights).argmax()] for one in ranked])) if ranked else float("nan")


def main() -> None:
    """Fit to the known compounds of the shipped model, and print."""
    from xsearch.models.site_model import shipped_site_model

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4700, help="of known compounds, half of them with several kinds")
    arguments = parser.parse_args()
    known = shipped_site_model().composition.known
    assert known is not None
    several = is_several(known.cn.astype(np.float64))
    chance = np.random.default_rng(0)
    drawn = [chance.permutation(np.flatnonzero(several == kind))[: arguments.rows // 2] for kind in (True, False)]
    ranked = of_known(known, np.concatenate(drawn))
    usual = [(several == kind).mean() for kind in (True, False)]
    mixed = is_several(np.array([one.truth for one in ranked]))
    weight = np.where(mixed, usual[0], usual[1])
    held = np.array([fold_of(one.formula, 4) == 0 for one in ranked])
    seen = [one for one, out in zip(ranked, held, strict=True) if not out]
    weights = fit(seen, weight[~held])
    for name, kind in (("several kinds", mixed), ("one kind", ~mixed)):
        tested = [one for one, out, is_kind in zip(ranked, held, kind, strict=True) if out and is_kind]
        print(f"{name}: right for {rightness(tested, weights):.1%} of {len(tested)} left out")
    print("weights, all formulas:", np.round(fit(ranked, weight), 3).tolist())


if __name__ == "__main__":
    main()
