"""Many disturbed measurements in one compiled loop: lines, counts, background taken off, onto the log-q axis.

`xsearch.simulate.measurement.measure` followed by `net_pattern` is the slow reference; this leaves out what a network's
input does not show.
"""

from collections import namedtuple

import numpy as np
from numba import njit

from xsearch.preprocess.kernels import snip

Cleaning = namedtuple("Cleaning", "smoothing_deg reach_invA growth least_deg passes noise_cut")
"""The settings of `xsearch.preprocess.powder.net_pattern`."""

GRID_DEG = 0.02
"""Step of the grid that patterns are drawn on, that of `xsearch.preprocess.powder`."""

FAINTEST = 1e-3
NEAR_REACH, FAR_REACH = 3.0, 9.0
"""Widths from its centre within which a line is drawn: a faint one, a strong one (above `STRONG` of the highest)."""

STRONG = 0.05
DOUBLET_SEEN = 0.15
"""Kα2 is drawn apart where it is this share of the width away."""

KALPHA_RATIO = 0.5


@njit(cache=True, nogil=True, fastmath=True)
def tied_strain(system, shape, out):
    """The part of a strain that a crystal system allows, into `out` (6,); systems by their code, triclinic first."""
    for i in range(6):
        out[i] = 0.0
    if system == 0:
        out[:] = shape
    elif system == 1:
        out[:3] = shape[:3]
        out[4] = shape[4]
    elif system == 2:
        out[:3] = shape[:3]
    elif system < 6:
        out[0] = shape[0]
        out[1] = shape[0]
        out[2] = shape[2]


@njit(cache=True, nogil=True, fastmath=True)
def reciprocal(cell):
    """(3, 3) reciprocal metric of a cell in Å and degrees."""
    a, b, c = cell[0], cell[1], cell[2]
    ca, cb, cg = np.cos(np.radians(cell[3])), np.cos(np.radians(cell[4])), np.cos(np.radians(cell[5]))
    g = np.empty((3, 3))
    g[0, 0], g[1, 1], g[2, 2] = a * a, b * b, c * c
    g[0, 1] = g[1, 0] = a * b * cg
    g[0, 2] = g[2, 0] = a * c * cb
    g[1, 2] = g[2, 1] = b * c * ca
    return np.linalg.inv(g)


@njit(cache=True, nogil=True, fastmath=True)
def quadratic(metric, h, k, m):
    """h · metric · h."""
    return (
        metric[0, 0] * h * h
        + metric[1, 1] * k * k
        + metric[2, 2] * m * m
        + 2 * (metric[0, 1] * h * k + metric[0, 2] * h * m + metric[1, 2] * k * m)
    )


@njit(cache=True, nogil=True, fastmath=True)
def add_line(at_deg, area, fwhm_deg, lorentzian, reach, first_deg, step_deg, out):
    """Add one pseudo-Voigt line to an even axis."""
    begin = max(int(np.ceil((at_deg - reach * fwhm_deg - first_deg) / step_deg)), 0)
    end = min(int((at_deg + reach * fwhm_deg - first_deg) / step_deg), len(out) - 1)
    height = 2 * area / fwhm_deg
    round_part = height * lorentzian / np.pi
    gauss_part = height * (1 - lorentzian) * np.sqrt(np.log(2.0) / np.pi)
    for k in range(begin, end + 1):
        u = 2 * (first_deg + k * step_deg - at_deg) / fwhm_deg
        square = u * u
        value = round_part / (1 + square)
        if square < 20:
            value += gauss_part * np.exp(-0.6931471805599453 * square)
        out[k] += value


