"""Many augmented measurements in one compiled loop: lines, counts, background taken off, onto the log-q axis.

`xsearch.simulate.measurement.measure` followed by `net_pattern` is the slow reference; this leaves out what a network's
input does not show.
"""

import numpy as np
from numba import njit

from xsearch.preprocess.background_kernels import cleaned
from xsearch.preprocess.counting import COUNTING
from xsearch.preprocess.kernels import symmetric_convolution
from xsearch.simulate.lattice_kernels import direction_cosines, inverse_d_sq, reciprocal_metric, tied
from xsearch.simulate.line_kernels import LARGEST_SINE, add_line, lorentz_polarisation
from xsearch.simulate.measurement import KALPHA_RATIO
from xsearch.simulate.polarisation import UNPOLARISED

LEAST_SHARE = COUNTING.faintest_share
"""Counts lower than this share of typical ones are no less noisy."""

FAINTEST = 1e-3
"""Share of the strongest line below which a line is left out."""

NEAR_REACH, FAR_REACH = 3.0, 9.0
"""Widths from its centre within which a line is drawn: a faint one, a strong one (above `STRONG` of the highest)."""

STRONG = 0.05
"""Share of the highest point above which a line is drawn out to `FAR_REACH`."""

DOUBLET_SEEN = 0.15
"""Kα2 is drawn apart where it is this share of the width away."""


@njit(cache=True, nogil=True, fastmath=True)
def draw_lines(hkl, squares, cell, system, c, equivalents, axis_deg, out):
    """Draw the lines of a crystal under the conditions `c`, a record of `CONDITIONS`, onto an even axis.

    `equivalents` (m, 3) are the planes equivalent to `c.axis`, over which preferred orientation is averaged.
    """
    change, shape, direction = np.empty(6), c.shape_strain, c.axis
    tied(system, shape, change)
    strained = cell.copy()
    for i in range(3):
        strained[i] *= np.exp(c.mean_strain + change[i])
        strained[i + 3] += change[i + 3]
    metric = reciprocal_metric(strained)
    cosines = direction_cosines(hkl, metric, direction)
    n, step_deg = len(squares), axis_deg[1] - axis_deg[0]
    texture = np.ones(n)
    if c.march != 1.0:
        texture[:] = 0.0
        for e in range(len(equivalents)):
            along = direction_cosines(hkl, metric, equivalents[e])
            for i in range(n):
                square = along[i] * along[i]
                texture[i] += (c.march * c.march * square + (1 - square) / c.march) ** -1.5 / len(equivalents)
    sine, area, width = np.empty(n), np.zeros(n), np.empty(n)
    largest_sine = min(np.sin(np.radians(min(axis_deg[-1] + 1, 180.0) / 2)), LARGEST_SINE)
    highest = 0.0
    for i in range(n):
        reciprocal_sq = inverse_d_sq(metric, float(hkl[i, 0]), float(hkl[i, 1]), float(hkl[i, 2]))
        s = 0.5 * c.wavelength_A * np.sqrt(reciprocal_sq)
        sine[i] = s
        if s >= largest_sine:
            continue
        cosine_sq = cosines[i] * cosines[i]
        value = squares[i] * np.exp(-0.5 * c.b_iso_A2 * reciprocal_sq) * texture[i]
        if c.grain_scatter > 0:
            value *= max(1 + c.grain_scatter * np.random.normal(), 0.05)  # noqa: NPY002
        value *= lorentz_polarisation(s, UNPOLARISED)
        cosine = np.sqrt(1 - s * s)
        directional = np.exp(c.direction * (cosine_sq - 1.0 / 3))
        size_deg = np.degrees(0.9 * c.wavelength_A / (c.size_A * cosine))
        strain_deg = np.degrees(4 * c.microstrain * s / cosine)
        width[i] = np.sqrt(c.instrument_deg**2 + ((size_deg + strain_deg) * directional) ** 2)
        width[i] = max(width[i], step_deg)
        area[i] = value
        highest = max(highest, value / width[i])
    ratio = c.alpha2_A / c.wavelength_A
    tube = c.tube
    share = KALPHA_RATIO / (1 + KALPHA_RATIO)
    for i in range(n):
        height = area[i] / (width[i] * highest) if area[i] > 0 else 0.0
        if height < FAINTEST:
            continue
        reach = FAR_REACH if height > STRONG else NEAR_REACH
        at = 2 * np.degrees(np.arcsin(sine[i]))
        seen = at + c.zero_deg + c.displacement_deg * np.sqrt(1 - sine[i] * sine[i])
        apart = 2 * np.degrees(np.arcsin(min(sine[i] * ratio, LARGEST_SINE))) - at if ratio > 0 else 0.0
        if apart < DOUBLET_SEEN * width[i]:
            add_line(seen + share * apart, area[i], width[i], c.lorentzian, reach, axis_deg, out)
        else:
            add_line(seen, (1 - share) * area[i], width[i], c.lorentzian, reach, axis_deg, out)
            add_line(seen + apart, share * area[i], width[i], c.lorentzian, reach, axis_deg, out)
        alpha1 = (1 - share) * area[i] if ratio > 0 else area[i]
        for t in range(len(tube)):
            tube_sine = sine[i] * tube[t, 0] / c.wavelength_A
            if tube[t, 1] > 0 and tube_sine < largest_sine:
                away = 2 * np.degrees(np.arcsin(tube_sine)) - at
                add_line(seen + away, tube[t, 1] * alpha1, width[i], c.lorentzian, NEAR_REACH, axis_deg, out)


