"""The model of an absorber's surroundings: what networks and forests read off a spectrum, and what chemistry says.

The parts are blended as a logarithmic pool: the logarithms of their probabilities are added, with weights that were
fitted on held-out spectra. The less familiar a spectrum is, the less those parts count that read it, so that an answer
to a spectrum unlike any other is what the composition alone says. What is given is obeyed: neighbours, oxidation states
and coordinations that cannot be have no probability.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from xsearch.elements import ATOMIC_NUMBERS, EDGES, SYMBOLS
from xsearch.errors import XSearchError
from xsearch.models.absorber import EDGE_COLUMNS, Z_SCALE, site_context
from xsearch.models.analogues import KnownSites
from xsearch.models.arranged import arrange
from xsearch.models.arrangements import arrangements
from xsearch.models.composition import CompositionNet, composition_answers, prior_features
from xsearch.models.conditioning import (
    COMPOSITION_FEATURES,
    charge_balances,
    composition_features,
    conditioning_of,
)
from xsearch.models.forest import Forest
from xsearch.models.network_files import load_network, save_network
from xsearch.models.site_blend import CHARGES, COMPOSITION, Blend, SiteAnswer, blend, coverage_of, obey, ranked, trust
from xsearch.models.spt import Spt
from xsearch.models.spt_folded import SptFolded
from xsearch.models.tasks import CLASSES, NUMBERS
from xsearch.models.xastruct import XaStruct
from xsearch.options import Conditioning
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.site_window import step_scaled
from xsearch.preprocess.xanes import XanesWindow, smoothed

NETWORKS: dict[str, type[nn.Module]] = {"spt": Spt, "spt_folded": SptFolded, "xastruct": XaStruct}
FOREST_TASKS = ("cn", "oxidation_state", "mnnd_A", "nnrs_A", "mood_A")
KNOWN_SITES = "known_sites.safetensors"
BATCH = 256
"""Spectra that networks read at once; it does not change answers."""


class SiteModel:
    """Networks, forests, chemistry and how they are blended.

    Attributes:
        settings: `blends`, one for each `Conditioning`, with `weights` of the parts for each task and `scale` of each
            number; `farthest` familiar distance and `decline` of the trust beyond it, `edges` of the
            training spectra, with how many there were of each, and what the card repeats.
    """

    def __init__(
        self,
        composition: CompositionNet,
        networks: dict[str, nn.Module],
        forests: dict[str, Forest],
        settings: dict[str, Any],
        centre: NDArray[np.float32],
        whitening: NDArray[np.float32],
        formulas: NDArray[np.uint32],
    ) -> None:
        composition.eval()
        self.composition = composition
        # in one order, since their features stand one after the other
        self.networks = {name: networks[name].eval() for name in NETWORKS if name in networks}
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
        spectra = stacked(windows)
        known = self.composition.known
        composition = np.stack([composition_features(w.absorber, elements, amounts, known) for w in windows])
        found = self.evaluate(*spectra, composition)
        # how familiar a spectrum is does not depend on what is given beside it
        features = self.features(*spectra) if composition.any() else found.features
        distance = self.distance(features)
        # what networks read off an edge that they never saw means nothing: the composition answers alone
        learned = np.array([f"{w.absorber} {w.edge}" in self.settings["edges"] for w in windows], np.float32)
        classes, numbers = self.blend(found, conditioning_of(elements, amounts), self.trust(distance) * learned)
        candidates = {}
        if known is not None and amounts is not None and len(amounts) > 1:
            candidates = {a: arrangements(known, a, amounts) for a in {w.absorber for w in windows}}
        answers = []
        for row, window in enumerate(windows):
            own = {task: p[row] for task, p in classes.items()}
            obey(own, found, row, window.absorber, elements, amounts)
            kinds = arrange(own, candidates[window.absorber]) if window.absorber in candidates else ()
            measured = {t: (float(n[row, 0]), float(n[row, 1])) for t, n in numbers.items()}
            present = set(amounts if amounts is not None else elements)
            if present and "O" not in present:
                measured.pop("mood_A", None)
            listed = {task: ranked(CLASSES[task], p) for task, p in own.items() if task != "mixed"}
            mixed = float(own["mixed"][1]) if "mixed" in own else None
            answers.append(SiteAnswer(listed, measured, mixed, self._unfamiliar(window, float(distance[row])), kinds))
        return answers

    def evaluate(
        self,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        offset_eV: NDArray[np.float32],
        context: NDArray[np.float32],
        composition: NDArray[np.float32],
    ) -> Blend:
        """Answers of the parts to n windows; `context` and `composition` as `site_context`, `composition_features`."""
        said = composition_answers(self.composition, _z(context), composition)
        arrays = (as_read(values, known), known, offset_eV, context, prior_features(said, composition))
        parts, features = self._networks(*arrays)
        parts[COMPOSITION] = said
        parts[CHARGES] = {"oxidation_state": charge_balances(composition)}
        if self.forests:
            samples = forest_features(*arrays)
            parts["forest"] = {task: forest.predict(samples) for task, forest in self.forests.items()}
        return Blend(parts, features, self._coverage(context))

    def _coverage(self, context: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) how well the training spectra cover each absorber and edge."""
        pairs = zip(_z(context).tolist(), context[:, EDGE_COLUMNS].argmax(1).tolist(), strict=True)
        seen = [self.settings["edges"].get(f"{SYMBOLS[z - 1]} {EDGES[edge]}", 0) for z, edge in pairs]
        return coverage_of(np.array(seen, np.int64))

    def features(
        self,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        offset_eV: NDArray[np.float32],
        context: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """(n, widths of the networks) what they read off spectra alone; arguments as in `evaluate`."""
        return self._networks(*self.inputs(values, known, offset_eV, context))[1]

    def inputs(
        self,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        offset_eV: NDArray[np.float32],
        context: NDArray[np.float32],
    ) -> tuple[NDArray[Any], ...]:
        """What networks read where nothing is given beside spectra; arguments as in `evaluate`."""
        nothing = np.zeros((len(values), COMPOSITION_FEATURES), np.float32)
        prior = prior_features(composition_answers(self.composition, _z(context), nothing), nothing)
        return as_read(values, known), known, offset_eV, context, prior

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
        self, found: Blend, given: Conditioning = Conditioning.NONE, trust: NDArray[np.float32] | None = None
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
        """The blended answers where so much of the compound is given, see `blend`."""
        return blend(found, self.settings["blends"][given], trust)

    def distance(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) Mahalanobis distance from the training spectra, in the networks' own features; 0 without networks."""
        if features.shape[1] == 0:
            return np.zeros(len(features), np.float32)
        moved = (features - self.centre) @ self.whitening
        return np.asarray(np.sqrt((moved**2).mean(1)), np.float32)

    def trust(self, distance: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) by how much the parts that read a spectrum count at a distance: 1 for a usual one, falling beyond."""
        return trust(distance, self.settings["usual"], self.settings["decline"])

    def _unfamiliar(self, window: XanesWindow, distance: float) -> tuple[str, ...]:
        reasons = []
        if f"{window.absorber} {window.edge}" not in self.settings["edges"]:
            seen = ", ".join(f"{edge}: {len(symbols)} elements" for edge, symbols in self.edges().items())
            reasons.append(f"No {window.absorber} {window.edge} edge was among the training spectra ({seen}).")
        if distance > self.settings["farthest"]:
            reasons.append(
                f"The spectrum is unlike the training spectra: {distance:.2f} against {self.settings['farthest']:.2f} "
                "of the farthest hundredth."
            )
        return tuple(reasons)

    def edges(self) -> dict[str, list[str]]:
        """The absorbers of the training spectra by edge."""
        found: dict[str, list[str]] = {}
        for named in self.settings["edges"]:
            symbol, edge = named.split()
            found.setdefault(edge, []).append(symbol)
        return found

    def save(self, folder: Path) -> None:
        """One safetensors file a network, one for the forests and the training features, one JSON of settings."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, network in (self.networks | {COMPOSITION: self.composition}).items():
            save_network(network, folder / f"{name}.safetensors")
        tensors: dict[str, NDArray[Any]] = {
            "centre": self.centre,
            "whitening": self.whitening.astype(np.float16),
            "formulas": self.formulas,
        }
        for task, forest in self.forests.items():
            tensors |= forest.tensors(task)
        save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, folder / "site_forests.safetensors")
        if self.composition.known is not None:
            save_file(self.composition.known.to_arrays(), folder / KNOWN_SITES)
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
            raise XSearchError(f"{folder} holds no site model; `xsearch train site` makes one.")
        settings = json.loads((folder / "site_model.json").read_text(encoding="utf-8"))
        named = {task for one in settings.get("blends", {}).values() for task in one["weights"]}
        if not isinstance(settings["edges"], dict) or (named and "site_symmetry_order" not in named):
            raise XSearchError(f"The site model of {folder} is of an older kind; train it again with `xsearch train`.")
        composition = CompositionNet()
        load_network(composition, folder / f"{COMPOSITION}.safetensors")
        if (folder / KNOWN_SITES).exists():
            composition.known = KnownSites.from_arrays(load_file(folder / KNOWN_SITES))
        networks: dict[str, nn.Module] = {}
        for name, make in NETWORKS.items():
            if (path := folder / f"{name}.safetensors").exists():
                networks[name] = make()
                load_network(networks[name], path)
        tensors = load_file(folder / "site_forests.safetensors")
        tasks = [task for task in FOREST_TASKS if f"{task}.feature" in tensors]
        forests = {task: Forest.from_tensors(task, tensors) for task in tasks}
        centre, whitening = (tensors[name].astype(np.float32) for name in ("centre", "whitening"))
        return cls(composition, networks, forests, settings, centre, whitening, tensors["formulas"])