@njit(cache=True, nogil=True, fastmath=True)
def draw_lines(hkl, squares, cell, system, c, first_deg, step_deg, out):
    """Draw the lines of a crystal under the conditions `c`, a record of `CONDITIONS`, onto an even axis."""
    tied = np.empty(6)
    shape = c.shape_strain
    tied_strain(system, shape, tied)
    strained = np.empty(6)
    for i in range(3):
        strained[i] = cell[i] * np.exp(c.mean_strain + tied[i])
        strained[i + 3] = cell[i + 3] + tied[i + 3]
    metric = reciprocal(strained)
    p0, p1, p2 = float(c.axis[0]), float(c.axis[1]), float(c.axis[2])
    axis_sq = quadratic(metric, p0, p1, p2)
    n = len(squares)
    sine = np.empty(n)
    area = np.zeros(n)
    width = np.empty(n)
    last_deg = first_deg + step_deg * len(out)
    largest_sine = np.sin(np.radians(min(last_deg + 1, 175.0) / 2))
    highest = 0.0
    for i in range(n):
        h, k, m = float(hkl[i, 0]), float(hkl[i, 1]), float(hkl[i, 2])
        inverse_d_sq = max(quadratic(metric, h, k, m), 1e-12)
        s = 0.5 * c.wavelength_A * np.sqrt(inverse_d_sq)
        sine[i] = s
        if s >= largest_sine:
            continue
        cross = (
            metric[0, 0] * h * p0 + metric[1, 1] * k * p1 + metric[2, 2] * m * p2
            + metric[0, 1] * (h * p1 + k * p0) + metric[0, 2] * (h * p2 + m * p0) + metric[1, 2] * (k * p2 + m * p1)
        )  # fmt: skip
        cosine_sq = min(cross * cross / (inverse_d_sq * axis_sq), 1.0)
        value = squares[i] * np.exp(-0.5 * c.b_iso_A2 * inverse_d_sq)
        if c.march != 1.0:
            value *= (c.march * c.march * cosine_sq + (1 - cosine_sq) / c.march) ** -1.5
        if c.grain_scatter > 0:
            value *= max(1 + c.grain_scatter * np.random.normal(), 0.05)  # noqa: NPY002
        cosine = np.sqrt(1 - s * s)
        doubled = 1 - 2 * s * s
        value *= (1 + doubled * doubled) / (s * s * cosine)
        directional = np.exp(c.direction * (cosine_sq - 1.0 / 3))
        size_deg = np.degrees(0.9 * c.wavelength_A / (c.size_A * cosine))
        strain_deg = np.degrees(4 * c.microstrain * s / cosine)
        width[i] = np.sqrt(c.instrument_deg**2 + ((size_deg + strain_deg) * directional) ** 2)
        width[i] = max(width[i], step_deg)
        area[i] = value
        highest = max(highest, value / width[i])
    ratio = c.alpha2_A / c.wavelength_A
    for i in range(n):
        height = area[i] / (width[i] * highest) if area[i] > 0 else 0.0
        if height < FAINTEST:
            continue
        reach = FAR_REACH if height > STRONG else NEAR_REACH
        at = 2 * np.degrees(np.arcsin(sine[i]))
        seen = at + c.zero_deg + c.displacement_deg * np.sqrt(1 - sine[i] * sine[i])
        if ratio > 0:
            other = 2 * np.degrees(np.arcsin(min(sine[i] * ratio, 0.9999))) - at
            share = KALPHA_RATIO / (1 + KALPHA_RATIO)
            if other < DOUBLET_SEEN * width[i]:
                add_line(seen + share * other, area[i], width[i], c.lorentzian, reach, first_deg, step_deg, out)
            else:
                main = (1 - share) * area[i]
                add_line(seen, main, width[i], c.lorentzian, reach, first_deg, step_deg, out)
                add_line(seen + other, area[i] - main, width[i], c.lorentzian, reach, first_deg, step_deg, out)
        else:
            add_line(seen, area[i], width[i], c.lorentzian, reach, first_deg, step_deg, out)


@njit(cache=True, nogil=True, fastmath=True)
def convolved(values, kernel):
    """Values under a symmetric kernel given by its right half, the ends continued."""
    n, reach = len(values), len(kernel) - 1
    out = np.empty(n)
    for i in range(n):
        total = kernel[0] * values[i]
        for j in range(1, reach + 1):
            total += kernel[j] * (values[max(i - j, 0)] + values[min(i + j, n - 1)])
        out[i] = total
    return out


@njit(cache=True, nogil=True)
def half_gaussian(sigma):
    """Right half of a normalised Gaussian."""
    reach = int(4 * sigma + 0.5)
    kernel = np.empty(reach + 1)
    for j in range(reach + 1):
        kernel[j] = np.exp(-0.5 * (j / sigma) ** 2)
    return kernel / (2 * kernel.sum() - kernel[0])


@njit(cache=True, nogil=True, fastmath=True)
def clipping_reach(n, first_deg, step_deg, wavelength_A, cleaning):
    """What `xsearch.preprocess.powder.clipping_reach` gives, compiled."""
    out = np.empty(n)
    for k in range(n):
        theta = np.radians((first_deg + k * step_deg) / 2)
        reach = cleaning.reach_invA + cleaning.growth * 4 * np.pi * np.sin(theta) / wavelength_A
        per_degree = np.radians(2 * np.pi * np.cos(theta) / wavelength_A)
        out[k] = max(reach / max(per_degree, 1e-3), cleaning.least_deg) / step_deg
    return out


