"""How many spectra the vectors of near edges recall, on formulas held out, beside the correlation of the windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.data.augmentation import Augmentation
from xsearch.data.xanes_sites import Examples
from xsearch.elements import SYMBOLS
from xsearch.models.xanes_encoder import XanesEncoder
from xsearch.training.site_network import Inputs
from xsearch.xas.matching import channels, hold_ends, masked_correlation

DEPTHS = (1, 10, 50)
"""Materials for which recall is reported."""

QUERIES = 300
"""Of each kind, at most."""

LEAST = 4
"""Materials of an edge, below which nothing is recalled from it."""

Recalled = dict[str, dict[str, float]]


def recall_figures(encoder: XanesEncoder, examples: Examples, held_out: NDArray[np.bool_], seed: int = 0) -> Recalled:
    """Shares of held-out spectra, as a measurement gives them, whose material is among the nearest of its edge.

    Args:
        encoder: trained without the formulas held out.
        examples: the library: all of them, of the query's edge and of one code.
        held_out: (n,) which of them are queries.
        seed: of the queries and their errors.

    Returns:
        By kind of query: `measured`, where the library holds its clean spectrum, and `A in B` for codes; each with how
        many, and recall by `vectors` and by `correlation`.
    """
    inputs = Inputs.of(examples)
    library = {"vectors": np.zeros((len(examples), encoder.dimensions), np.float32)}
    edges = list(zip(examples.z.tolist(), examples.edge, strict=True))
    members = {key: np.array([i for i, other in enumerate(edges) if other == key]) for key in set(edges)}
    for (z, edge), rows in members.items():
        library["vectors"][rows] = encoder.vectors(examples.values[rows], examples.known[rows], SYMBOLS[z - 1], edge)
    ranks: dict[str, list[tuple[int, int]]] = {}
    generator = torch.Generator().manual_seed(seed)
    order = np.random.default_rng(seed).permutation(np.flatnonzero(held_out))
    for row in order.tolist():
        here = members[edges[row]]
        for code in sorted(set(examples.code[here])):
            mine = str(examples.code[row])
            kind = "measured" if code == mine else f"{mine} in {code}"
            rows = here[examples.code[here] == code]
            right = examples.material[rows] == examples.material[row]
            if not right.any() or len(set(examples.material[rows])) < LEAST or len(ranks.get(kind, ())) >= QUERIES:
                continue
            values, known = examples.values[row : row + 1], examples.known[row : row + 1]
            if code == mine:
                offset, width = (torch.from_numpy(a[row : row + 1]) for a in (inputs.offset_eV, inputs.width_eV))
                found = Augmentation()(torch.from_numpy(values), torch.from_numpy(known), offset, generator, width)
                values, known = found[0].numpy(), found[1].numpy()
            vector = encoder.vectors(values, known, SYMBOLS[edges[row][0] - 1], edges[row][1])[0]
            scores = (library["vectors"][rows] @ vector, correlations(values, known, examples.take(rows)))
            ranks.setdefault(kind, []).append(
                tuple(_before(score, right, examples.material[rows]) for score in scores)  # type: ignore[arg-type]
            )
    figures: Recalled = {}
    for kind, pairs in sorted(ranks.items()):
        by = np.array(pairs)
        figures[kind] = {"n": len(by)} | {
            f"{name}@{k}": round(float(np.mean(by[:, i] < k)), 3)
            for i, name in enumerate(("vectors", "correlation"))
            for k in DEPTHS
        }
    return figures


def correlations(values: NDArray[np.float32], known: NDArray[np.bool_], library: Examples) -> NDArray[np.float64]:
    """(n,) mean correlation of one window (1, 200) and its derivatives with those of a library: nothing is learned."""
    mine, theirs = channels(hold_ends(values, known)), channels(hold_ends(library.values, library.known))
    masks = library.known.astype(np.float32), known.astype(np.float32)
    found = [masked_correlation(b, masks[0], a, masks[1])[:, 0] for a, b in zip(mine, theirs, strict=True)]
    return np.asarray(np.mean(found, axis=0), np.float64)


def _before(
    score: NDArray[np.floating], right: NDArray[np.bool_], material: Sequence[str] | NDArray[np.object_]
) -> int:
    """How many other materials score at least as well as the right one."""
    better = (score >= score[right].max()) & ~right
    return len(set(np.asarray(material)[better]))
