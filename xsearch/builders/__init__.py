"""What fills an index: sources of crystals and spectra, and the pipeline that turns them into rows."""

from xsearch.builders.builds import build_cif, build_parquet, build_starter, ensure_starter
from xsearch.builders.pipeline import BuildResult, BuildStopped, build
from xsearch.builders.source import Item, Process, Source

__all__ = [
    "BuildResult",
    "BuildStopped",
    "Item",
    "Process",
    "Source",
    "build",
    "build_cif",
    "build_parquet",
    "build_starter",
    "ensure_starter",
]
