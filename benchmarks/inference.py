"""How often inference is right, for compounds whose formula is left out of the templates.

    python -m benchmarks.inference [FILE] --index mp --limit 200 --json

The figures are those of `xsearch evaluate inference`.
"""

import argparse
import json
from pathlib import Path

from benchmarks._data import data_file
from xsearch.evaluate.inference import evaluate


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="default: mp_structures.parquet in $XSEARCH_DATA")
    parser.add_argument("--index", default=None)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="print the line of every compound too")
    given = parser.parse_args()
    report = evaluate(given.file or data_file("mp_structures.parquet"), given.index, limit=given.limit)
    if not given.json:
        report.pop("compounds")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
