"""The compiled match of candidates to a pattern: strain fit and profile correlation."""

import numpy as np
from numba import njit

from xsearch.fit.strain import MAX_MODES, ZERO_SHIFT
from xsearch.fit.strain_kernels import line_design
from xsearch.simulate.line_kernels import line_intensities

ITERATIONS, FIRST_ITERATIONS = 8, 5
"""Steps of a climb at most, and of those that only choose where to climb on."""

CONVERGED = 0.02
"""A climb ends with a step of the strains below so much of the landscape's smoothing."""

DAMPING = 1.5
"""Curvature beyond that of the mean shift, so that a step does not overshoot where lines crowd."""

TAPS = 4
"""Places of a kernel that are added to a sum in one go."""

POWER_TABLE = 2048
"""Entries of the table of compressed intensities."""

STRAIN_STEP, STRAINS_TRIED = 0.002, 18
"""Mean strains tried before climbing: ± 3.6 %."""

STARTS = 3
SHAPE_START = 0.03
FOLLOWED = 2
"""Climbs begin at three mean strains without a change of shape, and with each mode of shape strained to either side, as
in layered, soft and hydrogen-bonded crystals; the best after the coarsest landscape go on."""


@njit(cache=True, nogil=True, fastmath=True)
def solve_positive(matrix, right):
    """Solve a small system with a symmetric positive definite matrix, by Cholesky's method, in place.

    A call of LAPACK costs more than ten times as much as a system of seven.

    Args:
        matrix: (m, m), its lower half is read and overwritten. right: (m,) overwritten by the solution.
    """
    m = len(right)
    for a in range(m):
        for b in range(a + 1):
            total = matrix[a, b]
            for c in range(b):
                total -= matrix[a, c] * matrix[b, c]
            matrix[a, b] = np.sqrt(max(total, 1e-30)) if a == b else total / matrix[b, b]
    for a in range(m):
        for c in range(a):
            right[a] -= matrix[a, c] * right[c]
        right[a] /= matrix[a, a]
    for a in range(m - 1, -1, -1):
        for c in range(a + 1, m):
            right[a] -= matrix[c, a] * right[c]
        right[a] /= matrix[a, a]


@njit(cache=True, nogil=True, fastmath=True)
def climb(ln_q, design, weight, modes, amplitudes, landscape, start, step, width, stiffness, centre, iterations):
    """Move lines uphill on a smoothed pattern, by mean shift in the space of strain amplitudes.

    The sum over lines of weight · landscape(ln q) less a quadratic penalty rises at every step: near a Gaussian line
    the gradient is that of a least-squares fit to its centre with weight landscape / width² (Comaniciu and Meer,
    IEEE PAMI 24 (2002) 603).

    Args:
        ln_q: (n,) unstrained lines. design: (n, modes + 1). weight: (n,). modes: strain modes.
        amplitudes: (MAX_MODES,) changed in place; the zero shift stands last.
        landscape: (bins,) the smoothed pattern, zero mean, on the axis (start, step).
        width: its smoothing. stiffness, centre: (MAX_MODES,) of the penalty.
    """
    m = modes + 1
    bins = len(landscape)
    theta = np.empty(m)
    place = np.empty(m, np.int64)
    for a in range(m):
        place[a] = a if a < modes else ZERO_SHIFT
        theta[a] = amplitudes[place[a]]
    gradient = np.empty(m)
    curvature = np.empty((m, m))
    for _ in range(iterations):
        for a in range(m):
            gradient[a] = -stiffness[place[a]] * (theta[a] - centre[place[a]])
            for b in range(m):
                curvature[a, b] = 0.0
            curvature[a, a] = stiffness[place[a]] + 1e-6
        for i in range(len(ln_q)):
            x = ln_q[i]
            for a in range(m):
                x -= design[i, a] * theta[a]
            position = (x - start) / step
            cell = int(position)
            if cell < 1 or cell >= bins - 2:
                continue
            part = position - cell
            height = landscape[cell] * (1 - part) + landscape[cell + 1] * part
            slope = -weight[i] * (landscape[cell + 1] - landscape[cell]) / step
            pull = weight[i] * max(height, 0.0) * DAMPING / (width * width)
            for a in range(m):
                gradient[a] += slope * design[i, a]
                for b in range(a + 1):
                    curvature[a, b] += pull * design[i, a] * design[i, b]
        solve_positive(curvature, gradient)
        largest = 0.0
        for a in range(m):
            theta[a] += gradient[a]
            largest = max(largest, abs(gradient[a]))
        if largest < CONVERGED * width:
            break
    for a in range(m):
        amplitudes[place[a]] = theta[a]


