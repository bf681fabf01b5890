"""Inference: the figures, and the weights of its evidence.

`python -m benchmarks.inference FILE --index mp --limit 200 --json` prints what `xsearch evaluate inference` does.
`python -m benchmarks.inference FILE --index mp --skip 3000 --limit 400 --fit FOLDER --workers 2` infers those compounds
in two processes, keeps their evidence in the folder, fits the weights in `inference_ranking.json` on it, and prints
how many it gets right in folds; given again, it goes on where it stopped. Use other compounds for the figures.
"""

import argparse
import json
from pathlib import Path

from benchmarks._data import data_file
from benchmarks._inference_weights import cross_validated, fit_weights, gather, gathered
from xsearch.evaluate.inference import evaluate, read_compounds
from xsearch.infer.evidence import RANKING_FILE, weights


def fit(file: Path, index: str | None, skip: int, limit: int, folder: Path, workers: int, keep_close: bool) -> None:
    """Gather evidence, fit the weights on it, write them and print what they reach on formulas left out."""
    compounds = read_compounds(file, limit + skip)[skip:]
    gather(compounds, index, folder, workers)
    close, last, unanswerable = gathered(compounds, folder)
    print(json.dumps(cross_validated(close, last, weights("candidate"), keep_close), indent=2))
    fitted = fit_weights(close, last, unanswerable, keep_close)
    about = (
        f"Fitted on {len(close)} compounds of {file.name} whose formulas were left out, and on {len(unanswerable)} "
        f"questions with wrong elements or random lines: python -m benchmarks.inference {file.name} --index {index} "
        f"--skip {skip} --limit {limit} --fit FOLDER"
    )
    if keep_close:
        about += " --keep-close; close as fitted on 135 others, --skip 1000 --limit 135"
    RANKING_FILE.write_text(json.dumps({"about": about, **fitted}, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(fitted, indent=2))


def main() -> None:
    """Print figures, or fit the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="default: mp_structures.parquet in $XSEARCH_DATA")
    parser.add_argument("--index", default=None)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0, help="compounds to leave out at the start, when fitting")
    parser.add_argument("--json", action="store_true", help="print the line of every compound too")
    parser.add_argument("--fit", type=Path, metavar="FOLDER", help="fit the weights; evidence is kept in the folder")
    parser.add_argument("--keep-close", action="store_true", help="fit all weights but those of the close fits")
    parser.add_argument("--workers", type=int, default=1, help="processes that gather evidence")
    given = parser.parse_args()
    file = given.file or data_file("mp_structures.parquet")
    if given.fit:
        fit(file, given.index, given.skip, given.limit, given.fit, given.workers, given.keep_close)
        return
    report = evaluate(file, given.index, limit=given.limit)
    if not given.json:
        report.pop("compounds")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
