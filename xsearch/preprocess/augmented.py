"""Inputs of the powder network from stored reflections: measured under given conditions, and cleaned, in one loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.augmented_kernels import augmented_inputs
from xsearch.preprocess.axis import INPUT_AXIS
from xsearch.preprocess.powder import NET_PATTERN, cleaning

CLEANING = cleaning()
"""How background and noise are taken off, for the compiled loop."""


def inputs_of_rows(
    rows: NDArray[np.int64],
    offsets: NDArray[np.int64],
    hkl: NDArray[np.int16],
    structure_factor_sq: NDArray[np.float32],
    cells: NDArray[np.float64],
    system_codes: NDArray[np.uint8],
    conditions: NDArray[np.void],
    seeds: NDArray[np.int64],
) -> NDArray[np.float32]:
    """The network's inputs (n, 2, bins) of crystals, each under its own conditions.

    `xsearch.simulate.measurement.measure`, `net_pattern` and `network_input` in turn are the slow way to the same.

    Args:
        rows: (n,) of the tables that follow.
        offsets: reflections of row i stand from offsets[i] to offsets[i + 1]. hkl, structure_factor_sq: of them.
        cells: (rows, 6). system_codes: (rows,) codes, see `xsearch.chemistry.space_groups`.
        conditions: (n,) records of `xsearch.simulate.conditions.CONDITIONS`.
        seeds: (n,) of grains and counts.
    """
    out = np.zeros((len(rows), 2, INPUT_AXIS.bins), np.float32)
    grids = np.array([NET_PATTERN.grid_step_deg(wavelength_A) for wavelength_A in conditions["wavelength_A"]])
    sigma = INPUT_AXIS.width / INPUT_AXIS.step
    kernel = np.exp(-0.5 * (np.arange(int(4 * sigma + 0.5) + 1) / sigma) ** 2)
    kernel /= 2 * kernel.sum() - kernel[0]
    augmented_inputs(
        rows, offsets, hkl, structure_factor_sq, cells, system_codes, conditions, seeds, grids,
        CLEANING, INPUT_AXIS.start, INPUT_AXIS.step, INPUT_AXIS.floor, INPUT_AXIS.power, kernel, out,
    )  # fmt: skip
    return out