@njit(cache=True, nogil=True, fastmath=True)
def best_isotropic(ln_q, weight, landscape, start, step, stiffness, expected):
    """The mean strain, of an even grid, at which lines fit a landscape best."""
    best, best_strain = -np.inf, 0.0
    for trial in range(-STRAINS_TRIED, STRAINS_TRIED + 1):
        strain = trial * STRAIN_STEP
        total = -0.5 * stiffness * (strain - expected) ** 2
        for i in range(len(ln_q)):
            cell = int((ln_q[i] - strain - start) / step)
            if 1 <= cell < len(landscape) - 2:
                total += weight[i] * landscape[cell]
        if total > best:
            best, best_strain = total, strain
    return best_strain


@njit(cache=True, nogil=True, fastmath=True)
def objective(ln_q, design, weight, modes, amplitudes, landscape, start, step, stiffness, centre):
    """What `climb` raises, at the given amplitudes."""
    total = 0.0
    for i in range(len(ln_q)):
        x = ln_q[i] - design[i, modes] * amplitudes[ZERO_SHIFT]
        for a in range(modes):
            x -= design[i, a] * amplitudes[a]
        cell = int((x - start) / step)
        if 1 <= cell < len(landscape) - 2:
            total += weight[i] * landscape[cell]
    for a in range(MAX_MODES):
        total -= 0.5 * stiffness[a] * (amplitudes[a] - centre[a]) ** 2
    return total


@njit(cache=True, nogil=True, fastmath=True)
def splat(ln_q, area, start, step, row):
    """Lines shared out between the two nearest bins of an even axis."""
    row[:] = 0.0
    for i in range(len(ln_q)):
        position = (ln_q[i] - start) / step
        cell = int(np.floor(position))
        if 0 <= cell < len(row) - 1:
            part = position - cell
            row[cell] += area[i] * (1 - part)
            row[cell + 1] += area[i] * part


@njit(cache=True, nogil=True, fastmath=True)
def convolve(row, half_kernel, out):
    """`row` with a symmetric kernel given from its centre outwards; beyond the ends there is nothing."""
    n, reach = len(row), len(half_kernel) - 1
    padded = np.zeros(n + 2 * (reach + TAPS))
    centre = reach + TAPS
    padded[centre : centre + n] = row
    taps = np.zeros(reach + TAPS)
    taps[:reach] = half_kernel[1:]
    for i in range(n):
        out[i] = half_kernel[0] * row[i]
    for r in range(0, reach, TAPS):  # some at a time, so that sums are seldom read and written
        k1, k2, k3, k4 = taps[r], taps[r + 1], taps[r + 2], taps[r + 3]
        left, right = padded[centre - r - TAPS :], padded[centre + r + 1 :]
        for i in range(n):
            out[i] += (
                k1 * (left[i + 3] + right[i])
                + k2 * (left[i + 2] + right[i + 1])
                + k3 * (left[i + 1] + right[i + 2])
                + k4 * (left[i] + right[i + 3])
            )


@njit(cache=True, nogil=True, fastmath=True)
def compressed_correlation(calculated, measured, first, last, powers):
    """Pearson correlation of a compressed calculated profile with a measured one.

    Args:
        calculated: (bins,) linear. measured: (bins,) compressed already.
        first, last: the window of bins.
        powers: table of the compression for values 0..1 relative to the highest.
    """
    highest = 0.0
    for k in range(first, last):
        highest = max(highest, calculated[k])
    if highest <= 0:
        return 0.0
    n = last - first
    scale = (len(powers) - 2) / highest
    sum_c = sum_cc = sum_m = sum_mm = sum_cm = 0.0
    for k in range(first, last):
        position = calculated[k] * scale
        cell = int(position)
        c = powers[cell] + (position - cell) * (powers[cell + 1] - powers[cell])
        m = measured[k]
        sum_c += c
        sum_cc += c * c
        sum_m += m
        sum_mm += m * m
        sum_cm += c * m
    variance_c = sum_cc - sum_c * sum_c / n
    variance_m = sum_mm - sum_m * sum_m / n
    if variance_c <= 0 or variance_m <= 0:
        return 0.0
    return (sum_cm - sum_c * sum_m / n) / np.sqrt(variance_c * variance_m)


@njit(cache=True, nogil=True, fastmath=True)
def spread(ln_q, area, breadth, start, step, out):
    """Put lines onto the axis as Gaussians of unit area times `area`, each as broad as lines are there."""
    out[:] = 0
    for j in range(len(ln_q)):
        position = (ln_q[j] - start) / step
        centre = min(max(int(np.round(position)), 0), len(out) - 1)
        sigma = max(breadth[centre] / step, 0.5)
        reach = int(np.ceil(3.5 * sigma))
        height = area[j] / sigma
        for k in range(max(0, centre - reach), min(len(out), centre + reach + 1)):
            u = (k - position) / sigma
            out[k] += height * np.exp(-0.5 * u * u)


