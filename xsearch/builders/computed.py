"""`xsearch build computed`: spectra that FEFF computes, for entries of an index or into a table, a site at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pyarrow as pa

from xsearch.builders.add import add_entries
from xsearch.builders.extension import open_to_extend
from xsearch.builders.parquet import ParquetSource
from xsearch.builders.pipeline import BuildResult, BuildStopped
from xsearch.builders.source import Item
from xsearch.builders.transform import Batch
from xsearch.builders.workers import run_here
from xsearch.data.computed_sites import Journal, SiteJob, SiteSettings, compute_site, site_jobs, write_table
from xsearch.edge_names import parse_absorber, parse_edge
from xsearch.elements import ATOMIC_NUMBERS, usual_edge
from xsearch.errors import BuildError, MissingExtra, XSearchError
from xsearch.indexes import sql
from xsearch.indexes.index import Index
from xsearch.options import Constraints, Range
from xsearch.paths import home
from xsearch.progress import open_progress
from xsearch.simulate.feff import has_feff10
from xsearch.simulate.feff_input import FeffExafsSettings, FeffSettings

SOURCE = "FEFF10, computed by xsearch"
LIGHTEST = ATOMIC_NUMBERS["Mg"]
"""Of the absorbers that are computed where none is named."""

SITE_TIMEOUT_S = 1800.0
"""A site is given up after this time; the slowest of 1,102 took 214 s. Set by hand."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What a run has computed.

    Attributes:
        sites: spectra that it made.
        failures: sites that gave none.
        left: sites that were still to be done when its time was over.
        known: sites that had been done before.
    """

    sites: int
    failures: int
    left: int
    known: int

    def __str__(self) -> str:
        parts = [f"{self.sites:,} sites computed"]
        parts += [
            f"{count:,} {what}"
            for count, what in (
                (self.known, "done before"),
                (self.failures, "failed"),
                (self.left, "left: give the same command again"),
            )
            if count
        ]
        return ", ".join(parts) + "."


@dataclass(frozen=True, slots=True)
class ComputeSites:
    """The pure step: from a batch of jobs to their rows, on any machine that has FEFF10."""

    settings: SiteSettings
    timeout_s: float

    def __call__(self, batch: Batch) -> list[dict[str, Any]]:
        """A row a job; nothing is raised for one that fails."""
        return [compute_site(item.payload, self.settings, self.timeout_s) for item in batch.items]

    @property
    def process(self) -> Any:
        """What works on a job."""
        return compute_site


def compute_sites(
    jobs: Iterable[SiteJob],
    journal: Journal,
    *,
    hours: float | None = None,
    timeout_s: float = SITE_TIMEOUT_S,
    settings: SiteSettings | None = None,
    workers: int | None = None,
    run: Any = None,
    progress: bool = True,
) -> Computed:
    """Compute the sites that a journal does not hold yet, and keep each in it.

    Args:
        jobs: in the order in which they are to be done.
        journal: where rows are kept.
        hours: no site is begun after that time.
        timeout_s: of one site.
        settings: radii and cards, of the near edge or of EXAFS.
        workers: processes; default one a core.
        run: another way to run batches, such as on a cluster.
        progress: whether progress is reported on the error stream.

    Raises:
        MissingExtra: where FEFF10 is not installed.
        BuildStopped: after Ctrl-C; what was done is kept.
    """
    if run is None and not has_feff10():
        raise MissingExtra('FEFF10 is not installed: pip install "xsearch[feff]".')
    chosen = settings or FeffSettings()
    every = list(jobs)
    done = journal.done(chosen, timeout_s)
    open_jobs = [job for job in every if job.key not in done]
    until = time.monotonic() + hours * 3600 if hours else None
    made = failed = 0

    def batches() -> Iterator[Batch]:
        for number, job in enumerate(open_jobs):
            if until is not None and time.monotonic() >= until:
                return
            yield Batch(number, (Item(job.key, job),))

    runner = run or partial(run_here, workers=workers)
    with open_progress(progress) as reporter:
        reporter.start("sites", len(open_jobs))
        try:
            with closing(runner(ComputeSites(chosen, timeout_s), batches())) as results:
                for _, rows in results:
                    for row in rows:
                        journal.append(row)
                        made, failed = made + ("error" not in row), failed + ("error" in row)
                        if "error" in row:
                            reporter.say(f"{row['key']}: {row['error']}")
                        reporter.advance(1, "error" in row)
        except KeyboardInterrupt:
            raise BuildStopped(
                f"Stopped after {made + failed:,} sites; they are kept, and the same command goes on from here."
            ) from None
    return Computed(made, failed, len(open_jobs) - made - failed, len(every) - len(open_jobs))


def add_computed(
    name: str,
    absorbers: Collection[str],
    edges: Collection[str] = (),
    *,
    only: Collection[str] | None = None,
    limit: int | None = None,
    timeout_s: float = SITE_TIMEOUT_S,
    settings: SiteSettings | None = None,
    workers: int | None = None,
    progress: bool = True,
    **options: Any,
) -> tuple[Computed, BuildResult | None]:
    """Compute spectra for entries of an index that have none of an edge, and add them as its new version.

    Compounds that were reported come first, then those near the hull, then small cells.

    Args:
        name: of an existing index.
        absorbers: elements; from magnesium on if none is given.
        edges: such as `K`; by default the usual one of each element.
        only: entries that hold elements beside these are left out.
        limit: at most so many spectra, one a material and edge.
        timeout_s: of one site.
        settings: radii and cards.
        workers: processes; default one a core.
        progress: whether progress is reported on the error stream.
        options: as in `compute_sites`.

    Returns:
        What was computed, and the new version; None where there was nothing to add.

    Raises:
        MissingIndex: where there is no such index.
        BuildError: where no entry holds an absorber or lacks its spectrum.
        MissingExtra, BuildStopped: see `compute_sites`; what was computed before a stop is added by the next call.
    """
    index = open_to_extend(name)
    named = sorted(absorbers) or [one for one, number in ATOMIC_NUMBERS.items() if number >= LIGHTEST]
    wanted = [(absorber, edge) for absorber in named for edge in edges or (usual_edge(absorber),)]
    rows = index.select(Constraints.parse(only=only), measured_cells=False)
    jobs = entry_jobs(index, wanted, frozenset(rows.tolist()), limit)
    if not jobs:
        listed = ", ".join(" ".join(one) for one in wanted[:5])
        raise BuildError(f"Nothing to compute: no ordered entry of {name!r} lacks a computed spectrum of {listed}.")
    chosen = settings or FeffSettings()
    journal = Journal(home() / "computed" / "sites.jsonl")
    with journal.lock():
        done = compute_sites(
            jobs, journal, timeout_s=timeout_s, settings=chosen, workers=workers, progress=progress, **options
        )
        table = journal.table(chosen, {job.key for job in jobs})
    table = table.filter(table.column("sites_complete"))
    if not table.num_rows:
        return done, None
    licences = dict(index.sql("select material_id, licence from materials where cell_of is null").fetchall())
    stated = [licences[one] for one in table.column("material_id").to_pylist()]
    table = table.append_column("licence", pa.array(stated, pa.string()))
    table = table.append_column("source", pa.array([SOURCE] * len(stated), pa.string()))
    path = home() / "computed" / f"{name}.parquet"
    write_table(table, path)
    return done, add_entries(name, xanes=path, workers=workers, progress=progress)


def entry_jobs(
    index: Index, wanted: Sequence[tuple[str, str]], among: Collection[int], limit: int | None = None
) -> list[SiteJob]:
    """The sites of entries that have no computed spectrum of an edge, by edge in turn so that a limit serves all.

    Args:
        index: see there.
        wanted: absorbers and edges.
        among: rows that may be taken.
        limit: of the number of spectra.
    """
    rows: list[list[int]] = []
    for absorber, edge in wanted:
        found = index.sql(sql.WITHOUT_COMPUTED_EDGE, [absorber, absorber, edge]).fetchall()
        rows.append([row for (row,) in found if row in among])
    jobs: list[SiteJob] = []
    spectra = 0
    for turn in zip_longest(*rows):
        for row, (absorber, edge) in zip(turn, wanted, strict=True):
            if row is None or (limit is not None and spectra >= limit):
                continue
            material = index.material(row)
            if not material.crystal.is_ordered:
                continue
            jobs += site_jobs(material.material_id, material.reduced_formula, material.crystal, absorber, edge)
            spectra += 1
        if limit is not None and spectra >= limit:
            break
    return jobs


def compute_table(
    wanted: Path,
    out: Path,
    structures: Path | None = None,
    *,
    range: Range = Range.XANES,
    limit: int | None = None,
    settings: SiteSettings | None = None,
    **options: Any,
) -> Computed:
    """Compute a list of edges into a Parquet table, a row a site; called again, it goes on.

    Args:
        wanted: a JSON file with a list of `[material_id, absorber, edge]`.
        out: the table; what was computed is kept beside it, in a file of JSON lines.
        structures: a Parquet table of structures that holds the materials; by default `mp_structures.parquet` beside
            the list.
        range: which part of the spectra; both need two tables.
        limit: at most so many edges.
        settings: radii and cards; the usual ones of the range if None.
        options: as in `compute_sites`.

    Raises:
        BuildError: where the list cannot be read, a material is not among the structures, or both ranges are given.
        MissingExtra, BuildStopped: see `compute_sites`.
    """
    if range is Range.AUTO:
        raise BuildError("A table holds one range; give --range xanes or --range exafs, each with its own --out.")
    settings = settings or (FeffExafsSettings() if range is Range.EXAFS else FeffSettings())
    edges = read_edges(wanted)[:limit]
    source = ParquetSource.of(structures or wanted.with_name("mp_structures.parquet"))
    ids = {material_id for material_id, _, _ in edges}
    materials = {item.item_id: source.process(item) for item in source.items() if item.item_id in ids}
    if missing := sorted(ids - materials.keys()):
        raise BuildError(f"{len(missing):,} materials are not among the structures, such as {missing[0]}.")
    journal = Journal(out.with_name(f"{out.name}.jsonl"))
    jobs: list[SiteJob] = []
    for material_id, absorber, edge in edges:
        one = materials[material_id]
        jobs += site_jobs(material_id, one.reduced_formula, one.crystal, absorber, edge)
    with journal.lock():
        try:
            return compute_sites(jobs, journal, settings=settings, **options)
        finally:
            write_table(journal.table(settings), out)


def read_edges(path: Path) -> list[tuple[str, str, str]]:
    """Material, absorber and edge of each entry of a JSON list.

    Raises:
        BuildError: where the file is missing or holds something else.
    """
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        return [(str(m), parse_absorber(a), parse_edge(e)) for m, a, e in listed]
    except OSError:
        raise BuildError(f"{path}: no such file; give a JSON list of [material_id, absorber, edge].") from None
    except (ValueError, TypeError, XSearchError) as error:
        raise BuildError(
            f"{path.name}: a JSON list of [material_id, absorber, edge] is expected ({' '.join(str(error).split())})."
        ) from None
