"""The symmetry of a crystal that the index does not hold, from its isotypes, the network and the lines.

Compounds of one structure type have cells of many sizes. On the log-q axis they give nearly the same pattern, shifted;
so every row is tried at shifts far beyond any strain, and the best are matched from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.indexing.thorough import ranked_cells
from xsearch.preprocess.powder import NetPattern
from xsearch.search.match import match
from xsearch.search.nearest_neighbours import network_logits
from xsearch.search.rank import lines_evidence
from xsearch.search.recall import shift_correlations
from xsearch.search.selection import Selection
from xsearch.search.symmetry import product, symmetry_posterior, within_systems
from xsearch.search.symmetry_evidence import (
    all_features,
    isotype_evidence,
    lattice_features,
    probabilities,
    system_shares,
    with_cells,
)


def isotypes(selected: Selection, pattern: NetPattern) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows that may be of the pattern's structure type, and the evidence for each.

    Args:
        selected: the rows to choose from.
        pattern: the net pattern.

    Returns:
        rows (k,) and their evidence (k,), natural logarithms up to a constant. A shift costs next to nothing.
    """
    index, rows, settings = selected.index, selected.rows, selected.settings
    shifts, numbers = settings.isotypes.shifts, settings.isotypes
    correlation = shift_correlations(selected.profiles, pattern, shifts, settings.recall)
    correlation -= (numbers.shift_cost * np.log1p((shifts / numbers.shift_sigma) ** 2)).astype(np.float32)
    best = correlation.argmax(axis=1)
    score = correlation[np.arange(len(rows)), best]
    kept = np.argsort(-score, kind="stable")[: numbers.rows]
    kept = kept[np.isfinite(score[kept])]
    matches = match(index, pattern, rows[kept], selected.threads, shifts[best[kept]], settings.correlation)
    evidence = matches.evidence + lines_evidence(index, rows[kept], settings.phase_ranking)
    return rows[kept], evidence


def symmetry_of_isotypes(selected: Selection, pattern: NetPattern) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities of systems (7,) and groups (230,) by its isotypes and, with its weights, the network.

    The network's logits are weighed together with the cells that index the lines, and these with the cells of thorough
    indexing; space groups share the probability of their system.
    """
    columns, settings = selected.index.columns, selected.settings.symmetry
    rows, evidence = isotypes(selected, pattern)
    posterior = symmetry_posterior(columns, rows, evidence, settings)
    logits = network_logits(pattern)
    if logits is None:
        return posterior
    features = all_features(
        isotype_evidence(columns.crystal_system[rows], evidence), logits[0], lattice_features(pattern)
    )
    systems = with_cells(probabilities(features), system_shares(ranked_cells(pattern), settings), settings)
    return systems, within_systems(product(posterior[1], logits[1], settings), systems)
