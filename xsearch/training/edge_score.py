"""Fit the score of a hit by X-ray absorption: the probability that it is right, from the evidence of its edges.

    python -m xsearch.training.edge_score [--index mp ...] [--searches 1500] [--without xas_measured.parquet]
        [--log FILE] [--write]

The model is fitted to simulated measurements alone (`xsearch.data.simulated_edges`): computed spectra of the index,
changed as samples and beamlines change them, or those of one code searched among those of another, with simulated
references of some compounds beside them. Each is searched with its compound in the library and left out, with the
absorber alone, the elements allowed, or exactly the elements given. Formulas of the table `--without` are not
simulated; measured edges judge (`xsearch evaluate xanes`). With `--log`, cases are kept there, a line each, and the
same command goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.data.scores import expected_calibration_error
from xsearch.data.simulated_edges import SimulatedSearch, simulated_search
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.indexes import Index
from xsearch.indexes.xanes_table import XanesTable
from xsearch.options import Constraints, Given, Prior
from xsearch.search import SearchIndex, open_index
from xsearch.search.edge_score import FEATURES, PRODUCTS, WEIGHTS_FILE, edge_features, posteriors_of
from xsearch.search.probability import ScoreModel, terms
from xsearch.search.selection import rows_with
from xsearch.search.xanes_hits import fold_entries, has_reference
from xsearch.search.xanes_stages import assign_each, combine
from xsearch.training.settings import EDGE_SCORE
from xsearch.training.unseen_spectra import unseen_spectra
from xsearch.xas.evidence import entry_prior, weigh_edge
from xsearch.xas.library import EdgeLibrary

Products = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """One search.

    Attributes:
        edge, formula: of the sample; folds are grouped by the formula.
        given: of the elements.
        sample: `augmented` or `other code`: what was measured.
        left_out: whether the right compound had been left out of the library.
        features: of the first hit, in the order of `FEATURES`.
        rank: of the right compound; 0 where it is not among the hits.
    """

    edge: str
    formula: str
    given: str
    sample: str
    left_out: bool
    features: tuple[float, ...]
    rank: int

    @property
    def right(self) -> bool:
        """Whether the first hit was right."""
        return self.rank == 1


def main() -> None:
    """Collect, fit, report, and write the weights if arguments want it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", action="append", help="may be given several times; the one in use by default")
    parser.add_argument("--searches", type=int, default=1500, help="simulated edges of each; each is searched twice")
    parser.add_argument("--without", type=Path, help="a table of measured spectra, whose formulas are not simulated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, help="keep the cases here, and go on from what is there")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    arguments = parser.parse_args()
    without = {one.reduced_formula for one in read_labelled_edges(arguments.without)} if arguments.without else set()
    predicted = unseen_spectra()
    cases = [
        case
        for name in arguments.index or [None]
        for case in logged_cases(
            open_index(name), without, arguments.searches, arguments.seed, arguments.log, predicted
        )
    ]
    report(cases, out_of_fold(cases))
    fitted = fit(cases)
    stored = {
        "what": "logit of the probability that a hit by X-ray absorption is right",
        "cases": {"simulated": len(cases), "seed": arguments.seed},
        "model": fitted.to_dict(),
    }
    print(json.dumps(stored, indent=1))
    if arguments.write:
        WEIGHTS_FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def logged_cases(
    opened: SearchIndex,
    without: set[str],
    searches: int,
    seed: int,
    log: Path | None,
    predicted: Mapping[tuple[str, str], XanesTable] | None = None,
) -> list[EdgeCase]:
    """The cases of so many simulated edges; what a log holds of them is not searched again."""
    kept: dict[tuple[str, int], list[EdgeCase]] = {}
    if log is not None and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            name, number, cases = json.loads(line)
            kept[name, number] = [EdgeCase(**{**one, "features": tuple(one["features"])}) for one in cases]
    libraries = computed_libraries(opened, without)
    for number in range(searches):
        if (opened.name, number) in kept:
            continue
        random = np.random.default_rng([seed, number])
        library, places = libraries[int(random.integers(len(libraries)))]
        place = drawn_place(opened.index, library, places, random)
        of_edge = (predicted or {}).get((library.spectra.absorber, library.spectra.edge))
        found = kept[opened.name, number] = list(cases_of(opened.index, library, place, random, of_edge))
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps([opened.name, number, [asdict(one) for one in found]]) + "\n")
    return [case for number in range(searches) for case in kept[opened.name, number]]


def computed_libraries(opened: SearchIndex, without: set[str]) -> list[tuple[EdgeLibrary, NDArray[np.int64]]]:
    """Computed spectra of entries by edge, and places of those that may be measured.

    Edges of many spectra come several times, so that they are drawn more often.
    """
    found = []
    for absorber, edge in opened.libraries.edges:
        whole = opened.libraries.of(absorber, edge)
        computed = whole.take((whole.spectra.kind == "simulated") & (whole.row >= 0))
        table = computed.spectra
        usable = np.array([formula not in without for formula in table.reduced_formula], bool)
        places = np.flatnonzero(usable & (table.level == "material"))
        if len(set(table.reduced_formula)) >= EDGE_SCORE.least_compounds and len(places):
            times = EDGE_SCORE.times_of_large if len(places) > EDGE_SCORE.large else 1
            found += [(computed, places)] * times
    return found


def drawn_place(index: Index, computed: EdgeLibrary, places: NDArray[np.int64], random: np.random.Generator) -> int:
    """One of the spectra that may be measured: compounds that people hold in their hands are likelier."""
    prior = entry_prior(index.columns, computed.row[places], Prior.KNOWN)
    chance = np.exp(prior - prior.max())
    return int(random.choice(places, p=chance / chance.sum()))


