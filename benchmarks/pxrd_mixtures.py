"""How often all phases of a measured mixture are found, and the error of their weight fractions.

    python -m benchmarks.pxrd_mixtures [--index mp] [--labelled FILE] [--blind] [--json]

The patterns are those of `pxrd_measured.parquet` in `$XSEARCH_DATA` with two phases or more. A mixture is answerable
where the index holds every one of its formulas. Its elements are given (`--blind`: nothing). Counted are mixtures whose
formulas are all in the list of as many phases as there are (`list_of_n`), and those for which the search, given no
number, returns exactly these (`decided`). Where the label states masses, the error of the weight fractions is printed.
Clean patterns of a single phase whose formula the index holds are searched as mixtures of up to two, to see how many
stay one (`pure`).
"""

import argparse
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from benchmarks._data import data_file
from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.data.labelled_patterns import read_labelled
from xsearch.indexes import sql
from xsearch.search import SearchIndex, open_index
from xsearch.spectra import PowderPattern

_WEIGHED = re.compile(r"([A-Z][A-Za-z0-9()]*)_(\d+p\d+)")


@dataclass(frozen=True)
class Outcome:
    """One pattern: what is in it, whether it was found, and how long it took."""

    label: str
    phases: tuple[str, ...]
    answerable: bool
    list_of_n: bool
    decided: bool
    found: tuple[str, ...]
    weight_error: float | None
    seconds: float


def weighed(label: str) -> dict[str, float]:
    """Weight fractions out of a label such as `NiO_0p6007-Bi2O3_0p4008--2min`, by reduced formula."""
    grams = {
        reduced_formula(parse_formula(formula)): float(mass.replace("p", "."))
        for formula, mass in _WEIGHED.findall(label)
    }
    return {formula: mass / sum(grams.values()) for formula, mass in grams.items()}


def outcome(index: SearchIndex, row: pd.Series, blind: bool) -> Outcome:
    """Search for one mixture."""
    formulas = json.loads(row["phases"])
    wanted = {reduced_formula(parse_formula(formula)) for formula in formulas}
    elements = sorted({element for formula in formulas for element in parse_formula(formula)})
    pattern = PowderPattern(
        np.asarray(row["two_theta"], np.float64), np.asarray(row["intensity"], np.float64), float(row["wavelength"])
    )
    begin = perf_counter()
    result = index.search_mixture(pattern, exactly=None if blind else elements)
    seconds = perf_counter() - begin
    listed = next((m.hits for m in result.mixtures if len(m.hits) == len(wanted)), ())
    found = tuple(hit.formula for hit in result.hits)
    truth = weighed(str(row["label"]))
    error = None
    if truth and set(found) == wanted:
        fractions = {one.hit.formula: one.weight_fraction for one in result.best.components}
        error = float(np.mean([abs(fractions[formula] - share) for formula, share in truth.items()]))
    answerable = all(index.index.sql(sql.ROWS_OF_FORMULA, [formula]).fetchall() for formula in wanted)
    return Outcome(
        label=str(row["label"]),
        phases=tuple(sorted(wanted)),
        answerable=answerable,
        list_of_n={hit.formula for hit in listed} == wanted,
        decided=set(found) == wanted,
        found=found,
        weight_error=error,
        seconds=seconds,
    )


def figures(outcomes: list[Outcome]) -> dict[str, float | int | None]:
    """Shares of the answerable mixtures."""
    answerable = [one for one in outcomes if one.answerable]
    errors = [one.weight_error for one in answerable if one.weight_error is not None]
    return {
        "n": len(outcomes),
        "answerable": len(answerable),
        "list_of_n": float(np.mean([one.list_of_n for one in answerable])) if answerable else None,
        "decided": float(np.mean([one.decided for one in answerable])) if answerable else None,
        "weighed": len(errors),
        "weight_fraction_mae": float(np.mean(errors)) if errors else None,
        "seconds_p50": float(np.median([one.seconds for one in outcomes])) if outcomes else None,
    }


def pure(index: SearchIndex, path: Path, blind: bool) -> dict[str, float | int | None]:
    """How many patterns of a single phase stay one phase."""
    stayed = []
    for one in read_labelled(path):
        if one.is_clean and index.index.sql(sql.ROWS_OF_FORMULA, [one.formula]).fetchall():
            result = index.search_mixture(one.pattern, phases=2, only=None if blind else one.elements)
            stayed.append(len(result.hits) == 1)
    return {"n": len(stayed), "stay_one": float(np.mean(stayed)) if stayed else None}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=None)
    parser.add_argument("--labelled", type=Path)
    parser.add_argument("--blind", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    path = arguments.labelled or data_file("pxrd_measured.parquet")
    table = pd.read_parquet(path)
    mixtures = table[[not s and len(json.loads(p)) > 1 for s, p in zip(table.single_phase, table.phases, strict=True)]]
    index = open_index(arguments.index)
    outcomes = [outcome(index, row, arguments.blind) for _, row in mixtures.iterrows()]
    report = {
        "index": index.name,
        "elements": "unknown" if arguments.blind else "known",
        **{f"{n}_phases": figures([one for one in outcomes if len(one.phases) == n]) for n in (2, 3)},
        "pure": pure(index, path, arguments.blind),
        "patterns": [asdict(one) for one in outcomes],
    }
    if arguments.json:
        print(json.dumps(report, indent=1))
        return
    for n in (2, 3):
        print(f"{n} phases, elements {report['elements']}: {report[f'{n}_phases']}")
    print(f"one phase: {report['pure']}")
    for one in outcomes:
        print(f"  {'+' if one.list_of_n else '-' if one.answerable else '?'} {one.label}: {', '.join(one.found)}")


if __name__ == "__main__":
    main()
