"""The model of an absorber's surroundings: two networks and forests, blended, calibrated, with a familiarity test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import XSearchError
from xsearch.models.absorber import absorber_features
from xsearch.models.conditioning import COMPOSITION_FEATURES, composition_features, conditioning_of
from xsearch.models.forest import Forest
from xsearch.models.network_files import load_network, save_network
from xsearch.models.spt import Spt
from xsearch.models.tasks import CLASSES, NUMBERS
from xsearch.models.xastruct import XaStruct
from xsearch.options import Conditioning
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.xanes import XanesWindow, smoothed

NETWORKS: dict[str, type[nn.Module]] = {"spt": Spt, "xastruct": XaStruct}
FOREST_TASKS = ("cn", "oxidation_state", "mnnd_A", "nnrs_A", "mood_A")
BATCH = 256
"""Spectra that networks read at once; it does not change answers."""


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """The surroundings of an absorber, as one spectrum gives them.

    Attributes:
        classes: task to (value, probability) pairs, the most probable first; `neighbor_z` gives atomic numbers.
        numbers: task to (value, uncertainty): two thirds of the true values lie within the uncertainty.
        unfamiliar: reasons why the spectrum lies outside what the model has seen; empty where it does not.
    """

    classes: dict[str, tuple[tuple[int, float], ...]]
    numbers: dict[str, tuple[float, float]]
    unfamiliar: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, neighbours by symbol."""
        named = {
            task: [
                {"value": SYMBOLS[v - 1] if task == "neighbor_z" else v, "probability": round(p, 4)} for v, p in found
            ]
            for task, found in self.classes.items()
        }
        named["neighbor"] = named.pop("neighbor_z", [])
        numbers = {task: {"value": round(v, 4), "uncertainty": round(u, 4)} for task, (v, u) in self.numbers.items()}
        return {**named, **numbers, "unfamiliar": list(self.unfamiliar)}


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Answers of the parts to n spectra.

    Attributes:
        parts: by part and task, (n, classes) probabilities or (n, 2) mean and scale.
        features: (n, widths of the networks) what the networks read off the spectra.
    """

    parts: dict[str, dict[str, NDArray[np.float32]]]
    features: NDArray[np.float32]

    def take(self, rows: NDArray[np.generic]) -> Blend:
        """The answers to some spectra, by index or mask."""
        parts = {part: {task: a[rows] for task, a in found.items()} for part, found in self.parts.items()}
        return Blend(parts, self.features[rows])


def blend(
    found: Blend, settings: dict[str, Any]
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Calibrated probabilities of each class task, and (n, 2) value and uncertainty of each number.

    Args:
        found: answers of the parts.
        settings: `weights` of the parts for each task, `temperature` of each class task and `scale` of each number.
    """
    classes, numbers = {}, {}
    answered = [task for task, weights in settings["weights"].items() if weights]
    for task in (t for t in CLASSES if t in answered):
        sharp = np.power(np.maximum(_mixed(found, task, settings), 1e-6), 1 / settings["temperature"].get(task, 1.0))
        classes[task] = sharp / sharp.sum(1, keepdims=True)
    for task in (t for t in NUMBERS if t in answered):
        mixed = _mixed(found, task, settings)
        mixed[:, 1] *= settings["scale"].get(task, 1.0)
        numbers[task] = mixed
    return classes, numbers


def _mixed(found: Blend, task: str, settings: dict[str, Any]) -> NDArray[np.float32]:
    weights = settings["weights"][task]
    total = sum(weights.values())
    return np.asarray(sum(w / total * found.parts[part][task] for part, w in weights.items()), np.float32)


