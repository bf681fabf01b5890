"""Fit what an agreement of edges is worth: the weights of the evidence by which compounds are ranked.

    python -m xsearch.training.edge_evidence [--index mp ...] [--searches 800] [--without xas_measured.parquet]

Simulated edges (`xsearch.data.simulated_edges`) are matched among computed spectra, spectra that the forward model
predicts of formulas it has not seen, and simulated references. The likelihood of the right compound is then maximised
over the numbers in `NAMES`, in folds by formula; nothing is written: the settings hold what the folds agree on.
Measured edges judge (`xsearch evaluate xanes`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from xsearch.data.simulated_edges import simulated_search
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.indexes.xanes_table import XanesTable
from xsearch.options import Given
from xsearch.preprocess.xanes import NormalizedXanes, window
from xsearch.search import SearchIndex, open_index
from xsearch.search.xanes_stages import bounded_loss
from xsearch.training.edge_score import computed_libraries, constraints_of, drawn_place
from xsearch.training.settings import EDGE_EVIDENCE
from xsearch.training.unseen_spectra import unseen_spectra
from xsearch.xas.evidence import match_recalled, recalled_by_vectors, spectrum_evidence
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import XanesMatches
from xsearch.xas.settings import DEFAULTS, EvidenceSettings

NAMES = (
    "closeness_weight",
    "simulation_error",
    "reference_error",
    "prediction_error",
    "wrong_distance",
    "simulated_shift_cost",
    "predicted_shift_cost",
    "measured_shift_cost",
)


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A simulated edge matched with a library of n spectra of k candidates.

    Attributes:
        formula: of the right compound; folds are grouped by it.
        matches: of the spectra.
        kind: (n,) of each.
        candidate: (n,) the candidate that each speaks for; -1 for a reference, which speaks for all of its formula.
        name: (n,) the formula of each.
        names: (k,) the formula of each candidate.
        right: (k,) whether a candidate is the right compound.
    """

    formula: str
    matches: XanesMatches
    kind: NDArray[np.object_]
    candidate: NDArray[np.int64]
    name: NDArray[np.object_]
    names: NDArray[np.object_]
    right: NDArray[np.bool_]


def main() -> None:
    """Collect, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", action="append", help="may be given several times; the one in use by default")
    parser.add_argument("--searches", type=int, default=800, help="simulated edges of each")
    parser.add_argument("--without", type=Path, help="a table of measured spectra, whose formulas are not simulated")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    without = {one.reduced_formula for one in read_labelled_edges(arguments.without)} if arguments.without else set()
    predicted = unseen_spectra()
    cases = [
        case
        for name in arguments.index or [None]
        for case in collect(open_index(name), without, predicted, arguments.searches, arguments.seed)
    ]
    report(cases)


def collect(
    opened: SearchIndex,
    without: set[str],
    predicted: dict[tuple[str, str], XanesTable],
    searches: int,
    seed: int,
) -> list[Compared]:
    """Simulated edges matched with their libraries; those with a single candidate say nothing and are left out."""
    libraries = computed_libraries(opened, without)
    found = []
    for number in range(searches):
        random = np.random.default_rng([seed, number])
        library, places = libraries[int(random.integers(len(libraries)))]
        place = drawn_place(opened.index, library, places, random)
        edge = library.spectra.absorber, library.spectra.edge
        made = simulated_search(library, place, random, predicted=predicted.get(edge))
        constraints = constraints_of(made, Given(random.choice([one.value for one in Given])))
        keep = np.array([constraints.matches(elements) for elements in made.library.spectra.elements], bool)
        case = compare(made.query, made.library.take(keep), made.formula, made.row, opened) if keep.any() else None
        if case is not None and len(case.names) > 1 and case.right.any():
            found.append(case)
    return found


def compare(query: NormalizedXanes, library: EdgeLibrary, formula: str, row: int, opened: SearchIndex) -> Compared:
    """A query matched with a library, its spectra by candidate.

    A candidate is a row; where a formula has a reference alone, it is the formula.
    """
    cut, table = window(query), library.spectra
    matches = match_recalled(cut, library, recalled_by_vectors(cut, library))
    rows = np.unique(library.row[library.row >= 0])
    name = table.reduced_formula
    name_of = dict(zip(library.row.tolist(), name.tolist(), strict=True))
    of_rows = [name_of[one] for one in rows.tolist()]
    alone = sorted(set(name[library.row < 0].tolist()) - set(of_rows))
    place_of = {int(one): place for place, one in enumerate(rows)}
    alone_at = {one: len(rows) + place for place, one in enumerate(alone)}
    candidate = np.array(
        [place_of.get(int(r), alone_at.get(str(n), -1)) for r, n in zip(library.row, name, strict=True)], np.int64
    )
    names = np.array([*of_rows, *alone], object)
    group = opened.index.columns.space_group
    same = np.array([group[one] == group[row] for one in rows.tolist()] + [True] * len(alone), bool)
    return Compared(formula, matches, table.kind, candidate, name, names, (names == formula) & same)


def log_likelihood(case: Compared, settings: EvidenceSettings) -> float:
    """Of the right compound, without any prior: what is a matter of the spectra alone."""
    value = spectrum_evidence(case.matches, case.kind, replace(DEFAULTS, evidence=settings))
    total = np.full(len(case.names), -np.inf)
    of_candidate = case.candidate >= 0
    np.maximum.at(total, case.candidate[of_candidate], value[of_candidate])
    by_itself = total.copy()
    for place in np.flatnonzero(~of_candidate):
        # a reference stands for the entries of its formula, among which their own spectra decide
        of_formula = np.flatnonzero(case.names == case.name[place])
        behind = settings.polymorph_weight * (by_itself[of_formula] - by_itself[of_formula].max())
        total[of_formula] = np.maximum(total[of_formula], value[place] + behind)
    usual = float(np.logaddexp.reduce(total) - np.log(len(total)))
    total = bounded_loss(total, usual, settings.failure)
    return float(np.logaddexp.reduce(total[case.right]) - np.logaddexp.reduce(total))


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Many searches one after the other, so that all are weighed at once: `log_likelihood` a hundred times faster.

    Attributes:
        matches, kind: of all spectra.
        candidate: (n,) the place of each among all candidates; -1 for references.
        first: (searches,) place of the first candidate of each.
        pairs: (2, p) places of references, and of the candidates whose formula they have.
        group: (p,) number of the search and formula of each pair.
        right: (candidates,) whether it is the right one.
    """

    matches: XanesMatches
    kind: NDArray[np.object_]
    candidate: NDArray[np.int64]
    first: NDArray[np.int64]
    pairs: NDArray[np.int64]
    group: NDArray[np.int64]
    right: NDArray[np.bool_]

    @classmethod
    def of(cls, cases: Sequence[Compared]) -> Stack:
        """The searches as one."""
        first = np.cumsum([0, *(len(case.names) for case in cases)])
        spectra = np.cumsum([0, *(len(case.kind) for case in cases)])
        candidate, pairs, group, groups = [], [], [], 0
        for case, at, start in zip(cases, spectra.tolist(), first.tolist(), strict=False):
            candidate.append(np.where(case.candidate >= 0, case.candidate + start, -1))
            for place in np.flatnonzero(case.candidate < 0).tolist():
                of_formula = np.flatnonzero(case.names == case.name[place])
                pairs += [(at + place, start + one) for one in of_formula.tolist()]
                group += [groups] * len(of_formula)
                groups += 1
        arrays = [
            np.concatenate([getattr(case.matches, field.name) for case in cases]) for field in fields(XanesMatches)
        ]
        return cls(
            XanesMatches(*arrays),
            np.concatenate([case.kind for case in cases]),
            np.concatenate(candidate),
            first[:-1],
            np.array(pairs, np.int64).reshape(-1, 2).T,
            np.array(group, np.int64),
            np.concatenate([case.right for case in cases]),
        )

    def nats(self, settings: EvidenceSettings) -> NDArray[np.float64]:
        """(searches,) what each loses."""
        value = spectrum_evidence(self.matches, self.kind, replace(DEFAULTS, evidence=settings))
        total = np.full(len(self.right), -np.inf)
        of_candidate = self.candidate >= 0
        np.maximum.at(total, self.candidate[of_candidate], value[of_candidate])
        reference, of_formula = self.pairs
        best = np.full(int(self.group.max(initial=-1)) + 1, -np.inf)
        np.maximum.at(best, self.group, total[of_formula])
        behind = settings.polymorph_weight * (total[of_formula] - best[self.group])
        np.maximum.at(total, of_formula, value[reference] + behind)
        count = np.diff(np.append(self.first, len(total)))
        usual = np.logaddexp.reduceat(total, self.first) - np.log(count)
        total = bounded_loss(total, np.repeat(usual, count), settings.failure)
        right = np.logaddexp.reduceat(np.where(self.right, total, -np.inf), self.first)
        return np.asarray(np.logaddexp.reduceat(total, self.first) - right)


