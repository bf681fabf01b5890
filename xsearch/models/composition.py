"""What a compound's composition alone says of an absorber's site: the chemistry that every spectrum is read beside.

Trained on the sites of known structures, of which there are a hundred times more than of computed spectra, and for
every element. Its answer is an input of the networks that read spectra, and a part of the blend. With nothing given it
is what is usual of the absorber.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.chemistry.element_physics import ELEMENT_PHYSICS, element_physics
from xsearch.elements import SYMBOLS
from xsearch.models.analogues import ANALOGUE_FEATURES, KnownSites
from xsearch.models.tasks import CLASSES, NUMBERS

COMPOSITION_CLASSES = ("cn", "oxidation_state", "neighbor_z")
COMPOSITION_NUMBERS = ("mnnd_A", "nnrs_A", "mood_A")
"""What it answers, of the tasks of the site models."""

PRIOR_FEATURES = (
    2 + len(CLASSES["cn"]) + len(CLASSES["oxidation_state"]) + 2 * len(COMPOSITION_NUMBERS) + ELEMENT_PHYSICS
)
"""Numbers that networks read of its answer."""

LEAST_LOG = -8.0
"""Logarithms of probabilities are cut off here."""


@dataclass(frozen=True, slots=True)
class CompositionConfig:
    """Sizes.

    Attributes:
        element: learned of each element beside its physics.
        width: of the hidden layers.
        key: of the vectors whose products say which element is a neighbour.
        dropout: share of features dropped in training.
    """

    element: int = 16
    width: int = 160
    key: int = 24
    dropout: float = 0.1


@dataclass(frozen=True, slots=True)
class CompositionAnswer:
    """Raw outputs: `logits` by task, (b, classes) each; `means` and `log_scales` of the scaled numbers, (b,) each."""

    logits: dict[str, Tensor]
    means: dict[str, Tensor]
    log_scales: dict[str, Tensor]


class CompositionNet(nn.Module):
    """The model.

    Attributes:
        known: the compounds among which a formula's analogues are looked for; None where there are none.
    """

    physics: Tensor
    known: KnownSites | None = None

    def __init__(self, config: CompositionConfig | None = None) -> None:
        super().__init__()
        config = config or CompositionConfig()
        n, k, w = len(SYMBOLS), ELEMENT_PHYSICS, config.width
        self.register_buffer("physics", torch.from_numpy(element_physics()), persistent=False)
        self.element = nn.Embedding(n, config.element)
        nn.init.normal_(self.element.weight, std=0.05)
        vector = k + config.element
        self.enter = nn.Linear(2 + vector * 3 + 2 * k + ANALOGUE_FEATURES + len(CLASSES["oxidation_state"]), w)
        self.blocks = nn.ModuleList(
            [nn.Sequential(nn.LayerNorm(w), nn.Linear(w, w), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(w, w))
             for _ in range(2)]
        )  # fmt: skip
        self.norm = nn.LayerNorm(w)
        self.cn = nn.Linear(w, len(CLASSES["cn"]))
        self.oxidation_state = nn.Linear(w, len(CLASSES["oxidation_state"]))
        self.query = nn.Linear(w, config.key)
        self.key = nn.Linear(vector, config.key)
        self.usual = nn.Linear(vector, 1)
        self.numbers = nn.Linear(w, 2 * len(COMPOSITION_NUMBERS))

    def forward(self, z: Tensor, composition: Tensor) -> CompositionAnswer:
        """Predict.

        Args:
            z: (b,) int64 atomic number of the absorber.
            composition: (b, COMPOSITION_FEATURES) what is given, zero where nothing is.
        """
        n = len(SYMBOLS)
        vectors = torch.cat([self.physics, self.element.weight], 1)  # (98, v)
        flags, present, amounts = composition[:, :2], composition[:, 2 : 2 + n], composition[:, 2 + n : 2 + 2 * n]
        mean = present @ vectors / present.sum(1, keepdim=True).clamp(min=1)
        absent = (present < 0.5)[:, :, None]
        highest = self.physics[None].masked_fill(absent, -9.0).amax(1).clamp(min=-1)
        lowest = self.physics[None].masked_fill(absent, 9.0).amin(1).clamp(max=4)
        x = [flags, vectors[z - 1], mean, amounts @ vectors, highest, lowest, composition[:, 2 + 2 * n :]]
        h = self.enter(torch.cat(x, 1))
        for block in self.blocks:
            h = h + block(h)
        h = self.norm(h)
        neighbours = self.query(h) @ self.key(vectors).T / self.key.out_features**0.5 + self.usual(vectors)[:, 0]
        outside = (present < 0.5) & (flags[:, :1] > 0.5)
        numbers = self.numbers(h).unflatten(1, (len(COMPOSITION_NUMBERS), 2))
        return CompositionAnswer(
            logits={
                "cn": self.cn(h),
                "oxidation_state": self.oxidation_state(h),
                "neighbor_z": neighbours.masked_fill(outside, -30.0),
            },
            means={task: numbers[:, i, 0] for i, task in enumerate(COMPOSITION_NUMBERS)},
            log_scales={task: numbers[:, i, 1].clamp(-4, 3) for i, task in enumerate(COMPOSITION_NUMBERS)},
        )


@torch.inference_mode()
def composition_answers(
    network: CompositionNet, z: NDArray[np.int64], composition: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Probabilities, (n, classes), and (n, 2) mean and scale of each number, by task."""
    found = network(torch.from_numpy(z), torch.from_numpy(composition))
    answers = {task: logits.softmax(1).numpy() for task, logits in found.logits.items()}
    for task in COMPOSITION_NUMBERS:
        usual, spread = NUMBERS[task]
        mean, scale = found.means[task] * spread + usual, found.log_scales[task].exp() * spread
        answers[task] = torch.stack([mean, scale], 1).numpy()
    return answers


def prior_features(answers: dict[str, NDArray[np.float32]], composition: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, PRIOR_FEATURES) an answer as networks read it: logarithms of probabilities, scaled numbers, and the mean
    physics of the neighbour."""
    logs = [np.maximum(np.log(np.maximum(answers[t], 1e-9)), LEAST_LOG) / 4 + 1 for t in ("cn", "oxidation_state")]
    numbers = []
    for task in COMPOSITION_NUMBERS:
        usual, spread = NUMBERS[task]
        numbers += [(answers[task][:, :1] - usual) / spread / 2, np.log(answers[task][:, 1:] / spread)]
    neighbour = answers["neighbor_z"] @ element_physics()
    return np.concatenate([composition[:, :2], *logs, *numbers, neighbour], 1, dtype=np.float32)
