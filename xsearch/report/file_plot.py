"""The picture of what a file holds: patterns with their backgrounds, edges as measured and normalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xsearch.preprocess.powder import background_under
from xsearch.preprocess.xanes import NormalizedXanes
from xsearch.report.plot_style import COLOURS, INK, LABEL_PT, PALE, SMALL_PT, WIDTH_IN, style_ticks
from xsearch.spectra import PowderPattern, Xanes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_IN = 2.8
"""Height of a panel."""
MOST_DRAWN = 12
"""Spectra of a file that are drawn, the first ones."""


def file_figure(spectra: Sequence[PowderPattern | Xanes], normalised: Mapping[int, NormalizedXanes]) -> Figure:
    """One panel with all patterns; for edges one as measured and one normalised.

    Args:
        spectra: of the file.
        normalised: by their numbers from 0, those that could be normalised.
    """
    from matplotlib.figure import Figure

    patterns = [one for one in spectra if isinstance(one, PowderPattern)][:MOST_DRAWN]
    edges = [one for one in spectra if isinstance(one, Xanes)][:MOST_DRAWN]
    count = bool(patterns) + bool(edges) + bool(normalised)
    figure = Figure(figsize=(WIDTH_IN, PANEL_IN * count), layout="constrained")
    panels = iter(figure.subplots(count, 1, squeeze=False)[:, 0])
    if patterns:
        _draw_patterns(next(panels), patterns)
    if edges:
        _draw_curves(next(panels), [(one.energy_eV, one.mu, one.source) for one in edges], "absorption")
    if normalised:
        panel = next(panels)
        found = list(normalised.values())[:MOST_DRAWN]
        _draw_curves(panel, [(one.energy_eV, one.mu, one.source) for one in found], "normalised absorption")
        for one in found:
            panel.axvline(one.e0_eV, color=PALE, linestyle=":", linewidth=0.8)
    return figure


def _draw_patterns(panel: Axes, patterns: Sequence[PowderPattern]) -> None:
    for pattern, colour in zip(patterns, [INK, *COLOURS] * len(patterns), strict=False):
        lowest = min(0.0, float(pattern.intensity.min()))
        panel.plot(
            pattern.two_theta_deg,
            np.sqrt(pattern.intensity - lowest),
            color=colour,
            linewidth=0.6,
            label=pattern.source if len(patterns) > 1 else "measured",
        )
    if len(patterns) == 1 and (under := background_under(patterns[0])).any():
        under = np.sqrt(np.maximum(under - lowest, 0))
        panel.plot(patterns[0].two_theta_deg, under, color=COLOURS[1], linewidth=0.8, label="background")
    _finish(panel, "2θ (°)", "√ intensity")


def _draw_curves(panel: Axes, curves: Sequence[tuple[np.ndarray, np.ndarray, str]], label: str) -> None:
    for (x, y, name), colour in zip(curves, [INK, *COLOURS] * len(curves), strict=False):
        panel.plot(x, y, color=colour, linewidth=0.9, label=name)
    _finish(panel, "energy (eV)", label)


def _finish(panel: Axes, x_label: str, y_label: str) -> None:
    panel.set_xlabel(x_label, fontsize=LABEL_PT)
    panel.set_ylabel(y_label, fontsize=LABEL_PT)
    panel.legend(fontsize=SMALL_PT, frameon=False)
    panel.margins(x=0)
    style_ticks(panel)
