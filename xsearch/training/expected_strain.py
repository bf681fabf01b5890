"""Fit the expected strain of computed cells on pairs of computed and measured ones.

    python -m xsearch.training.expected_strain STRUCTURES.parquet [--leave-out LABELLED.parquet]

Measured cells come from the American Mineralogist database, near ambient conditions only. Formulas of the labelled
patterns that are left out take no part, so that figures measured on those stay honest.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.amcsd import AmcsdSource
from xsearch.builders.measured_cells import is_near_ambient
from xsearch.builders.parquet import ParquetSource
from xsearch.chemistry.expected_strain import FEATURES, MODEL_FILE, strain_features
from xsearch.chemistry.material import Material
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.data.labelled_patterns import labelled_formulas
from xsearch.errors import CrystalError
from xsearch.training.settings import EXPECTED_STRAIN, ExpectedStrainSettings


def main() -> None:
    """Fit, report the error on unseen formulas, and write the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("structures", type=Path)
    parser.add_argument("--leave-out", type=Path, help="labelled patterns whose formulas take no part")
    parser.add_argument("--out", type=Path, default=MODEL_FILE)
    arguments = parser.parse_args()
    left_out = labelled_formulas(arguments.leave_out) if arguments.leave_out else frozenset()
    features, strains, formulas = pairs(arguments.structures)
    kept = np.array([formula not in left_out for formula in formulas])
    report("computed cells as they are", strains)
    report("one constant", strains - np.median(strains))
    report(f"this model, {EXPECTED_STRAIN.folds} folds by formula", strains - out_of_fold(features, strains, formulas))
    intercept, weights = fit(features[kept], strains[kept])
    if not kept.all():
        report("this model, formulas left out", (strains - intercept - features @ weights)[~kept])
    stored = {
        "what": "ln(measured / computed) of the mean cell length",
        "pairs": int(kept.sum()),
        "intercept": round(intercept, 7),
        "weights": {
            name: round(weight, 7)
            for name, weight in zip(FEATURES, weights.tolist(), strict=True)
            if abs(weight) > 1e-7
        },
    }
    arguments.out.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"Written: {arguments.out}")


def pairs(structures: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Computed entries with at least one measured cell of the same formula and space group.

    Returns:
        features (n, len(FEATURES)), strains (n,) median over the measured cells, and reduced formulas.
    """
    measured = measured_volumes()
    source = ParquetSource.of([structures])
    features, strains, formulas = [], [], []
    for item in source.items():
        try:
            material = source.process(item)
            if material.reduced_formula not in measured or material.is_measured:
                continue
            symmetry = find_symmetry(material.crystal)
        except CrystalError:
            continue
        computed = symmetry.primitive.volume_A3 / sum(symmetry.primitive.composition.values())
        volumes = measured[material.reduced_formula].get(symmetry.number, [])
        found = [np.log(volume / computed) / 3 for volume in volumes]
        found = [strain for strain in found if abs(strain) < EXPECTED_STRAIN.largest_strain]
        if found:
            features.append(strain_features(material))
            strains.append(float(np.median(found)))
            formulas.append(material.reduced_formula)
    return np.array(features), np.array(strains), formulas


def measured_volumes() -> dict[str, dict[int, list[float]]]:
    """Volumes an atom of measured crystals near ambient conditions, by reduced formula and space group."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for material in _measured():
        symmetry = find_symmetry(material.crystal)
        atoms = sum(symmetry.primitive.composition.values())
        found[material.reduced_formula][symmetry.number].append(symmetry.primitive.volume_A3 / atoms)
    return found


def _measured() -> Iterator[Material]:
    source = AmcsdSource()
    for item in source.items():
        try:
            material = source.process(item)
            find_symmetry(material.crystal)
        except CrystalError:
            continue
        if is_near_ambient(material):
            yield material


def fit(
    features: NDArray[np.float64], strains: NDArray[np.float64], settings: ExpectedStrainSettings = EXPECTED_STRAIN
) -> tuple[float, NDArray[np.floating]]:
    """Robust ridge regression by reweighting: intercept, and a weight a feature."""
    trust: NDArray[np.floating] = np.ones(len(strains))
    intercept = float(np.median(strains))
    weights: NDArray[np.floating] = np.zeros(features.shape[1])
    for _ in range(settings.rounds):
        weighted = features * trust[:, None]
        ridge = settings.ridge * np.eye(features.shape[1])
        weights = np.linalg.solve(features.T @ weighted + ridge, weighted.T @ (strains - intercept))
        intercept = float(np.average(strains - features @ weights, weights=trust))
        trust = 1 / (1 + ((strains - intercept - features @ weights) / settings.outlier) ** 2)
    return intercept, weights


def out_of_fold(
    features: NDArray[np.float64], strains: NDArray[np.float64], formulas: list[str]
) -> NDArray[np.float64]:
    """(n,) predictions for formulas that the fit has not seen."""
    names = {formula: i for i, formula in enumerate(sorted(set(formulas)))}
    shuffled = np.random.default_rng(0).permutation(len(names))
    fold = shuffled[[names[formula] for formula in formulas]] % EXPECTED_STRAIN.folds
    predicted = np.zeros(len(strains))
    for number in range(EXPECTED_STRAIN.folds):
        intercept, weights = fit(features[fold != number], strains[fold != number])
        predicted[fold == number] = intercept + features[fold == number] @ weights
    return predicted


def report(what: str, errors: NDArray[np.float64]) -> None:
    """One line: median, mean and 90th percentile of the absolute error, in percent."""
    size = np.abs(errors) * 100
    print(
        f"{what:34s} N = {len(size):5d}  median {np.median(size):.3f} %  mean {size.mean():.3f} %  "
        f"90th percentile {np.percentile(size, 90):.3f} %",
        flush=True,
    )


if __name__ == "__main__":
    main()
