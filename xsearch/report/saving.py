"""Writing answers to files: one answer to the given names, several to names with the label of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from xsearch.answers import Combined, Inference, SearchResult
from xsearch.report.json_text import json_text
from xsearch.report.views import plot as plot_answer
from xsearch.report.views import to_dict, write_cifs, write_html

Savable = SearchResult | Combined | Inference
"""Answers to a question about a sample."""


def save_results(
    results: Sequence[Savable],
    *,
    json: Path | None = None,
    plot: Path | None = None,
    cifs: Path | None = None,
    html: Path | None = None,
    batch: bool | None = None,
) -> list[Path]:
    """Write the given files.

    Args:
        results: the answers.
        json: one file: the answer, or in a batch a list of answers.
        plot: a picture; in a batch one an answer, the spectrum's name added to the file's.
        cifs: a folder; in a batch with a sub-folder an answer.
        html: a page; in a batch one an answer, as with pictures.
        batch: whether the answers are a batch; by default, more than one is.

    Returns:
        The files and folders that were written.
    """
    batch = len(results) > 1 if batch is None else batch
    written: list[Path] = []
    for result, label in zip(results, labels(results) if batch else [""] * len(results), strict=True):
        if plot:
            path = named(plot, label, batch)
            plot_answer(result, path)
            written.append(path)
        if html:
            written.append(write_html(result, named(html, label, batch)))
        if cifs:
            folder = cifs / label if batch else cifs
            write_cifs(result, folder)
            written.append(folder)
    if json:
        json_text([to_dict(result) for result in results] if batch else to_dict(results[0]), json)
        written.append(json)
    return written


def refine_results(
    results: Sequence[Savable], refine: tuple[str, Path] | None, batch: bool | None = None
) -> Iterator[str]:
    """Refine the phases of each answer and write projects; what was found and written, a line each.

    Args:
        results: the answers.
        refine: the program and the folder, in a batch with a sub-folder an answer; None for none.
        batch: whether the answers are a batch; by default, more than one is.
    """
    if refine is None:
        return
    from xsearch.report.refinement import write_refinement

    program, folder = refine
    batch = len(results) > 1 if batch is None else batch
    for result, label in zip(results, labels(results) if batch else [""] * len(results), strict=True):
        hand_over = write_refinement(result, program, folder / label if batch else folder)
        yield from hand_over.lines()
        yield f"Written: {folder / label if batch else folder}"


def labels(results: Sequence[Savable]) -> list[str]:
    """A short name for each answer from its spectrum's, safe in file names and unlike the others."""
    found: list[str] = []
    for number, result in enumerate(results, start=1):
        label = (
            re.sub(r"[^\w.+-]+", "-", Path(_source(result).partition(", ")[0]).stem).strip("-.") or f"pattern-{number}"
        )
        found.append(label if label not in found else f"{label}-{number}")
    return found


def _source(result: Savable) -> str:
    if isinstance(result, Inference):
        return "" if result.pattern is None else result.pattern.source
    return result.source


def named(path: Path, label: str, batch: bool) -> Path:
    """`out.png` for one answer, `out-sample.png` for the one of `sample.xy` in a batch."""
    return path.with_name(f"{path.stem}-{label}{path.suffix}") if batch else path
