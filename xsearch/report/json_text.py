"""Plain values and their JSON text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import xsearch
from xsearch.report.files import with_folder

FORMAT = 2
"""Raised whenever a key of the JSON document changes its meaning."""

_NUMBERS = re.compile(r"\[\n\s*((?:-?[\d.]+(?:e[+-]?\d+)?,\n\s*)*-?[\d.]+(?:e[+-]?\d+)?)\n\s*\]")


def head(kind: str) -> dict[str, Any]:
    """What every document begins with."""
    return {"format": FORMAT, "xsearch": xsearch.__version__, "kind": kind}


def plain(value: Any) -> Any:
    """Values that JSON knows: numpy numbers become Python's, and what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def json_text(document: Any, path: str | Path | None = None) -> str:
    """JSON text of plain values, lists of numbers on one line each, also written to `path` if given."""
    text = json.dumps(plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    if path is not None:
        with_folder(Path(path)).write_text(text, encoding="utf-8")
    return text
