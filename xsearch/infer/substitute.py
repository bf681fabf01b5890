"""Crystals with other elements on their sites, in cells of the predicted volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.volume import log_volume
from xsearch.elements import SYMBOLS
from xsearch.infer.proposals import Proposals
from xsearch.infer.template_library import TemplateLibrary


def predicted_scale(library: TemplateLibrary, proposals: Proposals) -> NDArray[np.float64]:
    """(k,) ln(length / source length) that the substitution is expected to bring, a third of that of the volume."""
    before = log_volume(library.atomic_numbers[proposals.row], library.coefficients[proposals.row])
    after = log_volume(proposals.targets, library.coefficients[proposals.row])
    return (after - before) / 3


def substituted(
    library: TemplateLibrary, proposals: Proposals, scales: NDArray[np.float64] | None = None
) -> list[Crystal]:
    """The crystals of the proposals.

    Args:
        library: that they were made from.
        proposals: which entry takes which elements.
        scales: (k,) ln(length / source length); the predicted ones by default.
    """
    lengths = predicted_scale(library, proposals) if scales is None else scales
    rows, place = np.unique(proposals.row, return_inverse=True)
    sources = library.fetch(rows.tolist())
    return [
        _substitute(sources[which], library.atomic_numbers[row], target, float(np.exp(length)))
        for which, row, target, length in zip(place, proposals.row, proposals.targets, lengths, strict=True)
    ]


def _substitute(source: Crystal, slots: NDArray[np.uint8], targets: NDArray[np.uint8], factor: float) -> Crystal:
    change: dict[str, str] = {
        SYMBOLS[old - 1]: SYMBOLS[new - 1] for old, new in zip(slots.tolist(), targets.tolist(), strict=True) if old
    }
    return source.with_elements(tuple([change[element] for element in source.elements]), factor)