class SiteModel:
    """Networks, forests and how they are blended.

    Attributes:
        settings: `blends`, one for each `Conditioning`, with `weights` of the parts for each task, `temperature` and
            `scale` of each task; `farthest` familiar distance, `edges` seen in training, and what the card repeats.
    """

    def __init__(
        self,
        networks: dict[str, nn.Module],
        forests: dict[str, Forest],
        settings: dict[str, Any],
        centre: NDArray[np.float32],
        whitening: NDArray[np.float32],
        formulas: NDArray[np.uint32],
    ) -> None:
        self.networks = {name: network.eval() for name, network in networks.items()}
        self.forests, self.settings = forests, settings
        self.centre, self.whitening, self.formulas = centre, whitening, formulas

    def predict(
        self,
        windows: Sequence[XanesWindow],
        elements: Iterable[str] = (),
        amounts: Mapping[str, float] | None = None,
    ) -> list[SiteAnswer]:
        """Answers for some spectra; thousands a second in one call, some milliseconds for one.

        Args:
            windows: of one compound, where its elements or formula are given.
            elements: all that the compound holds, if known.
            amounts: its formula, if known.

        Raises:
            QueryError: for an unknown element, or a formula without the absorber.
        """
        if not windows:
            return []
        elements = tuple(elements)
        values = np.stack([w.values for w in windows])
        known = np.stack([w.known for w in windows])
        offset = np.array([w.offset_eV for w in windows], np.float32)
        absorber = np.stack([absorber_features(ATOMIC_NUMBERS[w.absorber], w.edge) for w in windows])
        composition = np.stack([composition_features(w.absorber, elements, amounts) for w in windows])
        found = self.evaluate(values, known, offset, absorber, composition)
        classes, numbers = self.blend(found, conditioning_of(elements, amounts))
        # how familiar a spectrum is does not depend on what is given beside it
        features = self.features(values, known, offset, absorber) if composition.any() else found.features
        distance = self.distance(features)
        return [
            SiteAnswer(
                classes={task: _ranked(CLASSES[task], p[row]) for task, p in classes.items()},
                numbers={task: (float(n[row, 0]), float(n[row, 1])) for task, n in numbers.items()},
                unfamiliar=self._unfamiliar(windows[row], float(distance[row])),
            )
            for row in range(len(windows))
        ]

    def evaluate(
        self,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        offset_eV: NDArray[np.float32],
        absorber: NDArray[np.float32],
        composition: NDArray[np.float32],
    ) -> Blend:
        """Answers of the parts to n windows; arguments as in `Spt.forward`. Forests read the spectrum alone."""
        values = smoothed(values, known)
        parts, features = self._networks(values, known, offset_eV, absorber, composition)
        if self.forests:
            samples = forest_features(values, known, offset_eV, absorber)
            parts["forest"] = {task: forest.predict(samples) for task, forest in self.forests.items()}
        return Blend(parts, features)

    def features(
        self,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        offset_eV: NDArray[np.float32],
        absorber: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """(n, widths of the networks) what they read off spectra alone; arguments as in `evaluate`."""
        nothing = np.zeros((len(values), COMPOSITION_FEATURES), np.float32)
        return self._networks(smoothed(values, known), known, offset_eV, absorber, nothing)[1]

    def _networks(self, *arrays: NDArray[Any]) -> tuple[dict[str, dict[str, NDArray[np.float32]]], NDArray[np.float32]]:
        parts: dict[str, dict[str, NDArray[np.float32]]] = {}
        features = np.zeros((len(arrays[0]), 0), np.float32)
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(1)  # the networks are so small that waking a second thread costs more than it gives
            for name, network in self.networks.items():
                parts[name], these = _run(network, *arrays)
                features = np.concatenate([features, these], 1)
        finally:
            torch.set_num_threads(threads)
        return parts, features

    def blend(
        self, found: Blend, given: Conditioning = Conditioning.NONE
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
        """The blended answers where so much of the compound is given, see `blend`."""
        return blend(found, self.settings["blends"][given])

    def distance(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) Mahalanobis distance from the training spectra, in the networks' own features; 0 without networks."""
        if features.shape[1] == 0:
            return np.zeros(len(features), np.float32)
        moved = (features - self.centre) @ self.whitening
        return np.asarray(np.sqrt((moved**2).mean(1)), np.float32)

    def _unfamiliar(self, window: XanesWindow, distance: float) -> tuple[str, ...]:
        reasons = []
        if f"{window.absorber} {window.edge}" not in self.settings["edges"]:
            seen = ", ".join(self.settings["edges"])
            reasons.append(f"No {window.absorber} {window.edge} edge was among the training spectra ({seen}).")
        if distance > self.settings["farthest"]:
            reasons.append(
                f"The spectrum is unlike the training spectra: {distance:.2f} against {self.settings['farthest']:.2f} "
                "of the farthest hundredth."
            )
        return tuple(reasons)

    def save(self, folder: Path) -> None:
        """One safetensors file a network, one for the forests and the training features, one JSON of settings."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, network in self.networks.items():
            save_network(network, folder / f"{name}.safetensors")
        tensors: dict[str, NDArray[Any]] = {
            "centre": self.centre,
            "whitening": self.whitening,
            "formulas": self.formulas,
        }
        for task, forest in self.forests.items():
            tensors |= forest.tensors(task)
        save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, folder / "site_forests.safetensors")
        (folder / "site_model.json").write_text(
            json.dumps(self.settings, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path = WEIGHTS_FOLDER) -> SiteModel:
        """The model in a folder, by default the one that comes with the package.

        Raises:
            XSearchError: where files are missing, or are of an older kind.
        """
        if not (folder / "site_model.json").exists():
            raise XSearchError(f"{folder} holds no site model; `xsearch train spt` makes one.")
        settings = json.loads((folder / "site_model.json").read_text(encoding="utf-8"))
        if "blends" not in settings:
            raise XSearchError(f"The site model of {folder} is of an older kind; train it again with `xsearch train`.")
        networks: dict[str, nn.Module] = {}
        for name, make in NETWORKS.items():
            if (path := folder / f"{name}.safetensors").exists():
                networks[name] = make()
                load_network(networks[name], path)
        tensors = load_file(folder / "site_forests.safetensors")
        tasks = [task for task in FOREST_TASKS if f"{task}.feature" in tensors]
        forests = {task: Forest.from_tensors(task, tensors) for task in tasks}
        return cls(networks, forests, settings, tensors["centre"], tensors["whitening"], tensors["formulas"])


@lru_cache(maxsize=1)
def shipped_site_model() -> SiteModel:
    """The model that comes with the package, loaded once."""
    return SiteModel.load()


def forest_features(
    values: NDArray[np.float32],
    known: NDArray[np.bool_],
    offset_eV: NDArray[np.float32],
    absorber: NDArray[np.float32],
) -> NDArray[np.float32]:
    """(n, 241) what the forests split on: the window, which parts of it are known, its offset, the absorber."""
    return np.concatenate([values, known[:, ::8], offset_eV[:, None], absorber], 1, dtype=np.float32)


@torch.inference_mode()
def _run(network: nn.Module, *arrays: NDArray[Any]) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """A network's probabilities, means and scales by task, and its features."""
    outputs: dict[str, list[Tensor]] = {}
    features = []
    for start in range(0, len(arrays[0]), BATCH):
        found = network(*(torch.from_numpy(a[start : start + BATCH]) for a in arrays))
        for task, logits in found.logits.items():
            outputs.setdefault(task, []).append(logits.softmax(1))
        for task, (usual, spread) in NUMBERS.items():
            mean = found.means[task] * spread + usual
            outputs.setdefault(task, []).append(torch.stack([mean, found.log_scales[task].exp() * spread], 1))
        features.append(found.features)
    return {task: torch.cat(parts).numpy() for task, parts in outputs.items()}, torch.cat(features).numpy()


def _ranked(values: tuple[int, ...], probabilities: NDArray[np.float32]) -> tuple[tuple[int, float], ...]:
    """(value, probability) pairs, most probable first, without those below one in a thousand."""
    found = [(value, p) for value, p in zip(values, probabilities.tolist(), strict=True) if p > 1e-3]
    return tuple(sorted(found, key=lambda pair: -pair[1]))
