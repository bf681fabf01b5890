"""How often indexing finds the true cell of a powder pattern.

    python -m benchmarks.indexing measured|simulated|laboratory [--half report] [--patterns N] [--index mp]
        [--formula] [--log OUTCOMES.jsonl] [--json]

measured: single phases of `pxrd_measured.parquet` with paired structures; judged, never chosen on. simulated: patterns
of `pxrd_no_template.parquet`. laboratory: reported crystals of the index, simulated here under laboratory conditions.
The last two are halved by formula: numbers are chosen on `develop`, figures are reported on `report`. A cell is right
when its reduced primitive cell is the true one: axes within 1.5 % and angles within 1.5°, of `simulated` within 4 % and
3°, since its cells are computed. With a log, outcomes are kept, and a later run goes on where an earlier one ended.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._data import data_file
from xsearch.evaluate.indexing import DEPTHS, SETS, as_line, evaluate, indexed
from xsearch.evaluate.indexing_samples import LATTICE_SYSTEMS


def table(found: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [f"{'lattice':14s}{'N':>5s}" + "".join(f"{f'top {k}':>9s}" for k in DEPTHS)]
    for name in ("all", *(lattice for lattice in LATTICE_SYSTEMS if lattice in found)):
        some = found if name == "all" else found[name]
        lines.append(f"{name:14s}{some['n']:5d}" + "".join(f"{100 * some[f'top{k}']:8.1f}%" for k in DEPTHS))
    lines.append(f"processor seconds a pattern: p50 {found['seconds_p50']:.2f}, p95 {found['seconds_p95']:.2f}")
    lines.append(f"said to be likely: {found['said_likely']}, right {100 * found['likely_right']:.1f} %")
    lines += [f"unusable: {count} × {reason}" for reason, count in found["unusable"].items()]
    return "\n".join(lines)


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--half", choices=("report", "develop"), default="report")
    parser.add_argument("--patterns", type=int, help="how many at most; all by default")
    parser.add_argument("--index", default="mp")
    parser.add_argument("--formula", action="store_true", help="tell the formula; of simulated only")
    parser.add_argument("--log", type=Path, help="outcomes, one a line; a later run goes on from here")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = evaluate(
        arguments.set,
        data_file("mp_structures.parquet").parent,
        index=arguments.index,
        report=arguments.half == "report",
        patterns=arguments.patterns,
        log=arguments.log,
        indexer=partial(indexed, with_formula=arguments.formula),
        say=lambda outcome: print(as_line(outcome), file=sys.stderr, flush=True),
    )
    print(json.dumps(found) if arguments.json else table(found))


if __name__ == "__main__":
    main()
