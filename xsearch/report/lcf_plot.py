"""The picture of a mixture by its edge: the measured edge, the sum, each compound as weighed, and the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsearch.report.pattern_plot import COLOURS, INK, PALE, WIDTH_IN
from xsearch.report.typeset import formula_mathtext, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from xsearch.answers.lcf import LcfResult

HEIGHT_IN = 4.4
LONGEST_NAME = 24


def lcf_figure(result: LcfResult) -> Figure:
    """One panel; only the edge where there is no compound."""
    from matplotlib.figure import Figure

    (spectrum,) = result.spectra
    figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
    panel = figure.subplots()
    panel.set_title(f"{spectrum.absorber} {spectrum.edge}  {spectrum.source}", loc="left", fontsize=8.5, color=INK)
    panel.set_xlabel("energy (eV)", fontsize=8.5)
    panel.set_ylabel("normalised absorption", fontsize=8.5)
    panel.tick_params(direction="in", labelsize=8, width=0.6)
    if not result.hits:
        panel.plot(spectrum.energy_eV, spectrum.mu, color=INK, linewidth=0.9)
        return figure
    best = result.best
    energy = best.energy_eV
    panel.plot(energy, best.measured, color=INK, linewidth=0, marker=".", markersize=2.5, label="measured")
    panel.plot(energy, best.mu, color=COLOURS[0], linewidth=1.2, label=f"sum, R {best.r_factor:.2g}")
    for hit, one, colour in zip(best.hits, best.components, COLOURS[1:] * len(best.hits), strict=False):
        name = f" {shortened(hit.name, LONGEST_NAME)}" if hit.name else ""
        label = f"{100 * one.fraction:.0f} ± {100 * one.fraction_error:.0f} %  {formula_mathtext(hit.formula)}{name}"
        panel.plot(energy, hit.edges[0].mu, color=colour, linewidth=0.9, label=label)
    difference = best.measured - best.mu
    zero = -0.08 - float(max(difference.max(), 0.0))
    panel.axhline(zero, color=PALE, linewidth=0.4)
    panel.plot(energy, difference + zero, color=PALE, linewidth=0.7, label="difference")
    figure.legend(loc="outside lower center", ncols=3, fontsize=7.5, frameon=False, handlelength=1.4)
    panel.set_xlim(energy[0], energy[-1])
    return figure
