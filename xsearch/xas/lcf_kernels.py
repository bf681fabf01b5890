"""The compiled linear combination fit of library spectra to an edge."""

import numpy as np
from numba import njit

SINGULAR = 1e-9
"""Spectra whose normal equations have a pivot below this are one and the same: a numerical tolerance."""


@njit(cache=True, nogil=True)
def fit_weights(library, steps, ends, measured, inside, least):
    """Weights of a linear combination by least squares, and its Pearson correlation with an edge.

    The channels of the edge are each brought to zero mean and unit length over the points that all spectra cover, so
    that each counts alike.

    Args:
        library: (k, channels, points) spectra on their own windows.
        steps: (k,) where the edge's first point lies in each window, in points; outside it its end values hold.
        ends: (k,) the last point that each spectrum knows.
        measured: (channels, points) the edge.
        inside: (points,) where it is known.
        least: points that all must cover.

    Returns:
        (k,) weights, and the mean correlation over the channels: -1 where too few points are left, two spectra are the
        same, or a weight is not above zero, so that fewer spectra do as well.
    """
    k, channels, points = library.shape
    weights = np.zeros(k)
    covered = np.zeros(points, np.bool_)
    count = 0
    for p in range(points):
        covered[p] = inside[p]
        for i in range(k):
            covered[p] = covered[p] and p + steps[i] <= ends[i] + 0.5
        count += covered[p]
    if count < least:
        return weights, -1.0
    products = np.zeros((channels, k, k))
    projections = np.zeros((channels, k))
    moved = np.empty((k + 1, count))
    for c in range(channels):
        at = 0
        for p in range(points):
            if covered[p]:
                for i in range(k):
                    place = min(max(p + steps[i], 0.0), points - 1.0)
                    low = min(int(place), points - 2)
                    moved[i, at] = library[i, c, low] + (place - low) * (library[i, c, low + 1] - library[i, c, low])
                moved[k, at] = measured[c, p]
                at += 1
        for i in range(k + 1):
            moved[i] -= moved[i].mean()
        norm = max((moved[k] * moved[k]).sum(), 1e-300)
        for i in range(k):
            projections[c, i] = (moved[i] * moved[k]).sum() / norm
            for j in range(i + 1):
                products[c, i, j] = products[c, j, i] = (moved[i] * moved[j]).sum() / norm
    if not solve(products.sum(0), projections.sum(0), weights):
        return weights, -1.0
    correlation = 0.0
    for c in range(channels):
        length = 0.0
        for i in range(k):
            for j in range(k):
                length += weights[i] * products[c, i, j] * weights[j]
        correlation += (weights * projections[c]).sum() / np.sqrt(max(length, 1e-300)) / channels
    return weights, correlation


@njit(cache=True, nogil=True)
def solve(matrix, right, out):
    """Solve normal equations by elimination; False where a pivot vanishes or a component is not above zero."""
    k = len(right)
    for i in range(k):
        if matrix[i, i] < SINGULAR:
            return False
        for j in range(i + 1, k):
            factor = matrix[j, i] / matrix[i, i]
            for m in range(i, k):
                matrix[j, m] -= factor * matrix[i, m]
            right[j] -= factor * right[i]
    for i in range(k - 1, -1, -1):
        found = right[i]
        for m in range(i + 1, k):
            found -= matrix[i, m] * out[m]
        out[i] = found / matrix[i, i]
    return bool((out > 0).all())
