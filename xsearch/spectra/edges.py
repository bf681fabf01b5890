"""Which element and edge an absorption spectrum shows, from its energy range and its steepest rise."""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import SpectrumError
from xsearch.spectra.rise import largest_step

MAIN_EDGES = ("K", "L3")
"""Edges that are measured often."""
SELDOM_MEASURED = frozenset("Tc Xe Kr Ne Ar He Pm Po At Rn Fr Ra Ac Pa Np Pu Am Cm Bk Cf".split())
_BELOW_EV, _ABOVE_EV = 12.0, 22.0
"""How far the steepest rise may lie below and above its tabulated edge; set by hand, oxidation moves edges up."""
_MISCALIBRATED_EV = 60.0
"""Energy scales that are off by more are not recognised; set by hand."""
_STEP_EV = 10.0
"""From the middle of the largest step, where the steepest rise is sought; set by hand."""
_LEAST_RANGE_EV = 30.0
"""Of a scan that has a step; the steepest rise of a shorter one is that of its points. Set by hand."""
_SMOOTHING_EV = 3.0
"""Of the curve whose steepest point is the rise; set by hand."""
_GRID_EV = 0.5
"""Of the search for the rise; set by hand."""
_RANGE_SLACK_EV = 40.0
"""By which a given edge may lie outside the scan; set by hand."""

IN_SOLIDS_eV = {("N", "K"): 401.6, ("O", "K"): 532.0, ("F", "K"): 685.4}
"""Edges whose tabulated energies are those of gases, 8 to 12 eV above those of solids (Bearden and Burr, Rev. Mod.
Phys. 39 (1967) 125)."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An absorption edge of an element.

    Attributes:
        absorber: the element's symbol.
        edge: its shell, one of `EDGES`.
        energy_eV: the tabulated energy of the free element.
    """

    absorber: str
    edge: str
    energy_eV: float

    def __str__(self) -> str:
        return f"{self.absorber} {self.edge} ({self.energy_eV:.0f} eV)"


@cache
def tabulated_edges() -> tuple[Edge, ...]:
    """All edges that can be measured, by energy.

    Source: Elam, Ravel and Sieber (2002), as XrayDB tabulates them, and `IN_SOLIDS_eV`.
    """
    import xraydb  # a second to import; powder patterns do without it

    edges = [
        Edge(symbol, name, IN_SOLIDS_eV.get((symbol, name), float(edge.energy)))
        for symbol in ATOMIC_NUMBERS
        for name, edge in xraydb.xray_edges(symbol).items()
        if name in EDGES
    ]
    return tuple(sorted(edges, key=lambda edge: (edge.energy_eV, edge.absorber, edge.edge)))


def tabulated_edge(absorber: str, edge: str) -> Edge:
    """One tabulated edge; `L2,3` is found at L3.

    Raises:
        SpectrumError: where the element has no such edge in the table.
    """
    for found in tabulated_edges():
        if found.absorber == absorber and found.edge == ("L3" if edge == "L2,3" else edge):
            return Edge(absorber, edge, found.energy_eV)
    known = ", ".join(found.edge for found in tabulated_edges() if found.absorber == absorber)
    raise SpectrumError(f"{absorber} has no tabulated {edge} edge; tabulated are {known or 'none'}.")


def edges_of(absorber: str | None) -> tuple[float, ...]:
    """The energies of an element's edges in eV; none where it is not known which."""
    return tuple(found.energy_eV for found in tabulated_edges() if found.absorber == absorber)


