"""Which library spectra go best with a sum: all of them at a grid of shifts, by a few matrix products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.xanes import WINDOW_POINTS
from xsearch.xas.evidence import CLOSENESS_WEIGHT, LEAST_DISTANCE
from xsearch.xas.lcf import EdgeSum, EdgeTarget, Part
from xsearch.xas.matching import CHANNELS, LEAST_OVERLAP, COARSE_eV, WIDEST_SHIFT_eV, broadened, shifted

SHIFTS_eV = np.arange(-WIDEST_SHIFT_eV, WIDEST_SHIFT_eV + 1e-9, COARSE_eV)
SCANNED_BROADENING_eV = 1.0
"""Of computed spectra; measured ones are taken as they are."""


class Scan:
    """Some of a library's spectra against an edge.

    Attributes:
        target: the edge.
        rows: (m,) places in the library.
        broadening_eV: (m,) of each in the scan.
        shift_eV: (m, s) query energy less library energy.
    """

    def __init__(self, target: EdgeTarget, rows: NDArray[np.int64]) -> None:
        self.target, self.rows = target, rows
        computed = ~target.is_measured[rows]
        held = target.held[rows].astype(np.float32)
        held[computed] = broadened(held[computed], SCANNED_BROADENING_eV)
        self.broadening_eV = np.where(computed, SCANNED_BROADENING_eV, 0.0)
        self._known = (np.arange(WINDOW_POINTS) <= target.last[rows, None]).astype(np.float32)
        self._library = [channel(held) * self._known for channel, _ in CHANNELS]
        offset = target.library.spectra.offset_eV[rows, None].astype(np.float64)
        self.shift_eV = target.window.offset_eV + SHIFTS_eV - offset

    def best(self, base: EdgeSum | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m,) evidence of a sum with each spectrum added at the shift that suits it best, and (m,) that shift."""
        values = self.values(base)
        here, place = np.arange(len(self.rows)), values.argmax(1)
        return values[here, place], self.shift_eV[here, place]

    def values(self, base: EdgeSum | None) -> NDArray[np.float64]:
        """(m, s) evidence, up to a constant, of a sum whose own proportions stay with each spectrum added.

        The weights of the sum and of the spectrum solve two normal equations, each a matrix product over all spectra
        and shifts. Minus infinity where one of them is not above zero, or too few points are left.
        """
        target, known = self.target, self._known
        added, inside = np.zeros_like(target.asked), target.window.known.copy()
        for part, weight in zip(*((base.parts, base.weights) if base else ((), ())), strict=True):
            moved, here = target.moved(part)
            added += weight * moved
            inside &= here
        seen = shifted(np.zeros(WINDOW_POINTS, np.float32), inside, SHIFTS_eV)[1]
        count = np.maximum(known @ seen.T, 1.0)
        vv, vb, bb, vq, bq = np.zeros((5, *count.shape), np.float32)
        for library, asked, own in zip(self._library, target.asked, added, strict=True):
            q, b = (
                shifted((row - row[inside].mean()).astype(np.float32), inside, SHIFTS_eV)[0] * seen
                for row in (asked, own)
            )
            sum_q, sum_v = known @ q.T, library @ seen.T
            norm = known @ (q * q).T - sum_q**2 / count
            vv += ((library * library) @ seen.T - sum_v**2 / count) / norm
            vq += (library @ q.T - sum_v * sum_q / count) / norm
            if base:
                sum_b = known @ b.T
                vb += (library @ b.T - sum_v * sum_b / count) / norm
                bb += (known @ (b * b).T - sum_b**2 / count) / norm
                bq += (known @ (q * b).T - sum_q * sum_b / count) / norm
        explained, share = vq**2 / np.maximum(vv, 1e-9), np.where(vq > 0, 1.0, 0.0)
        base_error = 0.0
        if base:
            det = np.maximum(vv * bb - vb**2, 1e-9)
            more, less = (vq * bb - bq * vb) / det, (bq * vv - vq * vb) / det
            explained = more * vq + less * bq
            share = np.where((more > 0) & (less > 0), more / np.maximum(more + less, 1e-9), 0.0)
            base_error = float(base.shares**2 @ target.error[list(base.places)])
        # 1 - r is half of what is left of a channel, and there are as many channels as explained can count to
        distance = np.clip(len(CHANNELS) - explained, 0.0, None) / (2 * len(CHANNELS))
        distance += share**2 * target.error[self.rows, None] + (1 - share) ** 2 * base_error
        found = target.own[self.rows, None] - CLOSENESS_WEIGHT * np.log(np.maximum(distance, LEAST_DISTANCE))
        centre, width = target.expected_shift(self.rows, base)
        found -= target.shift_cost[self.rows, None] * ((self.shift_eV - centre[:, None]) / width[:, None]) ** 2
        return np.where((share > 0) & (count >= LEAST_OVERLAP), found, -np.inf)

    def part(self, at: int, shift_eV: float) -> Part:
        """One of the spectra as a part."""
        return Part(int(self.rows[at]), float(shift_eV), float(self.broadening_eV[at]))
