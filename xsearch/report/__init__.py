"""Answers as tables, plain values, JSON, data frames, plots, pages and CIF files.

    report.to_json(answer, "out.json")
    report.plot(answer, "out.png")

The functions are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsearch.report.hit_reasons import reasons
    from xsearch.report.views import (
        Answer,
        plot,
        table,
        to_dataframe,
        to_dict,
        to_json,
        write_cifs,
        write_html,
        write_xy,
    )

_HOMES = {"reasons": "xsearch.report.hit_reasons"}
_VIEWS = "xsearch.report.views"

__all__ = [
    "Answer",
    "plot",
    "reasons",
    "table",
    "to_dataframe",
    "to_dict",
    "to_json",
    "write_cifs",
    "write_html",
    "write_xy",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, _VIEWS)), name)
    raise AttributeError(f"module 'xsearch.report' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
