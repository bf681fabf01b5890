"""Trial cells of a pattern from several selections of its lines, compared by the evidence of all lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.indexing.line_evidence_kernels import FREE_COUNTS, refine_all
from xsearch.indexing.lines import Lines
from xsearch.indexing.search import LATTICES, searched_forms
from xsearch.indexing.settings import IndexingSettings, PoolSettings

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Trial cells, the likeliest by the lines first.

    Attributes:
        forms: (m, 6) quadratic forms in 1/Å². lattices, centrings: (m,) codes of `kernels`.
        zeros_deg: (m,) zero shifts. evidence: (m,) natural logarithms, less the cost of free parameters.
    """

    forms: Array
    lattices: NDArray[np.int64]
    centrings: NDArray[np.int64]
    zeros_deg: Array
    evidence: Array

    def __len__(self) -> int:
        return len(self.forms)

    def take(self, places: NDArray[np.integer]) -> Pool:
        """The cells at these places."""
        return Pool(
            self.forms[places],
            self.lattices[places],
            self.centrings[places],
            self.zeros_deg[places],
            self.evidence[places],
        )


def selections(lines: Lines, settings: PoolSettings, n_lines: int) -> Iterator[Lines]:
    """The first lines that are so high, for several heights: faint ones are often another phase's."""
    before: list[Array] = []
    for least in settings.least_heights:
        strong = lines.height >= least
        some = Lines(lines.two_theta_deg[strong], lines.height[strong], lines.error_deg, lines.wavelength_A)
        some = some.first(n_lines)
        at = some.two_theta_deg
        if len(at) < settings.fewest_lines or any(len(at) == len(one) and np.all(at == one) for one in before):
            continue
        before.append(at)
        yield some


def pool_of(lines: Lines, some: Lines, zero_deg: float, settings: PoolSettings, search: IndexingSettings) -> Pool:
    """The trial cells of a selection of lines, refined by all lines."""
    forms, lattices = [np.empty((0, 6))], [np.empty(0, np.int64)]
    for code, found in searched_forms(some, zero_deg, search):
        forms.append(found)
        lattices.append(np.full(len(found), code))
    every = np.vstack(forms)
    return compared(every, np.concatenate(lattices), np.full(len(every), zero_deg), lines, settings)


def joined(pools: Sequence[Pool]) -> Pool:
    """All cells of several pools, the likeliest first."""
    evidence = np.concatenate([pool.evidence for pool in pools])
    order = np.argsort(-evidence, kind="stable")
    return Pool(
        np.vstack([pool.forms for pool in pools])[order],
        np.concatenate([pool.lattices for pool in pools])[order],
        np.concatenate([pool.centrings for pool in pools])[order],
        np.concatenate([pool.zeros_deg for pool in pools])[order],
        evidence[order],
    )


def compared(forms: Array, lattices: NDArray[np.int64], zeros_deg: Array, lines: Lines, settings: PoolSettings) -> Pool:
    """Cells with every centring that they may have, refined by all lines and sorted."""
    order: list[int] = []
    centrings: list[int] = []
    for i, code in enumerate(lattices.tolist()):
        for centring in LATTICES[code].centrings:
            order.append(i)
            centrings.append(centring)
    places = np.array(order, np.int64)
    return refined_pool(
        forms[places], lattices[places], np.array(centrings, np.int64), zeros_deg[places], lines, settings
    )


def refined_pool(
    forms: Array, lattices: NDArray[np.int64], centrings: NDArray[np.int64], zeros_deg: Array, lines: Lines,
    settings: PoolSettings,
) -> Pool:  # fmt: skip
    """Cells refined by all lines, the likeliest first."""
    some = lines.first(settings.n_lines)
    q, per_degree = some.inverse_d_sq, some.inverse_d_sq_error / some.error_deg
    sigma = per_degree * settings.error_share * some.error_deg
    foreign = settings.foreign_strong + settings.foreign_faint * np.exp(-some.height / settings.faint_height)
    out, counts = np.empty((len(forms), 8)), np.zeros((len(forms), 2), np.int64)
    refine_all(
        np.ascontiguousarray(forms), lattices, centrings, zeros_deg, q, per_degree, sigma, foreign,
        settings.zero_sigma_deg, settings.rounds, out, counts,
    )  # fmt: skip
    evidence = out[:, 7] - settings.parameter_cost * FREE_COUNTS[lattices]
    best = np.argsort(-evidence, kind="stable")
    best = best[np.isfinite(evidence[best])]
    return Pool(out[best, :6], lattices[best], centrings[best], out[best, 6], evidence[best])
