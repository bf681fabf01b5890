"""The compiled loops of screening and of the strain fit."""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import CUBIC, TETRAGONAL
from xsearch.fit.log_q_pattern import N_BINS, NARROWEST, START, STEP, WIDTH_RATIO
from xsearch.simulate.lattice_kernels import (
    LEAST_UNIT_VOLUME_SQ,
    inverse_d_sq,
    quadratic,
    reciprocal_metric,
    unit_volume_sq,
)
from xsearch.simulate.line_kernels import LARGEST_SINE


@njit(cache=True, nogil=True, fastmath=True)
def deposit(log_q, intensity, sigma, taps, reaches, low, high, out):
    """Put lines on the grid as Gaussians.

    Args:
        log_q: (m,) ln q of the lines; intensity: (m,) their areas; sigma: (m,) their standard deviations in ln q.
        taps, reaches: from `tap_table`.
        low, high: first and one past the last bin wanted; lines whose centre lies outside are left out.
        out: (N_BINS,), overwritten.
    """
    centre = taps.shape[1] // 2
    scale = 1 / np.log(WIDTH_RATIO)
    out[:] = 0.0
    for i in range(len(log_q)):
        position = (log_q[i] - START) / STEP
        left = int(np.floor(position))
        if left < low or left + 1 >= high:
            continue
        kind = min(max(int(np.log(sigma[i] / NARROWEST) * scale + 0.5), 0), len(taps) - 1)
        part = position - left
        for k in range(-reaches[kind], reaches[kind] + 1):
            weight = taps[kind, centre + k] * intensity[i]
            j = left + k
            if low <= j < high:
                out[j] += (1 - part) * weight
            if low <= j + 1 < high:
                out[j + 1] += part * weight


@njit(cache=True, nogil=True, fastmath=True)
def compress(out, total, cut, low, high):
    """Bring the bins to a sum and compress them, as `log_q_pattern.compressed` does; returns the factor."""
    sum_ = 0.0
    for j in range(low, high):
        sum_ += out[j]
    factor = total / max(sum_, 1e-30)
    for j in range(low, high):
        value = factor * out[j]
        out[j] = value / np.sqrt(value + cut[j])
    return factor


@njit(cache=True, nogil=True, fastmath=True)
def correlation(out, row, low, high):
    """Pearson's r with a row that is centred and of unit length; the mean and the norm of `out` besides."""
    total = square = dot = 0.0
    for j in range(low, high):
        total += out[j]
        square += out[j] * out[j]
        dot += out[j] * row[j]
    mean = total / (high - low)
    norm = np.sqrt(max(square - mean * total, 1e-18))
    return dot / norm, mean, norm


@njit(cache=True, nogil=True)
def positions(hkl, state, wavelength, smoothing, log_q, sigma):
    """ln q and width of every line for a cell, a zero shift and a width in 2θ; False for an impossible cell."""
    if unit_volume_sq(state) <= LEAST_UNIT_VOLUME_SQ:
        return False
    metric = reciprocal_metric(state)
    zero = np.radians(state[6]) / 2
    spread = np.radians(state[7] / 2.355) / 2
    for i in range(len(hkl)):
        inverse_d = np.sqrt(inverse_d_sq(metric, hkl[i, 0], hkl[i, 1], hkl[i, 2]))
        sine = min(0.5 * wavelength * inverse_d, LARGEST_SINE)
        cotangent = np.sqrt(1 / (sine * sine) - 1)
        log_q[i] = np.log(2 * np.pi * inverse_d) + zero * cotangent
        sigma[i] = np.sqrt(smoothing * smoothing + (spread * cotangent) ** 2)
    return True


