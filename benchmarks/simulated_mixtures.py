"""How often both phases of a simulated mixture are found, and how wrong their weights are.

    python -m benchmarks.simulated_mixtures [--index mp] [--mixtures 40] [--kinds KIND,KIND] [--log FILE] [--json]

Reported crystals of an index are mixed by weight and measured as a laboratory does (`xsearch.simulate.conditions`, with
copper), each strained by itself as computed cells are. Their elements are given. `minor X` holds so much of a
crystal of other elements; `isotypes` are two crystals of one structure type in equal amounts, whose formulas differ.
A mixture is found where the search, given no number, returns its two phases (formula and space group) and no other.
`pure` is the first crystal alone, found where no other is returned. Every second formula is drawn (`--half develop`
the other ones), so that settings can be chosen beside.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.results import keep
from xsearch.answers import MixtureResult
from xsearch.answers.mixture import Phase
from xsearch.data.simulated_measurements import drawn_conditions, laboratory
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.search import SearchIndex, open_index
from xsearch.search.mixture_hits import cell_volume, crystal_mass
from xsearch.simulate.measurement import crystal_lines, measured_angles, measured_counts
from xsearch.spectra import PowderPattern

KINDS = {"minor 10 %": 0.1, "minor 5 %": 0.05, "minor 2 %": 0.02, "isotypes": 0.5, "pure": 0.0}
"""Weight fractions of the second phase."""

COUNTS = 20000.0
"""At the highest line: a measurement that is meant to show 2 % of something."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One mixture: its phases, those found, and the error of the second's weight fraction (None where not found).

    `evidence` is that of the best explanations by one phase, two and so on, of so many `rows` to choose from.
    """

    kind: str
    number: int
    phases: tuple[str, ...]
    found: tuple[str, ...]
    both: bool
    exact: bool
    weight_error: float | None
    seconds: float
    evidence: tuple[float, ...] = ()
    rows: int = 0


def pairs(opened: SearchIndex, kind: str, half: str, count: int) -> list[tuple[int, int]]:
    """Rows of reported entries that are mixed."""
    columns = opened.index.columns
    pool = np.flatnonzero(
        (columns.formula_group % 2 == (half == "report"))
        & (columns.cell_of < 0)
        & (columns.is_theoretical == 0)
        & (columns.n_elements <= 4)
    )
    drawn = [
        row for row in np.random.default_rng(7).permutation(pool).tolist() if len(opened.index.reflections(row)) > 3
    ]
    if kind != "isotypes":
        return list(zip(drawn[:count], drawn[count : 2 * count], strict=True))
    template = dict(opened.index.sql("select row_id, template from materials").fetchall())
    of_template: dict[str, list[int]] = defaultdict(list)
    for row in drawn:
        if template.get(row):
            of_template[template[row]].append(row)
    found = []
    for rows in of_template.values():
        found += [(one, other) for one, other in zip(rows[::2], rows[1::2], strict=False)][:3]
    return [pair for pair in found if columns.formula_group[pair[0]] != columns.formula_group[pair[1]]][:count]


def mixed(opened: SearchIndex, rows: tuple[int, int], second: float, seed: int) -> PowderPattern:
    """Two rows mixed by weight, each strained by itself, measured together."""
    random = np.random.default_rng(seed)
    index = opened.index
    conditions = replace(laboratory(drawn_conditions(index, rows[0], random), random), foreign=(), counts=COUNTS)
    angles = measured_angles(conditions)
    lines = np.zeros(len(angles))
    for row, share in zip(rows, (1 - second, second), strict=True):
        own = drawn_conditions(index, row, random)
        strained = replace(
            conditions, mean_strain=own.mean_strain, shape_strain=own.shape_strain, march=own.march, axis=own.axis
        )
        reflections = index.reflections(row)
        mass = crystal_mass(index.material(row).crystal, reflections.cell) * cell_volume(reflections.cell)
        lines += share * crystal_lines(reflections, strained, angles, random) / mass
    return PowderPattern(angles, measured_counts(lines, conditions, angles, random), conditions.wavelength_A)


def outcome(opened: SearchIndex, kind: str, number: int, rows: tuple[int, int]) -> Outcome:
    """Search for one mixture."""
    materials = opened.index.materials(rows)
    if kind == "pure":
        materials = materials[:1]
    wanted = [(one.reduced_formula, one.space_group) for one in materials]
    elements = sorted({element for one in materials for element in one.elements})
    begin = time.perf_counter()
    best: tuple[Phase, ...] = ()
    evidence: tuple[float, ...] = ()
    searched = 0
    with suppress(QueryError, SpectrumError):
        result = opened.search_mixture(mixed(opened, rows, KINDS[kind], number), exactly=elements)
        assert isinstance(result, MixtureResult)
        best, searched = result.best.components, result.n_searched
        evidence = tuple(one.log_evidence for one in result.mixtures)
    seconds = time.perf_counter() - begin
    found = [(phase.hit.material.reduced_formula, phase.hit.material.space_group) for phase in best]
    both = set(wanted) <= set(found)
    error = None
    if both and len(wanted) == 2:
        shares = dict(zip(found, (phase.weight_fraction for phase in best), strict=True))
        error = float(abs(shares[wanted[1]] - KINDS[kind]))
    return Outcome(
        kind, number, tuple(f"{f} {g}" for f, g in wanted), tuple(f"{f} {g}" for f, g in found), both,
        both and len(found) == len(wanted), error, seconds, evidence, searched,
    )  # fmt: skip


def outcomes(opened: SearchIndex, kinds: list[str], half: str, count: int, log: Path | None) -> Iterator[Outcome]:
    """One outcome a mixture, from the log where it holds it."""
    kept = OutcomeLog(log, lambda stored: Outcome(**stored), lambda one: f"{one.kind}, {one.number}")
    for kind in kinds:
        for number, rows in enumerate(pairs(opened, kind, half, count)):
            found = kept.done.get(f"{kind}, {number}") or outcome(opened, kind, number, rows)
            kept.add(found)
            yield found


def figures(found: list[Outcome]) -> dict[str, float]:
    """Shares in % and the weights' mean error in percentage points, where both are found."""
    errors = [one.weight_error for one in found if one.weight_error is not None]
    return {
        "both": round(100 * float(np.mean([one.both for one in found])), 1),
        "both_and_no_other": round(100 * float(np.mean([one.exact for one in found])), 1),
        "weight_error": round(100 * float(np.mean(errors)), 2) if errors else float("nan"),
        "seconds_p50": round(float(np.median([one.seconds for one in found])), 2),
    }


