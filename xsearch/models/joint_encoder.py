"""One encoder of both spectra: any number of edges and a powder pattern of one material; either may be missing.

Reads top to bottom: what the shipped networks read from a pattern and from each edge becomes tokens; the pattern
attends to the edges and the edges to the pattern, and what comes of it passes gates; pattern and mean of the edges are
joined, with what is given of the composition. Heads: crystal system, which begins with the answer of the pattern's own
network, and properties, which begin with that of the composition. The joint vector is what the two kinds of vectors say
side by side, with a learned part that sees both; it never depends on the composition.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import XSearchError
from xsearch.models.absorber import SITE_CONTEXT, site_context
from xsearch.models.network_files import load_network, save_network
from xsearch.models.powder_symmetry import USUAL_LN_VOLUME, SymmetryReading
from xsearch.models.property_composition import PropertyHeads
from xsearch.models.property_model import shipped_property_model

Array = NDArray[np.float32]

NAME = "joint_encoder"
SYSTEMS = len(CRYSTAL_SYSTEMS)
READING = SYSTEMS + 2
"""Numbers that the symmetry network reads from a pattern and that are taken: logits of systems, volume, its error."""


@dataclass(frozen=True, slots=True)
class JointConfig:
    """Sizes.

    Attributes:
        pattern, edge, composition: lengths of the vectors of a pattern, of an edge and of a composition.
        width: of a token. heads: of the attention. joint: of the learned part of the joint vector.
        dropout: in training.
    """

    pattern: int = 192
    edge: int = 64
    composition: int = 192
    width: int = 96
    heads: int = 4
    joint: int = 64
    dropout: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class JointInput:
    """Both spectra of b materials, each with t places for edges.

    Attributes:
        pattern: (b, pattern) unit vectors; zero where there is no pattern.
        reading: (b, READING) what the symmetry network reads; zero where there is no pattern.
        has_pattern: (b,) bool.
        edges: (b, t, edge) unit vectors. has_edge: (b, t) bool, which places hold one.
        context: (b, t, SITE_CONTEXT) absorber and edge.
        composition: (b, composition) what SpecFusionNet's composition part makes of what is given; zero where nothing
            is. answer: (b, outputs) what it answers, likewise.
    """

    pattern: Tensor
    reading: Tensor
    has_pattern: Tensor
    edges: Tensor
    has_edge: Tensor
    context: Tensor
    composition: Tensor
    answer: Tensor

    def fields(self) -> list[Tensor]:
        """All of them, in order."""
        return [getattr(self, one.name) for one in fields(self)]

    def take(self, at: Tensor) -> JointInput:
        """Some of the materials."""
        return JointInput(*(one[at] for one in self.fields()))

    @classmethod
    def of_one_edge(cls, pattern: Array, reading: Array, edges: Array, absorber: str, edge: str) -> JointInput:
        """Materials by patterns (n, pattern), what is read of them (n, READING) and vectors (n, edge) of one edge."""
        n = len(pattern)
        context = np.tile(site_context(ATOMIC_NUMBERS[absorber], edge), (n, 1, 1))
        given, read = (torch.from_numpy(np.asarray(one, np.float32)) for one in (pattern, reading))
        nothing = torch.zeros(n, 1)
        return cls(
            given, read, given.any(dim=1), torch.from_numpy(np.asarray(edges[:, None], np.float32)),
            torch.ones(n, 1, dtype=torch.bool), torch.from_numpy(context), nothing, nothing,
        )  # fmt: skip

    def hidden(self, pattern: Tensor | bool = False, edges: Tensor | bool = False) -> JointInput:
        """The same without some patterns and some edges: (b,) and (b, t) bool, or all of them."""
        seen = self.has_pattern & ~torch.as_tensor(pattern)
        kept = self.has_edge & ~torch.as_tensor(edges)
        return JointInput(
            self.pattern * seen[:, None], self.reading * seen[:, None], seen, self.edges * kept[..., None], kept,
            self.context, self.composition, self.answer,
        )  # fmt: skip


def reading_of(found: SymmetryReading) -> Array:
    """(n, READING) of what the symmetry network reads, about zero."""
    centred = found.system_logits - found.system_logits.max(axis=1, keepdims=True)
    volume = found.ln_volume - np.array([USUAL_LN_VOLUME, 0], np.float32)
    return np.concatenate([centred, volume], axis=1).astype(np.float32)


class GatedAttention(nn.Module):
    """Cross-attention of tokens to others; what comes of it is added as far as a gate lets it pass."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm, self.others_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.nothing = nn.Parameter(torch.zeros(1, 1, width))  # what is attended to where there is nothing else
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.gate = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, others: Tensor, there: Tensor) -> Tensor:
        """From (b, n, width), to (b, m, width) of which (b, m) are there, to (b, n, width)."""
        keys = torch.cat([self.nothing.expand(len(x), -1, -1), self.others_norm(others)], 1)
        missing = torch.cat([torch.zeros_like(there[:, :1]), ~there], 1)
        found, _ = self.attention(self.norm(x), keys, keys, key_padding_mask=missing, need_weights=False)
        return x + self.gate(torch.cat([x, found], 2)).sigmoid() * found


