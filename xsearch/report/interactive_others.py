"""Answers without hits as an interactive page draws them: indexed cells, a prediction from an edge, a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xsearch.answers import MixtureResult, SearchResult
from xsearch.indexing.cell import IndexedCell, IndexedCells
from xsearch.indexing.kernels import CENTRINGS, is_allowed
from xsearch.preprocess.powder import background_under
from xsearch.preprocess.xanes import WINDOW_GRID_eV
from xsearch.report.cells_table import cells_table
from xsearch.report.interactive import drawn_pattern, edge_record
from xsearch.report.prediction import NAMES, answer_text, prediction_table
from xsearch.report.rich_html import rich_html
from xsearch.report.series_table import series_table
from xsearch.report.typeset import formula_text
from xsearch.simulate.powder import spacings
from xsearch.xas.prediction import EdgePrediction

DRAWN_LINES = 400
"""Lines of a cell that are drawn, those of the largest spacings."""


def cells_record(answer: IndexedCells) -> dict[str, Any]:
    """The pattern with its lines, and where each cell has lines."""
    pattern = answer.pattern
    background = background_under(pattern)
    return {
        "kind": "cells",
        "page": rich_html(cells_table(answer)),
        "mood": "match" if answer.cells and answer.cells[0].is_likely(answer.settings) else "tentative",
        "pattern": drawn_pattern(pattern, background, 100 / float((pattern.intensity - background).max())),
        "lines_deg": answer.two_theta_deg,
        "cells": [cell_lines(cell, pattern.wavelength_A, float(answer.two_theta_deg[-1])) for cell in answer.cells],
    }


def cell_lines(cell: IndexedCell, wavelength_A: float, last_deg: float) -> dict[str, Any]:
    """Angles of a cell's reflections up to some angle, with zero shift and displacement, and their indices."""
    wavelength_A = cell.wavelength_A if np.isfinite(cell.wavelength_A) else wavelength_A
    least_A = wavelength_A / (2 * np.sin(np.radians(last_deg / 2)))
    centring = CENTRINGS.index(cell.centring)
    most = np.minimum(np.ceil(cell.parameters[:3] / least_A).astype(int), 24)
    grid = np.array(
        [
            (h, k, m)
            for h in range(-most[0], most[0] + 1)
            for k in range(-most[1], most[1] + 1)
            for m in range(most[2] + 1)
            if (h, k, m) != (0, 0, 0) and is_allowed(centring, h, k, m)
        ]
    )
    inside = grid[spacings(grid, cell.parameters) >= least_A]
    d_A, first = np.unique(np.round(spacings(inside, cell.parameters), 5), return_index=True)
    hkl = inside[first]
    order = np.argsort(-d_A)[:DRAWN_LINES]
    half = np.arcsin(np.clip(wavelength_A / 2 / d_A[order], 0, 1))
    angles = 2 * np.degrees(half) + cell.zero_shift_deg + cell.displacement_deg * np.cos(half)
    return {"ticks_deg": np.round(angles, 4), "hkl": hkl[order], "tick_heights": np.ones(len(order))}


def site_record(prediction: EdgePrediction) -> dict[str, Any]:
    """The table of what an edge says, and the edge with the energies that carried each answer."""
    tasks = [task for task in NAMES if task in {*prediction.site.classes, *prediction.site.numbers}]
    return {
        "kind": "site",
        "page": rich_html(prediction_table(prediction)),
        "edge": edge_record(prediction.spectrum),
        "attributions": {
            "energy_eV": WINDOW_GRID_eV + prediction.spectrum.centre_eV,
            "of": [
                {"name": NAMES[task], "answer": answer_text(prediction, task), "weights": prediction.attribution(task)}
                for task in tasks
            ],
        },
    }


def scan_record(name: str, answer: SearchResult) -> dict[str, Any]:
    """What one scan of a series gives to the map: each phase with its weight, or the first with its score."""
    if isinstance(answer, MixtureResult) and answer.hits:
        phases = [(one.hit, one.weight_fraction) for one in answer.best.components]
    else:
        phases = [(hit, hit.score) for hit in answer.answer if answer.verdict != "no confident match"]
    return {
        "name": name,
        "verdict": answer.verdict,
        "phases": [
            {"phase": formula_text(hit.formula), "space_group": hit.material.space_group, "value": round(value, 4)}
            for hit, value in phases
        ],
    }


def series_record(answers: Sequence[SearchResult]) -> dict[str, Any]:
    """The table of a series."""
    return {"kind": "series", "page": rich_html(series_table(answers))}
