"""Powder search by physics, by the network's vectors and by both, on measured and simulated patterns.

    python -m benchmarks.pxrd_rankings [--index mp] [--labelled FILE] [--simulated 200] [--json]

Measured: single-phase patterns of `pxrd_measured.parquet` in `$XSEARCH_DATA`, without linked cells; shares of right
hits among the first, recall in the first 200 rows, crystal system and space group. Simulated: entries that the network
was not trained on; see `xsearch.evaluate.simulated`. Rankings that need vectors are left out where the index has none.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks._data import data_file
from xsearch.evaluate.pxrd import evaluate
from xsearch.evaluate.simulated import evaluate as evaluate_simulated
from xsearch.options import Ranking, Task
from xsearch.search import SearchIndex, open_index

SHOWN = (
    "n",
    "answerable",
    "top1",
    "top5",
    "top10",
    "recall200",
    "crystal_system_accuracy",
    "space_group_accuracy",
    "likeliest_system_accuracy",
    "likeliest_group_accuracy",
    "ece",
    "refused_at_95",
    "latency_ms_p50",
    "latency_ms_p95",
)


def measured(opened: SearchIndex, labelled: Path) -> dict[str, dict[str, Any]]:
    """Figures by ranking and by what is given of the elements."""
    rankings = list(Ranking) if opened.has_vectors else [Ranking.PHYSICS]
    found = {}
    for given in ("none", "subset", "exact"):
        for ranking in rankings:
            report = evaluate(
                labelled, opened, given, measured_cells=False, leave_out=given == "none", ranking=ranking.value
            ).to_dict()
            found[f"{given}, {ranking.value}"] = {name: report[name] for name in SHOWN if report.get(name) is not None}
    return found


def main() -> None:
    """Print a line a figure, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--labelled", type=Path)
    parser.add_argument("--simulated", type=int, default=200, help="patterns a task")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    labelled = arguments.labelled or data_file("pxrd_measured.parquet")
    opened = open_index(arguments.index)
    found = {"measured": measured(opened, labelled)}
    found["simulated"] = {task.value: evaluate_simulated(opened, task, count=arguments.simulated) for task in Task}
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    for kind, tasks in found.items():
        for task, figures in tasks.items():
            print(f"{kind}, {task}:", "  ".join(f"{name} {_short(value)}" for name, value in figures.items()))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_short(part)}" for name, part in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
