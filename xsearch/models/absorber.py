"""The absorbing element and its edge as physical features, so that a model can answer for elements without training."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import EDGES, SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.preprocess.edge import core_hole_width
from xsearch.spectra.edges import tabulated_edge

NOBLE_GASES = (0, 2, 10, 18, 36, 54, 86, 118)
"""Atomic numbers at which the periods end."""
ABSORBER_FEATURES = 8 + len(EDGES)
Z_SCALE = 50.0
"""Brings atomic numbers to about one, for networks."""


@lru_cache(maxsize=1024)
def absorber_features(z: int, edge: str = "K") -> NDArray[np.float32]:
    """(15,) features: atomic number, period, place in the period, outer electrons of each block, edge energy and width.

    Values are scaled to about one. An edge that is not tabulated gives zeros for energy and width.
    """
    period = next(n for n, noble in enumerate(NOBLE_GASES[1:], start=1) if z <= noble)
    place = z - NOBLE_GASES[period - 1]
    length = NOBLE_GASES[period] - NOBLE_GASES[period - 1]
    s, p = min(place, 2), max(0, place - (length - 6))
    d = min(10, max(0, place - (length - 16))) if length >= 18 else 0
    f = min(14, max(0, place - 2)) if length == 32 else 0
    symbol = SYMBOLS[z - 1]
    try:
        energy = np.log(tabulated_edge(symbol, edge).energy_eV / 7000)
        width = np.log(max(core_hole_width(symbol, edge), 0.05))
    except SpectrumError:
        energy = width = 0.0
    one_hot = [float(edge == e) for e in EDGES]
    return np.array(
        [z / Z_SCALE, period / 7, place / length, s / 2, p / 6, d / 10, f / 14 + energy, width, *one_hot], np.float32
    )
