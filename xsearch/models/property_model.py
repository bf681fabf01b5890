"""The shipped SpecFusionNet: properties of a material from its edges, and its elements or formula."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import QueryError, XSearchError
from xsearch.models.network_files import load_network, save_network
from xsearch.models.property_composition import PROPERTY_CLASSES, PropertyHeads, composition_features
from xsearch.models.specfusion import SpecFusion, SpecFusionConfig, Tokens
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.xanes import WINDOW_POINTS, XanesWindow


@dataclass(frozen=True, slots=True)
class PropertyAnswer:
    """Properties of one material.

    Attributes:
        numbers: name to (value, uncertainty): two thirds of the true values lie within the uncertainty.
        classes: name to probabilities by class.
        unfamiliar: reasons to doubt the answer; empty where there are none.
    """

    numbers: dict[str, tuple[float, float]]
    classes: dict[str, dict[str, float]]
    unfamiliar: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        numbers = {n: {"value": round(v, 4), "uncertainty": round(u, 4)} for n, (v, u) in self.numbers.items()}
        classes = {n: {c: round(p, 4) for c, p in found.items()} for n, found in self.classes.items()}
        return {**numbers, **classes, "unfamiliar": list(self.unfamiliar)}


class PropertyModel:
    """SpecFusionNet with its calibration.

    Attributes:
        settings: `scale` of each number, `temperature` of each class, `edges` seen in training, and which answers are
            `shipped`: those that spectra improve.
    """

    def __init__(self, network: SpecFusion, settings: dict[str, Any]) -> None:
        self.network, self.settings = network.eval(), settings

    @torch.inference_mode()
    def predict(
        self, windows: Sequence[XanesWindow], elements: Iterable[str] = (), amounts: Mapping[str, float] | None = None
    ) -> PropertyAnswer:
        """Properties of one material.

        Args:
            windows: its measured edges, any number.
            elements: everything it holds, as far as known; the absorbers are added.
            amounts: the formula, where it is known.

        Raises:
            QueryError: where no edge is given, or an element does not exist.
        """
        if not windows:
            raise QueryError("No edge was given; properties are predicted from one or more.")
        symbols = sorted({*elements, *(amounts or {})} | {w.absorber for w in windows})
        if unknown := [e for e in symbols if e not in ATOMIC_NUMBERS]:
            raise QueryError(f"Unknown element {unknown[0]!r}; symbols such as Fe are expected.")
        shipped = self.settings["shipped"]
        numbers, classes = self.network(tokens_of(windows, symbols, amounts))
        return PropertyAnswer(
            numbers={name: self._number(name, out[0].numpy()) for name, out in numbers.items() if name in shipped},
            classes={name: self._probabilities(name, out[0]) for name, out in classes.items() if name in shipped},
            unfamiliar=tuple(
                f"No {w.absorber} {w.edge} edge was among the training spectra."
                for w in windows
                if f"{w.absorber} {w.edge}" not in self.settings["edges"]
            ),
        )

    def _number(self, name: str, output: np.ndarray) -> tuple[float, float]:
        usual, spread = self.network.heads.numbers[name]
        scale = float(np.exp(np.clip(output[1], -5, 3))) * self.settings["scale"].get(name, 1.0)
        return float(output[0] * spread + usual), spread * scale

    def _probabilities(self, name: str, logits: torch.Tensor) -> dict[str, float]:
        shares = (logits / self.settings["temperature"].get(name, 1.0)).softmax(0)
        return dict(zip(PROPERTY_CLASSES[name], shares.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Weights in half precision, and settings as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        save_network(self.network, folder / "specfusion.safetensors")
        settings = {**self.settings, "heads": asdict(self.network.heads), "config": asdict(self.network.config)}
        (folder / "specfusion.json").write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path = WEIGHTS_FOLDER) -> PropertyModel:
        """The model in a folder, by default the one that comes with the package.

        Raises:
            XSearchError: where files are missing.
        """
        path = folder / "specfusion.safetensors"
        if not path.exists():
            raise XSearchError(f"{folder} holds no SpecFusionNet; `xsearch train specfusion` makes one.")
        settings = json.loads((folder / "specfusion.json").read_text(encoding="utf-8"))
        heads = settings.pop("heads")
        numbers = {name: (float(usual), float(spread)) for name, (usual, spread) in heads["numbers"].items()}
        config = SpecFusionConfig(**settings.pop("config"))
        network = SpecFusion(PropertyHeads(numbers, tuple(heads["classes"])), config)
        load_network(network, path)
        return cls(network, settings)


def tokens_of(
    windows: Sequence[XanesWindow], symbols: Sequence[str], amounts: Mapping[str, float] | None = None
) -> Tokens:
    """One sample: a token for each of its edges, and for each element without any."""
    absorbers = {w.absorber for w in windows}
    unmeasured = [symbol for symbol in symbols if symbol not in absorbers]
    n = len(windows) + len(unmeasured)
    values, known = np.zeros((1, n, WINDOW_POINTS), np.float32), np.zeros((1, n, WINDOW_POINTS), bool)
    offset = np.zeros((1, n), np.float32)
    for place, one in enumerate(windows):
        values[0, place], known[0, place], offset[0, place] = one.values, one.known, one.offset_eV
    z = [ATOMIC_NUMBERS[w.absorber] for w in windows] + [ATOMIC_NUMBERS[symbol] for symbol in unmeasured]
    edges = [EDGES.index(w.edge) for w in windows] + [-1] * len(unmeasured)
    composition = composition_features(symbols, amounts)[None]
    return Tokens(
        torch.tensor([z]), torch.tensor([edges]), torch.from_numpy(values), torch.from_numpy(known),
        torch.from_numpy(offset), torch.from_numpy(composition), torch.zeros(1, 1), torch.zeros(1, dtype=torch.bool),
    )  # fmt: skip


@lru_cache(maxsize=1)
def shipped_property_model() -> PropertyModel:
    """The model that comes with the package, loaded once."""
    return PropertyModel.load()
