"""Inference: the figures, and the weights of its evidence.

`python -m benchmarks.inference FILE --index mp --limit 200 --json` prints what `xsearch evaluate inference` does.
`python -m benchmarks.inference FILE --index mp --limit 200 --fit` fits the weights in `xsearch/infer/weights.json` on
those compounds; use others for the figures (`--skip`).
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks._data import data_file
from xsearch.chemistry.formula import parse_formula
from xsearch.evaluate.disturbed import disturbed_pattern, random_lines
from xsearch.evaluate.inference import Compound, evaluate, read_compounds
from xsearch.infer.evidence import (
    ANSWER_TERMS,
    CLOSE_TERMS,
    MEASURED_TERMS,
    REFINED_TERMS,
    TERMS,
    WEIGHTS,
    answer_terms,
    close_shares,
)
from xsearch.infer.fitting import Fitted, fit_candidates
from xsearch.infer.last_look import look_again
from xsearch.infer.library import TemplateLibrary, library_of
from xsearch.infer.proposals import propose
from xsearch.infer.variants import add_variants
from xsearch.search import open_index

Labelled = tuple[NDArray[np.float64], NDArray[np.float64]]

SHRINKAGE, LAST_SHRINKAGE = 0.05, 0.02
ANSWER_SHRINKAGE = 1.0
UNANSWERABLE_EVERY = 4
"""One compound in so many is also asked about with the elements of another, and with random lines."""

MOST_MATCHED = 20
"""Candidates of the right formula, the best first, that are compared with the true structure."""

OTHER_STRUCTURE = 0.5
"""What a candidate of the right formula and system but another structure counts for in the fit."""


def labelled_evidence(compounds: list[Compound], library: TemplateLibrary) -> tuple[list[Labelled], list[Labelled]]:
    """For each compound the candidates' terms, and how right each is: 0, `OTHER_STRUCTURE` or 1.

    Some compounds' patterns are asked about once more with the elements of another, and random lines with theirs:
    nothing is right then.

    Returns:
        Of the close fits, and of the candidates that were looked at again.
    """
    close: list[Labelled] = []
    last: list[Labelled] = []
    for place, compound in enumerate(compounds):
        pattern = disturbed_pattern(compound.crystal, zlib.crc32(compound.material_id.encode()))
        own = set(compound.crystal.elements)
        proposals = propose(library, sorted(own), excluded=[compound.formula])
        fitted = fit_candidates(library, proposals, pattern)
        refined = add_variants(look_again(fitted, pattern), pattern, library, proposals, excluded=[compound.formula])
        close.append((fitted.evidence, _rightness(compound, fitted)))
        last.append((refined.evidence, _rightness(compound, refined)))
        if place % UNANSWERABLE_EVERY:
            continue
        others = (set(other.crystal.elements) for other in (*compounds[place + 1 :], *compounds[:place]))
        noise = random_lines(zlib.crc32(compound.material_id.encode()))
        asked = [(own, noise), *((other, pattern) for other in others if not other & own)][:2]
        for elements, lines in asked:
            proposals = propose(library, sorted(elements))
            wrong = look_again(fit_candidates(library, proposals, lines), lines)
            wrong = add_variants(wrong, lines, library, proposals)
            last.append((wrong.evidence, np.zeros(len(wrong.fits))))
    return close, last


def _rightness(compound: Compound, fitted: Fitted) -> NDArray[np.float64]:
    """(k,) how right each candidate is."""
    from pymatgen.core.structure_matcher import StructureMatcher

    wanted = parse_formula(compound.formula)
    goal = np.array([wanted[element] for element in fitted.proposals.elements])
    same = (fitted.proposals.coefficients == goal).all(axis=1)
    same &= np.array([s.crystal_system == compound.crystal_system for s in fitted.symmetries], np.bool_)
    right = np.where(same, OTHER_STRUCTURE, 0.0)
    matcher, true = StructureMatcher(), compound.crystal.to_structure()
    order = np.argsort(-close_shares(fitted.evidence), kind="stable")
    for k in [k for k in order.tolist() if same[k]][:MOST_MATCHED]:
        if matcher.fit(true, fitted.symmetries[k].primitive.to_structure()):
            right[k] = 1.0
    return right


def fit_weights(close: list[Labelled], last: list[Labelled]) -> dict[str, dict[str, float]]:
    """Weights of `CLOSE_TERMS`, `TERMS` and `ANSWER_TERMS` by maximum likelihood, shrunk towards zero.

    Among the candidates of an answerable question the right ones are told by a conditional logit: first by the terms of
    the close fits, then, among those looked at again, by what these make of chemistry and pattern and by the terms of
    the last look. Whether the best of them is right is told by a logistic regression on what it shows.
    """
    by_close = _fit_shares(close, SHRINKAGE)
    measured = np.array([name in MEASURED_TERMS for name in CLOSE_TERMS])
    parts = np.zeros((len(TERMS), 5))
    parts[: len(CLOSE_TERMS), 0], parts[: len(CLOSE_TERMS), 1] = by_close * ~measured, by_close * measured
    parts[len(CLOSE_TERMS) :, 2:] = np.eye(len(REFINED_TERMS))[:, [0, 1, 3]]
    by_last = parts @ _fit_shares([(evidence @ parts, right) for evidence, right in last], LAST_SHRINKAGE)
    answer = _fit_answer(
        np.array([answer_terms(evidence, by_last) for evidence, _ in last]),
        np.array([right[np.argmax(evidence @ by_last)] > 0 for evidence, right in last]),
    )
    return {
        "close": {name: round(float(w), 4) for name, w in zip(CLOSE_TERMS, by_close, strict=True)},
        "candidate": {name: round(float(w), 4) for name, w in zip(TERMS, by_last, strict=True)},
        "answer": {name: round(float(w), 4) for name, w in zip(ANSWER_TERMS, answer, strict=True)},
    }


def _fit_shares(labelled: list[Labelled], shrinkage: float) -> NDArray[np.float64]:
    """(terms,) of a conditional logit over the candidates of each question that has a right one."""
    known = [(evidence, right) for evidence, right in labelled if right.any()]
    spread = np.sqrt(np.vstack([(e - e.mean(axis=0)) ** 2 for e, _ in known]).mean(axis=0)) + 1e-9

    def loss(worth: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = 0.0, np.zeros_like(worth)
        for evidence, right in known:
            z = evidence / spread
            total = z @ worth
            share = np.exp(total - total.max())
            share /= share.sum()
            good = share * right
            value -= np.log(good.sum() + 1e-300)
            slope -= z.T @ (good / (good.sum() + 1e-300) - share)
        return (
            value / len(known) + shrinkage * float(worth @ worth) / 2,
            slope / len(known) + shrinkage * worth,
        )

    found = minimize(loss, np.zeros(len(spread)), jac=True, method="L-BFGS-B").x
    return np.asarray(found / spread)


def _fit_answer(shown: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(answer terms,) of a logistic regression; all but the constant, which comes first, are shrunk towards zero."""
    mean, spread = shown[:, 1:].mean(axis=0), shown[:, 1:].std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(shown)), (shown[:, 1:] - mean) / spread])
    shrinkage = ANSWER_SHRINKAGE * np.append(0.0, np.ones(len(mean)))

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = scaled @ w
        chance = 1 / (1 + np.exp(-z))
        value = float(np.logaddexp(0, np.where(right, -z, z)).sum() + (shrinkage * w) @ w / 2)
        return value, scaled.T @ (chance - right) + shrinkage * w

    w = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
    slopes = w[1:] / spread
    return np.append(w[0] - slopes @ mean, slopes)


def main() -> None:
    """Print figures, or fit the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="default: mp_structures.parquet in $XSEARCH_DATA")
    parser.add_argument("--index", default=None)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0, help="compounds to leave out at the start, when fitting")
    parser.add_argument("--json", action="store_true", help="print the line of every compound too")
    parser.add_argument("--fit", action="store_true")
    given = parser.parse_args()
    file = given.file or data_file("mp_structures.parquet")
    if given.fit:
        library = library_of(open_index(given.index).index)
        compounds = read_compounds(file, given.limit + given.skip)[given.skip :]
        weights = fit_weights(*labelled_evidence(compounds, library))
        about = (
            f"Fitted on {len(compounds)} compounds of {file.name} whose formulas were left out, and on patterns "
            f"asked about with wrong elements and random lines: python -m benchmarks.inference {file.name} "
            f"--index {given.index} --skip {given.skip} --limit {given.limit} --fit"
        )
        WEIGHTS.write_text(json.dumps({"about": about, **weights}, indent=2) + "\n")
        print(json.dumps(weights, indent=2))
        return
    report = evaluate(file, given.index, limit=given.limit)
    if not given.json:
        report.pop("compounds")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
