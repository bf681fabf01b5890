"""Builds from files, and the starter index."""

from __future__ import annotations

from xsearch.builders.cif import CifSource
from xsearch.builders.identity import index_folder
from xsearch.builders.parquet import ParquetSource
from xsearch.builders.pipeline import BuildResult, Runner, build
from xsearch.builders.shipped import ShippedSpectra
from xsearch.builders.starter import StarterSource
from xsearch.builders.xas_source import XasSource
from xsearch.data.shipped_library import shipped_materials
from xsearch.data.xas_tables import XasTables, split_files
from xsearch.errors import BuildError
from xsearch.indexes.versions import current_version
from xsearch.paths import Paths

STARTER = "starter"


def build_parquet(
    files: Paths,
    name: str,
    *,
    workers: int | None = None,
    measured_cells: bool = True,
    shipped_spectra: bool = True,
    progress: bool = True,
    run: Runner | None = None,
) -> BuildResult:
    """Make an index from Parquet files with a crystal a row, and tables of absorption spectra beside them.

    Args:
        files: one or several, known by their columns; see `ParquetSource` and `XasTables`.
        name: of the index.
        workers: processes; default one a core.
        measured_cells: whether measured cells of the same phase, from the mineral database, are linked.
        shipped_spectra: whether the spectra that come with xsearch are added where entries are Materials Project's.
        progress: whether progress is reported on the error stream.
        run: another way to run batches, such as on a cluster.

    Raises:
        BuildError: where a file is missing or no such Parquet file, or nothing could be made of the rows.
    """
    structures, tables = split_files(files)
    if tables and not structures:
        raise BuildError(
            f"{', '.join(path.name for path in tables)}: only spectra; give a table of structures with them, or add "
            f"them to an index that is there: xsearch build add {name} --xanes {tables[0]}"
        )
    source = ParquetSource.of(structures)
    formulas = source.formula_by_id()
    given = XasSource(XasTables(tuple(tables), formulas=formulas)) if tables else None
    spectra = ShippedSpectra.of_entries(formulas, given) if shipped_spectra and source.is_materials_project else given
    return build(
        source, name, workers=workers, measured_cells=measured_cells, progress=progress, run=run, spectra=spectra
    )


def build_cif(
    paths: Paths,
    name: str,
    *,
    workers: int | None = None,
    licence: str = "not stated",
    progress: bool = True,
    run: Runner | None = None,
) -> BuildResult:
    """Make an index from CIF files and folders of them.

    Args:
        paths: files, and folders that are searched with all that lies below.
        name: of the index.
        workers: processes; default one a core, and one for few files.
        licence: of the crystals, to be stated on every hit.
        progress: whether progress is reported on the error stream.
        run: another way to run batches, such as on a cluster.

    Raises:
        BuildError: where a path is missing, no CIF file is found, or none could be read.
    """
    source = CifSource.of(paths, licence)
    return build(source, name, workers=workers, measured_cells=False, progress=progress, run=run)


def build_starter(
    name: str = STARTER, *, workers: int | None = None, progress: bool = True, run: Runner | None = None
) -> BuildResult:
    """Make the starter index: minerals of the American Mineralogist database, AFLOW's prototypes, shipped spectra.

    The spectra bring the structures of their materials.

    Args:
        name: of the index.
        workers: processes; default one a core.
        progress: whether progress is reported on the error stream.
        run: another way to run batches, such as on a cluster.

    Raises:
        MissingExtra: where the packages that carry the crystals are not installed.
    """
    return build(
        StarterSource(),
        name,
        workers=workers,
        measured_cells=False,
        progress=progress,
        run=run,
        spectra=ShippedSpectra.of_entries(shipped_materials()),
    )


def ensure_starter(*, progress: bool = True) -> BuildResult | None:
    """Make the starter index if it is not there; None where it is."""
    if current_version(index_folder(STARTER)) is not None:
        return None
    return build_starter(progress=progress)
