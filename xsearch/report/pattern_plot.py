"""The picture of an answer: the measured pattern over its best hits, with their lines and the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.answers.hit import Hit
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.preprocess.powder import background_under
from xsearch.report.overlay import Overlay, overlay
from xsearch.report.plot_style import COLOURS, INK, LABEL_PT, PALE, SMALL_PT, WIDTH_IN, annotate, style_ticks
from xsearch.report.typeset import formula_mathtext, shortened, signed, symbol_mathtext
from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xsearch.answers.result import SearchResult

FIRST_IN, NEXT_IN, MARGIN_IN = 3.0, 1.7, 1.0
"""Heights: the best hit gets the room that a Rietveld plot has, the others a strip."""

TEXT_IN = 0.42
"""Room for two lines of text above the strongest line of a panel."""

ROUND_D_A = (50, 20, 15, 10, 8, 6, 5, 4, 3.5, 3, 2.5, 2.2, 2, 1.8, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 1, 0.9, 0.8, 0.7, 0.6)
"""Where the scale of d has ticks, where there is room."""


def search_figure(result: SearchResult, top: int = 3, linear: bool = False) -> Figure:
    """A panel a hit, the best one tallest; only the pattern where there is no hit.

    Args:
        result: the answer of a search.
        top: how many hits to show.
        linear: intensities as they are; otherwise their square roots, in which counting noise is even and weak lines
            can be seen beside strong ones.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    hits = result.hits[: max(1, top)]
    pattern = result.powder
    heights = [FIRST_IN, *[NEXT_IN] * max(0, len(hits) - 1)]
    layout = ConstrainedLayoutEngine(h_pad=0.03, hspace=0.0)
    figure = Figure(figsize=(WIDTH_IN, sum(heights) + MARGIN_IN), layout=layout)
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    background = background_under(pattern)
    for panel, hit, colour, height_in in zip(panels, hits, COLOURS * len(hits), heights, strict=False):
        drawn = overlay(hit, pattern, background)
        draw_hit(panel, pattern, drawn if linear else drawn.compressed(), colour, headroom=TEXT_IN / height_in)
        annotate(panel, hit_title(hit), hit_facts(hit), colour)
    if not hits:
        panels[0].plot(pattern.two_theta_deg, pattern.intensity, color=INK, linewidth=0.6, label="measured")
    spacing = {"handlelength": 1.4, "columnspacing": 1.2, "borderaxespad": 0.3}
    panels[0].legend(loc="upper right", ncols=4, fontsize=SMALL_PT, frameon=False, **spacing)
    format_axes(panels, pattern)
    panels[0].set_ylabel(f"{'' if linear or not hits else '√ '}intensity (arb. units)", fontsize=LABEL_PT)
    return figure


def draw_hit(panel: Axes, pattern: PowderPattern, drawn: Overlay, colour: str, headroom: float) -> None:
    """Measured and calculated lines, tick marks, and the difference below them.

    Args:
        panel: where to draw.
        pattern: gives the angles.
        drawn: the numbers.
        colour: of the hit.
        headroom: share of the panel's height to leave free above.
    """
    x = pattern.two_theta_deg
    top = float(max(drawn.measured.max(), drawn.calculated.max()))
    low = float(min(drawn.measured.min(), drawn.calculated.min()))
    span = top - low
    tick_top, tick_bottom = low - 0.04 * span, low - 0.09 * span
    difference = drawn.difference
    zero = tick_bottom - 0.05 * span - max(float(difference.max()), 0.0)
    bottom = zero + min(float(difference.min()), 0.0) - 0.05 * span
    panel.plot(x, drawn.measured, color=INK, linewidth=0.7, label="measured")
    panel.plot(x, drawn.calculated, color=colour, linewidth=0.8, label="calculated")
    panel.plot(x, drawn.background, color=PALE, linewidth=0.8, linestyle="--", label="background")
    panel.vlines(drawn.ticks_deg, tick_bottom, tick_top, color=colour, linewidth=0.6)
    panel.axhline(zero, color=PALE, linewidth=0.4)
    panel.plot(x, difference + zero, color=PALE, linewidth=0.6, label="difference")
    panel.set_ylim(bottom, bottom + (top - bottom) / (1 - headroom))


def format_axes(panels: Any, pattern: PowderPattern) -> None:
    """Axes, their labels, and a scale of d over the first panel."""
    for panel in panels:
        panel.set_yticks([])
        style_ticks(panel)
        for spine in panel.spines.values():
            spine.set_linewidth(0.6)
        panel.set_xlim(pattern.two_theta_deg[0], pattern.two_theta_deg[-1])
    panels[-1].set_xlabel(f"2θ (°),  λ = {pattern.wavelength_A:.5g} Å", fontsize=LABEL_PT)
    angles, labels = d_scale(pattern)
    upper = panels[0].secondary_xaxis("top")
    upper.set_xticks(angles, labels)
    upper.tick_params(direction="in", labelsize=7, width=0.6, colors=PALE, pad=1.5)
    panels[0].set_title("d (Å)", loc="right", fontsize=7, color=PALE, pad=5)
    panels[0].set_title(pattern.source, loc="left", fontsize=LABEL_PT, color=INK, pad=5)


def d_scale(pattern: PowderPattern, apart: float = 0.045) -> tuple[list[float], list[str]]:
    """Angles and labels of round d values, none closer to the last than a share of the axis."""
    first, last = pattern.two_theta_deg[[0, -1]]
    angles: list[float] = []
    labels: list[str] = []
    for d in ROUND_D_A:
        sine = pattern.wavelength_A / (2 * d)
        angle = 2 * np.degrees(np.arcsin(sine)) if sine < 1 else np.inf
        if first < angle < last and (not angles or angle - angles[-1] > apart * (last - first)):
            angles.append(float(angle))
            labels.append(f"{d:g}")
    return angles, labels


def hit_title(hit: Hit) -> str:
    """Rank, formula, name, space group and id."""
    number = hit.material.space_group
    parts = [formula_mathtext(hit.formula) + (f" {shortened(hit.name, 28)}" if hit.name else "")]
    if number:
        parts.append(symbol_mathtext(space_group_symbol(number)))
    parts.append(hit.material_id)
    return f"{hit.rank}  " + ",  ".join(parts)


def hit_facts(hit: Hit) -> str:
    """Score, strain, zero shift and what is unexplained."""
    fit = hit.fitted
    return (
        f"score {hit.score:.2f}    strain {signed(100 * fit.strain, 2)} %    zero shift "
        f"{signed(fit.zero_shift_deg, 3)}°    unexplained {100 * fit.unexplained:.0f} %"
    ).replace("-", "\N{MINUS SIGN}")
