"""Which energies carried a prediction: gradients of one answer, taken where the convolutions end (Grad-CAM).

Selvaraju et al. (arXiv:1610.02391) weigh the maps of a network's last convolution by how the answer's score depends
on them. Here the maps run over bands and energies; bands are summed, and the result is drawn over the spectrum.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.errors import QueryError
from xsearch.models.site_model import SiteModel, stacked
from xsearch.models.spt import Spt
from xsearch.models.tasks import CLASSES, NUMBERS
from xsearch.preprocess.xanes import WINDOW_POINTS, XanesWindow


def attribution(model: SiteModel, window: XanesWindow, task: str) -> NDArray[np.float32]:
    """How much each energy of a window contributed to SPT's answer to one task, from the spectrum alone.

    Args:
        model: with an SPT network.
        window: the spectrum.
        task: one of `CLASSES` (its most probable class is explained) or `NUMBERS`.

    Returns:
        (200,) from 0 to 1, zero where the spectrum is unknown.

    Raises:
        QueryError: for an unknown task, or a model without SPT.
    """
    if task not in CLASSES and task not in NUMBERS:
        raise QueryError(f"Unknown task {task!r}; one of {', '.join((*CLASSES, *NUMBERS))} is expected.")
    network = model.networks.get("spt")
    if not isinstance(network, Spt):
        raise QueryError("Attribution is read off SPT, and these weights hold none; `xsearch train spt` makes one.")
    maps: list[torch.Tensor] = []
    hook = network.map.register_forward_hook(lambda module, given, made: maps.append(made))
    try:
        found = network(*(torch.from_numpy(array) for array in model.inputs(*stacked([window]))))
    finally:
        hook.remove()
    score = found.logits[task].max() if task in CLASSES else found.means[task].sum()
    (gradient,) = torch.autograd.grad(score, maps[0])  # (1, channels, bands, energies)
    weight = (gradient * maps[0]).sum(1).abs().sum(1)[0].detach().numpy()  # (energies,)
    energies = (np.arange(len(weight)) + 0.5) * WINDOW_POINTS / len(weight)
    drawn = np.interp(np.arange(WINDOW_POINTS), energies, weight) * window.known
    return np.asarray(drawn / max(float(drawn.max()), 1e-12), np.float32)
