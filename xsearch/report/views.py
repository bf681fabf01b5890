"""Every kind of answer as a table, plain values, JSON, a data frame, a picture, a page or CIF files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsearch.answers import Combined, Inference, LcfResult, MixtureResult, SearchResult
from xsearch.errors import XSearchError
from xsearch.indexing.cell import IndexedCells
from xsearch.report.calculated_xanes import write_xanes, xanes_record, xanes_table
from xsearch.report.cells_table import cells_record, cells_table
from xsearch.report.combined_table import combined_record, combined_table, write_combined_cifs
from xsearch.report.file_contents import FileContents, contents_figure, file_record, file_table
from xsearch.report.hits_table import result_table
from xsearch.report.inference_table import candidates_frame, inference_record, inference_table, write_candidate_cifs
from xsearch.report.json_text import json_text
from xsearch.report.lcf_table import lcf_record, lcf_table
from xsearch.report.mixture_table import mixture_record, mixture_table
from xsearch.report.page import write_page
from xsearch.report.plot_style import save_figure
from xsearch.report.prediction import prediction_figure, prediction_record, prediction_table
from xsearch.report.search_plot import result_figure
from xsearch.report.search_record import hits_frame, search_record
from xsearch.report.simulation import simulation_record, simulation_table, write_pattern
from xsearch.report.simulation_plot import simulation_figure
from xsearch.report.structures import write_hit_cifs
from xsearch.simulate.crystal_pattern import SimulatedPattern
from xsearch.xas.forward import CalculatedXanes
from xsearch.xas.prediction import EdgePrediction

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import RenderableType

Answer = (
    SearchResult
    | Combined
    | Inference
    | IndexedCells
    | SimulatedPattern
    | CalculatedXanes
    | EdgePrediction
    | FileContents
)
"""What can be shown and written. Mixtures are search results."""


@dataclass(frozen=True, slots=True)
class View:
    """How a kind of answer is shown; None for the forms that it does not have. `rows` names the table's options."""

    record: Callable[..., dict[str, Any]]
    table: Callable[..., RenderableType]
    rows: tuple[str, ...] = ()
    frame: Callable[..., pd.DataFrame] | None = None
    figure: Callable[..., Figure] | None = None
    page: Callable[..., Path] | None = None
    cifs: Callable[..., list[Path]] | None = None
    xy: Callable[..., Path] | None = None


def _of_search(show: Callable[..., Any]) -> Callable[..., Any]:
    return lambda combined, *given, **options: show(combined.search, *given, **options)


VIEWS: Mapping[type, View] = {
    SearchResult: View(
        search_record, result_table, ("top", "duplicates"), hits_frame, result_figure, write_page, write_hit_cifs
    ),
    MixtureResult: View(mixture_record, mixture_table, (), hits_frame, result_figure, write_page, write_hit_cifs),
    LcfResult: View(lcf_record, lcf_table, (), hits_frame, result_figure, write_page, write_hit_cifs),
    Inference: View(
        inference_record, inference_table, ("top",), candidates_frame, page=write_page, cifs=write_candidate_cifs
    ),
    Combined: View(
        combined_record,
        combined_table,
        ("top",),
        figure=_of_search(result_figure),
        page=write_page,
        cifs=write_combined_cifs,
    ),
    IndexedCells: View(cells_record, cells_table),
    FileContents: View(file_record, file_table, figure=contents_figure),
    SimulatedPattern: View(simulation_record, simulation_table, ("top",), figure=simulation_figure, xy=write_pattern),
    CalculatedXanes: View(xanes_record, xanes_table, xy=write_xanes),
    EdgePrediction: View(prediction_record, prediction_table, figure=prediction_figure),
}


def table(answer: Answer, top: int | None = None, duplicates: bool | None = None) -> RenderableType:
    """The answer as a table for a terminal, through rich.

    Args:
        answer: of any kind.
        top: how many rows, of ranked answers and of calculated lines; phases of mixtures are always all shown.
        duplicates: whether duplicates of a hit get rows.
    """
    view, options = VIEWS[type(answer)], {"top": top, "duplicates": duplicates}
    return view.table(answer, **{name: options[name] for name in view.rows if options[name] is not None})


def to_dict(answer: Answer) -> dict[str, Any]:
    """The complete answer as plain values, see docs/json.md."""
    return VIEWS[type(answer)].record(answer)


def to_json(answer: Answer, path: str | Path | None = None) -> str:
    """The complete answer as JSON text, also written to `path` if given."""
    return json_text(to_dict(answer), path)


def to_dataframe(answer: Answer) -> pd.DataFrame:
    """One row a hit or candidate; each term of the evidence is a column.

    Raises:
        XSearchError: for an answer that is no list of crystals.
    """
    return _form(answer, "frame", "a data frame")(answer)


def plot(answer: Answer, path: str | Path | None = None, **options: Any) -> Figure:
    """The measured spectra over what explains them, as a matplotlib Figure.

    Args:
        answer: with a picture.
        path: where to save it; the suffix (.png, .svg, .pdf) decides the format.
        options: `top`, how many hits, of a search; `task`, whose attribution is drawn, of a prediction.

    Raises:
        XSearchError: for an answer without a picture, or another suffix.
    """
    figure: Figure = _form(answer, "figure", "a picture")(answer, **options)
    if path is not None:
        save_figure(figure, path)
    return figure


def write_html(answer: Answer, path: str | Path, top: int = 5) -> Path:
    """One self-contained page with the picture, the table and the evidence; returns its path.

    Raises:
        XSearchError: for an answer that was not searched for in an index.
    """
    written: Path = _form(answer, "page", "a page")(answer, path, top)
    return written


def write_cifs(answer: Answer, folder: str | Path, top: int | None = None) -> list[Path]:
    """CIF files of each hit, as in the database and strained to the pattern, and of each candidate; their paths.

    Raises:
        XSearchError: for an answer without crystals.
    """
    written: list[Path] = _form(answer, "cifs", "CIF files")(answer, folder, top)
    return written


def write_xy(answer: Answer, path: str | Path) -> Path:
    """A calculated pattern or spectrum as columns with a header; returns their path.

    Raises:
        XSearchError: for an answer that is no curve.
    """
    written: Path = _form(answer, "xy", "columns")(answer, path)
    return written


def _form(answer: Answer, name: str, what: str) -> Callable[..., Any]:
    form: Callable[..., Any] | None = getattr(VIEWS[type(answer)], name)
    if form is None:
        raise XSearchError(f"There is no form of {type(answer).__name__} as {what}.")
    return form
