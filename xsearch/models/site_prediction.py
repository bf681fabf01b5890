"""What every site network answers, and the last layers that make the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from xsearch.models.tasks import CLASSES, NUMBERS


@dataclass(frozen=True, slots=True)
class SitePrediction:
    """Raw outputs of a site network.

    Attributes:
        logits: task to (b, classes of the task).
        means: task to (b,), in units of the task's spread around its usual value.
        log_scales: task to (b,), log of the Laplace scale, in the same units.
        features: (b, width) what the descriptors were read from; distances between them show what is unfamiliar.
    """

    logits: dict[str, Tensor]
    means: dict[str, Tensor]
    log_scales: dict[str, Tensor]
    features: Tensor


class SiteHeads(nn.Module):
    """One linear layer a task: a logit for each class, or a mean and a log scale."""

    def __init__(self, width: int, classes: Sequence[str] = tuple(CLASSES)) -> None:
        super().__init__()
        self.classes, self.tasks = tuple(classes), len(classes) + len(NUMBERS)
        sizes = [len(CLASSES[task]) for task in classes] + [2] * len(NUMBERS)
        self.layers = nn.ModuleList([nn.Linear(width, size) for size in sizes])

    def forward(self, hidden: Sequence[Tensor], features: Tensor) -> SitePrediction:
        """From one (b, width) vector for each task, classes first."""
        outputs = [layer(h) for layer, h in zip(self.layers, hidden, strict=True)]
        numbers = dict(zip(NUMBERS, outputs[len(self.classes) :], strict=True))
        return SitePrediction(
            logits=dict(zip(self.classes, outputs, strict=False)),
            means={task: out[:, 0] for task, out in numbers.items()},
            log_scales={task: out[:, 1].clamp(-5, 3) for task, out in numbers.items()},
            features=features,
        )