def main() -> None:
    """Print a line a kind, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--mixtures", type=int, default=40)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--half", choices=("develop", "report"), default="report")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    begin = time.perf_counter()
    found = list(outcomes(open_index(arguments.index), kinds, arguments.half, arguments.mixtures, arguments.log))
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in kinds}
    report = {kind: {"n": len(ones), **figures(ones)} for kind, ones in by_kind.items() if ones}
    if arguments.half == "report":
        command = f"python -m benchmarks.simulated_mixtures --index {arguments.index} --mixtures {arguments.mixtures}"
        for kind, numbers in report.items():
            keep(
                "simulated_mixtures", kind.replace(" %", ""), numbers, command=command, n=int(numbers["n"]),
                split="reported entries, every second formula; elements given", seconds=time.perf_counter() - begin,
            )  # fmt: skip
    if arguments.json:
        print(json.dumps({**report, "mixtures": [asdict(one) for one in found]}, indent=1))
        return
    for kind, numbers in report.items():
        print(f"{kind:12s}", "  ".join(f"{name} {value:g}" for name, value in numbers.items()))
    for one in found:
        print(" ", "+" if one.exact else "o" if one.both else "-", one.kind, *one.phases, "|", *one.found, sep="  ")


if __name__ == "__main__":
    main()
