"""Powder search under what laboratory patterns hold beside the sample's lines, one condition after the other.

    python -m benchmarks.conditions [--index starter] [--patterns 200] [--half report] [--only NAME,NAME]
        [--log OUTCOMES.jsonl] [--json]

Each crystal is measured under every condition with the same seed, and searched for blind. Crystals are drawn from one
half of the index's formulas: numbers are chosen on `develop`, figures are reported on `report`. A hit is right when it
has the crystal's formula and space group, or is its entry. Printed for each condition: right first, right among the
first hit and its twins, right among five, right and confident (verdict `match`), wrong and confident, second phase
noted, and refused, in per cent. With a log, outcomes are kept, and a later run goes on where an earlier one ended.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xsearch.chemistry.standards import find_standard
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.search import SearchIndex, open_index
from xsearch.search.mixture_hits import cell_volume, crystal_mass
from xsearch.simulate.conditions import Conditions
from xsearch.simulate.measurement import crystal_lines, measured_angles, measured_counts
from xsearch.simulate.powder import simulate_reflections
from xsearch.spectra import PowderPattern
from xsearch.spectra.radiation import LINES_A, W_LALPHA_A

PLAIN = Conditions(
    wavelength_A=1.540593,
    alpha2_A=1.544427,
    first_deg=10.0,
    last_deg=90.0,
    step_deg=0.02,
    mean_strain=0.0,
    shape_strain=(0.0,) * 6,
    zero_deg=0.0,
    displacement_deg=0.0,
    b_iso_A2=0.5,
    march=1.0,
    axis=(0, 0, 1),
    grain_scatter=0.05,
    instrument_deg=0.08,
    size_A=800.0,
    microstrain=0.0005,
    direction=0.0,
    lorentzian=0.5,
    counts=8000.0,
    floor=60.0,
    fluorescence=0.0,
    slope=1.0,
    tail=0.0,
    humps=(),
    tube=(),
    foreign=(),
)
"""A good measurement with copper."""

GONIOMETER_MM = 217.5
"""Radius, which turns a displacement into an angle."""

CU_KBETA_A = LINES_A["Cu"][2]

ALUMINIUM = ((38.47, 1.0), (44.74, 0.47), (65.13, 0.22), (78.23, 0.24), (82.44, 0.07))
SILICON = ((28.44, 1.0), (47.30, 0.55), (56.12, 0.30), (69.13, 0.06), (76.38, 0.11), (88.03, 0.12))
"""Angles with Cu Kα1 and relative heights."""

SECOND_WEIGHT, SILICON_WEIGHT = 0.1, 0.2
"""Weight fractions of a second phase and of silicon."""


def _displaced(millimetres: float) -> dict[str, Any]:
    return {"displacement_deg": float(np.degrees(2 * millimetres / GONIOMETER_MM))}


def _scaled(lines: tuple[tuple[float, float], ...], height: float) -> dict[str, Any]:
    return {"foreign": tuple((at, height * share) for at, share in lines)}


def _short(wavelength_A: float) -> dict[str, Any]:
    last = float(2 * np.degrees(np.arcsin(0.42 * wavelength_A)))
    return {
        "wavelength_A": wavelength_A,
        "alpha2_A": 0.0,
        "first_deg": last / 10,
        "last_deg": last,
        "step_deg": 0.005,
        "instrument_deg": 0.03,
    }


CAPILLARY, GLASS, KAPTON = (22.0, 9.0), (27.0, 15.0), ((5.7, 3.0), (19.0, 9.0))
"""Angles and full widths at half maximum in degrees with copper."""

CHANGES: dict[str, dict[str, Any]] = {
    "plain": {},
    **{f"capillary {height:g}": {"humps": ((*CAPILLARY, height),)} for height in (0.1, 0.4, 1.0, 3.0)},
    **{f"glass {height:g}": {"humps": ((*GLASS, height),)} for height in (0.1, 0.4, 1.0, 3.0)},
    **{
        f"kapton {height:g}": {"first_deg": 4.0, "humps": ((*KAPTON[0], height), (*KAPTON[1], height))}
        for height in (0.4, 1.0)
    },
    **{f"beam tail {height:g}": {"first_deg": 4.0, "tail": height} for height in (1.0, 10.0)},
    "K-beta 22 %": {"tube": ((CU_KBETA_A, 0.22 * 1.5),)},
    "K-beta 3 %": {"tube": ((CU_KBETA_A, 0.03 * 1.5),)},
    "W L-alpha 3 %": {"tube": ((W_LALPHA_A, 0.03 * 1.5),)},
    **{f"displaced {mm:+g} mm": _displaced(mm) for mm in (-0.4, -0.3, 0.3, 0.4)},
    **{f"plates {r:g}": {"march": r} for r in (0.4, 0.45, 0.7)},
    **{f"needles {r:g}": {"march": r} for r in (1.4, 1.8, 2.0)},
    "holder of aluminium": _scaled(ALUMINIUM, 0.3),
    "silicon as a standard": _scaled(SILICON, 0.5),
    "100 counts": {"counts": 100.0, "floor": 10.0},
    "300 on 3000 counts": {"counts": 300.0, "floor": 3000.0, "slope": 0.0},
    "sharp doublets": {"instrument_deg": 0.03, "size_A": 5000.0, "microstrain": 0.0},
    **{f"{size:g} nm": {"size_A": 10.0 * size, "counts": 2000.0} for size in (2, 3, 5, 8)},
    **{f"{wavelength:g} Å": _short(wavelength) for wavelength in (0.12, 0.165, 0.2)},
    "second phase": {},
    "silicon 20 %": {},
}
"""What each condition changes of a plain measurement; the last two mix in another crystal, and silicon by weight."""

KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "known holder": ("holder of aluminium", {"known": "Al"}),
    "known silicon 20 %": ("silicon 20 %", {"known": "Si"}),
    "standard silicon 20 %": ("silicon 20 %", {"standard": "Si640"}),
}
"""Further conditions: as another one is measured, with what the search is given of the phases."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One search: the rank of the right crystal (0 where it is not among the hits or nothing was found).

    `score` is that of the first hit, `group_right` whether the right crystal is among the first hit and its twins.
    """

    condition: str
    row: int
    rank: int
    verdict: str
    second_phase: bool
    first: str
    score: float = 0.0
    group_right: bool = False


def crystals(opened: SearchIndex, half: str, count: int) -> list[int]:
    """Rows of one half of an index's formulas with at least three lines in a plain pattern."""
    columns = opened.index.columns
    pool = np.flatnonzero((columns.formula_group % 2 == (half == "report")) & (columns.cell_of < 0))
    drawn = np.random.default_rng(0).permutation(pool)
    return [int(row) for row in drawn if len(opened.index.reflections(int(row))) > 2][:count]


