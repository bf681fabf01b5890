"""Which energies carried a prediction: integrated gradients of one answer, from a smooth step to the spectrum.

Sundararajan, Taly and Yan (arXiv:1703.01365) add up an answer's gradients on the way from a baseline, here an edge
without structure, to the input; times the difference they share the answer's change among the points.
"""

from __future__ import annotations

import numpy as np
import scipy  # its parts are loaded when first used
import torch
from numpy.typing import NDArray

from xsearch.errors import QueryError
from xsearch.models.site_model import SiteModel, stacked
from xsearch.models.tasks import CLASSES, NUMBERS
from xsearch.models.xanes_encoder import REFERENCE
from xsearch.preprocess.xanes import XanesWindow

STEPS = 24
"""From the baseline to the spectrum. Set by hand."""

SMOOTHING = 4.0
"""Standard deviation in points over which neighbouring energies are drawn together, about 1 eV. Set by hand."""


def attribution(model: SiteModel, window: XanesWindow, task: str) -> NDArray[np.float32]:
    """How much each energy of a window contributed to the networks' answer to one task, from the spectrum alone.

    Args:
        model: with a network.
        window: the spectrum.
        task: one of `CLASSES` (its most probable class is explained) or `NUMBERS`.

    Returns:
        (200,) from 0 to 1, zero where the spectrum is unknown.

    Raises:
        QueryError: for an unknown task, or a model without networks.
    """
    if task not in CLASSES and task not in NUMBERS:
        raise QueryError(f"Unknown task {task!r}; one of {', '.join((*CLASSES, *NUMBERS))} is expected.")
    if not model.networks:
        raise QueryError(
            "Attribution is read off a network, and these weights hold none; `xsearch train site` makes one."
        )
    values, *others = (torch.from_numpy(array) for array in model.inputs(*stacked([window])))
    baseline = torch.where(others[0], torch.from_numpy(REFERENCE), 0.0)
    part = (torch.arange(STEPS) + 0.5)[:, None] / STEPS
    path = (baseline + part * (values - baseline)).requires_grad_()
    total = np.zeros(values.shape[1])
    for network in model.networks.values():
        given = [array.expand(STEPS, *array.shape[1:]) for array in others]
        found = network(path, *given)
        best = int(found.logits[task][-1].argmax()) if task in CLASSES else 0
        score = found.logits[task][:, best].sum() if task in CLASSES else found.means[task].sum()
        (gradient,) = torch.autograd.grad(score, path)
        total += np.abs((gradient.mean(0) * (values - baseline)[0]).numpy())
    drawn = scipy.ndimage.gaussian_filter1d(total, SMOOTHING) * window.known
    return np.asarray(drawn / max(float(drawn.max()), 1e-12), np.float32)
