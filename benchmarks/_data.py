"""Where the benchmarks find their data, and keep what they compute from them once."""

import os
import sys
from pathlib import Path

from platformdirs import user_cache_path

KEPT = user_cache_path("xsearch", appauthor=False)
"""Folder for what is computed once: labels, indexes."""

LABELS = Path(os.environ.get("XSEARCH_LABELS", KEPT / "labels_feff9.parquet"))
"""The labels of the site spectra."""


def found_file(name: str) -> Path | None:
    """A file of the folder that XSEARCH_DATA names, None where it is not there."""
    path = Path(os.environ.get("XSEARCH_DATA", "data")) / name
    return path if path.is_file() else None


def data_file(name: str) -> Path:
    """A file of the folder that XSEARCH_DATA names; without it the benchmark ends with a line that says so."""
    path = found_file(name)
    if path is None:
        sys.exit(f"XSEARCH_DATA names no folder with {name}.")
    return path
