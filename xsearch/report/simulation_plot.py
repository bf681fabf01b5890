"""The picture of a calculated pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.pattern_plot import format_axes
from xsearch.report.plot_style import COLOURS, INK, LABEL_PT, WIDTH_IN
from xsearch.report.typeset import formula_mathtext, hkl_mathtext, symbol_mathtext
from xsearch.simulate.crystal_pattern import SimulatedPattern

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT_IN = 3.2
"""Of the figure, in inches."""

LABELLED = 25
"""How many of the strongest lines may carry their indices."""

APART = 0.016
"""Share of the axis that a label takes."""


def simulation_figure(simulated: SimulatedPattern) -> Figure:
    """The profile with tick marks, and the indices of the strongest lines where there is room."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
    panel = figure.subplots()
    pattern = simulated.pattern
    lines = simulated.lines()
    panel.fill_between(pattern.two_theta_deg, pattern.intensity, color=COLOURS[0], alpha=0.12, linewidth=0)
    panel.plot(pattern.two_theta_deg, pattern.intensity, color=COLOURS[0], linewidth=0.9)
    panel.vlines([line["two_theta_deg"] for line in lines], -7, -3, color=INK, linewidth=0.6)
    label_lines(panel, simulated)
    format_axes([panel], pattern)
    panel.set_title("", loc="left")
    panel.set_ylim(-10, 128)
    panel.set_ylabel("intensity (arb. units)", fontsize=LABEL_PT)
    a, b, c, alpha, beta, gamma = simulated.reflections.cell
    symbol = symbol_mathtext(space_group_symbol(simulated.space_group))
    name = "" if simulated.name == simulated.formula else f" {simulated.name}"
    place = ("axes fraction", "offset points")
    panel.annotate(
        f"{formula_mathtext(simulated.formula)}{name},  {symbol}",
        (1, 1),
        (-6, -5),
        *place,
        va="top",
        ha="right",
        size=9,
    )
    panel.annotate(
        f"{a:.4f}, {b:.4f}, {c:.4f} Å;  {alpha:.2f}, {beta:.2f}, {gamma:.2f}°",
        (1, 1),
        (-6, -18),
        *place,
        va="top",
        ha="right",
        size=7.5,
    )
    return figure


def label_lines(panel: Axes, simulated: SimulatedPattern) -> None:
    """Indices upright over the strongest lines; a label that would touch a stronger line's is left out."""
    x = simulated.pattern.two_theta_deg
    room = APART * (x[-1] - x[0])
    taken: list[float] = []
    for line in sorted(simulated.lines(), key=lambda line: -line["intensity"])[:LABELLED]:
        angle = line["two_theta_deg"]
        if any(abs(angle - other) < room for other in taken):
            continue
        taken.append(angle)
        height = float(np.interp(angle, x, simulated.pattern.intensity))
        panel.annotate(
            hkl_mathtext(line["hkl"]),
            (angle, height),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            rotation=90,
            fontsize=7,
            color=INK,
        )
