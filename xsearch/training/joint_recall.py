"""How often materials are recalled by vectors of a measured pattern, of a measured edge, and of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.data.xanes_sites import fold_of
from xsearch.models.joint_encoder import JointEncoder, JointInput
from xsearch.training.joint_samples import Views
from xsearch.training.property_samples import Samples
from xsearch.training.settings import JOINT

DEPTHS = (1, 3, 10, 50)
WEIGHTS = tuple(np.round(np.linspace(0, 1, 11), 2).tolist())
"""Of the pattern's cosine in the vectors side by side; the edge's has the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Cosines of a measurement of one material with all that have the same edge, the right one first, each (n,)."""

    formula: str
    pattern: NDArray[np.float32]
    edge: NDArray[np.float32]
    joint: NDArray[np.float32]


def recall_of(network: JointEncoder, views: Views, samples: Samples, tested: NDArray[np.bool_]) -> dict[str, object]:
    """Shares of materials that are among the first, by what is compared.

    `pattern` and `edge` are vectors of one spectrum, `side_by_side` both with a weight that is chosen on half of the
    formulas, `joint` the vector of the encoder. All are judged on the other half.

    Args:
        network: the encoder.
        views: of all materials, which are what is searched.
        samples: the same materials.
        tested: (n,) those that are sought, each by its first measurement.
    """
    found = compared(network, views, samples, tested)
    chosen_on = [one for one in found if fold_of(one.formula, 2) == 0]
    judged = [one for one in found if fold_of(one.formula, 2)]
    if not chosen_on or not judged:
        return {"n": len(judged)}

    def lost(weight: float) -> tuple[float, float]:
        places = np.array([place(weight * one.pattern + (1 - weight) * one.edge) for one in chosen_on])
        return float(np.log1p(places).mean()), abs(weight - 0.5)

    weight = min(WEIGHTS, key=lost)
    ways = {
        "pattern": [one.pattern for one in judged],
        "edge": [one.edge for one in judged],
        "side_by_side": [weight * one.pattern + (1 - weight) * one.edge for one in judged],
        "joint": [one.joint for one in judged],
    }
    return {
        "n": len(judged),
        "library": float(np.mean([len(one.edge) for one in judged])),
        "weight": weight,
        **{name: shares([place(one) for one in scores]) for name, scores in ways.items()},
    }


def compared(network: JointEncoder, views: Views, samples: Samples, tested: NDArray[np.bool_]) -> list[Compared]:
    """Each edge of the materials that are sought, with its pattern, against all materials that have this edge."""
    kinds = (16 * samples.tokens.z + samples.tokens.edge)[:, : views.has_edge.shape[1]].numpy()
    found = []
    for kind in np.unique(kinds[views.has_edge]):
        at = (kinds == kind) & views.has_edge
        rows = np.flatnonzero(at.any(1))
        if len(rows) < JOINT.least_library:
            continue
        column = at[rows].argmax(1)
        part, sought = views.take(rows), np.flatnonzero(tested[rows])
        stored, drawn = (vectors_of(network, one_edge(part, column, view)) for view in (0, 1))
        edges = part.edges[np.arange(len(rows)), :, column]
        for place in sought:
            if not part.pattern[place, 1].any():
                continue
            order = np.r_[place, np.delete(np.arange(len(rows)), place)]
            found.append(
                Compared(
                    str(samples.formula[rows[place]]),
                    part.pattern[order, 0] @ part.pattern[place, 1],
                    edges[order, 0] @ edges[place, 1],
                    stored[order] @ drawn[place],
                )
            )
    return found


def one_edge(views: Views, column: NDArray[np.int64], view: int) -> JointInput:
    """One view of materials with the edge at a place (n,) of each alone."""
    nothing = torch.zeros(len(views), 1)
    given = views.input(torch.tensor(view), nothing, nothing)
    others = torch.ones_like(given.has_edge).scatter(1, torch.from_numpy(column)[:, None], False)
    return given.hidden(edges=others)


@torch.inference_mode()
def vectors_of(network: JointEncoder, given: JointInput) -> NDArray[np.float32]:
    """(n, d) joint vectors."""
    return network.eval().vectors(given).numpy()


def place(scores: NDArray[np.floating]) -> int:
    """How many stand before the first of some scores."""
    return int((scores[1:] >= scores[0]).sum())


def shares(places: list[int]) -> dict[str, float]:
    """Shares of those among the first."""
    return {f"top{depth}": float(np.mean(np.array(places) < depth)) for depth in DEPTHS}