@njit(cache=True, nogil=True, fastmath=True)
def net_counts(net, c, axis_deg, cleaning):
    """Add background, foreign lines and noise to lines, and take background and noise off as preprocessing does."""
    n, first_deg, step_deg = len(net), axis_deg[0], axis_deg[1] - axis_deg[0]
    highest = net.max()
    expected = np.empty(n)
    if highest > 0:
        net /= highest
    width = max(c.instrument_deg, step_deg)
    for j in range(len(c.foreign)):
        if c.foreign[j, 1] > 0:
            add_line(c.foreign[j, 0], c.foreign[j, 1] * width, width, c.lorentzian, FAR_REACH, axis_deg, net)
    humps = c.humps
    for k in range(n):
        at = axis_deg[k]
        amorphous = c.tail * (max(first_deg, 0.5) / max(at, 0.5)) ** 4
        for h in range(len(humps)):
            if humps[h, 2] > 0:
                amorphous += humps[h, 2] * np.exp(-4 * np.log(2.0) * ((at - humps[h, 0]) / humps[h, 1]) ** 2)
        ground = 1 + c.slope * np.exp(-(at - first_deg) / 12)
        expected[k] = c.counts * (net[k] + c.fluorescence + amorphous) + c.floor * ground
    per_point = np.sqrt(min(c.step_deg, step_deg) / step_deg)
    counts = np.empty(n)
    for k in range(n):
        scatter = per_point * np.sqrt(expected[k]) * np.random.normal()  # noqa: NPY002
        counts[k] = max(expected[k] + scatter, 0.0)
    if counts.max() <= 0:
        return counts
    gain = np.full(n, per_point * per_point * step_deg)
    least = max(LEAST_SHARE * np.median(counts), LEAST_SHARE)
    _, excess, _, lines, _, _ = cleaned(counts, gain, least, first_deg, step_deg, c.wavelength_A, cleaning)
    for k in range(n):
        counts[k] = max(excess[k], 0.0) if lines[k] else 0.0
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
    row = symmetric_convolution(row, kernel)
    highest = row[low:high].max() if high > low else 0.0
    for j in range(low, high):
        out[0, j] = (row[j] / highest + floor) ** power - floor**power if highest > 0 else 0.0
        out[1, j] = 1.0


@njit(cache=True, nogil=True)
def augmented_inputs(
    rows, offsets, hkl, squares, cells, systems, conditions, equivalents, first_equivalent, seeds, grids, cleaning,
    start, step, floor, power, kernel, out,
):  # fmt: skip
    """The inputs (n, 2, bins) of rows of an index, each measured under its own conditions, into `out`.

    Args:
        rows: (n,). offsets, hkl, squares, cells, systems: of the index.
        conditions: (n,) records of `xsearch.simulate.conditions.CONDITIONS`.
        equivalents, first_equivalent: planes (m, 3) equivalent to the axes of orientation, and where those of each
            record begin, (n + 1,).
        seeds: (n,) of grains and counts, so that a row does not depend on those beside it.
        grids: (n,) steps of the axes that patterns are drawn on, those of `net_pattern`.
        cleaning: how background and noise are taken off, a `Cleaning`.
        start, step, floor, power, kernel: of the axis; the right half of what broadens its lines.
        out: (n, 2, bins) changed.
    """
    for i in range(len(rows)):
        np.random.seed(seeds[i])  # noqa: NPY002, numba knows no other
        c = conditions[i]
        grid_deg = grids[i]
        axis_deg = c.first_deg + grid_deg * np.arange(int((c.last_deg - c.first_deg) / grid_deg) + 1)
        net = np.zeros(len(axis_deg))
        a, b = offsets[rows[i]], offsets[rows[i] + 1]
        planes = equivalents[first_equivalent[i] : first_equivalent[i + 1]]
        draw_lines(hkl[a:b], squares[a:b], cells[rows[i]], systems[rows[i]], c, planes, axis_deg, net)
        found = net_counts(net, c, axis_deg, cleaning)
        onto_log_q(found, c.first_deg, grid_deg, c.wavelength_A, start, step, floor, power, kernel, out[i])
