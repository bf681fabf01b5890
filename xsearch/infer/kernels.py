"""The compiled loops of the first and the closer look."""

import numpy as np
from numba import njit

from xsearch.infer.profile import LOWEST_Q, N_BINS, NARROWEST, STEP, WIDTH_RATIO
from xsearch.simulate.kernels import CUBIC, HEXAGONAL, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL


@njit(cache=True, nogil=True, fastmath=True)
def deposit(log_q, intensity, sigma, taps, reaches, low, high, out):
    """Put lines on the grid as Gaussians, raise to one half, take the mean off between two bins.

    Args:
        log_q: (m,) ln q of the lines; intensity: (m,) their areas; sigma: (m,) their standard deviations in ln q.
        taps, reaches: from `tap_table`.
        low, high: first and one past the last bin that the pattern covers.
        out: (N_BINS,) float32, overwritten.

    Returns:
        Euclidean norm of `out` between the two bins.
    """
    centre = taps.shape[1] // 2
    first = np.log(LOWEST_Q)
    scale = 1 / np.log(WIDTH_RATIO)
    out[:] = 0.0
    for i in range(len(log_q)):
        position = (log_q[i] - first) / STEP
        left = int(np.floor(position))
        # lines whose centre lies outside would come in by their tails only
        if left < low or left + 1 >= high:
            continue
        kind = min(max(int(np.log(sigma[i] / NARROWEST) * scale + 0.5), 0), len(taps) - 1)
        reach = reaches[kind]
        part = position - left
        for k in range(-reach, reach + 1):
            weight = taps[kind, centre + k] * intensity[i]
            j = left + k
            if low <= j < high:
                out[j] += (1 - part) * weight
            if low <= j + 1 < high:
                out[j + 1] += part * weight
    total = 0.0
    for j in range(low, high):
        out[j] = np.sqrt(out[j])
        total += out[j]
    mean = total / max(high - low, 1)
    square = 0.0
    for j in range(low, high):
        out[j] -= mean
        square += out[j] * out[j]
    return np.sqrt(square)


@njit(cache=True, nogil=True)
def positions(hkl, state, wavelength, smoothing, log_q, sigma):
    """ln q and width of every line for a cell, a zero shift and a width in 2θ; False for an impossible cell."""
    a, b, c = state[0], state[1], state[2]
    ca, cb, cg = np.cos(np.radians(state[3])), np.cos(np.radians(state[4])), np.cos(np.radians(state[5]))
    square = 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg
    if square < 1e-6:
        return False
    # reciprocal metric of a general cell (International Tables B, ch. 1.1)
    g11 = (1 - ca * ca) / (a * a * square)
    g22 = (1 - cb * cb) / (b * b * square)
    g33 = (1 - cg * cg) / (c * c * square)
    g12 = (ca * cb - cg) / (a * b * square)
    g13 = (ca * cg - cb) / (a * c * square)
    g23 = (cb * cg - ca) / (b * c * square)
    zero = np.radians(state[6]) / 2
    spread = np.radians(state[7] / 2.355) / 2
    for i in range(len(hkl)):
        h, k, m = hkl[i, 0], hkl[i, 1], hkl[i, 2]
        s = h * h * g11 + k * k * g22 + m * m * g33 + 2 * (h * k * g12 + h * m * g13 + k * m * g23)
        inverse_d = np.sqrt(max(s, 1e-9))
        sine = min(0.5 * wavelength * inverse_d, 0.985)
        cotangent = np.sqrt(1 / (sine * sine) - 1)
        log_q[i] = np.log(2 * np.pi * inverse_d) + zero * cotangent
        sigma[i] = np.sqrt(smoothing * smoothing + (spread * cotangent) ** 2)
    return True


