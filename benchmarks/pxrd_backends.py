"""Nearest neighbours by HNSW graph and IVF lists against exhaustive search: recall and time.

    python -m benchmarks.pxrd_backends [--index mp] [--patterns 100] [--json]

Queries are simulated measurements of random rows. Recall is the share of the nearest 50 and 250 vectors that a backend
gives, of all rows and of those of an element, by which searches are often narrowed. Times are those of one query on
one thread, what makes the vector of the pattern left out; the GPU stands in the list where there is one.
"""

import argparse
import json
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.data.simulated_measurements import measured_row
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.indexes.backends import Shortcut, write_shortcut
from xsearch.indexes.embedding import Embedding
from xsearch.indexes.scan import DRIVER, Scan
from xsearch.models.powder_vectors import load
from xsearch.options import Backend, Constraints
from xsearch.preprocess.powder import net_pattern
from xsearch.simulate.conditions import draw_conditions

COUNTS = (50, 250)
"""Numbers of nearest neighbours."""

ELEMENTS = ("O",)
"""In half of the Materials Project. Where constraints leave less than a tenth, the search is exhaustive anyway."""


def queries(index: Index, count: int) -> np.ndarray:
    """(count, d) vectors of simulated measurements."""
    random = np.random.default_rng(0)
    encoder, found = load(), []
    while len(found) < count:
        conditions = draw_conditions(random)
        try:
            net = net_pattern(measured_row(index, int(random.integers(len(index))), conditions, random))
        except SpectrumError:
            continue
        found.append(encoder.of_pattern(net))
    return np.array(found)


def exhaustive(embedding: Embedding, queried: np.ndarray) -> dict[str, Any]:
    """Time of an exhaustive search by FAISS."""
    found = {}
    for count in COUNTS:
        embedding.nearest_rows(queried[0], count)
        begin = perf_counter()
        for query in queried:
            embedding.nearest_rows(query, count)
        found[f"{count} of all"] = {"ms": (perf_counter() - begin) / len(queried) * 1e3}
    return found


def on_gpu(vectors: np.ndarray, queried: np.ndarray) -> dict[str, Any]:
    """The same on a GPU."""
    scan = Scan(vectors, "cuda")
    scan.cosines(queried[0])
    begin = perf_counter()
    for query in queried:
        scan.cosines(query)
    return {"ms": (perf_counter() - begin) / len(queried) * 1e3}


def approximate(index: Index, embedding: Embedding, queried: np.ndarray, backend: Backend) -> dict[str, Any]:
    """Time to make a shortcut, its size, its recall and its time by number of hits and by what rows are searched."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shortcut"
        begin = perf_counter()
        write_shortcut(embedding.array, backend, path)
        found: dict[str, Any] = {"made_s": perf_counter() - begin, "MB": path.stat().st_size / 1e6}
        shortcut = Shortcut(path, backend, embedding.faiss)
        plain = Scan(embedding.array, "cpu")
        for must in (None, *ELEMENTS):
            rows = None if must is None else index.select(Constraints.parse(must=must))
            named = np.arange(len(index)) if rows is None else rows
            for count in COUNTS:
                recalled, spent = 0, 0.0
                for query in queried:
                    begin = perf_counter()
                    candidates = shortcut.nearest_rows(query, count, rows)
                    spent += perf_counter() - begin
                    nearest = named[np.argpartition(-plain.cosines(query, rows), count)[:count]]
                    recalled += len(np.intersect1d(candidates, nearest))
                found[f"{count} of {must or 'all'}"] = {
                    "rows": len(named),
                    "recall": recalled / count / len(queried),
                    "ms": spent / len(queried) * 1e3,
                }
    return found


def main() -> None:
    """Print a line a backend, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    index = Index.open(arguments.index)
    if index.embedding is None:
        parser.error(f"index {arguments.index!r} has no vectors; `xsearch build embed {arguments.index}` makes them")
    with threadpool_limits(1):
        vectors = queries(index, arguments.patterns)
        found = {"exact": exhaustive(index.embedding, vectors)}
        if DRIVER.exists():
            found["exact, on the GPU"] = on_gpu(index.embedding.array, vectors)
        for backend in (Backend.HNSW, Backend.IVF):
            found[backend.value] = approximate(index, index.embedding, vectors, backend)
    if arguments.json:
        print(json.dumps({"index": index.name, "rows": len(index), "patterns": arguments.patterns, **found}, indent=1))
        return
    for name, figures in found.items():
        print(f"{name}:", "; ".join(f"{what} {_short(value)}" for what, value in figures.items()))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part:.4g}" for name, part in value.items())
    return f"{value:.3g}"


if __name__ == "__main__":
    main()
