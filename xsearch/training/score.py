"""Fit the score of a hit: the probability that it is right, from the evidence for it.

    python -m xsearch.training.score LABELLED.parquet [--index mp] [--simulated 150] [--write]

Two kinds of patterns are searched, blind and with their elements, with and without linked measured cells, each with its
right entries in the index and with them taken out: the labelled measured ones, and simulated measurements of measured
cells that the index links to computed entries. Of the latter the cell itself is left out of the search, so that the
computed cell, or another measured one, has to be found; formulas of the labelled patterns are not used. Of the measured
patterns the figures are those of folds by formula.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.evaluate.labelled import read_labelled, right_rows
from xsearch.evaluate.pxrd import expected_calibration_error
from xsearch.search import SearchIndex, open_index
from xsearch.search.verdict import SIGNS, WEIGHTS_FILE
from xsearch.simulate.conditions import draw_conditions
from xsearch.simulate.measurement import measure
from xsearch.spectra import PowderPattern

FOLDS, REPEATS = 5, 3
RIDGE = 1.7
"""Of the logistic regression on signs of unit variance: half the squared length of the weights costs so much."""

MEASURED_WEIGHT = 3.0
"""A measured pattern counts as so many simulated ones."""

SAMPLE_STRAIN = 0.0005
"""Width of the strain between two samples of one compound; literature values differ by 0.1 % an axis."""

WAVELENGTH_A = 1.541838


@dataclass(frozen=True, slots=True)
class Case:
    """One search: the signs of its first hit, whether that was right, and where it belongs.

    Attributes:
        formula: of the sample; folds keep the cases of a formula together.
        kind: what the search was told and could use.
        removed: whether the right entries had been taken out.
        measured: whether the pattern was measured, not simulated.
        signs: of the first hit, in the order of `SIGNS`.
        right: whether it was right.
    """

    formula: str
    kind: str
    removed: bool
    measured: bool
    signs: tuple[float, ...]
    right: bool


def main() -> None:
    """Collect, fit, report, and write the weights if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("--index", default=None)
    parser.add_argument("--simulated", type=int, default=150, help="how many simulated patterns")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    asked = parser.parse_args()
    index = open_index(asked.index)
    measured = list(measured_cases(index, asked.labelled))
    formulas = {one.formula for one in measured}
    simulated = list(simulated_cases(index, formulas, asked.simulated, asked.seed))
    report("trained on simulated patterns only", measured, predict(fit(simulated), measured))
    report(f"{FOLDS} folds by formula, and simulated", measured, out_of_fold(measured, simulated))
    intercept, weights = fit([*measured, *simulated])
    stored = {
        "what": "logit of the probability that a hit is right",
        "cases": {"measured": len(measured), "simulated": len(simulated), "seed": asked.seed},
        "intercept": round(intercept, 4),
        "weights": {sign: round(float(weight), 4) for sign, weight in zip(SIGNS, weights, strict=True)},
    }
    print(json.dumps(stored, indent=1))
    if asked.write:
        WEIGHTS_FILE.write_text(json.dumps(stored, indent=1) + "\n")


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
    names = dict(index.index.sql("select row_id, reduced_formula from catalog").fetchall())
    linked = np.flatnonzero(columns.cell_of >= 0)
    owners = [owner for owner in np.unique(columns.cell_of[linked]).tolist() if names[owner] not in without]
    for owner in random.permutation(owners)[:count].tolist():
        cells = linked[columns.cell_of[linked] == owner]
        row = int(random.choice(cells))
        pattern = simulated_pattern(index, row, random)
        alike = (columns.formula_group == columns.formula_group[owner]) & (columns.cell_of < 0)
        right = set(np.flatnonzero(alike & (columns.space_group == columns.space_group[owner])).tolist())
        right |= set(np.flatnonzero(np.isin(columns.cell_of, list(right))).tolist())
        elements = index.index.materials([owner])[0].elements
        for use_cells in (True, False) if len(cells) > 1 else (False,):
            try:
                yield from _searches(index, pattern, names[owner], elements, right, use_cells, (row,))
            except SpectrumError:
                break  # too noisy: no line stands out