@njit(cache=True, nogil=True, fastmath=True)
def net_counts(net, c, first_deg, step_deg, cleaning):
    """Add background, foreign lines and noise to lines, and take background and noise off as preprocessing does."""
    n = len(net)
    highest = net.max()
    expected = np.empty(n)
    if highest > 0:
        net /= highest
    width = max(c.instrument_deg, step_deg)
    for j in range(len(c.foreign)):
        if c.foreign[j, 1] > 0:
            add_line(c.foreign[j, 0], c.foreign[j, 1] * width, width, c.lorentzian, FAR_REACH, first_deg, step_deg, net)
    for k in range(n):
        at = first_deg + k * step_deg
        ground = 1 + c.slope * np.exp(-(at - first_deg) / 12)
        ground += c.hump * np.exp(-0.5 * ((at - c.hump_deg) / c.hump_width_deg) ** 2)
        expected[k] = c.counts * (net[k] + c.fluorescence) + c.floor * ground
    per_point = np.sqrt(min(c.step_deg, step_deg) / step_deg)
    noise = np.sqrt(np.median(expected))
    counts = np.empty(n)
    for k in range(n):
        scatter = per_point * np.sqrt(expected[k]) * np.random.normal()  # noqa: NPY002
        counts[k] = max(expected[k] + scatter, 0.0)
    top = counts.max()
    if top <= 0:
        return counts
    smooth = convolved(counts * (1e5 / top), half_gaussian(cleaning.smoothing_deg / step_deg))
    base = snip(smooth, clipping_reach(n, first_deg, step_deg, c.wavelength_A, cleaning), cleaning.passes)
    cut = cleaning.noise_cut * noise * 1e5 / top
    for k in range(n):
        counts[k] = max(smooth[k] - base[k] - cut, 0.0)
    return counts


@njit(cache=True, nogil=True, fastmath=True)
def onto_log_q(net, first_deg, step_deg, wavelength_A, start, step, floor, power, kernel, out):
    """Compress a net pattern onto a log-q axis: `out[0]` the profile, `out[1]` the range that it covers as ones."""
    bins = out.shape[1]
    row = np.zeros(bins)
    low, high = bins, -1
    for k in range(len(net)):
        q = 4 * np.pi * np.sin(np.radians((first_deg + k * step_deg) / 2)) / wavelength_A
        place = (np.log(q) - start) / step
        left = int(np.floor(place))
        if left < 0 or left >= bins - 1:
            continue
        low, high = min(low, left + 1), max(high, left)
        if net[k] > 0:
            part = place - left
            row[left] += net[k] * (1 - part)
            row[left + 1] += net[k] * part
    out[:] = 0
    if high < low:
        return
    row = convolved(row, kernel)
    highest = row[low:high].max() if high > low else 0.0
    for j in range(low, high):
        out[0, j] = (row[j] / highest + floor) ** power - floor**power if highest > 0 else 0.0
        out[1, j] = 1.0


@njit(cache=True, nogil=True)
def disturbed_inputs(
    rows, offsets, hkl, squares, cells, systems, conditions, seed, cleaning, start, step, floor, power, width_bins, out
):  # fmt: skip
    """The inputs (n, 2, bins) of rows of an index, each measured under its own conditions, into `out`.

    Args:
        rows: (n,). offsets, hkl, squares, cells, systems: of the index.
        conditions: (n,) records of `xsearch.simulate.conditions.CONDITIONS`.
        seed: of grains and counts.
        cleaning: how background and noise are taken off, a `Cleaning`.
        start, step, floor, power, width_bins: of the axis; widths in its bins.
        out: (n, 2, bins) changed.
    """
    np.random.seed(seed)  # noqa: NPY002, numba knows no other
    kernel = half_gaussian(width_bins)
    for i in range(len(rows)):
        c = conditions[i]
        net = np.zeros(int((c.last_deg - c.first_deg) / GRID_DEG) + 1)
        a, b = offsets[rows[i]], offsets[rows[i] + 1]
        draw_lines(hkl[a:b], squares[a:b], cells[rows[i]], systems[rows[i]], c, c.first_deg, GRID_DEG, net)
        found = net_counts(net, c, c.first_deg, GRID_DEG, cleaning)
        onto_log_q(found, c.first_deg, GRID_DEG, c.wavelength_A, start, step, floor, power, kernel, out[i])
