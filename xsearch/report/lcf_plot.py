"""The picture of a linear combination fit: the edge, the fit, each component as weighted, and the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsearch.report.plot_style import COLOURS, INK, LABEL_PT, PALE, SMALL_PT, WIDTH_IN, style_ticks, title_edge
from xsearch.report.typeset import formula_mathtext, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xsearch.answers.lcf import LcfResult

HEIGHT_IN = 4.4
"""Of the figure, in inches."""

LONGEST_NAME = 24
"""Characters of a compound's name that fit into the legend."""


def lcf_figure(result: LcfResult) -> Figure:
    """One panel; only the edge where there is no compound."""
    from matplotlib.figure import Figure

    (spectrum,) = result.spectra
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
    panel = figure.subplots()
    title_edge(panel, spectrum)
    panel.set_xlabel("energy (eV)", fontsize=LABEL_PT)
    panel.set_ylabel("normalised absorption", fontsize=LABEL_PT)
    style_ticks(panel)
    if not result.hits:
        panel.plot(spectrum.energy_eV, spectrum.mu, color=INK, linewidth=0.9)
        return figure
    best = result.best
    energy = best.energy_eV
    panel.plot(energy, best.measured, color=INK, linewidth=0, marker=".", markersize=2.5, label="measured")
    panel.plot(energy, best.mu, color=COLOURS[0], linewidth=1.2, label=f"fit, R {best.r_factor:.2g}")
    for one, colour in zip(best.components, COLOURS[1:] * len(best.components), strict=False):
        hit = one.hit
        name = f" {shortened(hit.name, LONGEST_NAME)}" if hit.name else ""
        label = f"{100 * one.fraction:.0f} ± {100 * one.fraction_error:.0f} %  {formula_mathtext(hit.formula)}{name}"
        panel.plot(energy, hit.near_edges[0].mu, color=colour, linewidth=0.9, label=label)
    difference = best.measured - best.mu
    zero = -0.08 - float(max(difference.max(), 0.0))
    panel.axhline(zero, color=PALE, linewidth=0.4)
    panel.plot(energy, difference + zero, color=PALE, linewidth=0.7, label="difference")
    figure.legend(loc="outside lower center", ncols=3, fontsize=SMALL_PT, frameon=False, handlelength=1.4)
    panel.set_xlim(energy[0], energy[-1])
    return figure
