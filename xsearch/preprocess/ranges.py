"""Where the background below an edge and the curve above it are fitted, and which other edges end these ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS
from xsearch.settings import setting
from xsearch.spectra.edges import MAIN_EDGES, SELDOM_MEASURED, Edge, tabulated_edge, tabulated_edges
from xsearch.spectra.rise import largest_step
from xsearch.spectra.xanes import Xanes

BY_HAND = "set by hand on simulated scans (tests/preprocess/test_ranges.py)"


@dataclass(frozen=True, slots=True)
class OtherEdgeSettings:
    """Which other edges in a scan count, and how far from them the ranges stay."""

    least_distance_eV: float = setting(40.0, "eV", f"from E0: nearer, fine structure hides an edge; {BY_HAND}")
    near_eV: tuple[float, float] = setting(
        (-8.0, 25.0), "eV", f"around a tabulated edge, where its step lies; {BY_HAND}"
    )
    around_eV: tuple[float, float] = setting((30.0, 120.0), "eV", f"from an edge, where steps are compared; {BY_HAND}")
    least_step: float = setting(0.08, "edge steps", BY_HAND)
    least_clarity: float = setting(8.0, "standard deviations of the steps around", BY_HAND)
    level_eV: tuple[float, float] = setting((10.0, 40.0), "eV", f"from a step, where its levels are taken; {BY_HAND}")
    least_kept: float = setting(0.25, "of a step", f"by which the level after it is higher; {BY_HAND}")
    clear_below_eV: float = setting(
        30.0, "eV", "below another edge, where a post-edge ends; as Larch and Athena leave free"
    )
    clear_above_eV: float = setting(150.0, "eV", "above another edge, where a pre-edge begins: its fine structure")


OTHER_EDGES = OtherEdgeSettings()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a scan holds around its edge.

    Attributes:
        low_eV, high_eV: ends of the scan, or of the part of it that belongs to the edge.
        notes: which edges end it.
    """

    low_eV: float
    high_eV: float
    notes: tuple[str, ...] = ()


def surroundings(xanes: Xanes, e0_eV: float, settings: OtherEdgeSettings = OTHER_EDGES) -> Surroundings:
    """The part of a scan that belongs to its edge: up to the next edge, of its element or another, on either side."""
    low, high = float(xanes.energy_eV[0]), float(xanes.energy_eV[-1])
    notes = []
    below, above = _other_edges(xanes, e0_eV, settings)
    if below is not None:
        start = min(below.energy_eV + settings.clear_above_eV, (below.energy_eV + e0_eV) / 2)
        notes.append(f"The {below} edge lies below; the pre-edge line is fitted from {start:.0f} eV.")
        low = start
    if above is not None:
        end = above.energy_eV - settings.clear_below_eV
        notes.append(f"The {above} edge lies in the scan too; the post-edge curve is fitted up to {end:.0f} eV.")
        high = end
    return Surroundings(low, high, tuple(notes))


def _other_edges(xanes: Xanes, e0_eV: float, settings: OtherEdgeSettings) -> tuple[Edge | None, Edge | None]:
    """The nearest edges below and above that the spectrum shows; of the absorber itself, those that are tabulated."""
    x, mu = xanes.energy_eV, xanes.mu
    least = settings.least_distance_eV
    lowest = min(e0_eV, tabulated_edge(xanes.absorber, xanes.edge).energy_eV) - least
    inside = [
        edge
        for edge in tabulated_edges()
        if x[0] + least / 2 < edge.energy_eV < x[-1] - settings.clear_below_eV / 3
        and not lowest < edge.energy_eV < e0_eV + least
    ]
    if not inside or x[-1] - x[0] < 2 * least:
        return None, None
    own = [edge for edge in inside if edge.absorber == xanes.absorber and edge.edge != xanes.edge]
    own = [edge for edge in own if edge.edge[0] == xanes.edge[0]]
    others = [
        edge
        for edge in inside
        if edge.edge in MAIN_EDGES and edge.absorber not in SELDOM_MEASURED and edge.absorber != xanes.absorber
    ]
    grid, steps, _ = largest_step(x, mu)
    main = float(np.max(steps[np.abs(grid - e0_eV) < least / 2], initial=0.0))
    shown = [edge for edge in others if _shows(edge, grid, steps, main, x, mu, settings)]
    found = sorted([*own, *shown], key=lambda edge: (edge.energy_eV, -ATOMIC_NUMBERS[edge.absorber]))
    below = [edge for edge in found if edge.energy_eV < e0_eV]
    above = [edge for edge in found if edge.energy_eV > e0_eV]
    return (below[-1] if below else None), (above[0] if above else None)


def _shows(
    edge: Edge,
    grid: NDArray[np.float64],
    steps: NDArray[np.float64],
    main: float,
    x: NDArray[np.float64],
    mu: NDArray[np.float64],
    settings: OtherEdgeSettings,
) -> bool:
    """Whether a spectrum steps up at an edge, clearly against its fine structure, and stays up."""
    distance = grid - edge.energy_eV
    here = (distance > settings.near_eV[0]) & (distance < settings.near_eV[1])
    around = (np.abs(distance) > settings.around_eV[0]) & (np.abs(distance) < settings.around_eV[1])
    if here.sum() < 3 or around.sum() < 10:
        return False
    usual = float(np.median(steps[around]))
    spread = 1.4826 * float(np.median(np.abs(steps[around] - usual)))
    at = int(np.flatnonzero(here)[np.argmax(steps[here])])
    step = float(steps[at]) - usual
    if step < settings.least_step * main or step < settings.least_clarity * spread:
        return False
    near, far = settings.level_eV
    after = mu[(x > grid[at] + near) & (x < grid[at] + far)]
    before = mu[(x < grid[at] - near) & (x > grid[at] - far)]
    drift = usual / 10.0 * (near + far)  # what the background alone changes by between the two levels
    return (
        len(after) > 1
        and len(before) > 1
        and float(np.median(after) - np.median(before)) - drift > settings.least_kept * step
    )
