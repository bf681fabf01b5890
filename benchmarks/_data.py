"""Where the benchmarks find their data, and keep what they compute from them once."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

KEPT = user_cache_path("xsearch", appauthor=False)
"""Folder for what is computed once: labels, indexes."""

LABELS = Path(os.environ.get("XSEARCH_LABELS", KEPT / "labels_feff9.parquet"))
"""The labels of the site spectra."""


def logged_lines(path: Path | None) -> list[dict[str, Any]]:
    """What an earlier run wrote into its log, a line each; nothing where there is none."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def log_line(path: Path | None, line: dict[str, Any]) -> None:
    """Append to a log, if one is kept."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


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
