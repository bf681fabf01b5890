"""The crystal system of a compound that no index holds, from four kinds of evidence weighed together.

These are the crystal systems of isotypes, the logits of the network for the whole pattern, the cells that index the
lines, and those of thorough indexing. The weights of the first three in `symmetry_evidence.json` are those of a
multinomial logistic regression, fitted by `python -m xsearch.training.symmetry` on formulas that neither the network
nor the index had seen (with the logits of PowderNet); the last has an exponent of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import (
    CRYSTAL_SYSTEMS,
    CUBIC,
    HEXAGONAL,
    MONOCLINIC,
    ORTHORHOMBIC,
    TETRAGONAL,
    TRICLINIC,
    TRIGONAL,
)
from xsearch.indexing import kernels
from xsearch.indexing.search import Trial, trials_of
from xsearch.indexing.thorough import RankedCell
from xsearch.indexing.thorough import probabilities as cell_probabilities
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.powder import NetPattern
from xsearch.search.settings import SymmetrySettings

WEIGHTS_FILE = WEIGHTS_FOLDER / "symmetry_evidence.json"

ISOTYPE_TEMPERATURES = (1.0, 3.0)
"""The evidence of an isotype is divided by these: the best alone, or many. The weights are fitted with
them."""

LEAST_ISOTYPE_SHARE, LEAST_ISOTYPE_EVIDENCE = 0.003, -5.0
"""Of a crystal system that no isotype has; the weights are fitted with them."""

LATTICES = (
    TRICLINIC,
    MONOCLINIC,
    ORTHORHOMBIC,
    TETRAGONAL,
    HEXAGONAL,
    CUBIC,
)
"""Those of the cells; rhombohedral ones are hexagonal."""

Array = NDArray[np.float64]


def lattice_features(pattern: NetPattern) -> Array:
    """Features of the lattice from the lines of a pattern, see `cell_features`."""
    lines, trials = trials_of(pattern)
    return cell_features(trials, len(lines.two_theta_deg), pattern.fwhm_deg)


def cell_features(trials: Sequence[Trial], lines: int, fwhm_deg: float) -> Array:
    """(14,) ln(1 + rank) of the best cell of each lattice and of the best rhombohedral one, ln of the volumes of the
    best of the last five lattices, ln of the number of lines, and the lines' width.

    Args:
        trials: cells that explain the lines.
        lines: how many there are in all.
        fwhm_deg: how wide they are.
    """
    ranks, volumes = np.zeros(len(LATTICES) + 1), np.zeros(len(LATTICES))
    for trial in trials:
        place = LATTICES.index(trial.lattice)
        if trial.rank > ranks[place]:
            ranks[place], volumes[place] = trial.rank, trial.volume_A3
        if trial.centring == kernels.R:
            ranks[-1] = max(ranks[-1], trial.rank)
    return np.concatenate([np.log1p(ranks), np.log1p(volumes[1:]), [np.log1p(lines), fwhm_deg]])


def isotype_evidence(systems: NDArray[np.integer], evidence: Array) -> Array:
    """(21,) features of isotypes: logarithmic shares of the systems at two temperatures, and the best of each system.

    Args:
        systems: (k,) codes of their systems.
        evidence: (k,) natural logarithms up to a constant.
    """
    of_system = systems[None] == np.arange(len(CRYSTAL_SYSTEMS))[:, None]
    parts = []
    for temperature in ISOTYPE_TEMPERATURES:
        weight = np.exp((evidence - evidence.max(initial=-np.inf)) / temperature)
        share = (of_system * weight).sum(axis=1)
        parts.append(np.log(share / max(share.sum(), 1e-300) + LEAST_ISOTYPE_SHARE))
    best = np.where(of_system, evidence, LEAST_ISOTYPE_EVIDENCE).max(axis=1, initial=LEAST_ISOTYPE_EVIDENCE)
    return np.concatenate([*parts, best])


def all_features(of_isotypes: Array, logits: Array, lines: Array) -> Array:
    """(42,) all features; logits (7,) of the network count against their mean."""
    return np.concatenate([of_isotypes, logits - logits.mean(), lines])


def system_shares(ranked: Sequence[RankedCell], settings: SymmetrySettings) -> Array:
    """(7,) probability of each crystal system by the cells of a pattern; less than 1 together.

    A crystal seldom has a lower symmetry than its lattice; a primitive hexagonal one may be trigonal.
    """
    found = np.zeros(len(CRYSTAL_SYSTEMS))
    for cell, share in zip(ranked, cell_probabilities(ranked).tolist(), strict=True):
        if cell.centring == kernels.R:
            found[TRIGONAL] += share
        elif cell.lattice == HEXAGONAL:
            found[HEXAGONAL] += share * settings.hexagonal_share
            found[TRIGONAL] += share * (1 - settings.hexagonal_share)
        else:
            found[cell.lattice] += share
    return found


def with_cells(systems: Array, of_cells: Array, settings: SymmetrySettings) -> Array:
    """(7,) probabilities (7,) by the other evidence and those by the cells (7,), weighed together."""
    log_odds = settings.answer_weight * np.log(np.maximum(systems, 1e-3))
    log_odds += settings.cells_weight * np.log(of_cells + settings.least_of_cells)
    out = np.exp(log_odds - log_odds.max())
    return np.asarray(out / out.sum())


def probabilities(features: Array) -> Array:
    """(7,) probability of each crystal system."""
    mean, scale, weights, bias = _weights()
    logits = weights @ ((features - mean) / scale) + bias
    out = np.exp(logits - logits.max())
    return np.asarray(out / out.sum())


@cache
def _weights() -> tuple[Array, Array, Array, Array]:
    stored = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return (
        np.array(stored["mean"]),
        np.array(stored["scale"]),
        np.array([stored["weights"][system] for system in CRYSTAL_SYSTEMS]),
        np.array([stored["bias"][system] for system in CRYSTAL_SYSTEMS]),
    )
