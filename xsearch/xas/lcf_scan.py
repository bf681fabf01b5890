"""Which library spectra go best with a linear combination: all of them at a grid of shifts, by matrix products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.xanes import WINDOW_POINTS
from xsearch.xas.lcf import Component, LcfFit, LcfTarget
from xsearch.xas.matching import broadened, channels, shifted


class LcfScan:
    """Some of a library's spectra against an edge.

    Attributes:
        target: the edge.
        rows: (m,) places in the library.
        broadening_eV: (m,) of each in the scan; measured spectra are not broadened.
        shift_eV: (m, s) query energy less library energy.
    """

    def __init__(self, target: LcfTarget, rows: NDArray[np.int64]) -> None:
        self.target, self.rows = target, rows
        settings = target.settings.matching
        computed, broadening = ~target.is_measured[rows], target.settings.lcf.scan_broadening_eV
        held = target.held[rows].astype(np.float32)
        held[computed] = broadened(held[computed], broadening)
        self.broadening_eV = np.where(computed, broadening, 0.0)
        self._known = (np.arange(WINDOW_POINTS) <= target.last[rows, None]).astype(np.float32)
        self._library = [values * self._known for values in channels(held, settings)]
        self._grid_eV = np.arange(-settings.widest_shift_eV, settings.widest_shift_eV + 1e-9, settings.coarse_step_eV)
        offset = target.library.spectra.offset_eV[rows, None].astype(np.float64)
        self.shift_eV = target.window.offset_eV + self._grid_eV - offset

    def best(self, base: LcfFit | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m,) evidence of a fit with each spectrum added at its best shift, and (m,) that shift."""
        values = self.values(base)
        here, place = np.arange(len(self.rows)), values.argmax(1)
        return values[here, place], self.shift_eV[here, place]

    def values(self, base: LcfFit | None) -> NDArray[np.float64]:
        """(m, s) evidence, up to a constant, of a fit whose proportions stay while each spectrum is added.

        The weights of the fit and of the spectrum solve two normal equations, each a matrix product over all spectra
        and shifts. Minus infinity where one of them is not above zero, or too few points are left.
        """
        target, known = self.target, self._known
        numbers = target.settings.lcf_evidence
        combined, inside = np.zeros_like(target.measured), target.window.known.copy()
        for one, weight in zip(*((base.components, base.weights) if base else ((), ())), strict=True):
            values, here = target.shifted(one)
            combined += weight * values
            inside &= here
        seen = shifted(np.zeros(WINDOW_POINTS, np.float32), inside, self._grid_eV)[1]
        count = np.maximum(known @ seen.T, 1.0)
        vv, vb, bb, vq, bq = np.zeros((5, *count.shape), np.float32)
        for library, measured, fitted in zip(self._library, target.measured, combined, strict=True):
            q, b = (
                shifted((row - row[inside].mean()).astype(np.float32), inside, self._grid_eV)[0] * seen
                for row in (measured, fitted)
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
        explained, fraction = vq**2 / np.maximum(vv, 1e-9), np.where(vq > 0, 1.0, 0.0)
        base_error = 0.0
        if base:
            det = np.maximum(vv * bb - vb**2, 1e-9)
            more, less = (vq * bb - bq * vb) / det, (bq * vv - vq * vb) / det
            explained = more * vq + less * bq
            fraction = np.where((more > 0) & (less > 0), more / np.maximum(more + less, 1e-9), 0.0)
            base_error = float(base.fractions**2 @ target.error[list(base.places)])
        # 1 - r is half of what is left of a channel, and there are as many channels as explained can count to
        distance = np.clip(len(self._library) - explained, 0.0, None) / (2 * len(self._library))
        distance += fraction**2 * target.error[self.rows, None] + (1 - fraction) ** 2 * base_error
        found = target.prior[self.rows, None] - numbers.closeness_weight * np.log(
            np.maximum(distance, numbers.least_distance)
        )
        expected = target.expected_with(self.rows, base)
        every = np.arange(len(self.rows))
        found -= target.shift_cost[self.rows, None] * expected.squared_deviation(self.shift_eV, every)
        return np.where((fraction > 0) & (count >= target.settings.matching.least_overlap), found, -np.inf)

    def component(self, at: int, shift_eV: float) -> Component:
        """One of the spectra as a component."""
        return Component(int(self.rows[at]), float(shift_eV), float(self.broadening_eV[at]))
