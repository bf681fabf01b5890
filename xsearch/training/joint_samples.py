"""Both spectra of materials as the shipped networks read them: as computed, and as drawn measurements give them.

The networks are frozen, so that what they read of each draw is worked out once and kept in a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from xsearch.data.augmentation import Augmentation
from xsearch.data.simulated_measurements import drawn_conditions, measured_row
from xsearch.elements import EDGES, SYMBOLS
from xsearch.errors import SpectrumError, XSearchError
from xsearch.indexes import Index
from xsearch.indexes.views import clean_views
from xsearch.models import powder_symmetry, powder_vectors, xanes_encoder
from xsearch.models.absorber import SITE_CONTEXT, site_context
from xsearch.models.joint_encoder import READING, JointInput, reading_of
from xsearch.models.xanes_encoder import XanesEncoder, encoder_input
from xsearch.preprocess.edge import core_hole_width
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import net_pattern
from xsearch.training.property_samples import Samples

CLEAN_BATCH = 64
"""Materials whose stored patterns are read at once."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What the networks read of n materials, as computed and in d drawn measurements.

    Attributes:
        pattern: (n, 1 + d, pattern) vectors. reading: (n, 1 + d, READING). The first of each is of the material as it
            is stored; of the drawn ones those are zero in which no line is seen.
        edges: (n, 1 + d, t, edge) vectors.
        has_edge: (n, t) bool. context: (n, t, SITE_CONTEXT).
        rows: (n,) of the index.
    """

    pattern: NDArray[np.float32]
    reading: NDArray[np.float32]
    edges: NDArray[np.float32]
    has_edge: NDArray[np.bool_]
    context: NDArray[np.float32]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def draws(self) -> int:
        """How many measurements there are of each."""
        return self.pattern.shape[1] - 1

    def take(self, rows: NDArray[np.generic]) -> Views:
        """Some of the materials, by index or mask."""
        return Views(*(getattr(self, one.name)[rows] for one in fields(self)))

    def input(self, place: Tensor, composition: Tensor, answer: Tensor) -> JointInput:
        """The view of each material at a place (n,) or one place for all, with what `composition_reading` gives."""
        at = np.arange(len(self)), np.broadcast_to(place.numpy(), len(self))
        pattern, reading, edges = (torch.from_numpy(one[at]) for one in (self.pattern, self.reading, self.edges))
        has = torch.from_numpy(self.has_edge)
        return JointInput(
            pattern, reading, pattern.abs().sum(1) > 0, edges, has, torch.from_numpy(self.context), composition, answer
        )


def views_of(
    index: Index, samples: Samples, draws: int, seed: int = 0, kept: Path | None = None, say: Say | None = None
) -> Views:
    """What the networks read of materials; a file of the same materials, networks and draws is taken as it is.

    Args:
        index: holds the structures: those of its entries with reflections are measured.
        samples: materials with edges, each with a row in the index, see `with_rows`.
        draws: simulated measurements of each.
        seed: of the draws.
        kept: a file for them.
        say: called with one line of progress.
    """
    edges = xanes_encoder.load()
    if edges is None:
        raise XSearchError("The weights of the XANES encoder are missing.")
    words = (draws, seed, edges.identity, powder_vectors.load().identity, powder_symmetry.load().identity)
    key = hashlib.sha256(repr((words, index.version, *samples.material_id)).encode()).hexdigest()[:12]
    if kept is not None and kept.exists():
        with np.load(kept) as stored:
            if str(stored["key"]) == key:
                return Views(*(stored[one.name] for one in fields(Views)))
    rows = rows_of(index, samples)
    pattern, reading = _patterns(index, rows, draws, seed, say)
    has_edge = (samples.tokens.edge >= 0).numpy()
    most = int(has_edge.sum(1).max())  # edges stand before the elements that have none
    read = _edges(samples, edges, draws, seed)[:, :, :most]
    found = Views(pattern, reading, read, has_edge[:, :most], _contexts(samples)[:, :most], rows)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(".part.npz")
        np.savez(aside, key=key, **{one.name: getattr(found, one.name) for one in fields(Views)})
        aside.replace(kept)
    return found


def with_rows(index: Index, samples: Samples) -> Samples:
    """The samples whose material the index holds with reflections."""
    return samples.take(rows_of(index, samples) >= 0)


def rows_of(index: Index, samples: Samples) -> NDArray[np.int64]:
    """(n,) the row of each material, -1 where the index lacks it or its reflections."""
    places = {one: row for row, one in enumerate(index.catalog["material_id"].to_pylist())}
    rows = np.array([places.get(one, -1) for one in samples.material_id], np.int64)
    there = np.diff(index.reflection_arrays.offsets) > 0
    return np.where((rows >= 0) & there[rows], rows, -1)


def _patterns(
    index: Index, rows: NDArray[np.int64], draws: int, seed: int, say: Say | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    vectors, symmetry = powder_vectors.load(), powder_symmetry.load()
    pattern = np.zeros((len(rows), 1 + draws, vectors.dimensions), np.float32)
    reading = np.zeros((len(rows), 1 + draws, READING), np.float32)
    chance = np.random.default_rng(seed)
    with threadpool_limits(1, user_api="blas"):
        for first in range(0, len(rows), CLEAN_BATCH):
            part = rows[first : first + CLEAN_BATCH]
            at = slice(first, first + len(part))
            views = clean_views(index, part)
            pattern[at, 0] = vectors.of_rows(views, index.profiles[part], index.columns.expected_strain[part])
            reading[at, 0] = reading_of(symmetry.read(views))
            for place, row in enumerate(part.tolist(), start=first):
                for draw in range(1, 1 + draws):
                    try:
                        net = net_pattern(measured_row(index, row, drawn_conditions(index, row, chance), chance))
                    except SpectrumError:
                        continue
                    pattern[place, draw] = vectors.of_pattern(net)
                    reading[place, draw] = reading_of(symmetry.read(network_input(net)[None]))[0]
            if say is not None:
                say(f"patterns: {first + len(part):,} of {len(rows):,} materials")
    return pattern, reading


def _edges(samples: Samples, encoder: XanesEncoder, draws: int, seed: int) -> NDArray[np.float32]:
    """(n, 1 + d, t, edge)."""
    tokens = samples.tokens
    n, t = tokens.z.shape
    at = torch.nonzero(tokens.edge >= 0, as_tuple=True)
    named = list(zip(tokens.z[at].tolist(), tokens.edge[at].tolist(), strict=True))
    context = np.stack([site_context(z, EDGES[edge]) for z, edge in named])
    width = torch.tensor([core_hole_width(SYMBOLS[z - 1], EDGES[edge]) for z, edge in named])
    augment, generator = Augmentation(), torch.Generator().manual_seed(seed)
    found = np.zeros((n, 1 + draws, t, encoder.dimensions), np.float32)
    values, known = tokens.values[at], tokens.known[at]
    for draw in range(1 + draws):
        seen, there = values, known
        if draw:
            seen, there, _ = augment(values, known, tokens.offset_eV[at], generator, width)
        found[at[0], draw, at[1]] = encoder.read(encoder_input(seen.numpy(), there.numpy(), context))
    return found


def _contexts(samples: Samples) -> NDArray[np.float32]:
    z, edge = samples.tokens.z.numpy(), samples.tokens.edge.numpy()
    found = np.zeros((*z.shape, SITE_CONTEXT), np.float32)
    for place in zip(*np.nonzero(edge >= 0), strict=True):
        found[place] = site_context(int(z[place]), EDGES[edge[place]])
    return found