class JointEncoder(nn.Module):
    """The model."""

    def __init__(self, heads: PropertyHeads, config: JointConfig | None = None) -> None:
        super().__init__()
        self.heads_of = heads
        self.config = config = config or JointConfig()
        w = config.width
        self.enter_pattern = nn.Linear(config.pattern + READING, w)
        self.enter_edge = nn.Linear(config.edge + SITE_CONTEXT, w)
        self.no_pattern, self.no_edge = nn.Parameter(0.02 * torch.randn(w)), nn.Parameter(0.02 * torch.randn(w))
        self.to_edges, self.to_pattern = GatedAttention(w, config.heads), GatedAttention(w, config.heads)
        self.fuse = nn.Sequential(
            nn.LayerNorm(2 * w), nn.Linear(2 * w, 2 * w), nn.GELU(), nn.Dropout(config.dropout), nn.Linear(2 * w, w)
        )
        self.enter_composition = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(config.composition, w), nn.GELU(), nn.Linear(w, w)
        )
        self.joined = nn.Sequential(nn.LayerNorm(2 * w), nn.Linear(2 * w, w), nn.GELU(), nn.Dropout(config.dropout))
        self.properties = nn.Linear(w, heads.outputs)
        self.system = nn.Linear(w, SYSTEMS)
        self.trust = nn.Parameter(torch.ones(1))  # of the pattern's own network
        self.learned = nn.Linear(w, config.joint)
        self.balance = nn.Parameter(torch.zeros(1))  # of pattern against edges in the joint vector
        self.part = nn.Parameter(torch.full((1,), -1.5))  # of what is learned of both in it
        for last in (self.system, self.properties):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, given: JointInput) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        """Logits of crystal systems (b, SYSTEMS), and numbers and classes as `PropertyHeads.split` gives them."""
        composition = self.enter_composition(given.composition)
        x = self.joined(torch.cat([self._fused(given), composition], 1))
        logits = self.system(x) + self.trust * given.reading[:, :SYSTEMS]
        return logits, *self.heads_of.split(self.properties(x) + given.answer)

    def vectors(self, given: JointInput) -> Tensor:
        """(b, pattern + edge + joint) unit vectors, whose cosines compare materials by what there is of both."""
        share, part = self.balance.sigmoid(), nn.functional.softplus(self.part)
        edges = nn.functional.normalize((given.edges * given.has_edge[..., None]).sum(1), dim=1)
        learned = nn.functional.normalize(self.learned(self._fused(given)), dim=1)
        found = torch.cat([share.sqrt() * given.pattern, (1 - share).sqrt() * edges, part.sqrt() * learned], 1)
        return nn.functional.normalize(found, dim=1)

    def _fused(self, given: JointInput) -> Tensor:
        there = given.has_pattern[:, None]
        pattern = self.enter_pattern(torch.cat([given.pattern, given.reading / 5], 1))
        pattern = torch.where(there, pattern, self.no_pattern)[:, None]  # (b, 1, w)
        edges = self.enter_edge(torch.cat([given.edges, given.context], 2))  # (b, t, w)
        seen = given.has_edge
        attended = self.to_edges(pattern, edges, seen)[:, 0]
        answered = self.to_pattern(edges, pattern, there) * seen[..., None]
        mean = answered.sum(1) / seen.sum(1, keepdim=True).clamp(min=1)
        mean = torch.where(seen.any(1, keepdim=True), mean, self.no_edge)
        return torch.as_tensor(self.fuse(torch.cat([attended, mean], 1)))


def shipped_heads(names: Sequence[str]) -> PropertyHeads:
    """Heads for some of the properties that SpecFusionNet answers as shipped, in its units."""
    heads = shipped_property_model().network.heads
    numbers = {name: scale for name, scale in heads.numbers.items() if name in names}
    return PropertyHeads(numbers, tuple(name for name in heads.classes if name in names))


@torch.inference_mode()
def composition_reading(features: Tensor, heads: PropertyHeads) -> tuple[Tensor, Tensor]:
    """What the composition part of SpecFusionNet makes of compositions, and its answers to some heads.

    Args:
        features: (b, COMPOSITION_FEATURES); rows of zeros give zeros.
        heads: of `shipped_heads`.
    """
    network = shipped_property_model().network
    assert network.composition is not None
    given = features.abs().sum(1, keepdim=True) > 0
    hidden, outputs = network.composition(features)
    numbers, classes = network.heads.split(outputs)
    chosen = [numbers[name] for name in heads.numbers] + [classes[name] for name in heads.classes]
    return hidden * given, torch.cat(chosen, 1) * given


def save_joint_encoder(network: JointEncoder, folder: Path) -> None:
    """Weights in half precision, and what they are of as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    save_network(network, folder / f"{NAME}.safetensors")
    said = {"heads": asdict(network.heads_of), "config": asdict(network.config)}
    (folder / f"{NAME}.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def load_joint_encoder(folder: Path) -> JointEncoder:
    """The encoder in a folder.

    Raises:
        XSearchError: where there is none.
    """
    path = folder / f"{NAME}.safetensors"
    if not path.exists():
        raise XSearchError(f"{folder} holds no joint encoder; `xsearch train joint` makes one.")
    said = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    numbers = {name: (float(usual), float(spread)) for name, (usual, spread) in said["heads"]["numbers"].items()}
    network = JointEncoder(PropertyHeads(numbers, tuple(said["heads"]["classes"])), JointConfig(**said["config"]))
    load_network(network, path)
    return network.eval()
