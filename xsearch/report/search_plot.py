"""The picture of an answer: the powder pattern, the edges, or both beside each other, over the best hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xsearch.answers.edge_match import ExafsMatch
from xsearch.answers.lcf import LcfResult
from xsearch.options import Range
from xsearch.preprocess.powder import background_under
from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_eV
from xsearch.report.lcf_plot import lcf_figure
from xsearch.report.overlay import overlay
from xsearch.report.pattern_plot import TEXT_IN, draw_hit, format_axes, hit_facts, hit_title, search_figure
from xsearch.report.plot_style import (
    COLOURS,
    INK,
    LABEL_PT,
    PALE,
    SMALL_PT,
    WIDTH_IN,
    annotate,
    style_ticks,
    title_edge,
)
from xsearch.report.typeset import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xsearch.answers.hit import Hit
    from xsearch.answers.result import SearchResult

ROW_IN, BASE_IN = 2.3, 0.7
"""Heights of a row, and of the axis below the last."""

LONGEST_MAKER = 24
"""Characters of a code's or beamline's name that fit beside its panel."""

PATTERN_SHARE = 2.2
"""How much wider the panel of a pattern is than that of an edge."""


def result_figure(result: SearchResult, top: int = 3) -> Figure:
    """A row a hit, with panels of the pattern and of each edge; of a linear combination fit one panel."""
    if isinstance(result, LcfResult):
        return lcf_figure(result)
    return search_figure(result, top) if not result.spectra else spectra_figure(result, top)


def spectra_figure(result: SearchResult, top: int = 3) -> Figure:
    """Edges, and a pattern where there is one, over the best hits; one row where there is no hit."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    hits = result.hits[: max(1, top)]
    rows = max(1, len(hits))
    extended = list(dict.fromkeys(m.edge for hit in hits for m in hit.edges if isinstance(m, ExafsMatch)))
    near = result.spectra if result.options.get("range") != Range.EXAFS.value or not extended else ()
    edges = len(near) + len(extended)
    widths = [*([PATTERN_SHARE] if result.pattern is not None else []), *[1.0] * edges]
    figure = Figure(figsize=(WIDTH_IN, ROW_IN * rows + BASE_IN), layout=ConstrainedLayoutEngine(h_pad=0.03, hspace=0.0))
    panels = figure.subplots(rows, len(widths), sharex="col", squeeze=False, width_ratios=widths)
    if result.pattern is not None:
        background = background_under(result.pattern)
        for panel, hit, colour in zip(panels[:, 0], hits, COLOURS * rows, strict=False):
            draw_hit(
                panel, result.pattern, overlay(hit, result.pattern, background).compressed(), colour, TEXT_IN / ROW_IN
            )
            annotate(panel, hit_title(hit), hit_facts(hit), colour)
        format_axes(panels[:, 0], result.pattern)
    columns = iter(panels[:, -edges:].T)
    for spectrum in near:
        column = next(columns)
        for number, panel in enumerate(column):
            shown = hits[number] if number < len(hits) else None
            _draw_edge(panel, spectrum, shown, COLOURS[number % len(COLOURS)], titled=result.pattern is None)
        title_edge(column[0], spectrum)
        column[-1].set_xlabel("energy (eV)", fontsize=LABEL_PT)
    for name in extended:
        column = next(columns)
        for number, (panel, hit) in enumerate(zip(column, hits, strict=False)):
            draw_exafs(panel, name, hit, COLOURS[number % len(COLOURS)], titled=not near and result.pattern is None)
        column[0].set_title(f"{name}  k²χ(k)", loc="left", fontsize=LABEL_PT, color=INK)
        column[-1].set_xlabel("k (1/Å)", fontsize=LABEL_PT)
    panels[0, -1].legend(loc="lower right", fontsize=SMALL_PT, frameon=False, handlelength=1.4)
    return figure


def draw_exafs(panel: Axes, name: str, hit: Hit, colour: str, titled: bool) -> None:
    """The measured k²χ(k), and the hit's library spectrum damped and scaled to it."""
    panel.set_yticks([])
    style_ticks(panel)
    match = next((m for m in hit.edges if isinstance(m, ExafsMatch) and m.edge == name), None)
    facts = "no EXAFS in the index"
    if match is not None:
        panel.plot(match.k_invA, match.measured_k2_chi, color=INK, linewidth=0.9, label="measured")
        panel.plot(match.k_invA, match.k2_chi, color=colour, linewidth=0.9, label="library")
        low, high = float(match.measured_k2_chi.min()), float(match.measured_k2_chi.max())
        panel.set_ylim(low - 0.1 * (high - low), high + 0.45 * (high - low))
        facts = f"{match.kind}, r {match.correlation:.3f}, shift {signed(match.shift_eV, 1)} eV"
    annotate(panel, hit_title(hit) if titled else "", f"score {hit.score:.2f}, {facts}" if titled else facts, colour)


def _draw_edge(panel: Axes, spectrum: NormalizedXanes, hit: Hit | None, colour: str, titled: bool) -> None:
    """The measured edge, the hit's library spectrum shifted and broadened to it, and the difference."""
    first, last = (spectrum.centre_eV + end for end in WINDOW_eV)
    shown = (spectrum.energy_eV >= first) & (spectrum.energy_eV <= last)
    energy, mu = spectrum.energy_eV[shown], spectrum.mu[shown]
    panel.plot(energy, mu, color=INK, linewidth=0.9, label="measured")
    low, high = float(mu.min()), float(mu.max())
    match = next((m for m in hit.near_edges if m.edge == f"{spectrum.absorber} {spectrum.edge}"), None) if hit else None
    if match is not None:
        panel.plot(match.energy_eV, match.mu, color=colour, linewidth=0.9, label="library")
        difference = np.interp(match.energy_eV, energy, mu) - match.mu
        zero = low - 0.1 - float(difference.max(initial=0.0))
        panel.axhline(zero, color=PALE, linewidth=0.4)
        panel.plot(match.energy_eV, zero + difference, color=PALE, linewidth=0.6, label="difference")
        low, high = zero + min(0.0, float(difference.min(initial=0.0))), max(high, float(match.mu.max(initial=0.0)))
    span = high - low
    panel.set_ylim(low - 0.05 * span, high + (0.32 if hit else 0.05) * span)
    panel.set_xlim(first, last)
    panel.set_yticks([])
    style_ticks(panel)
    if hit:
        facts = "no spectrum of this edge in the index"
        if match is not None:
            maker = match.maker if len(match.maker) < LONGEST_MAKER else match.kind
            facts = f"{maker}\nr {match.correlation:.3f}, shift {signed(match.shift_eV, 1)} eV"
        annotate(
            panel, hit_title(hit) if titled else "", f"score {hit.score:.2f}, {facts}" if titled else facts, colour
        )