def simulated(opened: SearchIndex, row: int, other: int, condition: str) -> PowderPattern:
    """A row measured under a condition; `other` is mixed in where that is the condition."""
    random = np.random.default_rng(row)
    conditions = replace(PLAIN, **CHANGES[condition])
    angles = measured_angles(conditions)
    lines = crystal_lines(opened.index.reflections(row), conditions, angles, random)
    if condition == "second phase":
        second = crystal_lines(opened.index.reflections(other), conditions, angles, random)
        lines = (1 - SECOND_WEIGHT) * lines / _weighed(opened, row) + SECOND_WEIGHT * second / _weighed(opened, other)
    if condition == "silicon 20 %":
        silicon = find_standard("Si640").crystal
        reflections = simulate_reflections([find_symmetry(silicon)])[0]
        second, cell = crystal_lines(reflections, conditions, angles, random), reflections.cell
        of_silicon = crystal_mass(silicon, cell) * cell_volume(cell)
        lines = (1 - SILICON_WEIGHT) * lines / _weighed(opened, row) + SILICON_WEIGHT * second / of_silicon
    counts = measured_counts(lines, conditions, angles, random)
    return PowderPattern(angles, counts, conditions.wavelength_A)


def _weighed(opened: SearchIndex, row: int) -> float:
    """Mass times volume of the conventional cell, which turns |F|² of the cell into intensity for its weight."""
    cell = opened.index.reflections(row).cell
    return crystal_mass(opened.index.material(row).crystal, cell) * cell_volume(cell)


