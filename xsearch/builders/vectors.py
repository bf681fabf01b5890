"""The vectors of entries, which an index keeps to find those whose patterns are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.indexes.chunk import Entry
from xsearch.models import powder_vectors
from xsearch.preprocess.augmented import inputs_of_rows
from xsearch.simulate.conditions import ideal

AT_ONCE = 16
"""Entries that the network reads at once; more gain nothing. It always reads so many, since a matrix product of another
size may differ in its last digit."""


def described() -> dict[str, Any]:
    """What a manifest says about the vectors of a build; nothing where no weights come with this copy."""
    if not powder_vectors.are_there():
        return {}
    made_by = powder_vectors.load()
    return {"encoder": made_by.identity, "encoder_dimensions": made_by.dimensions}


def with_vectors(entries: Sequence[Entry]) -> list[Entry]:
    """Entries with their vectors, those that have none or another encoder's too.

    What has no reflections or no profile stays without one, and so does everything where no weights come with this copy
    of xsearch. The vector of an entry does not depend on the entries beside it.
    """
    found = list(entries)
    if not powder_vectors.are_there():
        return found
    places = [i for i, one in enumerate(found) if one.reflections is not None and one.profile is not None]
    with threadpool_limits(1, user_api="blas"):
        for begin in range(0, len(places), AT_ONCE):
            part = places[begin : begin + AT_ONCE]
            vectors = _vectors([found[i] for i in part])
            for i, vector in zip(part, vectors, strict=True):
                found[i] = replace(found[i], vector=vector)
    return found


def _vectors(entries: Sequence[Entry]) -> np.ndarray:
    """(n, d) float32; each entry with reflections and a profile."""
    lines = [entry.reflections for entry in entries if entry.reflections is not None]
    strains = np.array([entry.material.expected_strain or 0.0 for entry in entries], np.float32)
    views = inputs_of_rows(
        np.arange(len(lines)),
        np.concatenate([[0], np.cumsum([len(one) for one in lines])]).astype(np.int64),
        np.concatenate([one.hkl for one in lines]),
        np.concatenate([one.structure_factor_sq for one in lines]),
        np.array([one.cell for one in lines]),
        np.array([CRYSTAL_SYSTEMS.index(one.crystal_system) for one in lines], np.uint8),
        ideal(len(lines), strains),
        np.zeros(len(lines), np.int64),
    )
    profiles = np.array([entry.profile for entry in entries], np.float16)  # as the index keeps them
    return powder_vectors.load().of_rows(_filled(views), _filled(profiles), _filled(strains))[: len(entries)]


def _filled(rows: np.ndarray) -> np.ndarray:
    """Rows, and zeros up to `AT_ONCE`."""
    return np.concatenate([rows, np.zeros((AT_ONCE - len(rows), *rows.shape[1:]), rows.dtype)])