def identify_edge(
    energy_eV: NDArray[np.float64],
    mu: NDArray[np.float64],
    name: str,
    absorber: str | None = None,
    edge: str | None = None,
) -> tuple[Edge, tuple[str, ...]]:
    """The edge that a spectrum shows.

    A given absorber and edge are taken where the spectrum covers them. The rest comes from the tabulated edges near
    the steepest rise: from 12 eV above it to 22 eV below it, since oxidation moves an edge up. K and L3 edges of
    elements that are often measured take precedence. Where several remain, the file's name may decide.

    Args:
        energy_eV: (n,) ascending.
        mu: (n,) absorption.
        name: the file's name.
        absorber: the element, where it is known.
        edge: the edge, where it is known.

    Returns:
        The edge, and notes on how it was found.

    Raises:
        SpectrumError: where none fits, or several do; the message lists the choices.
    """
    low, high = float(energy_eV[0]), float(energy_eV[-1])
    if absorber is not None and edge is not None:
        known = tabulated_edge(absorber, edge)
        if not low - _RANGE_SLACK_EV <= known.energy_eV <= high + _RANGE_SLACK_EV:
            raise SpectrumError(
                f"{name}: the {known} edge is outside the measured energies, {low:.0f} to {high:.0f} eV; check the "
                "absorber, the edge and the energy unit."
            )
        return known, ()
    rise_eV = steepest_rise_eV(energy_eV, mu)
    pool = [found for found in tabulated_edges() if absorber in (None, found.absorber) and edge in (None, found.edge)]
    covered = [found for found in pool if low < found.energy_eV < high] if absorber else []
    near = covered if len(covered) == 1 else _near(pool, rise_eV)
    if not near:
        wanted = "".join(f"{word} " for word in (absorber, edge) if word)
        raise SpectrumError(
            f"{name}: no tabulated {wanted}edge lies near the steepest rise at {rise_eV:.0f} eV (energies run from "
            f"{low:.0f} to {high:.0f} eV); give the absorber and edge, such as Fe and K, and check that the energies "
            "are absolute."
        )
    named = [found for found in near if len(near) > 1 and _in_name(found.absorber, name)]
    if len(near) > 1 and len(named) != 1:
        choices = ", ".join(str(found) for found in near)
        raise SpectrumError(
            f"{name}: the steepest rise at {rise_eV:.0f} eV can be {choices}; give the absorber and edge, such as "
            f"{near[0].absorber} and {near[0].edge}."
        )
    found = named[0] if named else near[0]
    others = f", and the file's name, against {', '.join(str(e) for e in near if e != found)}" if named else ""
    return found, (f"Absorber and edge {found} found from the steepest rise at {rise_eV:.1f} eV{others}.",)


def steepest_rise_eV(energy_eV: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    """Where the absorption, smoothed over 3 eV, rises most steeply: a first estimate of E0, good to some eV.

    It is sought at the largest step where points lie densest, so that glitches, noise and a second element's edge far
    above do not count.
    """
    if energy_eV[-1] - energy_eV[0] < _LEAST_RANGE_EV:
        return float(energy_eV[np.argmax(np.gradient(mu, energy_eV))])
    grid, _, best = largest_step(energy_eV, mu)
    near = np.arange(
        max(energy_eV[0] + _SMOOTHING_EV, grid[best] - _STEP_EV),
        min(energy_eV[-1] - _SMOOTHING_EV, grid[best] + _STEP_EV),
        _GRID_EV,
    )
    width = int(_SMOOTHING_EV / _GRID_EV) | 1
    values = np.interp(np.append(near, near[-1] + _GRID_EV * np.arange(1, width)) - _SMOOTHING_EV / 2, energy_eV, mu)
    smooth = np.convolve(values, np.ones(width) / width, mode="valid")
    return float(near[np.argmax(np.gradient(smooth))])


def _near(pool: list[Edge], rise_eV: float) -> list[Edge]:
    """Edges that could be the steepest rise, the often measured first; off by up to 60 eV where none is nearer."""
    scale = 1.0 if rise_eV > 1500 else 0.6
    near = [e for e in pool if -_BELOW_EV * scale <= rise_eV - e.energy_eV <= _ABOVE_EV * scale]
    usual = [e for e in near if e.edge in MAIN_EDGES and e.absorber not in SELDOM_MEASURED]
    if near or rise_eV < 1500:
        return usual or near
    return [
        e
        for e in pool
        if abs(rise_eV - e.energy_eV) <= _MISCALIBRATED_EV
        and e.edge in MAIN_EDGES
        and e.absorber not in SELDOM_MEASURED
    ]


def _in_name(symbol: str, name: str) -> bool:
    return re.search(rf"(?<![A-Za-z]){symbol}(?![a-z])|(?<=[a-z0-9]){symbol}(?![a-z])", name) is not None
