"""Inference: the figures, and the weights of its evidence.

`python -m benchmarks.inference FILE --index mp --limit 200 --json` prints what `xsearch evaluate inference` does.
`python -m benchmarks.inference FILE --index mp --limit 200 --fit` fits the weights in `xsearch/infer/weights.json` on
those compounds; use others for the figures (`--skip`).
"""

import argparse
import json
import os
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from xsearch.chemistry.formula import parse_formula
from xsearch.evaluate.disturbed import disturbed_pattern
from xsearch.evaluate.inference import Compound, evaluate, read_compounds
from xsearch.infer.engine import fit_candidates
from xsearch.infer.evidence import NOTHING, TERMS, WEIGHTS
from xsearch.infer.library import TemplateLibrary, library_of
from xsearch.infer.proposals import propose
from xsearch.search import open_index

SHRINKAGE = 0.2
OTHER_STRUCTURE = 0.5
"""What a candidate of the right formula and system but another structure counts for in the fit."""


def labelled_evidence(
    compounds: list[Compound], library: TemplateLibrary
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """For each compound the candidates' terms, and how right each is: 0, `OTHER_STRUCTURE` or 1.

    Every compound's pattern is asked about once more with the elements of the next compound: nothing is right then.
    """
    from pymatgen.core.structure_matcher import StructureMatcher

    matcher = StructureMatcher()
    found = []
    for compound in compounds:
        wanted = parse_formula(compound.formula)
        proposals = propose(library, list(wanted), excluded=[compound.formula])
        pattern = disturbed_pattern(compound.crystal, zlib.crc32(compound.material_id.encode()))
        fitted = fit_candidates(library, proposals, pattern)
        goal = np.array([wanted[element] for element in proposals.elements])
        true = compound.crystal.to_structure()
        right = np.zeros(len(fitted.fits))
        for k, symmetry in enumerate(fitted.symmetries):
            if (fitted.proposals.coefficients[k] == goal).all() and symmetry.crystal_system == compound.crystal_system:
                right[k] = 1.0 if matcher.fit(true, symmetry.primitive.to_structure()) else OTHER_STRUCTURE
        found.append((fitted.evidence, right))
    for compound, other in pairwise(compounds):
        if set(other.crystal.elements) == set(compound.crystal.elements):
            continue
        pattern = disturbed_pattern(compound.crystal, zlib.crc32(compound.material_id.encode()))
        wrong = fit_candidates(library, propose(library, sorted(set(other.crystal.elements))), pattern)
        found.append((wrong.evidence, np.zeros(len(wrong.fits))))
    return found


def fit_weights(labelled: list[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> dict[str, float]:
    """Weights by maximum likelihood of the right candidates among all (a conditional logit), shrunk towards zero."""
    answerable = sum(right.any() for _, right in labelled)
    spread = np.std(np.vstack([evidence for evidence, _ in labelled]), axis=0) + 1e-9

    def loss(worth: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = 0.0, np.zeros_like(worth)
        for evidence, right in labelled:
            if not right.any():
                continue
            z = evidence / spread
            total = z @ worth
            share = np.exp(total - total.max())
            share /= share.sum()
            good = share * right
            value -= np.log(good.sum() + 1e-300)
            slope -= z.T @ (good / (good.sum() + 1e-300) - share)
        return (
            value / answerable + SHRINKAGE * float(worth @ worth) / 2,
            slope / answerable + SHRINKAGE * worth,
        )

    worth = minimize(loss, np.zeros(len(TERMS)), jac=True, method="L-BFGS-B").x / spread

    def of_nothing(level: float) -> float:
        value = 0.0
        for evidence, right in labelled:
            total = np.append(evidence @ worth, level)
            share = np.exp(total - total.max())
            share /= share.sum()
            value -= np.log((share * np.append(right > 0, not right.any())).sum() + 1e-12)
        return value

    levels = np.linspace(-10, 30, 161)
    nothing = levels[int(np.argmin([of_nothing(level) for level in levels]))]
    return {**{name: round(float(w), 4) for name, w in zip(TERMS, worth, strict=True)}, NOTHING: float(nothing)}


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
    if given.file is None:
        if "XSEARCH_DATA" not in os.environ:
            print("skipped: no file was given, and XSEARCH_DATA names no folder")
            return
        given.file = Path(os.environ["XSEARCH_DATA"]) / "mp_structures.parquet"
    if given.fit:
        library = library_of(open_index(given.index).index)
        compounds = read_compounds(given.file, given.limit + given.skip)[given.skip :]
        weights = fit_weights(labelled_evidence(compounds, library))
        about = (
            f"Conditional logit on {len(compounds)} compounds of {given.file.name} whose formulas were left out, their "
            f"patterns asked about with wrong elements besides: python -m benchmarks.inference {given.file.name} "
            f"--index {given.index} --skip {given.skip} --limit {given.limit} --fit"
        )
        WEIGHTS.write_text(json.dumps({"about": about, **weights}, indent=2) + "\n")
        print(json.dumps(weights, indent=2))
        return
    report = evaluate(given.file, given.index, limit=given.limit)
    if not given.json:
        report.pop("compounds")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
