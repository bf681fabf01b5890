"""The one look of pictures, and how they are saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xsearch.report.files import check_picture, with_folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xsearch.preprocess.xanes import NormalizedXanes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, distinguishable for colour-blind readers too."""

INK, PALE = "#1a1a1a", "#8a8a8a"
"""Of what was measured, and of differences and scales."""

WIDTH_IN = 7.2
"""A two-column figure."""

SMALL_PT, LABEL_PT, TITLE_PT = 7.5, 8.5, 9
"""Sizes of text."""

PNG_DPI = 300
"""As journals ask for line art with half-tones."""


def style_ticks(panel: Axes) -> None:
    """Thin ticks that point inwards."""
    panel.tick_params(direction="in", labelsize=8, width=0.6)


def title_edge(panel: Axes, spectrum: NormalizedXanes) -> None:
    """The edge and its source over a panel."""
    title = f"{spectrum.absorber} {spectrum.edge}  {spectrum.source}"
    panel.set_title(title, loc="left", fontsize=LABEL_PT, color=INK)


def annotate(panel: Axes, title: str, facts: str, colour: str) -> None:
    """A title in colour, if there is one, and a line or two below it."""
    if title:
        panel.annotate(
            title, (0, 1), (6, -5), "axes fraction", "offset points", va="top", fontsize=TITLE_PT, color=colour
        )
    below = -18 if title else -5
    panel.annotate(facts, (0, 1), (6, below), "axes fraction", "offset points", va="top", fontsize=SMALL_PT)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure in the format that the suffix names.

    Raises:
        XSearchError: for a suffix that names none.
    """
    path = with_folder(check_picture(Path(path)))
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
    figure.savefig(path, dpi=PNG_DPI, metadata=undated)
    return path