def cases_of(
    index: Index,
    computed: EdgeLibrary,
    place: int,
    random: np.random.Generator,
    predicted: XanesTable | None = None,
) -> Iterator[EdgeCase]:
    """The cases of one simulated edge: what is known of its elements is drawn."""
    made = simulated_search(computed, place, random, predicted=predicted)
    given = Given(random.choice([one.value for one in Given]))
    constraints = constraints_of(made, given)
    for left_out in (False, True):
        library = made.without_right() if left_out else made.library
        keep = np.array([constraints.matches(elements) for elements in library.spectra.elements], bool)
        if not keep.any():
            continue
        yield _case(index, made, library.take(keep), constraints, given, left_out)


def constraints_of(made: SimulatedSearch, given: Given) -> Constraints:
    """What is known of a sample's elements."""
    elements = sorted(parse_formula(made.formula))
    return Constraints.parse(
        only=elements if given is Given.SUBSET else None,
        must=[made.query.absorber] if given is not Given.EXACT else None,
        exactly=elements if given is Given.EXACT else None,
    )


def _case(
    index: Index, made: SimulatedSearch, library: EdgeLibrary, constraints: Constraints, given: Given, left_out: bool
) -> EdgeCase:
    edges = assign_each(index, [weigh_edge(made.query, library)])
    candidates = combine(index, edges, Prior.KNOWN, constraints)
    groups = fold_entries(index, candidates)
    choices = len(rows_with(index, constraints, measured_cells=False))
    features = edge_features(
        float(posteriors_of(candidates.total, groups)[0]),
        [float(candidates.evidence[edges[0].name][groups[0][0]])],
        has_reference(candidates, groups[0][0]),
        len(candidates.rows),
        choices,
    )
    assert features is not None  # all candidates of a single edge have a spectrum of it
    formula_group, space_group = index.columns.formula_group, index.columns.space_group

    def is_right(row: int) -> bool:
        same_phase = space_group[row] == space_group[made.row]
        # a reference says which compound it is, not which phase
        of_reference = edges[0].library.row[edges[0].of_row[row].place] < 0
        return bool(formula_group[row] == formula_group[made.row] and (same_phase or of_reference))

    ranks = [
        number
        for number, group in enumerate(groups, start=1)
        if any(is_right(int(candidates.rows[place])) for place in group)
    ]
    return EdgeCase(
        edge=edges[0].name,
        formula=made.formula,
        given=given.value,
        sample="other code" if made.by_other_code else "augmented",
        left_out=left_out,
        features=tuple(features[name] for name in FEATURES),
        rank=ranks[0] if ranks else 0,
    )


def fit(cases: Sequence[EdgeCase], features: tuple[str, ...] = FEATURES, products: Products = PRODUCTS) -> ScoreModel:
    """Logistic regression; each formula has the same weight."""
    from sklearn.linear_model import LogisticRegression

    values = _values(cases, features)
    centre, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    made = terms((values - centre) / spread, features, products)
    names = [one.formula for one in cases]
    counts = {name: names.count(name) for name in set(names)}
    weight = np.array([1 / counts[name] for name in names])
    found = LogisticRegression(C=1 / (2 * EDGE_SCORE.ridge), max_iter=1000).fit(
        made, [one.right for one in cases], sample_weight=weight * len(weight) / weight.sum()
    )
    return ScoreModel(features, products, centre, spread, float(found.intercept_[0]), found.coef_[0])


def _values(cases: Sequence[EdgeCase], features: tuple[str, ...]) -> NDArray[np.float64]:
    places = [FEATURES.index(name) for name in features]
    return np.array([[one.features[place] for place in places] for one in cases])


def out_of_fold(
    cases: Sequence[EdgeCase], features: tuple[str, ...] = FEATURES, products: Products = PRODUCTS
) -> NDArray[np.float64]:
    """(n,) probabilities of cases by models that saw none of their formula."""
    names = sorted({one.formula for one in cases})
    number = np.array([names.index(one.formula) for one in cases])
    fold = (np.random.default_rng(0).permutation(len(names)) % EDGE_SCORE.folds)[number]
    found = np.zeros(len(cases))
    for held_out in range(EDGE_SCORE.folds):
        model = fit([one for one, where in zip(cases, fold, strict=True) if where != held_out], features, products)
        here = np.flatnonzero(fold == held_out)
        found[here] = model.probability(_values([cases[i] for i in here.tolist()], features))
    return found


def report(cases: Sequence[EdgeCase], chance: NDArray[np.float64]) -> None:
    """A line for each kind of search."""
    from sklearn.metrics import roc_auc_score

    right, left_out = np.array([one.right for one in cases]), np.array([one.left_out for one in cases])
    kinds = [f"{one.given}, {one.sample}{', reference first' if one.features[2] else ''}" for one in cases]
    print(f"simulated edges, {EDGE_SCORE.folds} folds by formula")
    for kind in ("all", *sorted(set(kinds))):
        here = np.array([kind in ("all", one) for one in kinds])
        if not (here & right).any() or right[here].all():
            continue
        threshold = np.percentile(chance[here & right], 5)
        refused = np.mean(chance[here & left_out] < threshold) if (here & left_out).any() else np.nan
        print(
            f"  {kind:40s} N = {here.sum():5d}  first right {right[here & ~left_out].mean():.3f}  "
            f"AUROC {roc_auc_score(right[here], chance[here]):.3f}  "
            f"ECE {expected_calibration_error(chance[here], right[here].astype(float)):.3f}  "
            f"left out refused at 95 % acceptance {100 * refused:.0f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
