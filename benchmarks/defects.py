"""Whether mixed and partly empty sites are recognised as such, and ordered compounds are not taken for either.

    python -m benchmarks.defects {mixed,vacant,ordered,wrong} [--half report] [--limit 40] [--known] [--stated] [--json]

Compounds are made from reported entries of the Materials Project: `mixed` puts a second element, one that replaces the
first readily, onto a fraction of its sites, drawn between 0.15 and 0.85, in a cell between those of both; `vacant`
fills one kind of site to between 0.5 and 0.9; `ordered` takes them as they are, and `wrong` gives the elements of other
compounds. Their patterns are simulated measurements, and the elements are given. The entries of all end members are
left out of the templates, unless `--known` keeps them. Right is a first candidate with the right kind of disorder on
the right elements whose crystal, with sites filled, is the parent's by StructureMatcher; and wrong elements refused.
Numbers were chosen on the half `develop` of the formulas, figures are on `report`.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks._data import data_file
from xsearch.evaluate.disorder import KINDS, evaluate, outcome_line
from xsearch.infer.template_library import library_of
from xsearch.search import open_index


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--index", default=None)
    parser.add_argument("--half", choices=("report", "develop"), default="report")
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--known", action="store_true", help="keep the entries of the end members")
    parser.add_argument("--stated", action="store_true", help="state the formula with its fractions")
    parser.add_argument("--always", action="store_true", help="as with --disorder of xsearch infer")
    parser.add_argument("--log", type=Path, help="outcomes, one a line; a later run goes on from here")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = evaluate(
        data_file("mp_structures.parquet"),
        library_of(open_index(given.index).index),
        given.kind,
        report=given.half == "report",
        limit=given.limit,
        held_out=not given.known,
        stated=given.stated,
        always=given.always,
        log=given.log,
        say=lambda one: print(outcome_line(one), file=sys.stderr, flush=True),
    )
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:24s}{value}")


if __name__ == "__main__":
    main()
