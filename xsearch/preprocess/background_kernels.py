"""Background, noise and line regions of a powder pattern on an even axis, compiled."""

from collections import namedtuple

import numpy as np
from numba import njit

from xsearch.preprocess.kernels import gaussian_average

Cleaning = namedtuple(
    "Cleaning",
    "smoothing_steps coarse_steps knot_invA knot_growth stiffness share_above seek_turns settle_turns on_background "
    "widths_apart width_share rounds line_height line_noise line_seed line_edge widest_average",
)
"""The settings of `xsearch.preprocess.powder.NetPatternSettings` that the loops need."""


@njit(cache=True, nogil=True)
def knot_positions(two_theta_deg, wavelength_A, knot_invA, knot_growth):
    """(n,) angles on an axis where knots of distance `knot_invA + knot_growth * q` are one apart, rising."""
    out = np.empty(len(two_theta_deg))
    for i in range(len(two_theta_deg)):
        q = 4 * np.pi * np.sin(np.radians(two_theta_deg[i] / 2)) / wavelength_A
        out[i] = np.log(knot_invA + knot_growth * q) / knot_growth
    return out


@njit(cache=True, nogil=True)
def cubic_weights(position, count):
    """First of the four cubic B-splines at each position, (n,), and their values, (n, 4)."""
    first = np.empty(len(position), np.int64)
    weights = np.empty((len(position), 4))
    for i in range(len(position)):
        k = min(max(int(np.floor(position[i])), 0), count - 4)
        t = position[i] - k
        weights[i, 0] = (1 - t) ** 3 / 6
        weights[i, 1] = (3 * t**3 - 6 * t**2 + 4) / 6
        weights[i, 2] = (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6
        weights[i, 3] = t**3 / 6
        first[i] = k
    return first, weights


@njit(cache=True, nogil=True)
def spline_values(coefficients, first, weights):
    """(n,) values of a spline."""
    out = np.zeros(len(first))
    for i in range(len(first)):
        for a in range(4):
            out[i] += weights[i, a] * coefficients[first[i] + a]
    return out


@njit(cache=True, nogil=True)
def penalised_spline(values, trust, counted, first, weights, count, stiffness):
    """(count,) coefficients: least squares with a penalty on second differences (Eilers and Marx, 1996).

    Args:
        values: (n,). trust: (n,) the inverse variances, counted: (n,) those that are left of them for the fit.
        first, weights: of the splines. count: of them.
        stiffness: of the penalty against the trust of the points nearby.
    """
    band, right, local = np.zeros((count, 4)), np.zeros(count), np.zeros(count)
    for i in range(len(values)):
        for a in range(4):
            k = first[i] + a
            right[k] += counted[i] * weights[i, a] * values[i]
            local[k] += trust[i] * weights[i, a]
            for b in range(a, 4):
                band[k, b - a] += counted[i] * weights[i, a] * weights[i, b]
    second = (1.0, -2.0, 1.0)
    for k in range(count - 2):
        penalty = stiffness * (local[k] + local[k + 1] + local[k + 2]) / 3
        for a in range(3):
            for b in range(a, 3):
                band[k + a, b - a] += penalty * second[a] * second[b]
    for k in range(count):
        band[k, 0] += 1e-9 * (local[k] + 1e-3 * local.max())
    return banded_solution(band, right)


@njit(cache=True, nogil=True)
def banded_solution(band, right):
    """(n,) solution of a symmetric positive definite system whose entry (k, k + j) is `band[k, j]`; changes both."""
    n, width = band.shape
    for k in range(n):
        for j in range(1, min(width, n - k)):
            factor = band[k, j] / band[k, 0]
            for i in range(j, min(width, n - k)):
                band[k + j, i - j] -= factor * band[k, i]
            right[k + j] -= factor * right[k]
    for k in range(n - 1, -1, -1):
        for j in range(1, min(width, n - k)):
            right[k] -= band[k, j] * right[k + j]
        right[k] /= band[k, 0]
    return right


@njit(cache=True, nogil=True)
def one_sided_fit(values, variance, first, weights, count, s):
    """(count,) coefficients of a spline below the lines.

    First the lower edge is sought (asymmetric least squares: Eilers, Anal. Chem. 75 (2003) 3631), then the middle of
    what lies on it: points far above are lines and count by the logarithm of their distance (David and Sivia, J. Appl.
    Cryst. 34 (2001) 318).
    """
    trust = 1 / variance
    counted = trust.copy()
    found = penalised_spline(values, trust, counted, first, weights, count, s.stiffness)
    for turn in range(s.seek_turns + s.settle_turns):
        fitted = spline_values(found, first, weights)
        for i in range(len(values)):
            above = values[i] - fitted[i]
            if turn < s.seek_turns:
                share = 1.0 if above <= 0 else s.share_above
            else:
                relative = above / (s.on_background * np.sqrt(variance[i]))
                share = 1.0 if relative <= 1 else 1 / (relative * relative)
            counted[i] = share * trust[i]
        found = penalised_spline(values, trust, counted, first, weights, count, s.stiffness)
    return found


@njit(cache=True, nogil=True)
def background_below(counts, gain, least, step_deg, position, stretch, s):
    """Background of counts, (n,).

    The spline is fitted to roots, on which counting noise is even and a steep background is less so.

    Args:
        counts: (n,) not negative, on an even axis. gain, least: variance of a count in a degree is `gain` (n,) times
            the counts there, `least` of them at least.
        step_deg: of the axis. position: (n,) its points where knots are one apart, see `knot_positions`.
        stretch: the knots are so many times farther apart.
        s: the settings.
    """
    n, coarse = len(counts), int(s.coarse_steps)
    bins = n // coarse
    mean, root_variance = np.empty(bins), np.empty(bins)
    spread = np.empty(bins)
    for i in range(bins):
        part = slice(i * coarse, (i + 1) * coarse)
        mean[i] = counts[part].mean()
        spread[i] = gain[part].mean() * max(mean[i], least) / (coarse * step_deg)
    offset = np.sqrt(np.median(spread))
    for i in range(bins):
        root_variance[i] = spread[i] / (4 * (mean[i] + offset))
    start, end = position[0], position[-1]
    intervals = max(2, int(np.ceil((end - start) / stretch)))
    position = (position - start) * intervals / (end - start)
    middle = np.empty(bins)
    for i in range(bins):
        middle[i] = position[i * coarse : (i + 1) * coarse].mean()
    first, weights = cubic_weights(middle, intervals + 3)
    roots = np.sqrt(mean + offset)
    found = one_sided_fit(roots, root_variance, first, weights, intervals + 3, s)
    first, weights = cubic_weights(position, intervals + 3)
    return np.maximum(np.maximum(spline_values(found, first, weights), 0.0) ** 2 - offset, 0.0)


@njit(cache=True, nogil=True)
def line_width(excess, deviation, position, s):
    """Full width at half height of typical lines, in steps and on the axis of the knots; zeros where there are none.

    Typical is the width below which lie `width_share` of the lines, each counted by its height: unresolved neighbours
    are wider than a line.
    """
    n, highest = len(excess), excess.max()
    steps, knots, heights = [0.0], [0.0], [0.0]
    for i in range(1, n - 1):
        top = excess[i]
        least = max(s.line_height * highest, s.line_noise * deviation[i])
        if top < least or top < excess[i - 1] or top <= excess[i + 1]:
            continue
        left, low_left = i, top
        while left > 0 and excess[left - 1] <= top:
            left -= 1
            low_left = min(low_left, excess[left])
        right, low_right = i, top
        while right < n - 1 and excess[right + 1] <= top:
            right += 1
            low_right = min(low_right, excess[right])
        height = top - max(low_left, low_right)
        if height < least:
            continue
        half = top - height / 2
        left = i
        while left > 0 and excess[left] > half:
            left -= 1
        right = i
        while right < n - 1 and excess[right] > half:
            right += 1
        steps.append(float(right - left - 1))
        knots.append(position[right] - position[left])
        heights.append(height)
    if len(steps) == 1:
        return 0.0, 0.0
    order = np.argsort(np.array(steps))
    total = s.width_share * np.array(heights).sum()
    summed = 0.0
    for k in order:
        summed += heights[k]
        if summed >= total and heights[k] > 0:
            return steps[k], knots[k]
    return steps[order[-1]], knots[order[-1]]


@njit(cache=True, nogil=True)
def line_regions(counts, background, spread, s, width_steps, out):
    """Mark the points of lines, those whose area stands out of the noise, in `out` (n,), and return the most that any
    stands out, in standard deviations.

    Averages of several widths, up to that of the lines, are compared with their noise. A region is all of a positive
    average about a point above `line_seed`, down to `line_edge`.
    """
    n = len(counts)
    sigma, most = s.smoothing_steps, 0.0
    net, significance = counts - background, np.empty(n)
    while True:
        mean, noise = gaussian_average(net, sigma), gaussian_average(spread, sigma)
        for i in range(n):
            significance[i] = mean[i] / np.sqrt(noise[i] / (2 * np.sqrt(np.pi) * sigma))
        i = 0
        while i < n:
            if significance[i] <= s.line_edge:
                i += 1
                continue
            begin, highest = i, 0.0
            while i < n and significance[i] > s.line_edge:
                highest = max(highest, significance[i])
                i += 1
            if highest > s.line_seed:
                out[begin:i] = True
            most = max(most, highest)
        sigma *= 2
        if sigma > max(2.1 * s.smoothing_steps, s.widest_average * width_steps):
            return most


@njit(cache=True, nogil=True)
def cleaned(counts, gain, least, first_deg, step_deg, wavelength_A, s):
    """Take background and noise off counts.

    The knots of the background are a line's width and more apart: where lines turn out to be broad, it is found again
    with knots farther apart.

    Args:
        counts, gain, least, step_deg: as in `background_below`. first_deg, wavelength_A: of the axis.
        s: the settings, a `Cleaning`.

    Returns:
        background (n,); excess (n,), the smoothed counts above it; deviation (n,), the noise of the excess where there
        is background alone; lines (n,), whether a point is a line's; how far the clearest line stands out, in standard
        deviations; and the typical width of lines in degrees.
    """
    n = len(counts)
    smooth = gaussian_average(counts, s.smoothing_steps)
    position = knot_positions(first_deg + step_deg * np.arange(n), wavelength_A, s.knot_invA, s.knot_growth)
    stretch, width_steps = 1.0, 0.0
    background = deviation = excess = smooth
    for _ in range(int(s.rounds)):
        background = background_below(counts, gain, least, step_deg, position, stretch, s)
        excess = smooth - background
        spread = gain * np.maximum(background, least) / step_deg
        deviation = np.sqrt(spread / (2 * np.sqrt(np.pi) * s.smoothing_steps))
        width_steps, width_knots = line_width(excess, deviation, position, s)
        farther = s.widths_apart * width_knots
        if farther < 1.15 * stretch:
            break
        stretch = farther
    lines = np.zeros(n, np.bool_)
    spread = gain * np.maximum(background, least) / step_deg
    clearest = line_regions(counts, background, spread, s, width_steps, lines)
    return background, excess, deviation, lines, clearest, width_steps * step_deg
