"""How far a computed cell is from a measured one, as its chemistry and its origin let one expect.

Density functionals err systematically: PBE cells of oxides are about 1.3 % too long, layered and hydrogen-bonded ones
more. A linear model on the composition, and on which of the two kinds of computed entries a cell belongs to, halves the
typical error. `python -m xsearch.training.expected_strain` fits it on pairs of computed and measured cells and says how
well it does.
"""

import json
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.material import Material
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.paths import WEIGHTS_FOLDER

MODEL_FILE = WEIGHTS_FOLDER / "expected_strain.json"
"""Intercept and weights of the features."""

LATER_KIND = "coordinates_beyond_six_digits"
"""Property of entries whose coordinates were published with more than six digits: another functional, as it seems."""

FEATURES = (*SYMBOLS, "later kind", "kind unknown", "later kind · O", "later kind · S", "H and O")
"""Atomic fractions, the kind of calculation, its products with two fractions, and whether H and O are both there."""


def strain_features(material: Material) -> NDArray[np.float64]:
    """(len(FEATURES),) atomic fractions, and what is known of the calculation."""
    counts = material.crystal.composition
    total = sum(counts.values())
    fractions = np.zeros(len(SYMBOLS))
    for element, count in counts.items():
        fractions[ATOMIC_NUMBERS[element] - 1] = count / total
    later = 1.0 if material.properties.get(LATER_KIND) else 0.0
    unknown = 0.0 if later or _has_general_coordinates(material.crystal) else 1.0
    oxygen, sulphur = fractions[ATOMIC_NUMBERS["O"] - 1], fractions[ATOMIC_NUMBERS["S"] - 1]
    hydrogen_bonds = float(fractions[0] > 0 and oxygen > 0)
    return np.array([*fractions, later, unknown, later * oxygen, later * sulphur, hydrogen_bonds])


def expected_strain(material: Material) -> float:
    """ln(measured / computed) of the mean cell length that is to be expected of a computed cell."""
    intercept, weights = _model()
    return float(intercept + strain_features(material) @ weights)


def _has_general_coordinates(crystal: Crystal) -> bool:
    """Whether any coordinate is not a multiple of 1/24, so that its digits tell something."""
    parts = crystal.frac_coords * 24
    return bool((np.abs(parts - np.rint(parts)) > 1e-3).any())


@cache
def _model() -> tuple[float, NDArray[np.float64]]:
    stored = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    weights = stored["weights"]
    return stored["intercept"], np.array([weights.get(name, 0.0) for name in FEATURES])
