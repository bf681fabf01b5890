"""Formulas inferred from measured edges and the elements alone, with the predictions from the edges and without.

    python -m benchmarks.edges_alone [--index mp] [--limit N] [--log FILE] [--json]

Compounds of 2 to 5 elements of `xas_measured.parquet` in `$XSEARCH_DATA`, the first spectrum of each absorber. Entries
of the compound's formula are left out of the templates. The site model has seen none of these formulas.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks._data import data_file, log_line, logged_lines
from xsearch.chemistry.formula import parse_formula
from xsearch.data.measured_truth import usable_spectra
from xsearch.errors import QueryError
from xsearch.infer import infer, library_of
from xsearch.infer.predictions import NOTHING, Predictions
from xsearch.query.predictions import of_edges
from xsearch.search import open_index
from xsearch.spectra import Xanes

DEPTH = 5
"""Formulas among which the right one is looked for."""


def compounds(path: Path) -> Iterator[tuple[str, list[Xanes]]]:
    """Reduced formulas with one measured edge an absorber."""
    found: dict[str, dict[str, Xanes]] = {}
    for row in usable_spectra(path).itertuples():
        elements = parse_formula(row.reduced)
        if not 2 <= len(elements) <= 5 or row.element not in elements or row.edge not in ("K", "L3"):
            continue
        raw = np.asarray(row.mu_raw if row.mu_raw is not None else row.mu_norm, np.float64)
        mu = raw if np.isfinite(raw).all() else np.asarray(row.mu_norm, np.float64)
        edge = Xanes(np.asarray(row.energy, np.float64), mu, row.element, row.edge, str(row.id))
        found.setdefault(row.reduced, {}).setdefault(row.element, edge)
    yield from ((formula, list(edges.values())) for formula, edges in sorted(found.items()))


def place(library, formula: str, predicted: Predictions) -> int | None:
    """Place of a formula among those inferred; None where it is not among the first."""
    try:
        answer = infer(library, sorted(parse_formula(formula)), predicted=predicted, excluded=[formula], top=DEPTH)
    except QueryError:  # no template can hold the elements
        return None
    return next((one.rank for one in answer.candidates if one.formula == formula), None)


def main() -> None:
    """Print shares of right formulas, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--log", type=Path, help="keep a line a compound here, and go on from what is there")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    library = library_of(open_index(arguments.index).index)
    done = {line["formula"]: line for line in logged_lines(arguments.log)}
    for formula, edges in list(compounds(data_file("xas_measured.parquet")))[: arguments.limit]:
        if formula in done:
            continue
        said, _ = of_edges(edges, sorted(parse_formula(formula)))
        chosen = {"chemistry": NOTHING, "oxidation states": Predictions(said.oxidation), "all": said}
        done[formula] = {"formula": formula, **{name: place(library, formula, one) for name, one in chosen.items()}}
        log_line(arguments.log, done[formula])
    found = {
        name: {
            f"top{k}": sum((line[name] or DEPTH + 1) <= k for line in done.values()) / max(len(done), 1) for k in (1, 5)
        }
        for name in ("chemistry", "oxidation states", "all")
    }
    if arguments.json:
        print(json.dumps({"n": len(done), **found}, indent=1))
        return
    print(f"{len(done)} compounds")
    for name, figures in found.items():
        print(f"{name}:", "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
