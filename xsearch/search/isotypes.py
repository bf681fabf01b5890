"""The symmetry of a crystal that the index does not hold, from its isotypes, the network and the lines.

Compounds of one structure type have cells of many sizes. On the log-q axis they give nearly the same pattern, shifted;
so every row is tried at shifts far beyond any strain, and the best are matched from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.powder import NetPattern
from xsearch.search.match import match
from xsearch.search.nearest_neighbours import network_logits
from xsearch.search.rank import lines_evidence
from xsearch.search.recall import shift_correlations
from xsearch.search.selection import Selection
from xsearch.search.symmetry import product, symmetry_posterior, within_systems
from xsearch.search.symmetry_evidence import all_signs, isotype_evidence, pattern_signs, probabilities

SHIFTS = np.arange(-0.12, 0.1201, 0.01)
"""ln(measured / database) of every length that is tried."""

MATCHED = 150

HALF_COST, HALF_SHIFT = 0.004, 0.03
"""A shift costs HALF_COST · ln(1 + (shift / HALF_SHIFT)²) of its correlation: near sizes are a little likelier."""


def isotypes(selected: Selection, pattern: NetPattern) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows that may be of the pattern's structure type, and the evidence for each.

    Args:
        selected: the rows to choose from.
        pattern: the net pattern.

    Returns:
        rows (k,) and their evidence (k,), natural logarithms up to a constant. A shift costs next to nothing.
    """
    index, rows = selected.index, selected.rows
    correlation = shift_correlations(selected.profiles, pattern, SHIFTS)
    correlation -= (HALF_COST * np.log1p((SHIFTS / HALF_SHIFT) ** 2)).astype(np.float32)
    best = correlation.argmax(axis=1)
    score = correlation[np.arange(len(rows)), best]
    kept = np.argsort(-score, kind="stable")[:MATCHED]
    kept = kept[np.isfinite(score[kept])]
    matches = match(index, pattern, rows[kept], selected.threads, expected=SHIFTS[best[kept]])
    evidence = matches.evidence + lines_evidence(index, rows[kept])
    return rows[kept], evidence


def symmetry_of_isotypes(selected: Selection, pattern: NetPattern) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities of systems (7,) and groups (230,) by its isotypes and, with its weights, the network.

    The network's reading is weighed together with the cells that the lines allow; groups share what their system has.
    """
    columns = selected.index.columns
    rows, evidence = isotypes(selected, pattern)
    said = symmetry_posterior(columns, rows, evidence)
    logits = network_logits(pattern)
    if logits is None:
        return said
    signs = all_signs(isotype_evidence(columns.crystal_system[rows], evidence), logits[0], pattern_signs(pattern))
    systems = probabilities(signs)
    return systems, within_systems(product(said[1], logits[1]), systems)
