"""The surroundings of every kind of site of a table of structures: what chemistry alone says of an absorber."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.descriptors import describe_all, site_orbits
from xsearch.data.site_labels import read_cells

MOST_SITES, SMALL = 24, 8
"""Cells with more sites are left out of a training on chemistry, small ones come first: they take least time and are of
the commonest compounds. Set by hand."""

CHUNK = 400
"""Structures that are described before what is known so far is written. Set by hand."""


def usual_structures(structures: Path, left_out: Collection[str] = (), limit: int | None = None) -> list[str]:
    """Ids of the structures that say what is usual in chemistry: reported by an experiment, each once, of small cells.

    Args:
        structures: a table with `material_id, reduced_formula, nsites`, and `theoretical, duplicate_of` if known.
        left_out: reduced formulas that take no part.
        limit: how many; small cells first, each kind in a random order that is always the same of one table.
    """
    known = parquet.read_schema(structures).names
    columns = ["material_id", "reduced_formula", "species", "theoretical", "duplicate_of"]
    table = pd.read_parquet(structures, columns=[c for c in columns if c in known])
    usual = (table.species.map(len) <= MOST_SITES) & ~table.reduced_formula.isin(set(left_out))
    if "theoretical" in table:
        usual &= table.theoretical == False  # noqa: E712  (missing values are neither)
    if "duplicate_of" in table:
        usual &= table.duplicate_of.isna()
    chosen = table[usual].sample(frac=1, random_state=0)
    small = chosen.species.map(len) <= SMALL
    return [*chosen.material_id[small], *chosen.material_id[~small]][:limit]


def structure_sites(
    structures: Path,
    cache: Path,
    material_ids: Sequence[str] | None = None,
    processes: int = 1,
    say: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Descriptors of one site of every orbit of some structures, kept in a file that a later call adds to.

    Args:
        structures: a table of cells, such as `mp_structures.parquet`.
        cache: the Parquet file; each finished part of the work is written to it.
        material_ids: which structures, in this order; all if None.
        processes: for the descriptors.
        say: called with one line of progress.

    Returns:
        A row a site: `material_id, site, multiplicity`, the fields of `SiteDescriptors` and `reduced_formula`.
        Structures that could not be described are missing.
    """
    everything = pd.read_parquet(structures, columns=["material_id"]).material_id if material_ids is None else ()
    wanted = list(everything if material_ids is None else material_ids)
    done = pd.read_parquet(cache) if cache.exists() else pd.DataFrame({"material_id": []})
    tried = set(done.material_id)
    todo = [m for m in dict.fromkeys(wanted) if m not in tried]
    if todo:
        crystals = read_cells(structures, set(todo))
        todo = [m for m in todo if m in crystals]
    for start in range(0, len(todo), CHUNK):
        part = todo[start : start + CHUNK]
        done = pd.concat([done, _described([(m, crystals[m]) for m in part], processes)], ignore_index=True)
        cache.parent.mkdir(parents=True, exist_ok=True)
        aside = cache.with_suffix(".part")
        done.to_parquet(aside)
        aside.replace(cache)
        if say is not None:
            say(f"{min(start + CHUNK, len(todo)):,} of {len(todo):,} structures described")
    return done[done.material_id.isin(set(wanted)) & done.element.notna()].reset_index(drop=True)


def _described(named: Sequence[tuple[str, Crystal]], processes: int) -> pd.DataFrame:
    """Rows of some structures; one that fails leaves a row without an element, so that it is not tried again."""
    from xsearch.chemistry.formula import reduced_formula

    orbits = [np.array(site_orbits(crystal)) for _, crystal in named]
    sites = [np.unique(orbit, return_index=True, return_counts=True)[1:] for orbit in orbits]
    answers = describe_all([(c, first.tolist()) for (_, c), (first, _) in zip(named, sites, strict=True)], processes)
    rows: list[dict[str, object]] = []
    for (name, crystal), (_, counts), answer in zip(named, sites, answers, strict=True):
        formula = reduced_formula(crystal.composition)
        if isinstance(answer, str):
            rows.append({"material_id": name, "reduced_formula": formula})
            continue
        for descriptors, count in zip(answer, counts, strict=True):
            values = asdict(descriptors) | {"neighbors": " ".join(descriptors.neighbors)}
            rows.append({"material_id": name, "reduced_formula": formula, "multiplicity": int(count), **values})
    return pd.DataFrame(rows)
