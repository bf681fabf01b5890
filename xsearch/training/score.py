"""Fit the score of a hit: the probability that it is right, from the evidence for it.

    python -m xsearch.training.score LABELLED.parquet [--index mp] [--simulated 150] [--computed 80] [--judge] [--write]

The model is fitted to simulated measurements alone: of measured cells that the index links to computed entries, with
that cell left out, so that the computed cell or another measured one has to be found; and of computed entries drawn
from all, strained as real crystals are, so that compounds that are not experimentally reported are right too. Each is
searched blind and with its elements, with its right entries in the index and left out. Formulas of the labelled
patterns are not simulated; with `--judge` they judge, with and without linked measured cells. Three models are fitted
to the same cases: of fitted first hits, of their groups of twins, and of hits of which less is known.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Hit
from xsearch.data.labelled_patterns import labelled_formulas, read_labelled, right_rows
from xsearch.data.scores import expected_calibration_error
from xsearch.data.simulated_measurements import drawn_conditions, laboratory, measured_row
from xsearch.errors import SpectrumError
from xsearch.indexes import sql
from xsearch.search import SearchIndex, open_index
from xsearch.search.probability import ScoreModel, terms
from xsearch.search.verdict import FEATURES, FITTED_FEATURES, FITTED_PRODUCTS, WEIGHTS_FILE, score_features
from xsearch.simulate.conditions import draw_conditions
from xsearch.spectra import PowderPattern
from xsearch.training.settings import SCORE

Products = tuple[tuple[str, str], ...]

MODELS: dict[str, tuple[tuple[str, ...], Products]] = {
    "plain": (FEATURES, ()),
    "fitted": (FITTED_FEATURES, FITTED_PRODUCTS),
    "group": (FITTED_FEATURES, FITTED_PRODUCTS),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One search: the evidence of its first hit, whether that was right, and its group.

    Attributes:
        formula: of the sample; folds are grouped by it.
        kind: what the search was given and could use.
        left_out: whether the right entries had been left out.
        features: of the first hit, in the order of `FITTED_FEATURES`, which begin with `FEATURES`.
        right: whether it was right.
        of_group: the same two of its group of twins.
    """

    formula: str
    kind: str
    left_out: bool
    features: tuple[float, ...]
    right: bool
    of_group: tuple[tuple[float, ...], bool] | None = None

    def as_group(self) -> Case:
        """The case of its group of twins."""
        assert self.of_group is not None
        features, right = self.of_group
        return replace(self, features=features, right=right)


