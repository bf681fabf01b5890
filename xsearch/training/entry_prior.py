"""Fit the prior of entries of a search by edges: which compounds of some elements people hold in their hands.

    python -m xsearch.training.entry_prior [--index mp]

Entries whose cell somebody measured (the linked cells of the American Mineralogist Crystal Structure Database) are
chosen among the reported entries of the same elements: a conditional logit of the energy above the hull and of its
absence. What a report itself is worth they cannot say, since a cell that was measured has been reported, while samples
of an edge need not have a structure that anybody solved. Folds are grouped by the elements. No spectrum takes part.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from xsearch.indexes import Index
from xsearch.search import open_index
from xsearch.training.settings import ENTRY_PRIOR
from xsearch.xas.settings import DEFAULTS, EvidenceSettings

NAMES = ("hull_cost_per_eV", "unknown_hull")


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One entry that was measured, and the reported entries of its elements that were not.

    Attributes:
        elements: such as `Fe-O`; folds are grouped by them.
        features: (k, 2) in the order of `NAMES`, of the measured entry first.
        weight: each set of elements counts once.
    """

    elements: str
    features: NDArray[np.float64]
    weight: float


def main() -> None:
    """Fit and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", help="the one in use by default")
    choices = choices_of(open_index(parser.parse_args().index).index)
    fold = folds_of(choices)
    costs = fit(choices)
    print(f"{len(choices)} measured entries among those of {len({one.elements for one in choices})} sets of elements")
    print("all:  ", *(f"{name} {value:.2f}" for name, value in zip(NAMES, costs, strict=True)))
    flat, found, now = 0.0, 0.0, 0.0
    total = sum(one.weight for one in choices)
    for k in range(ENTRY_PRIOR.folds):
        tested = [one for one, where in zip(choices, fold, strict=True) if where == k]
        fitted = fit([one for one, where in zip(choices, fold, strict=True) if where != k])
        print(f"fold {k}:", *(f"{value:.2f}" for value in fitted))
        flat += loss(np.zeros(len(NAMES)), tested)[0] / total
        found += loss(fitted, tested)[0] / total
        now += loss(costs_of(DEFAULTS.evidence), tested)[0] / total
    print(f"nats a choice, folds held out: {found:.3f}; the settings {now:.3f}; without a prior {flat:.3f}")


def costs_of(settings: EvidenceSettings) -> NDArray[np.float64]:
    """(2,) what the settings have for these costs."""
    return np.array([settings.hull_cost_per_eV, settings.hull_cost_per_eV * settings.unknown_hull_eV])


def choices_of(index: Index) -> list[Choice]:
    """The measured entries of an index with their rivals; those without any are left out."""
    columns = index.columns
    is_measured = columns.is_measured == 1
    owner = np.unique(columns.cell_of[is_measured])
    has_cell = np.isin(np.arange(len(is_measured)), owner[owner >= 0])
    of_elements: dict[str, list[int]] = defaultdict(list)
    elements = index.catalog.column("elements").to_pylist()
    for row in np.flatnonzero(~is_measured & (columns.is_theoretical == 0)).tolist():
        of_elements["-".join(sorted(elements[row]))].append(row)
    hull = columns.energy_above_hull_eV.astype(np.float64)
    unknown = np.isnan(hull)
    filled = np.where(unknown, 0.0, np.clip(hull, 0.0, DEFAULTS.evidence.highest_hull_eV))
    features = np.column_stack([filled, unknown]).astype(np.float64)
    found = []
    for name, entries in sorted(of_elements.items()):
        rows = np.array(entries)
        mine, others = rows[has_cell[rows]], rows[~has_cell[rows]]
        if len(others):
            found += [Choice(name, features[np.append(row, others)], 1 / len(mine)) for row in mine.tolist()]
    return found


def folds_of(choices: list[Choice]) -> NDArray[np.int64]:
    """(n,) the fold of each choice, by its elements."""
    names, number = np.unique([one.elements for one in choices], return_inverse=True)
    return (np.random.default_rng(0).permutation(len(names)) % ENTRY_PRIOR.folds)[number]


def loss(costs: NDArray[np.float64], choices: list[Choice]) -> tuple[float, NDArray[np.float64]]:
    """Negative log-likelihood, and its gradient."""
    value, slope = 0.0, np.zeros(len(costs))
    for one in choices:
        logit = -one.features @ costs
        chance = np.exp(logit - logit.max())
        chance /= chance.sum()
        value -= one.weight * float(np.log(chance[0]))
        slope += one.weight * (one.features[0] - chance @ one.features)
    return value, slope


def fit(choices: list[Choice]) -> NDArray[np.float64]:
    """(2,) costs at which the measured entries are likeliest."""

    def penalised(costs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = loss(costs, choices)
        return value + ENTRY_PRIOR.ridge * float(costs @ costs) / 2, slope + ENTRY_PRIOR.ridge * costs

    found = scipy.optimize.minimize(penalised, np.ones(len(NAMES)), jac=True, method="L-BFGS-B")
    return np.asarray(found.x)


if __name__ == "__main__":
    main()
