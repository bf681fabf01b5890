"""Training of a site model from tables of spectra or from an index, with its card: `xsearch train`."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import parquet

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.data.descriptor_scores import report_of
from xsearch.data.index_sites import index_examples
from xsearch.data.site_labels import cells_of
from xsearch.data.site_mixtures import with_common_energies
from xsearch.data.structure_sites import structure_sites, usual_structures
from xsearch.data.xanes_sites import Examples, concatenate, read_examples
from xsearch.errors import CrystalError, SpectrumError, XSearchError
from xsearch.indexes import Index
from xsearch.models.site_blend import Blend, blend
from xsearch.models.tasks import NUMBERS
from xsearch.options import Conditioning
from xsearch.report.json_text import plain
from xsearch.training.composition import Sites
from xsearch.training.loop import usable_device
from xsearch.training.site_card import TrainingReport, card_of
from xsearch.training.site_model import RECIPES, Recipe, train_site_model

STRUCTURES = 13_000
"""Structures of a table of chemistry that are described: twenty minutes on one core. Set by hand."""


def make_site_model(
    out: Path,
    tables: Sequence[Path] = (),
    index: str | Path | None = None,
    kind: str = "site",
    *,
    structures: Path | None = None,
    chemistry: Path | None = None,
    left_out: Path | None = None,
    labels_cache: Path | None = None,
    processes: int | None = None,
    folds: int | None = None,
    tested: int | None = None,
    hold_out: bool = False,
    epochs: int | None = None,
    seed: int = 0,
    device: str = "cpu",
    say: Callable[[str], None] | None = None,
) -> TrainingReport:
    """Train a site model, save it with its card, and report its figures by cross-validation.

    Args:
        out: a folder for weights and card. Checkpoints stand in it until the training is done, so that the same call
            goes on where an interrupted one stopped.
        tables: Parquet tables of site spectra, such as `xas_feff9.parquet`.
        index: an index whose spectra and structures are taken as well.
        kind: which parts, one of `RECIPES`.
        structures: a table of cells for spectra that carry none.
        chemistry: a table of structures, such as `mp_structures.parquet`, whose sites say what compositions mean; by
            default only the sites of the spectra do.
        left_out: a table with a column `formula`, such as `xas_measured.parquet`: no spectrum and no structure of one
            of these formulas is trained on.
        labels_cache: a file that keeps the labels of one table between calls.
        processes: for the labels; one a core if None.
        folds: of the cross-validation, instead of the recipe's.
        tested: train and test only so many of the folds, to save time.
        hold_out: keep a fold of the formulas out of the weights too, see `Recipe`.
        epochs: of every network, instead of the recipe's.
        seed: of weights, order, augmentation and forests.
        device: where networks are trained, such as `cuda`.
        say: called with one line of progress.

    Raises:
        XSearchError: for an unknown kind or device, where there is nothing to train on, or when interrupted.
    """
    recipe = replace(_recipe(kind, folds, tested, epochs, seed, device), hold_out=hold_out)
    work = out / "checkpoints"
    with resumable(work):
        processes = processes or os.cpu_count() or 1
        examples = read_sources(tables, index, structures, labels_cache, processes, work)
        formulas = formulas_of(left_out) if left_out is not None else frozenset()
        examples = with_common_energies(examples.take(~np.isin(examples.formula, list(formulas))))
        sites = None
        if chemistry is not None:
            chosen = usual_structures(chemistry, formulas, STRUCTURES)
            sites = Sites.of(structure_sites(chemistry, out / "sites.parquet", chosen, processes, say))
        model, held_out = train_site_model(examples, recipe, work, say, sites)
    unaided = held_out.found[Conditioning.NONE]
    parts = {name: report_of(held_out.examples, *_alone(unaided, name)) for name in unaided.parts}
    reports = {given: report_of(held_out.examples, *held_out.blended(given)) for given in Conditioning}
    found = TrainingReport(reports, parts, out)
    model.settings["cross_validation"] = {given: plain(report.to_dict()) for given, report in found.given.items()}
    model.save(out)
    source = ", ".join([*(f"`{p.name}`" for p in tables), *([f"index `{index}`"] if index else [])])
    given = [*(f"$XSEARCH_DATA/{p.name}" for p in tables), *([f"--index {index}"] if index else [])]
    beside = {"--chemistry": chemistry, "--leave-out-table": left_out}
    given += [f"{option} $XSEARCH_DATA/{path.name}" for option, path in beside.items() if path is not None]
    options = {"--folds": folds, "--tested": tested, "--epochs": epochs}
    given += [f"{option} {value}" for option, value in options.items() if value is not None]
    given += ["--hold-out"] if hold_out else []
    command = " ".join(["xsearch train", kind, *given, "--seed", str(seed), "--out FOLDER"])
    card = card_of(model, recipe, examples, held_out, found, source, command)
    (out / "site_model.md").write_text(card, encoding="utf-8")
    shutil.rmtree(work, ignore_errors=True)
    return found


@contextmanager
def resumable(work: Path) -> Iterator[None]:
    """On an interrupt, report how the training is resumed."""
    try:
        yield
    except KeyboardInterrupt:
        raise XSearchError(f"interrupted; the same command goes on from {work}.") from None


def read_sources(
    tables: Sequence[Path],
    index: str | Path | None,
    structures: Path | None = None,
    labels_cache: Path | None = None,
    processes: int = 1,
    work: Path | None = None,
) -> Examples:
    """Examples of tables and of an index.

    Args:
        tables, index, structures, labels_cache, processes: as in `make_site_model`.
        work: a folder for the labels of tables that have no labels file.

    Raises:
        SpectrumError: where neither is given, or one cache of labels is given for several tables.
    """
    if not tables and index is None:
        raise SpectrumError("Nothing to train on: name Parquet tables of spectra, or an index with --index.")
    if labels_cache is not None and len(tables) != 1:
        raise SpectrumError("One file of labels goes with one table of spectra.")
    parts = []
    for path in tables:
        kept = None if work is None or not path.exists() else work / f"labels_{_digest(path, structures)}.parquet"
        parts.append(read_examples(path, labels_cache or kept, processes, structures))
    if index is not None:
        parts.append(index_examples(Index.open(index), processes))
    return concatenate(parts)


def formulas_of(table: Path) -> frozenset[str]:
    """The reduced formulas of a table with a column `formula`.

    Raises:
        SpectrumError: where there is no such table or column.
    """
    if not table.exists() or "formula" not in parquet.read_schema(table).names:
        raise SpectrumError(f"{table}: a Parquet table with a column formula is expected.")
    found = set()
    for text in parquet.read_table(table, columns=["formula"]).column("formula").to_pylist():
        try:
            found.add(reduced_formula(parse_formula(str(text))))
        except CrystalError:
            continue
    return frozenset(found)


def _digest(table: Path, structures: Path | None) -> str:
    cells = structures or cells_of(table)
    content = [path.read_bytes() for path in (table, cells) if path.exists()]
    return hashlib.sha256(b"".join(content)).hexdigest()[:12]


def _recipe(kind: str, folds: int | None, tested: int | None, epochs: int | None, seed: int, device: str) -> Recipe:
    if kind not in RECIPES:
        raise XSearchError(f"Unknown model {kind!r}; one of {', '.join(RECIPES)} is expected.")
    usable_device(device)
    recipe = replace(RECIPES[kind], seed=seed, device=device, tested=tested)
    if folds is not None:
        recipe = replace(recipe, folds=folds)
    if epochs is not None:
        networks = tuple((name, replace(schedule, epochs=epochs)) for name, schedule in recipe.networks)
        recipe = replace(recipe, networks=networks)
    return recipe


def _alone(found: Blend, part: str) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Answers of one part alone."""
    weights = {task: {part: 1.0 if task in NUMBERS else (1.0, 1.0)} for task in found.parts[part]}
    return blend(found, {"weights": weights, "scale": {}})
