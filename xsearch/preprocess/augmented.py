"""Inputs of the powder network from stored reflections: measured under given conditions, and cleaned, in one loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.augmented_kernels import augmented_inputs
from xsearch.preprocess.axis import INPUT_AXIS
from xsearch.preprocess.background_kernels import Cleaning
from xsearch.preprocess.powder import NET_PATTERN, cleaning
from xsearch.simulate.texture import equivalent_axes

CLEANING = cleaning()
"""How background and noise are taken off, for the compiled loop."""

QUICK = CLEANING._replace(seek_turns=4.0, settle_turns=3.0, rounds=1.0)
"""The same in a third of the turns: backgrounds nearly as good, for networks in training."""

NO_AXES = np.zeros((0, 3), np.int64)


def inputs_of_rows(
    rows: NDArray[np.int64],
    offsets: NDArray[np.int64],
    hkl: NDArray[np.int16],
    structure_factor_sq: NDArray[np.float32],
    cells: NDArray[np.float64],
    system_codes: NDArray[np.uint8],
    conditions: NDArray[np.void],
    seeds: NDArray[np.int64],
    taken_off: Cleaning = CLEANING,
) -> NDArray[np.float32]:
    """The network's inputs (n, 2, bins) of crystals, each under its own conditions.

    `xsearch.simulate.measurement.measure`, `net_pattern` and `network_input` in turn are the slow way to the same.

    Args:
        rows: (n,) of the tables that follow.
        offsets: reflections of row i stand from offsets[i] to offsets[i + 1]. hkl, structure_factor_sq: of them.
        cells: (rows, 6). system_codes: (rows,) codes, see `xsearch.chemistry.space_groups`.
        conditions: (n,) records of `xsearch.simulate.conditions.CONDITIONS`.
        seeds: (n,) of grains and counts.
        taken_off: how background and noise are; training takes `QUICK`.
    """
    out = np.zeros((len(rows), 2, INPUT_AXIS.bins), np.float32)
    grids = np.array([NET_PATTERN.grid_step_deg(wavelength_A) for wavelength_A in conditions["wavelength_A"]])
    sigma = INPUT_AXIS.width / INPUT_AXIS.step
    kernel = np.exp(-0.5 * (np.arange(int(4 * sigma + 0.5) + 1) / sigma) ** 2)
    kernel /= 2 * kernel.sum() - kernel[0]
    textured = conditions["march"] != 1.0
    axes = [
        equivalent_axes(int(system_codes[row]), tuple(axis)) if along else NO_AXES
        for row, axis, along in zip(rows, conditions["axis"].tolist(), textured, strict=True)
    ]
    first = np.cumsum([0, *(len(one) for one in axes)])
    augmented_inputs(
        rows, offsets, hkl, structure_factor_sq, cells, system_codes, conditions, np.concatenate(axes), first, seeds,
        grids, taken_off, INPUT_AXIS.start, INPUT_AXIS.step, INPUT_AXIS.floor, INPUT_AXIS.power, kernel, out,
    )  # fmt: skip
    return out