@lru_cache(maxsize=1)
def shipped_site_model() -> SiteModel:
    """The model that comes with the package, loaded once."""
    return SiteModel.load()


def stacked(
    windows: Sequence[XanesWindow],
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]]:
    """Values, known points, offsets and contexts of some windows, as `SiteModel.evaluate` takes them."""
    return (
        np.stack([w.values for w in windows]),
        np.stack([w.known for w in windows]),
        np.array([w.offset_eV for w in windows], np.float32),
        np.stack([site_context(ATOMIC_NUMBERS[w.absorber], w.edge) for w in windows]),
    )


def _z(context: NDArray[np.float32]) -> NDArray[np.int64]:
    """(n,) atomic numbers out of `site_context`."""
    return np.asarray((context[:, 0] * Z_SCALE).round(), np.int64)


def as_read(values: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Windows as every part reads them: smoothed where they are noisy, and scaled by their tails."""
    return step_scaled(smoothed(values, known), known)


def forest_features(
    values: NDArray[np.float32],
    known: NDArray[np.bool_],
    offset_eV: NDArray[np.float32],
    context: NDArray[np.float32],
    prior: NDArray[np.float32],
) -> NDArray[np.float32]:
    """(n, features) what the forests split on: the window by pairs of points, where it is known, its offset, absorber
    and edge, and what the composition says."""
    pairs = values.reshape(len(values), -1, 2).mean(2)
    return np.concatenate([pairs, known[:, ::8], offset_eV[:, None], context, prior], 1, dtype=np.float32)


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
