"""xsearch: which crystal gave these spectra?

    index = xsearch.open_index("mp")
    result = index.search(pxrd=xsearch.read("sample.xrdml"), only="Fe O Ti")

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xsearch.answers import Hit, SearchResult
    from xsearch.chemistry import Crystal, Material
    from xsearch.errors import XSearchError
    from xsearch.search import SearchIndex, open_index
    from xsearch.spectra import PowderPattern, Xanes, read

__version__ = "0.2.0"

_HOMES = {
    "Crystal": "xsearch.chemistry",
    "Hit": "xsearch.answers",
    "Material": "xsearch.chemistry",
    "PowderPattern": "xsearch.spectra",
    "SearchIndex": "xsearch.search",
    "SearchResult": "xsearch.answers",
    "XSearchError": "xsearch.errors",
    "Xanes": "xsearch.spectra",
    "open_index": "xsearch.search",
    "read": "xsearch.spectra",
}

__all__ = [
    "Crystal",
    "Hit",
    "Material",
    "PowderPattern",
    "SearchIndex",
    "SearchResult",
    "XSearchError",
    "Xanes",
    "open_index",
    "read",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'xsearch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
