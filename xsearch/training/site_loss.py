"""The joint loss of the site models: every descriptor that is known counts, the others are masked."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.data.xanes_sites import Examples
from xsearch.models.site_prediction import SitePrediction
from xsearch.models.tasks import CLASSES, NUMBERS, SHARED, class_indices

WEIGHTS = {
    "cn": 1.0, "oxidation_state": 1.0, "ocn": 0.5, "site_symmetry_order": 0.2, "neighbor_z": 0.5, "mixed": 0.3,
    "psgo": 0.2,
}  # fmt: skip
NUMBER_WEIGHTS = {"mnnd_A": 1.5, "nnrs_A": 1.0, "mood_A": 1.0, "nnosm": 0.4, "cn2": 0.4}
"""Weights of the tasks in the loss, and of the numbers, scaled as in `xsearch.models.tasks`. Set by hand."""

SMOOTHING = 0.03
"""Of the labels. Set by hand."""

ROBUST_WITHIN = {"nnrs_A": 2.0, "mood_A": 2.0}
"""Errors up to this many spreads count by their square, which teaches the mean; 0.2 elsewhere, close to the median."""

SCALE_WEIGHT = 0.1
"""Of the likelihood by which the scale of a number is learned. Set by hand."""


def targets(examples: Examples) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(n, classes) shares of each class, zero where unknown, and (n,) scaled numbers, NaN where unknown."""
    classes = {}
    for task, values in CLASSES.items():
        if task in SHARED:
            classes[task] = torch.from_numpy(examples.shares[task])
        else:
            index = torch.from_numpy(class_indices(task, examples.labels[task]))
            classes[task] = nn.functional.one_hot(index.clamp(min=0), len(values)).float() * (index >= 0)[:, None]
    numbers = {
        task: torch.from_numpy(((examples.labels[task] - usual) / spread).astype(np.float32))
        for task, (usual, spread) in NUMBERS.items()
    }
    return classes, numbers


def joint_loss(found: SitePrediction, classes: dict[str, Tensor], numbers: dict[str, Tensor]) -> Tensor:
    """Cross entropies and robust distances, weighted and summed.

    The scale of each number is learned by its own likelihood, whose gradient is kept from the mean: so that rare
    sites are not given up as noise.
    """
    total = torch.zeros((), device=found.features.device)
    for task, weight in ((t, w) for t, w in WEIGHTS.items() if t in found.logits):
        known = classes[task].sum(1) > 0.5
        if known.any():
            total = total + weight * nn.functional.cross_entropy(
                found.logits[task][known], classes[task][known], label_smoothing=SMOOTHING
            )
    for task, weight in NUMBER_WEIGHTS.items():
        known = torch.isfinite(numbers[task])
        if known.any():
            mean, truth = found.means[task][known], numbers[task][known]
            log_scale = found.log_scales[task][known]
            distance = (mean.detach() - truth).abs()
            total = total + weight * nn.functional.smooth_l1_loss(mean, truth, beta=ROBUST_WITHIN.get(task, 0.2))
            total = total + SCALE_WEIGHT * (distance * (-log_scale).exp() + log_scale).mean()
    return total
