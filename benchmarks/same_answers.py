"""Whether two versions of xsearch give the same answers to the same questions.

    python -m benchmarks.same_answers record BEFORE.json [--index mp] [--searches 200] [--edges 40] [--inferences 20]
    python -m benchmarks.same_answers record AFTER.json --patterns BEFORE.json
    python -m benchmarks.same_answers compare BEFORE.json AFTER.json

The questions are always the same ones, and fewer are a part of more: measured patterns without elements, with those
allowed and with exactly those of the label, mixtures, and simulated patterns with one element known; measured edges,
half of them with elements, a few as mixtures and a few with a pattern; compounds whose formula is left out of the
templates. Tables are found through `$XSEARCH_DATA`. A record keeps the simulated patterns, and `--patterns` asks them
again, so that a change of the simulation does not change the questions. Each version needs an index that it built
itself from the same tables.

`compare` counts the answers that are identical to the last digit, equal but for rounding, and in the same order with
other numbers, and lists all others on one line each: with another order or another verdict. Terms of the evidence are
compared where both versions have them; notes are texts, and only counted. It exits with 1 where there are others.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from benchmarks._data import data_file
from xsearch import PowderPattern, SearchIndex, XSearchError, open_index
from xsearch.answers import Hit, LcfResult, MixtureResult
from xsearch.chemistry.formula import parse_formula
from xsearch.data.compounds import Compound, read_compounds
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.data.xanes_tables import read_labelled_edges
from xsearch.evaluate.joint import measured_pairs
from xsearch.evaluate.xanes import left_out
from xsearch.infer import infer, library_of

Answer = dict[str, Any]
Question = tuple[str, Callable[[], Any]]
"""Its name, and what asks it."""

Series = dict[str, list[float]]

DEPTH = 10
"""Hits or candidates that are kept of an answer."""

SEARCHES = {"blind": 0.6, "only": 0.14, "exactly": 0.1, "mixture": 0.06, "simulated": 0.1}
EDGES = {"blind": 0.4, "only": 0.4, "mixture": 0.1, "with pattern": 0.1}
"""Shares of each kind of question."""

SIMULATED_FROM = 100
"""Compounds before this one are inferred, those from here on searched for."""

ROUNDING = 1e-9
"""Differences below it are those of sums in another order: one process that compiles the kernels and the next that
loads them differ by up to 1e-13."""


def simulated(patterns: dict[str, Series], name: str, compound: Compound) -> PowderPattern:
    """The pattern of a question: the one that is kept under its name, or a new one, which is then kept."""
    if name not in patterns:
        pattern = augmented_pattern(compound.crystal, crc32(compound.material_id.encode()))
        patterns[name] = {
            "two_theta_deg": pattern.two_theta_deg.tolist(),
            "intensity": pattern.intensity.tolist(),
            "wavelength_A": [pattern.wavelength_A],
        }
    kept = patterns[name]
    return PowderPattern(np.array(kept["two_theta_deg"]), np.array(kept["intensity"]), kept["wavelength_A"][0])


def search_answer(result: Any) -> Answer:
    """Hits, symmetry and notes of a search, or the phases of a mixture."""
    fractions: list[dict[str, float]] = [{}] * DEPTH
    if isinstance(result, MixtureResult):
        fractions = [{"weight fraction": one.weight_fraction} for one in result.best.components]
    elif isinstance(result, LcfResult):
        fractions = [{"fraction": one.fraction} for one in result.best.components]
    likely = result.symmetry
    return {
        "verdict": result.verdict,
        "rows": [
            {"id": hit.material_id, "formula": hit.formula, "numbers": {**hit_numbers(hit), **further}}
            for hit, further in zip(result.hits[:DEPTH], fractions, strict=False)
        ],
        "symmetry": {str(k): p for k, p in {**likely.crystal_systems, **likely.space_groups}.items()} if likely else {},
        "notes": list(result.notes),
    }


def hit_numbers(hit: Hit) -> dict[str, float]:
    """The score, the terms of the evidence, and what of the fit to a pattern they come from."""
    found = {"score": hit.score, **hit.evidence.terms()}
    if fit := hit.pattern_fit:
        found |= {f"correlation_{width:g}": value for width, value in fit.correlations.items()}
        found |= {"expected_strain": fit.expected_strain, "shape_change": fit.shape_change}
        if fit.le_bail:
            found |= {"ln_cell_misfit": np.log(fit.le_bail.cell), "ln_crystal_misfit": np.log(fit.le_bail.crystal)}
    return {name: value for name, value in found.items() if value is not None}


def inference_answer(result: Any) -> Answer:
    """The candidates of an inference."""
    return {
        "verdict": result.verdict,
        "rows": [
            {
                "id": f"{one.source_id} {one.space_group}",
                "formula": one.formula,
                "numbers": {
                    "probability": one.probability,
                    **dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), one.cell, strict=True)),
                    **one.evidence,
                },
            }
            for one in result.candidates[:DEPTH]
        ],
        "symmetry": {},
        "notes": list(result.notes),
    }


def counts_of(shares: dict[str, float], count: int) -> dict[str, int]:
    """How many questions of each kind make `count`."""
    ends = np.round(np.cumsum(list(shares.values())) * count).astype(int)
    return dict(zip(shares, np.diff(ends, prepend=0).tolist(), strict=True))


def drawn(kind: str, among: list[Any], count: int) -> list[Any]:
    """Some of a list at random, for each kind others and always the same ones."""
    order = np.random.default_rng(crc32(kind.encode())).permutation(len(among))
    return [among[place] for place in order[:count]]


def elements_of(phases: str) -> list[str]:
    """The elements of a list of formulas in JSON."""
    return sorted({element for formula in json.loads(phases) for element in parse_formula(formula)})


def searches(opened: SearchIndex, count: int, patterns: dict[str, Series]) -> Iterator[Question]:
    """Questions about powder patterns."""
    table = pd.read_parquet(data_file("pxrd_measured.parquet"))
    paired = table[table.single_phase & table.structure_json.notna()]
    mixed = table[~table.single_phase & (table.phases.map(json.loads).str.len() > 1)]
    among = {"blind": table, "only": paired, "exactly": paired, "mixture": mixed}
    counts = counts_of(SEARCHES, count)
    for kind, rows in among.items():
        for row in drawn(kind, list(rows.itertuples()), counts[kind]):
            name = f"search, {kind}: {row.Index} {row.label}"
            pattern = PowderPattern(np.asarray(row.two_theta), np.asarray(row.intensity), row.wavelength)
            if kind == "mixture":
                yield name, partial(opened.search_mixture, pattern, exactly=elements_of(row.phases))
            else:
                given = {} if kind == "blind" else {kind: elements_of(row.phases)}
                yield name, partial(opened.search, pxrd=pattern, top=DEPTH, **given)
    compounds = read_compounds(data_file("mp_structures.parquet"), SIMULATED_FROM + counts["simulated"])
    for compound in compounds[SIMULATED_FROM:]:
        name = f"search, simulated: {compound.formula} {compound.material_id}"
        pattern, element = simulated(patterns, name, compound), compound.crystal.elements[0]
        yield name, partial(opened.search, pxrd=pattern, must=[element], top=DEPTH)


def edges(opened: SearchIndex, count: int) -> Iterator[Question]:
    """Questions about measured edges whose compound has a library spectrum from another source; their own is hidden."""
    path, counts = data_file("xas_measured.parquet"), counts_of(EDGES, count)
    answerable = []
    for query in read_labelled_edges(path):
        if (query.absorber, query.edge) in opened.libraries.edges:
            library = opened.libraries.of(query.absorber, query.edge)
            hidden = left_out(library, query)
            same = library.spectra.reduced_formula == query.reduced_formula
            if not hidden.issuperset(library.spectra.spectrum_id[same]):
                answerable.append((query, hidden))
    for kind in ("blind", "only", "mixture"):
        for query, hidden in drawn(kind, answerable, counts[kind]):
            name = f"edge, {kind}: {query.reduced_formula} {query.spectrum_id}"
            elements = None if kind == "blind" else sorted(parse_formula(query.reduced_formula))
            ask = opened.search_mixture if kind == "mixture" else partial(opened.search, top=DEPTH)
            yield name, partial(ask, xanes=query.to_xanes(), only=elements, leave_out_spectra=hidden)
    pairs = list(measured_pairs(opened, data_file("pxrd_measured.parquet"), path))
    for pair in drawn("with pattern", pairs, counts["with pattern"]):
        name = f"edge, with pattern: {pair.xanes.source} {pair.pattern.source}"
        yield name, partial(opened.search, pair.pattern, pair.xanes, leave_out_spectra=pair.hidden, top=DEPTH)


def inferences(opened: SearchIndex, count: int, patterns: dict[str, Series]) -> Iterator[Question]:
    """Questions about compounds whose formula is left out of the templates."""
    library = library_of(opened.index)
    for compound in read_compounds(data_file("mp_structures.parquet"), SIMULATED_FROM)[:count]:
        name = f"inference: {compound.formula} {compound.material_id}"
        elements, pattern = sorted(set(compound.crystal.elements)), simulated(patterns, name, compound)
        yield name, partial(infer, library, elements, pattern, excluded=[compound.formula], top=DEPTH)


def record(path: Path, index: str | None, counts: tuple[int, int, int], earlier: Path | None) -> None:
    """Ask the questions and write the answers to a file."""
    opened = open_index(index)
    patterns: dict[str, Series] = json.loads(earlier.read_text(encoding="utf-8"))["patterns"] if earlier else {}
    answers: dict[str, Answer] = {}
    for what, questions, answer_of in (
        ("searches", searches(opened, counts[0], patterns), search_answer),
        ("edges", edges(opened, counts[1]), search_answer),
        ("inferences", inferences(opened, counts[2], patterns), inference_answer),
    ):
        begin = perf_counter()
        for name, ask in questions:
            try:
                answers[name] = answer_of(ask())
            except XSearchError as error:
                answers[name] = {"verdict": "refused", "rows": [], "symmetry": {}, "notes": [str(error)]}
        print(f"{what} in {perf_counter() - begin:.0f} s", flush=True)
    path.write_text(json.dumps({"answers": answers, "patterns": patterns}, default=float) + "\n", encoding="utf-8")


def order(answer: Answer) -> list[tuple[str, str]]:
    """The hits or candidates of an answer."""
    return [(row["id"], row["formula"]) for row in answer["rows"]]


def numbers(answer: Answer) -> dict[tuple[int, str], float]:
    """Every number of an answer, by its hit and name, and the probabilities of symmetries."""
    found = {(place, name): value for place, row in enumerate(answer["rows"]) for name, value in row["numbers"].items()}
    return found | {(DEPTH, name): value for name, value in answer["symmetry"].items()}


def moved(before: Answer, after: Answer) -> dict[str, float]:
    """The largest difference of each number that both answers have and that is another one."""
    old, new = numbers(before), numbers(after)
    found: dict[str, float] = {}
    for place, name in old.keys() & new.keys():
        a, b = old[place, name], new[place, name]
        if a != b and not (np.isnan(a) and np.isnan(b)):
            what = name if place < DEPTH else "symmetry"
            found[what] = max(found.get(what, 0.0), float(np.nan_to_num(abs(a - b), nan=np.inf)))
    return found


def in_short(answer: Answer) -> str:
    """The first hit or candidate, its score and the verdict."""
    if not answer["rows"]:
        return f"nothing ({answer['verdict']})"
    first = answer["rows"][0]
    return f"{first['formula']} {first['id']} {next(iter(first['numbers'].values())):.3f} ({answer['verdict']})"


def compare(before: Path, after: Path) -> int:
    """Print what differs between two records; returns how many answers have another order or verdict."""
    old, new = (json.loads(path.read_text(encoding="utf-8"))["answers"] for path in (before, after))
    common = [name for name in old if name in new]
    counts: dict[str, Counter[str]] = {}
    largest: dict[str, tuple[float, str]] = {}
    others: list[str] = []
    for name in common:
        a, b = old[name], new[name]
        count = counts.setdefault(re.split("[,:]", name)[0], Counter())
        count["with other notes"] += a["notes"] != b["notes"]
        if a["verdict"] != b["verdict"] or order(a) != order(b):
            count["others"] += 1
            same = next((k for k, pair in enumerate(zip(order(a), order(b), strict=False)) if pair[0] != pair[1]), None)
            place = "" if same is None else f", from number {same + 1} on"
            others.append(f"{name}{place}: {in_short(a)} -> {in_short(b)}")
            continue
        differences = moved(a, b)
        most = max(differences.values(), default=0.0)
        count["identical" if most == 0 else "equal but for rounding" if most < ROUNDING else "in the same order"] += 1
        for what, value in differences.items():
            largest[what] = max(largest.get(what, (0.0, "")), (value, name))
    for what, count in counts.items():
        kinds = ("identical", "equal but for rounding", "in the same order", "others", "with other notes")
        print(f"{what}: {', '.join(f'{count[kind]} {kind}' for kind in kinds)}")
    for title, one, another in (("before", old, new), ("after", new, old)):
        if alone := one.keys() - another.keys():
            print(f"only {title}: {len(alone)} answers")
        if names := terms(one, common) - terms(another, common):
            print(f"only {title}, and not compared: {', '.join(sorted(names))}")
    for what, (value, name) in sorted(largest.items(), key=lambda item: -item[1][0]):
        print(f"largest difference of {what}: {value:.3g} ({name})")
    print(*others, sep="\n", end="\n" if others else "")
    return len(others)


def terms(answers: dict[str, Answer], of: list[str]) -> set[str]:
    """Names of the numbers in some answers."""
    return {name for question in of for place, name in numbers(answers[question]) if place < DEPTH}


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="ask, and keep the answers")
    recording.add_argument("file", type=Path)
    recording.add_argument("--index", default=None)
    recording.add_argument("--searches", type=int, default=200)
    recording.add_argument("--edges", type=int, default=40)
    recording.add_argument("--inferences", type=int, default=20)
    recording.add_argument("--patterns", type=Path, metavar="RECORD", help="ask the simulated patterns of that record")
    comparing = commands.add_parser("compare", help="print what differs between two records")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.command == "compare":
        return int(compare(given.before, given.after) > 0)
    record(given.file, given.index, (given.searches, given.edges, given.inferences), given.patterns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
