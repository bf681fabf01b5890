"""What is predicted from measured edges of compounds whose structures are known.

    python -m benchmarks.known_compounds [truth|known|conditions|distances ...] [--json]

truth: what is true. known: how often answers are right and sure, with nothing, the elements and the formula
given. conditions: the same as other beamlines measure. distances: the first one by near edge and EXAFS. The data are
`xas_measured.parquet` and `mp_structures.parquet` in `$XSEARCH_DATA`; described sites are kept in the platform's cache
folder. No measured formula was trained on.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks._data import KEPT, data_file
from xsearch.data.measured_truth import Truth, truth_table
from xsearch.evaluate.first_shell import evaluate_first_shell
from xsearch.evaluate.known_compounds import conditions, evaluate_known, known_table, read_known
from xsearch.options import Conditioning
from xsearch.spectra.xanes import Xanes

PARTS = ("truth", "known", "conditions", "distances")


def known_spectra() -> list[tuple[Truth, Xanes]]:
    """The measured spectra with what is true of them."""
    cache = KEPT / "measured_sites.parquet"
    return read_known(data_file("xas_measured.parquet"), data_file("mp_structures.parquet"), cache)


def main() -> None:
    """Print the parts that are named, all without."""
    from rich.console import Console

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=PARTS, help="all if none is named")
    parser.add_argument("--json", action="store_true", help="one line of JSON a part")
    arguments = parser.parse_args()
    known = known_spectra()
    console = Console(width=160)
    for part in arguments.parts or PARTS:
        if part == "truth":
            truths = [truth for truth, _ in known]
            if not arguments.json:
                console.print(truth_table(truths))
            found: dict[str, Any] = {"truth": [truth.to_dict() for truth in truths]}
        elif part == "known":
            reports = [evaluate_known(known, given) for given in Conditioning]
            if not arguments.json:
                console.print(known_table(reports))
            found = {"known": {report.given: report.to_dict() for report in reports}}
        elif part == "distances":
            found = {"distances": evaluate_first_shell(known)}
            if not arguments.json:
                console.print(found)
        else:
            found = {"conditions": condition_figures(known)}
            if not arguments.json:
                for name, figures in found["conditions"].items():
                    console.print(name, figures)
        if arguments.json:
            print(json.dumps(found), flush=True)


def condition_figures(known: list[tuple[Truth, Xanes]]) -> dict[str, dict[str, float]]:
    """Shares of right answers as measured and under each condition, nothing and the formula given; of n spectra."""
    found: dict[str, dict[str, float]] = {}
    for name, change in {"as measured": None, **conditions()}.items():
        found[name] = {}
        for given in (Conditioning.NONE, Conditioning.FORMULA):
            judged = evaluate_known(known, given, change=change)
            found[name]["n"] = judged.n
            for task in ("oxidation_state", "cn"):
                found[name][f"{task}, given {given}"] = round(getattr(judged, task), 4)
    return found


if __name__ == "__main__":
    main()
