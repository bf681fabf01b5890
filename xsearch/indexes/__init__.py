"""Storage: an index is a folder of versions, and readers open the one that `CURRENT` names.

    <index>/CURRENT                     name of the version that readers get
    <index>/versions/0003-1a2b3c4d/     a version, never changed once it is there
        manifest.json                   counts, settings, sources; size and SHA-256 of every file
        catalog.arrow                   the truth: one material a row, queried in place by DuckDB
        spectra.arrow                   absorption spectra, where there are any
        failures.arrow                  what could not be built, and why
        columns.npy                     the few numbers of every row that ranking reads
        offsets.npy hkl.npy structure_factor_sq.npy multiplicity.npy    reflections, end to end
        profiles.faiss                  profile vectors, half precision, read in place by FAISS and numpy
        embedding.faiss                 vectors of the powder network, where there are any, likewise
        embedding_shortcut.faiss        an HNSW graph or IVF lists over them, where the search is not exhaustive
    <index>/building/<fingerprint>/     chunks of a build that has not been published

Row i is the same material in all of them. The name of a version ends in a hash of its manifest, and the manifest
holds the hashes of the files: nothing can be altered unnoticed. The same input gives the same bytes; the time of
making is the files' modification time, and no clock is read into their content.
"""

from xsearch.indexes.bundle import export, import_
from xsearch.indexes.chunk import Chunk, Entry
from xsearch.indexes.columns import Columns
from xsearch.indexes.index import Index
from xsearch.indexes.library import IndexSummary, default_index, delete, list_indexes, rollback, use, verify
from xsearch.indexes.outcome import Failure
from xsearch.indexes.reflection_arrays import ReflectionArrays
from xsearch.indexes.staging import Staging

__all__ = [
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
    "verify",
]