@njit(cache=True, nogil=True, fastmath=True)
def _value(
    hkl, intensity, state, first, row, taps, reaches, low, high, smoothing, wavelength, limits, log_q, sigma, out
):
    if not positions(hkl, state, wavelength, smoothing, log_q, sigma):
        return -1.0
    norm = deposit(log_q, intensity, sigma, taps, reaches, low, high, out)
    if norm < 1e-9:
        return -1.0
    dot = 0.0
    for j in range(low, high):
        dot += out[j] * row[j]
    shape_sigma, angle_sigma, zero_sigma, penalty = limits
    mean = 0.0
    for i in range(3):
        mean += np.log(state[i] / first[i]) / 3
    loss = (mean / shape_sigma) ** 2 + (state[6] / zero_sigma) ** 2
    for i in range(3):
        loss += ((np.log(state[i] / first[i]) - mean) / shape_sigma) ** 2
        loss += ((state[3 + i] - first[3 + i]) / angle_sigma) ** 2
    return dot / norm - penalty * loss / 3


@njit(cache=True, nogil=True)
def _move(state, kind, which, step, out):
    """Direction 0 scales all axes, 1 is the zero shift, 2 the width; the others what the crystal system leaves free."""
    out[:] = state
    factor = np.exp(step)
    if which == 0:
        out[:3] *= factor
    elif which == 1:
        out[6] += 8 * step
    elif which == 2:
        out[7] = min(max(out[7] * np.exp(60 * step), 0.03), 1.5)
    elif kind in (HEXAGONAL, TETRAGONAL):
        if which == 3:
            out[2] *= factor
        else:
            out[0] *= factor
            out[1] = out[0]
    elif which <= 5:
        out[which - 3] *= factor
    elif kind == MONOCLINIC:
        out[4] += np.degrees(step)
    else:
        out[which - 3] += np.degrees(step)


@njit(cache=True, nogil=True)
def scan(
    hkl, intensity, state, kind, row, taps, reaches, low, high, smoothing, wavelength, limits, scales, shapes, first
):
    """The best of a grid of scales and changes of up to two axes."""
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    out = np.zeros(N_BINS, np.float32)
    trial, start, best_state = state.copy(), state.copy(), state.copy()
    best = -2.0
    first_shapes = 1 if kind == CUBIC else len(shapes)
    second_shapes = 1 if kind in (CUBIC, HEXAGONAL, TETRAGONAL) else 3
    for i in range(first_shapes):
        for j in range(second_shapes):
            start[:] = state
            start[2] *= np.exp(shapes[i])
            start[1] *= np.exp(shapes[j])
            if kind in (HEXAGONAL, TETRAGONAL):
                start[1] = start[0]
            # keep the volume: scale and shape are looked for apart
            start[:3] *= np.exp(-(shapes[i] + shapes[j]) / 3)
            for k in range(len(scales)):
                trial[:] = start
                trial[:3] *= np.exp(scales[k])
                value = _value(
                    hkl, intensity, trial, first, row, taps, reaches, low, high, smoothing, wavelength, limits, log_q,
                    sigma, out,
                )  # fmt: skip
                if value > best:
                    best = value
                    best_state[:] = trial
    return best_state


@njit(cache=True, nogil=True)
def refine(hkl, intensity, state, first, kind, row, taps, reaches, low, high, smoothing, wavelength, limits):
    """Pattern search: steps along each free direction, halved until they are a fraction of the width."""
    if kind == CUBIC:
        directions = 3
    elif kind in (HEXAGONAL, TETRAGONAL):
        directions = 5
    elif kind == ORTHORHOMBIC:
        directions = 6
    elif kind == MONOCLINIC:
        directions = 7
    else:
        directions = 9
    log_q, sigma = np.empty(len(hkl)), np.empty(len(hkl))
    out = np.zeros(N_BINS, np.float32)
    trial, best_state = state.copy(), state.copy()
    best = _value(
        hkl, intensity, state, first, row, taps, reaches, low, high, smoothing, wavelength, limits, log_q, sigma, out
    )
    step = 1.6 * smoothing
    while step > 0.15 * smoothing:
        improved = False
        for which in range(directions):
            for sign in (1.0, -1.0):
                moved = False
                while True:
                    _move(best_state, kind, which, sign * step, trial)
                    value = _value(
                        hkl, intensity, trial, first, row, taps, reaches, low, high, smoothing, wavelength, limits,
                        log_q, sigma, out,
                    )  # fmt: skip
                    if value <= best + 2e-4:
                        break
                    best = value
                    best_state[:] = trial
                    moved = True
                if moved:
                    improved = True
                    break
        if not improved:
            step *= 0.5
    return best_state, best