def main() -> None:
    """Collect, fit, report, and write the weights if arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--index", default=None)
    parser.add_argument("--simulated", type=int, default=150, help="how many simulated patterns of measured cells")
    parser.add_argument("--computed", type=int, default=80, help="how many simulated patterns of computed entries")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--judge", action="store_true", help="search the labelled patterns too, and report on them")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    arguments = parser.parse_args()
    index = open_index(arguments.index)
    measured = list(measured_cases(index, arguments.labelled)) if arguments.judge else []
    formulas = labelled_formulas(arguments.labelled)
    simulated = [
        *simulated_cases(index, formulas, arguments.simulated, arguments.seed),
        *computed_cases(index, formulas, arguments.computed, arguments.seed),
    ]
    stored: dict[str, Any] = {
        "what": "logit of the probability that a hit is right",
        "cases": {"simulated": len(simulated), "seed": arguments.seed},
    }
    for name, (features, products) in MODELS.items():
        print(f"model of {name} hits")
        cases, judges = simulated, measured
        if name == "group":
            cases, judges = [one.as_group() for one in simulated], [one.as_group() for one in measured]
        report(f"simulated, {SCORE.folds} folds by formula", cases, out_of_fold(cases, features, products))
        model = fit(cases, features, products)
        if judges:
            report("measured, which were not trained on", judges, predict(model, judges))
        stored[name] = model.to_dict()
    print(json.dumps(stored, indent=1))
    if arguments.write:
        WEIGHTS_FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def measured_cases(index: SearchIndex, labelled: Path) -> Iterator[Case]:
    """Cases of the clean labelled patterns that the index can answer."""
    for one in read_labelled(labelled):
        right = right_rows(index.index, one)
        if one.is_clean and right:
            for cells in (True, False):
                yield from _searches(index, one.pattern, one.formula, one.elements, right, cells)


def simulated_cases(index: SearchIndex, without: Collection[str], count: int, seed: int) -> Iterator[Case]:
    """Cases of simulated measurements of linked measured cells, one each of `count` phases.

    Args:
        index: with linked measured cells.
        without: formulas that are not used.
        count: how many patterns.
        seed: of the choice and of the measurements.
    """
    random = np.random.default_rng(seed)
    columns = index.index.columns
    names = dict(index.index.sql(sql.FORMULA_OF_ROWS).fetchall())
    linked = np.flatnonzero(columns.cell_of >= 0)
    owners = [owner for owner in np.unique(columns.cell_of[linked]).tolist() if names[owner] not in without]
    for owner in random.permutation(owners)[:count].tolist():
        cells = linked[columns.cell_of[linked] == owner]
        row = int(random.choice(cells))
        pattern = simulated_pattern(index, row, random)
        right = _same_phase(index, owner)
        elements = index.index.materials([owner])[0].elements
        for use_cells in (True, False) if len(cells) > 1 else (False,):
            try:
                yield from _searches(index, pattern, names[owner], elements, right, use_cells, (row,))
            except SpectrumError:
                break  # too noisy: no line stands out


def computed_cases(index: SearchIndex, without: Collection[str], count: int, seed: int) -> Iterator[Case]:
    """Cases of simulated measurements of computed entries, strained as real crystals are.

    Args:
        index, without, count, seed: as in `simulated_cases`; linked measured cells are not searched.
    """
    random = np.random.default_rng(seed)
    columns = index.index.columns
    names = dict(index.index.sql(sql.FORMULA_OF_ROWS).fetchall())
    pool = [row for row in np.flatnonzero(columns.cell_of < 0).tolist() if names[row] not in without]
    for row in random.permutation(pool)[:count].tolist():
        conditions = laboratory(drawn_conditions(index.index, row, random), random)
        pattern = measured_row(index.index, row, conditions, random)
        elements = index.index.materials([row])[0].elements
        try:
            yield from _searches(index, pattern, names[row], elements, _same_phase(index, row), False)
        except SpectrumError:
            continue  # too noisy: no line stands out


def _same_phase(index: SearchIndex, row: int) -> set[int]:
    """Rows of the formula and space group of a row, with their measured cells."""
    columns = index.index.columns
    alike = (columns.formula_group == columns.formula_group[row]) & (columns.cell_of < 0)
    right = set(np.flatnonzero(alike & (columns.space_group == columns.space_group[row])).tolist())
    return right | set(np.flatnonzero(np.isin(columns.cell_of, list(right))).tolist())


def simulated_pattern(index: SearchIndex, row: int, random: np.random.Generator) -> PowderPattern:
    """A laboratory's copper pattern of a measured cell, another sample of the same compound."""
    conditions = replace(
        draw_conditions(random),
        mean_strain=float(SCORE.sample_strain * random.standard_t(3)),
        shape_strain=(*(SCORE.sample_strain * random.standard_t(3, 3)).tolist(), 0.0, 0.0, 0.0),
    )
    return measured_row(index.index, row, laboratory(conditions, random), random)


