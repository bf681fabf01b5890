"""The absorbing element and its edge as physical features, so that a model can answer for elements without training."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.element_physics import ELEMENT_PHYSICS, element_physics, shells
from xsearch.elements import EDGES, SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.preprocess.edge import core_hole_width
from xsearch.spectra.edges import tabulated_edge

ABSORBER_FEATURES = 8 + len(EDGES)
EDGE_COLUMNS = slice(8, ABSORBER_FEATURES)
"""Of the features: which edge it is, one hot."""
SITE_CONTEXT = ABSORBER_FEATURES + ELEMENT_PHYSICS
Z_SCALE = 50.0
"""Brings atomic numbers to about one, for networks."""


@lru_cache(maxsize=1024)
def absorber_features(z: int, edge: str = "K") -> NDArray[np.float32]:
    """(15,) features: atomic number, period, place in the period, outer electrons of each block, edge energy and width.

    Values are scaled to about one. An edge that is not tabulated gives zeros for energy and width.
    """
    period, place, s, p, d, f = shells(z)
    symbol = SYMBOLS[z - 1]
    try:
        energy = np.log(tabulated_edge(symbol, edge).energy_eV / 7000)
        width = np.log(max(core_hole_width(symbol, edge), 0.05))
    except SpectrumError:
        energy = width = 0.0
    one_hot = [float(edge == e) for e in EDGES]
    return np.array([z / Z_SCALE, period, place, s, p, d, f + energy, width, *one_hot], np.float32)


@lru_cache(maxsize=1024)
def site_context(z: int, edge: str = "K") -> NDArray[np.float32]:
    """(28,) `absorber_features` and the element's own physics: what site models know of an absorber and its edge."""
    return np.concatenate([absorber_features(z, edge), element_physics()[z - 1]])
