"""Properties that spectra predict as evidence for candidates: density by the crystal, the others by its formula.

A candidate's gap, metallicity and formation energy are those that SpecFusionNet's composition part gives its formula:
what the spectra say is compared with what the formula makes likely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.density import density_g_cm3

Array = NDArray[np.float64]

DENSITY, METAL = "density_g_cm3", "is_metal"
PROPERTY_LINKS = {
    "density": DENSITY, "gap": "band_gap_eV", "formation_energy": "formation_energy_eV_atom", "metal": METAL,
}  # fmt: skip
"""Kinds of links by the property that each compares."""


def log_agreement(kind: str, crystals: Sequence[Crystal], said: tuple[float, float]) -> Array:
    """(m,) log-probability of crystals by one predicted property, against the peak.

    Args:
        kind: of `PROPERTY_LINKS`.
        crystals: m candidates.
        said: value and uncertainty of a number; of `metal` the probabilities that it is none and that it is one.
    """
    if kind == "density":
        return _laplace(np.array([density_g_cm3(crystal) for crystal in crystals]), said)
    numbers, metal = properties_of_formulas([crystal.composition for crystal in crystals])
    if kind == "metal":
        return np.log(np.maximum(said[0] * (1 - metal) + said[1] * metal, 1e-9))
    value, off = numbers[PROPERTY_LINKS[kind]]
    return _laplace(value, said, off)


def properties_of_formulas(compositions: Sequence[Mapping[str, float]]) -> tuple[dict[str, tuple[Array, Array]], Array]:
    """What formulas make likely of their properties.

    Args:
        compositions: m of them.

    Returns:
        By name of a number, (m,) values and uncertainties; and (m,) probabilities that the compound is a metal.
    """
    import torch

    from xsearch.models.property_composition import composition_features
    from xsearch.models.property_model import shipped_property_model

    network = shipped_property_model().network
    assert network.composition is not None
    keys = [tuple(sorted(one.items())) for one in compositions]
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    features = np.stack([composition_features([], dict(key)) for key in places])
    with torch.inference_mode():
        answers, classes = network.heads.split(network.composition(torch.from_numpy(features))[1])
    rows = [places[key] for key in keys]
    found = {}
    for name, (usual, spread) in network.heads.numbers.items():
        mean, log_scale = answers[name].numpy()[rows].astype(np.float64).T
        found[name] = (mean * spread + usual, spread * np.exp(np.clip(log_scale, -5, 3)))
    return found, classes[METAL].softmax(1).numpy()[rows, 1].astype(np.float64)


def _laplace(found: Array, said: tuple[float, float], off: Array | float = 0.0) -> Array:
    value, own = said
    return -np.abs(found - value) / np.sqrt(own**2 + np.square(off))