@njit(cache=True, nogil=True, fastmath=True)
def correlate(
    hkl, intensity, state, directions, row, taps, reaches, low, high, total, cut, smoothing, wavelength, zero_sigma,
    log_q, sigma, out, slopes,
):  # fmt: skip
    """Pearson's r of a crystal's lines with a pattern, and how it changes with cell, zero shift and thermal motion.

    Args:
        hkl: (m, 3) float64; intensity: (m,).
        state: (8,) cell, zero shift and line width.
        directions: (p, 6) changes of ln a, ln b, ln c and of the angles in degrees.
        row, total, cut, low, high: of the `LogQPattern`. smoothing: of its row.
        log_q, sigma: (m,); out: (N_BINS,); overwritten.
        slopes: (p + 2,), overwritten with the derivative by a step along each direction, by `zero_sigma` degrees of
            zero shift, and by the B factor in Å².
    """
    slopes[:] = 0.0
    if not positions(hkl, state, wavelength, smoothing, log_q, sigma):
        return -1.0
    deposit(log_q, intensity, sigma, taps, reaches, low, high, out)
    sum_ = 0.0
    for j in range(low, high):
        sum_ += out[j]
    if sum_ <= 0:
        return -1.0
    factor = total / sum_
    mean = square = dot = 0.0
    for j in range(low, high):
        w = factor * out[j]
        y = w / np.sqrt(w + cut[j])
        mean += y
        square += y * y
        dot += y * row[j]
    mean /= high - low
    norm = np.sqrt(max(square - mean * mean * (high - low), 1e-18))
    r = dot / norm
    # out becomes dr / dw, w in the units of the lines before scaling
    mean_slope = 0.0
    for j in range(low, high):
        w = factor * out[j]
        root = np.sqrt(w + cut[j])
        slope = (row[j] - r * (w / root - mean) / norm) / norm * (0.5 * w + cut[j]) / (root * root * root)
        mean_slope += slope * w
        out[j] = slope
    mean_slope /= total
    centre = taps.shape[1] // 2
    scale = 1 / np.log(WIDTH_RATIO)
    here = reciprocal_metric(state)
    changes = np.empty((len(directions), 3, 3))
    near = state.copy()
    for p in range(len(directions)):
        for i in range(3):
            near[i] = state[i] * np.exp(1e-4 * directions[p, i])
            near[3 + i] = state[3 + i] + 1e-4 * directions[p, 3 + i]
        changes[p] = (reciprocal_metric(near) - here) / 1e-4
    zero = np.radians(zero_sigma) / 2
    for i in range(len(log_q)):
        position = (log_q[i] - START) / STEP
        left = int(np.floor(position))
        if left < low or left + 1 >= high:
            continue
        kind = min(max(int(np.log(sigma[i] / NARROWEST) * scale + 0.5), 0), len(taps) - 1)
        part = position - left
        by_intensity = by_position = 0.0
        for k in range(-reaches[kind], reaches[kind] + 1):
            j = left + k
            if low <= j and j + 1 < high:
                tap = taps[kind, centre + k]
                by_intensity += tap * ((1 - part) * out[j] + part * out[j + 1])
                by_position += tap * (out[j + 1] - out[j])
        by_intensity = factor * (by_intensity - mean_slope)
        by_position *= factor * intensity[i] / STEP
        h, k_, m = hkl[i, 0], hkl[i, 1], hkl[i, 2]
        s = inverse_d_sq(here, h, k_, m)
        for p in range(len(directions)):
            slopes[p] += by_position * 0.5 * quadratic(changes[p], h, k_, m) / s
        sine = min(0.5 * wavelength * np.sqrt(s), LARGEST_SINE)
        slopes[-2] += by_position * zero * np.sqrt(1 / (sine * sine) - 1)
        slopes[-1] -= by_intensity * intensity[i] * 0.5 * s
    return r


@njit(cache=True, nogil=True)
def scan(
    hkl, intensity, state, system, row, taps, reaches, low, high, total, cut, smoothing, wavelength, sigmas, scales,
    shapes, first,
):  # fmt: skip
    """The best of a grid of scales and changes of up to two axes.

    Args:
        sigmas: expected change of a length, and what one of that size costs in correlation.
        scales, shapes: changes of ln length tried; first: (8,) the predicted state.
    """
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    out = np.zeros(N_BINS)
    trial, start, best_state = state.copy(), state.copy(), state.copy()
    best = -2.0
    first_shapes = 1 if system == CUBIC else len(shapes)
    second_shapes = 1 if system >= TETRAGONAL else 3
    for i in range(first_shapes):
        for j in range(second_shapes):
            start[:] = state
            start[2] *= np.exp(shapes[i])
            start[1] *= np.exp(shapes[j])
            if TETRAGONAL <= system < CUBIC:
                start[1] = start[0]
            # keep the volume: scale and shape are looked for apart
            start[:3] *= np.exp(-(shapes[i] + shapes[j]) / 3)
            for k in range(len(scales)):
                trial[:] = start
                trial[:3] *= np.exp(scales[k])
                positions(hkl, trial, wavelength, smoothing, log_q, sigma)
                deposit(log_q, intensity, sigma, taps, reaches, low, high, out)
                compress(out, total, cut, low, high)
                value = correlation(out, row, low, high)[0]
                for axis in range(3):
                    value -= sigmas[1] / 3 * (np.log(trial[axis] / first[axis]) / sigmas[0]) ** 2
                if value > best:
                    best = value
                    best_state[:] = trial
    return best_state