def outcome(opened: SearchIndex, row: int, other: int, condition: str) -> Outcome:
    """Search for one simulated pattern."""
    measured, given = KNOWN.get(condition, (condition, {}))
    try:
        result = opened.search(simulated(opened, row, other, measured), top=5, **given)
    except (QueryError, SpectrumError) as problem:
        return Outcome(condition, row, 0, "refused", False, str(problem)[:80])
    columns = opened.index.columns
    ids = {
        opened.index.material(int(r)).material_id
        for r in np.flatnonzero(
            (columns.formula_group == columns.formula_group[row]) & (columns.space_group == columns.space_group[row])
        )
    }
    ranks = [hit.rank for hit in result.hits if ids & {one.matched.material_id for one in (hit, *hit.duplicates)}]
    noted = any("second phase" in note for note in result.notes)
    first = result.hits[0].material.reduced_formula if result.hits else ""
    together = result.twins.ranks if result.twins else ()
    score = result.hits[0].score if result.hits else 0.0
    return Outcome(
        condition, row, min(ranks, default=0), result.verdict, noted, first, score, bool(set(ranks) & set(together))
    )


def outcomes(opened: SearchIndex, names: list[str], rows: list[int], log: Path | None) -> Iterator[Outcome]:
    """One outcome for each condition and row, from the log where it holds it."""
    kept = OutcomeLog(log, lambda stored: Outcome(**stored), lambda one: f"{one.condition}, {one.row}")
    for name in names:
        for place, row in enumerate(rows):
            found = kept.done.get(f"{name}, {row}") or outcome(opened, row, rows[place - 1], name)
            kept.add(found)
            yield found


def figures(found: list[Outcome]) -> dict[str, float]:
    """Per cent of the outcomes of one condition."""

    def share(chosen: list[bool]) -> float:
        return round(100 * float(np.mean(chosen)), 1)

    confident = [one.verdict == "match" for one in found]
    return {
        "n": len(found),
        "first": share([one.rank == 1 for one in found]),
        "in_group": share([one.group_right for one in found]),
        "among_five": share([one.rank > 0 for one in found]),
        "confident": share([sure and one.rank == 1 for sure, one in zip(confident, found, strict=True)]),
        "confidently_wrong": share([sure and one.rank != 1 for sure, one in zip(confident, found, strict=True)]),
        "second_phase": share([one.second_phase for one in found]),
        "refused": share([one.verdict == "refused" for one in found]),
    }


def main() -> None:
    """Print a line a condition, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="starter")
    parser.add_argument("--patterns", type=int, default=200, help="crystals")
    parser.add_argument("--half", choices=("report", "develop"), default="report")
    parser.add_argument("--only", help="conditions, or beginnings of their names, with commas between")
    parser.add_argument("--log", type=Path, help="outcomes, one a line; a later run goes on from here")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    opened = open_index(arguments.index)
    wanted = tuple((arguments.only or "").split(","))
    names = [name for name in (*CHANGES, *KNOWN) if name.startswith(wanted)]
    rows = crystals(opened, arguments.half, arguments.patterns)
    table: dict[str, dict[str, float]] = {}
    headings = "first in_group among_five confident confidently_wrong second_phase refused".split()
    if not arguments.json:
        print(f"{'condition':22s}", *(f"{heading:>17s}" for heading in headings))
    for name in names:
        table[name] = figures(list(outcomes(opened, [name], rows, arguments.log)))
        if not arguments.json:
            print(f"{name:22s}", *(f"{table[name][heading]:17.1f}" for heading in headings), flush=True)
    if arguments.json:
        print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
