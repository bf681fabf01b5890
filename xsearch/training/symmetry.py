"""Fit the weights by which isotypes, the network and indexed cells give the posterior of the crystal system.

    python -m xsearch.training.symmetry [--index mp] [--patterns 2000] [--write]
    python -m xsearch.training.symmetry [--index mp] --patterns 100 --cells

The second gives the exponents with which these and the cells of thorough indexing are weighed together, as they stand
in `SymmetrySettings`. Patterns are simulated of rows whose formulas the network was not trained on, every other one
under all that measurement does, and every entry of the formula is left out of the index. `xsearch evaluate simulated`
judges on other formulas.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.data.simulated_measurements import pattern_for_task
from xsearch.data.splits import halves, split_rows
from xsearch.errors import SpectrumError
from xsearch.indexing.thorough import ranked_cells
from xsearch.options import Constraints, Prior, Task
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.search import SearchIndex, open_index
from xsearch.search.isotypes import isotypes
from xsearch.search.nearest_neighbours import network_logits
from xsearch.search.selection import Selection, rows_with
from xsearch.search.settings import SymmetrySettings
from xsearch.search.symmetry_evidence import (
    WEIGHTS_FILE,
    all_features,
    isotype_evidence,
    lattice_features,
    probabilities,
    system_shares,
    with_cells,
)
from xsearch.training.settings import SYMMETRY

Array = NDArray[np.float64]


def main() -> None:
    """Collect, fit, report, and write the weights with `--write`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=None)
    parser.add_argument("--patterns", type=int, default=2000, help="how many")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    parser.add_argument("--cells", action="store_true", help="give the exponents of the cells of thorough indexing")
    arguments = parser.parse_args()
    opened = open_index(arguments.index)
    if arguments.cells:
        report_cells(opened, arguments.patterns)
        return
    rows, _, features, systems = zip(*cases(opened, arguments.patterns), strict=True)
    groups = opened.index.columns.formula_group[list(rows)]
    right = right_in_folds(np.array(features), np.array(systems), groups)
    print(f"{len(rows)} patterns; {100 * right:.1f} % of crystal systems right, {SYMMETRY.folds} folds by formula")
    if arguments.write:
        WEIGHTS_FILE.write_text(
            json.dumps(fitted(np.array(features), np.array(systems)), indent=1) + "\n", encoding="utf-8"
        )
        print(f"{WEIGHTS_FILE} is written.")


def report_cells(opened: SearchIndex, count: int) -> None:
    """Fit the exponents of the cells, and how often the crystal system is right without and with them."""
    numbers = opened.settings.symmetry
    _, patterns, features, systems = zip(*cases(opened, count), strict=True)
    said = np.array([probabilities(one) for one in features])
    of_cells = np.array([system_shares(ranked_cells(pattern), numbers) for pattern in patterns])
    answer_weight, cells_weight = cell_exponents(said, of_cells, np.array(systems), numbers)
    both = replace(numbers, answer_weight=answer_weight, cells_weight=cells_weight)
    joined = np.array([with_cells(one, cells, both) for one, cells in zip(said, of_cells, strict=True)])
    right = [float((one.argmax(axis=1) == systems).mean()) for one in (said, joined)]
    print(f"{len(said)} patterns; {100 * right[0]:.1f} % right without the cells, {100 * right[1]:.1f} % with them")
    print(f"answer_weight {answer_weight:.2f}, cells_weight {cells_weight:.2f}; fitted on these patterns")


def cell_exponents(
    said: Array, of_cells: Array, systems: NDArray[np.integer], settings: SymmetrySettings
) -> tuple[float, float]:
    """The exponents of largest likelihood of the answer and of the cells.

    Args:
        said, of_cells: (n, 7) probabilities of systems by both.
        systems: (n,) codes of the right ones.
        settings: for the bounds of probabilities.
    """
    from scipy.optimize import minimize

    def loss(exponents: Array) -> float:
        weighed = replace(settings, answer_weight=float(exponents[0]), cells_weight=float(exponents[1]))
        right = [
            with_cells(one, cells, weighed)[code] for one, cells, code in zip(said, of_cells, systems, strict=True)
        ]
        return -float(np.log(np.maximum(right, 1e-12)).mean())

    found = minimize(loss, np.array([1.0, 0.3]), method="Nelder-Mead").x
    return float(found[0]), float(found[1])


def cases(opened: SearchIndex, count: int) -> Iterator[tuple[int, NetPattern, Array, int]]:
    """Row, pattern, features and code of the crystal system of simulated patterns; their formulas are left out."""
    index = opened.index
    columns = index.columns
    pool = halves(index, split_rows(index).formulas)[0]
    pool = np.random.default_rng(1).permutation(pool[columns.cell_of[pool] < 0])[:count]
    rows = rows_with(index, Constraints(), measured_cells=False)
    everything = Selection(index, rows, opened.profiles(rows), Prior.KNOWN, opened.threads)
    for number, row in enumerate(pool.tolist()):
        task = Task.STRONG if number % 2 else Task.FORMULA
        try:
            pattern = net_pattern(pattern_for_task(index, row, task, np.random.default_rng([1, row])))
        except SpectrumError:
            continue
        others = columns.formula_group[rows] != columns.formula_group[row]
        left = replace(everything, rows=rows[others], profiles=everything.profiles[others])
        found, evidence = isotypes(left, pattern)
        logits = network_logits(pattern)
        if logits is None:
            raise SpectrumError("There are no weights of the network; `xsearch train pxrd` makes them.")
        of_isotypes = isotype_evidence(columns.crystal_system[found], evidence)
        features = all_features(of_isotypes, logits[0], lattice_features(pattern))
        yield row, pattern, features, int(columns.crystal_system[row])


def fitted(features: Array, systems: NDArray[np.integer]) -> dict[str, object]:
    """What `symmetry_evidence.json` holds.

    Args:
        features: (n, k). systems: (n,) codes.
    """
    from sklearn.linear_model import LogisticRegression

    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    model = LogisticRegression(C=SYMMETRY.inverse_ridge, max_iter=2000).fit((features - mean) / scale, systems)
    weights, bias = np.zeros((len(CRYSTAL_SYSTEMS), features.shape[1])), np.full(len(CRYSTAL_SYSTEMS), -10.0)
    weights[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return {
        "mean": mean.round(4).tolist(),
        "scale": scale.round(4).tolist(),
        "weights": {name: weights[code].round(4).tolist() for code, name in enumerate(CRYSTAL_SYSTEMS)},
        "bias": {name: round(float(bias[code]), 4) for code, name in enumerate(CRYSTAL_SYSTEMS)},
    }


def right_in_folds(features: Array, systems: NDArray[np.integer], formulas: NDArray[np.integer]) -> float:
    """Share of systems right in folds grouped by formula."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=SYMMETRY.inverse_ridge, max_iter=2000))
    predicted = cross_val_predict(model, features, systems, groups=formulas, cv=GroupKFold(SYMMETRY.folds))
    return float((predicted == systems).mean())


if __name__ == "__main__":
    main()
