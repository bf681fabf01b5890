"""What interatomic potentials do to measured crystals, and what they add where a crystal is solved without a template.

    python -m benchmarks.potentials cells [--crystals 30] [--only sevennet,diep] [--log OUTCOMES.jsonl] [--json]
    python -m benchmarks.potentials solved [--patterns 24] [--half report] [--seconds 30] [--only diep] [--json]

`cells`: measured crystals (Crystallography Open Database, RRUFF), relaxed with a free cell and in their own. Errors of
volumes and lengths in per cent of the measured ones, shifts of the atoms in Å, processor seconds of a relaxation in
the fixed cell. Room temperature is part of the errors: a potential knows none.

`solved`: patterns of `pxrd_no_template.parquet`, formula given, no entry of an index used. Each is solved once; then
the eight best crystals are relaxed in their cells, refined again, and ranked with their energies. A crystal is right
when pymatgen's StructureMatcher takes it for the Materials Project's entry.

Each potential needs its package. With a log, outcomes are kept, and a later run goes on where an earlier one ended.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks._data import data_file
from xsearch.evaluate.measured_relaxation import evaluate
from xsearch.options import Potential, parse_choice


def cells(arguments: argparse.Namespace) -> None:
    """Print how measured cells and atoms are kept."""
    found = evaluate(
        data_file("cod_structures.parquet"),
        data_file("pxrd_measured.parquet"),
        _potentials(arguments),
        limit=arguments.crystals,
        log=arguments.log,
        say=lambda one: print(
            f"{one.name:48s} volume {100 * one.volume:+6.2f} %  {one.seconds:6.1f} s", file=sys.stderr, flush=True
        ),
    )
    if arguments.json:
        print(json.dumps(found))
        return
    print(
        f"{'potential':18s}{'N':>4s}{'bias %':>9s}{'volume %':>10s}{'p90':>7s}{'length %':>10s}{'atoms Å':>9s}{'s':>7s}"
    )
    for name, one in found.items():
        if isinstance(one, dict):
            print(
                f"{name:18s}{one['n']:4d}{100 * one['volume_bias']:9.2f}{100 * one['volume_error_median']:10.2f}"
                f"{100 * one['volume_error_p90']:7.2f}{100 * one['length_error_median']:10.2f}"
                f"{one['moved_A_median']:9.3f}{one['seconds_p50']:7.1f}"
            )


def solved(arguments: argparse.Namespace) -> None:
    """Print what relaxation changes where crystals are solved."""
    from xsearch.evaluate.relaxed_solving import evaluate as evaluate_solving
    from xsearch.infer import library_of
    from xsearch.search import open_index

    found = evaluate_solving(
        library_of(open_index(arguments.index).index),
        data_file("pxrd_no_template.parquet"),
        data_file("mp_structures.parquet"),
        _potentials(arguments),
        report=arguments.half == "report",
        limit=arguments.patterns,
        seconds=arguments.seconds,
        log=arguments.log,
        say=lambda one: print(
            f"{one.name:36s} rank {one.before} -> {one.after}  refined anew {one.refined_anew}  {one.seconds:6.1f} s",
            file=sys.stderr,
            flush=True,
        ),
    )
    if arguments.json:
        print(json.dumps(found))
        return
    for name, one in found.items():
        if isinstance(one, dict):
            print(name, *(f"{key} {value:.3g}" for key, value in one.items()), sep="  ")


def _potentials(arguments: argparse.Namespace) -> list[Potential]:
    names = arguments.only.split(",") if arguments.only else [one.value for one in Potential]
    return [parse_choice(Potential, name, "potential") for name in names]


def main() -> None:
    """Run one of the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cells", "solved"))
    parser.add_argument("--crystals", type=int, default=30)
    parser.add_argument("--patterns", type=int, default=24)
    parser.add_argument("--half", choices=("report", "develop"), default="report")
    parser.add_argument("--seconds", type=float, default=30.0, help="for the search of each pattern, wall time")
    parser.add_argument(
        "--index", default="starter", help="whose settings of an inference are used; none of its entries"
    )
    parser.add_argument("--only", metavar="NAMES", help="potentials, with commas between; all without")
    parser.add_argument("--log", type=Path, help="outcomes, one a line; a later run goes on from here")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    {"cells": cells, "solved": solved}[arguments.what](arguments)


if __name__ == "__main__":
    main()