def fit(cases: Sequence[Compared], names: Sequence[str] = NAMES) -> EvidenceSettings:
    """The settings at which the right compounds are likeliest, each formula with the same weight."""
    start = DEFAULTS.evidence
    formulas = [case.formula for case in cases]
    weight = np.array([1 / formulas.count(one) for one in formulas])
    weight /= weight.sum()

    def changed(by: NDArray[np.float64]) -> EvidenceSettings:
        factors = np.exp(np.clip(by, -3, 3)).tolist()
        return replace(start, **{n: getattr(start, n) * f for n, f in zip(names, factors, strict=True)})

    stack = Stack.of(cases)

    def loss(by: NDArray[np.float64]) -> float:
        return float(weight @ stack.nats(changed(by))) + EDGE_EVIDENCE.ridge * float(by @ by)

    simplex = np.vstack([np.zeros(len(names)), 0.5 * np.eye(len(names))])
    options = {"initial_simplex": simplex, "maxfev": EDGE_EVIDENCE.rounds, "fatol": 1e-4, "xatol": 0.02}
    return changed(scipy.optimize.minimize(loss, simplex[0], method="Nelder-Mead", options=options).x)


def report(cases: Sequence[Compared]) -> None:
    """The numbers of each fold, and what the held-out folds lose."""
    names, number = np.unique([case.formula for case in cases], return_inverse=True)
    fold = (np.random.default_rng(0).permutation(len(names)) % EDGE_EVIDENCE.folds)[number]
    print(f"{len(cases)} simulated edges of {len(names)} formulas; {EDGE_EVIDENCE.folds} folds by formula")
    now = Stack.of(cases).nats(DEFAULTS.evidence)
    held_out = np.zeros(len(cases))
    for k in range(EDGE_EVIDENCE.folds):
        found = fit([case for case, where in zip(cases, fold, strict=True) if where != k])
        here = np.flatnonzero(fold == k)
        held_out[here] = Stack.of([cases[i] for i in here.tolist()]).nats(found)
        print(f"fold {k}:", _text(found), flush=True)
    print("all:   ", _text(fit(cases)))
    print(f"nats a search: settings {now.mean():.4f}, held out {held_out.mean():.4f}")


def _text(settings: EvidenceSettings) -> str:
    return " ".join(f"{name} {getattr(settings, name):.3g}" for name in NAMES)


if __name__ == "__main__":
    main()