@njit(cache=True, nogil=True)
def match_rows(
    rows, offsets, hkl, squares, cells, modes_of, expected,
    wavelength_A, polarisation, start, step, first, last, most_lines, fit_power,
    landscapes, widths, stiffness, breadth, kernels, kernel_lengths, measured, powers,
    amplitudes, correlations,
):  # fmt: skip
    """Strain every candidate to the pattern and correlate its profile with it.

    Args:
        rows: (k,) rows of the index. offsets, hkl, squares, cells: its reflections. modes_of: (k,) strain modes.
        expected: (k,) strain that the prior expects.
        landscapes: (levels, bins) the pattern smoothed by each of `widths`, coarse to fine.
        breadth: (bins,) standard deviation in ln q of the pattern's own lines, 0 where they are sharp.
        kernels: (scales, reach) Gaussian half kernels, each broadening the profile of the one before.
        measured: (scales, bins) the pattern on each scale, compressed. powers: the table of that compression.
        amplitudes: (k, MAX_MODES) filled here. correlations: (k, scales) filled here.
    """
    bins = landscapes.shape[1]
    low, high = start + first * step - 0.03, start + last * step + 0.03
    raw, smooth = np.empty(bins), np.empty(bins)
    for t in range(len(rows)):
        begin, end = offsets[rows[t]], offsets[rows[t] + 1]
        n, modes = end - begin, modes_of[t]
        if n == 0:
            continue
        ln_q = np.empty(n)
        design = np.zeros((n, modes + 1))
        line_design(hkl[begin:end], cells[rows[t]], modes, wavelength_A, ln_q, design)
        area = line_intensities(ln_q, squares[begin:end].astype(np.float64), wavelength_A, polarisation)
        seen = np.flatnonzero((ln_q > low) & (ln_q < high) & (area > 0))
        if len(seen) == 0:
            continue
        strongest = seen
        if len(seen) > most_lines:
            strongest = seen[np.argsort(-area[seen])[:most_lines]]
        weight = area[strongest] ** fit_power
        weight /= np.sqrt((weight * weight).sum())
        lines, lines_design = ln_q[strongest], design[strongest]
        centre = np.zeros(MAX_MODES)
        centre[0] = expected[t]
        tried = STARTS + 2 * (modes - 1)
        trials = np.zeros((tried, MAX_MODES))
        heights = np.empty(tried)
        for attempt in range(tried):
            trial = trials[attempt]
            trial[0] = expected[t]
            if attempt < 2:  # the coarse landscape forgives more, the next one tells more
                trial[0] = best_isotropic(lines, weight, landscapes[attempt], start, step, stiffness[0], expected[t])
            elif attempt >= STARTS:
                mode = 1 + (attempt - STARTS) // 2
                strained = SHAPE_START if attempt % 2 else -SHAPE_START
                trial[0] = best_isotropic(
                    lines - strained * lines_design[:, mode],
                    weight,
                    landscapes[0],
                    start,
                    step,
                    stiffness[0],
                    expected[t],
                )
                trial[mode] = strained
            climb(
                lines, lines_design, weight, modes, trial, landscapes[0], start, step, widths[0], stiffness, centre,
                FIRST_ITERATIONS,
            )  # fmt: skip
            heights[attempt] = objective(
                lines, lines_design, weight, modes, trial, landscapes[0], start, step, stiffness, centre
            )
        best = -np.inf
        for attempt in np.argsort(-heights)[:FOLLOWED]:
            trial = trials[attempt]
            for level in range(1, len(widths)):
                climb(
                    lines, lines_design, weight, modes, trial, landscapes[level], start, step, widths[level],
                    stiffness, centre, ITERATIONS,
                )  # fmt: skip
            reached = objective(
                lines, lines_design, weight, modes, trial, landscapes[-1], start, step, stiffness, centre
            )
            if reached > best:
                best = reached
                amplitudes[t] = trial
        shifted = np.empty(len(seen))
        for j in range(len(seen)):
            i = seen[j]
            x = ln_q[i] - design[i, modes] * amplitudes[t, ZERO_SHIFT]
            for a in range(modes):
                x -= design[i, a] * amplitudes[t, a]
            shifted[j] = x
        if breadth[0] > 0:
            spread(shifted, area[seen], breadth, start, step, raw)
        else:
            splat(shifted, area[seen], start, step, raw)
        for scale in range(len(kernels)):
            convolve(raw, kernels[scale, : kernel_lengths[scale]], smooth)
            correlations[t, scale] = compressed_correlation(smooth, measured[scale], first, last, powers)
            raw, smooth = smooth, raw