def _searches(
    index: SearchIndex,
    pattern: PowderPattern,
    formula: str,
    elements: Collection[str],
    right: Collection[int],
    measured_cells: bool,
    without: Collection[int] = (),
) -> Iterator[Case]:
    ids = {material.material_id for material in index.index.materials(sorted(right))}
    for given in ("blind", "subset"):
        for leave_out in (False, True):
            result = index.search(
                pattern,
                only=list(elements) if given == "subset" else None,
                top=SCORE.twins_shown,
                measured_cells=measured_cells,
                leave_out_rows={*without, *(right if leave_out else ())},
            )
            if not result.hits or result.twins is None:
                continue
            hit, twins = result.hits[0], result.twins
            is_measured = bool(hit.matched_entry.is_measured)
            evidence = replace(hit.evidence, margin=twins.margin, margin_to_third=twins.margin_to_third)
            yield Case(
                formula=formula,
                kind=f"{given}, {'with' if measured_cells else 'without'} measured cells",
                left_out=leave_out,
                features=_of(score_features(hit.fitted, hit.evidence, is_measured)),
                right=_holds(hit, ids),
                of_group=(
                    _of(score_features(hit.fitted, evidence, is_measured)),
                    any(_holds(result.hits[rank - 1], ids) for rank in twins.ranks),
                ),
            )


def _of(features: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(features[feature] for feature in FITTED_FEATURES)


def _holds(hit: Hit, ids: Collection[str]) -> bool:
    """Whether a hit, or a duplicate folded into it, is one of some entries."""
    return any(one.matched.material_id in ids for one in (hit, *hit.duplicates))


def fit(
    cases: list[Case], features: tuple[str, ...] = FITTED_FEATURES, products: Products = FITTED_PRODUCTS
) -> ScoreModel:
    """Logistic regression on the first features of each case, and products of them."""
    from sklearn.linear_model import LogisticRegression

    values = _values(cases, features)
    centre, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    made = terms((values - centre) / spread, features, products)
    found = LogisticRegression(C=1 / (2 * SCORE.ridge), max_iter=1000).fit(made, [one.right for one in cases])
    return ScoreModel(features, products, centre, spread, float(found.intercept_[0]), found.coef_[0])


def predict(model: ScoreModel, cases: list[Case]) -> NDArray[np.float64]:
    """(n,) probabilities."""
    return model.probability(_values(cases, model.features))


def _values(cases: list[Case], features: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([one.features[: len(features)] for one in cases])


def out_of_fold(
    cases: list[Case], features: tuple[str, ...] = FITTED_FEATURES, products: Products = FITTED_PRODUCTS
) -> NDArray[np.float64]:
    """(n,) probabilities of cases by models that saw none of their formula, the mean of some divisions."""
    names = sorted({one.formula for one in cases})
    number = np.array([names.index(one.formula) for one in cases])
    total = np.zeros(len(cases))
    for repeat in range(SCORE.repeats):
        fold = (np.random.default_rng(repeat).permutation(len(names)) % SCORE.folds)[number]
        for held_out in range(SCORE.folds):
            model = fit([one for one, where in zip(cases, fold, strict=True) if where != held_out], features, products)
            total[fold == held_out] += predict(model, [cases[i] for i in np.flatnonzero(fold == held_out)])
    return total / SCORE.repeats


def report(what: str, cases: list[Case], chance: NDArray[np.float64]) -> None:
    """A line a kind of search: area under the curve, calibration error, and what is refused where 95 % are accepted."""
    from sklearn.metrics import roc_auc_score

    print(what)
    right, left_out = np.array([one.right for one in cases]), np.array([one.left_out for one in cases])
    for kind in sorted({one.kind for one in cases}):
        here = np.array([one.kind == kind for one in cases])
        threshold = np.percentile(chance[here & right], 5)
        print(
            f"  {kind:32s} N = {here.sum()}  AUROC {roc_auc_score(right[here], chance[here]):.3f}  "
            f"ECE {expected_calibration_error(chance[here], right[here].astype(float)):.3f}  left out refused at 95 % "
            f"acceptance {100 * np.mean(chance[here & left_out] < threshold):.0f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
