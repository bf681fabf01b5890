"""How often a crystal is solved from its powder pattern and formula, without a template.

    python -m benchmarks.solving [--half report] [--patterns 100] [--seconds 60] [--log OUTCOMES.jsonl] [--json]

Patterns are those of `pxrd_no_template.parquet`; the formula is given, and no entry of any index is used: only how
often space groups and Wyckoff positions occur, and how close atoms come, was counted in the Materials Project. A
crystal is right when pymatgen's StructureMatcher takes it for the Materials Project's entry of that formula and space
group. Numbers were chosen on the half `develop` of the formulas, figures are reported on `report`. The seconds are
processor time of the search. With a log, outcomes are kept, and a later run goes on where an earlier one ended.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks._data import data_file
from xsearch.evaluate.solving import DEPTHS, evaluate


def main() -> None:
    """Print the figures as a table, or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("report", "develop"), default="report")
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--log", type=Path, help="outcomes, one a line; a later run goes on from here")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = evaluate(
        data_file("pxrd_no_template.parquet"),
        data_file("mp_structures.parquet"),
        report=arguments.half == "report",
        limit=arguments.patterns,
        seconds=arguments.seconds,
        log=arguments.log,
        say=lambda one: print(
            f"{one.name:32s} {one.system:13s} rank {one.rank}  misfit {one.misfit:6.2f}  tried {one.tried:5d} of "
            f"{one.arrangements:5d}  {one.seconds:6.1f} s",
            file=sys.stderr,
            flush=True,
        ),
    )
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"{'system':16s}{'N':>5s}" + "".join(f"{f'top {k}':>9s}" for k in DEPTHS))
    for name, some in {"all": found, **{key: part for key, part in found.items() if isinstance(part, dict)}}.items():
        print(f"{name:16s}{some['n']:5d}" + "".join(f"{100 * some[f'top{k}']:8.1f}%" for k in DEPTHS))
    print(f"processor seconds a pattern: p50 {found['seconds_p50']:.1f}, p95 {found['seconds_p95']:.1f}")


if __name__ == "__main__":
    main()