def simulated_pattern(index: SearchIndex, row: int, random: np.random.Generator) -> PowderPattern:
    """A laboratory's copper pattern of a measured cell, another sample of the same compound."""
    conditions = replace(
        draw_conditions(random),
        wavelength_A=WAVELENGTH_A,
        alpha2_A=0.0,
        first_deg=float(random.uniform(4, 12)),
        last_deg=float(random.uniform(75, 90)),
        step_deg=0.02,
        mean_strain=float(SAMPLE_STRAIN * random.standard_t(3)),
        shape_strain=(*(SAMPLE_STRAIN * random.standard_t(3, 3)).tolist(), 0.0, 0.0, 0.0),
    )
    return PowderPattern(*measure(index.index.reflections(row), conditions, random), WAVELENGTH_A)


def _searches(
    index: SearchIndex,
    pattern: PowderPattern,
    formula: str,
    elements: Collection[str],
    right: Collection[int],
    measured_cells: bool,
    left_out: Collection[int] = (),
) -> Iterator[Case]:
    ids = {material.material_id for material in index.index.materials(sorted(right))}
    for told in ("blind", "subset"):
        for removed in (False, True):
            result = index.search(
                pattern,
                only=list(elements) if told == "subset" else None,
                top=1,
                measured_cells=measured_cells,
                without={*left_out, *(right if removed else ())},
            )
            for hit in result.hits:
                found = {one.matched.material_id for one in (hit, *hit.duplicates)}
                signs = {**hit.evidence, "unexplained_squared": hit.unexplained**2}
                yield Case(
                    formula=formula,
                    kind=f"{told}, {'with' if measured_cells else 'without'} measured cells",
                    removed=removed,
                    measured=not left_out,
                    signs=tuple(signs[sign] for sign in SIGNS),
                    right=bool(found & ids),
                )


Model = tuple[float, NDArray[np.float64]]


def fit(cases: list[Case]) -> Model:
    """Logistic regression: intercept, and a weight a sign."""
    from sklearn.linear_model import LogisticRegression

    signs = np.array([one.signs for one in cases])
    mean, spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-9)
    trust = [MEASURED_WEIGHT if one.measured else 1.0 for one in cases]
    found = LogisticRegression(C=1 / (2 * RIDGE)).fit((signs - mean) / spread, [one.right for one in cases], trust)
    weights = found.coef_[0] / spread
    return float(found.intercept_[0] - weights @ mean), weights


def predict(model: Model, cases: list[Case]) -> NDArray[np.float64]:
    """(n,) probabilities."""
    intercept, weights = model
    return 1 / (1 + np.exp(-intercept - np.array([one.signs for one in cases]) @ weights))


def out_of_fold(measured: list[Case], simulated: list[Case]) -> NDArray[np.float64]:
    """(n,) probabilities of measured cases by models that saw none of their formula, the mean of some divisions."""
    names = sorted({one.formula for one in measured})
    number = np.array([names.index(one.formula) for one in measured])
    total = np.zeros(len(measured))
    for repeat in range(REPEATS):
        fold = (np.random.default_rng(repeat).permutation(len(names)) % FOLDS)[number]
        for held_out in range(FOLDS):
            seen = [one for one, where in zip(measured, fold, strict=True) if where != held_out]
            model = fit([*seen, *simulated])
            total[fold == held_out] += predict(model, [measured[i] for i in np.flatnonzero(fold == held_out)])
    return total / REPEATS


def report(what: str, cases: list[Case], chance: NDArray[np.float64]) -> None:
    """A line a kind of search: area under the curve, calibration error, and what is refused where 95 % are accepted."""
    from sklearn.metrics import roc_auc_score

    print(what)
    right, removed = np.array([one.right for one in cases]), np.array([one.removed for one in cases])
    for kind in sorted({one.kind for one in cases}):
        own = np.array([one.kind == kind for one in cases])
        threshold = np.percentile(chance[own & right], 5)
        print(
            f"  {kind:32s} N = {own.sum()}  AUROC {roc_auc_score(right[own], chance[own]):.3f}  "
            f"ECE {expected_calibration_error(chance[own], right[own].astype(float)):.3f}  removed refused at 95 % "
            f"acceptance {100 * np.mean(chance[own & removed] < threshold):.0f} %",
            flush=True,
        )


if __name__ == "__main__":
    main()
