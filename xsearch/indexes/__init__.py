"""Storage: an index is a folder of versions, each with a manifest, a catalog, reflections and vectors."""

from xsearch.indexes.bundle import export, import_
from xsearch.indexes.chunk import Chunk, Entry, Failure
from xsearch.indexes.columns import CRYSTAL_SYSTEMS, Columns
from xsearch.indexes.index import Index, ReflectionArrays
from xsearch.indexes.library import IndexSummary, default_index, delete, list_indexes, rollback, use
from xsearch.indexes.staging import Staging

__all__ = [
    "CRYSTAL_SYSTEMS",
    "Chunk",
    "Columns",
    "Entry",
    "Failure",
    "Index",
    "IndexSummary",
    "ReflectionArrays",
    "Staging",
    "default_index",
    "delete",
    "export",
    "import_",
    "list_indexes",
    "rollback",
    "use",
]
