"""Compiled: the reciprocal lattice of a cell, given as a b c in Å and α β γ in degrees, and how it may change."""

import numpy as np
from numba import njit

from xsearch.chemistry.space_groups import CUBIC, MONOCLINIC, TETRAGONAL, TRICLINIC

LEAST_UNIT_VOLUME_SQ = 1e-6
"""Squared volume of a cell of these angles with edges of one, below which there is no such cell."""

LEAST_INVERSE_D_SQ = 1e-12
"""1/Å²: no spacing is longer than that of it, so that a cell which hardly is one gives numbers."""


@njit(cache=True, nogil=True, inline="always")
def unit_volume_sq(cell):
    """Square of the volume that the angles give to a cell with edges of one."""
    ca, cb, cg = np.cos(np.radians(cell[3])), np.cos(np.radians(cell[4])), np.cos(np.radians(cell[5]))
    return 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg


@njit(cache=True, nogil=True)
def reciprocal_metric(cell):
    """(3, 3) metric of the reciprocal lattice in 1/Å², without 2π (International Tables B, ch. 1.1)."""
    a, b, c = cell[0], cell[1], cell[2]
    ca, cb, cg = np.cos(np.radians(cell[3])), np.cos(np.radians(cell[4])), np.cos(np.radians(cell[5]))
    square = max(unit_volume_sq(cell), LEAST_UNIT_VOLUME_SQ)
    metric = np.empty((3, 3))
    metric[0, 0] = (1 - ca * ca) / (a * a * square)
    metric[1, 1] = (1 - cb * cb) / (b * b * square)
    metric[2, 2] = (1 - cg * cg) / (c * c * square)
    metric[0, 1] = metric[1, 0] = (ca * cb - cg) / (a * b * square)
    metric[0, 2] = metric[2, 0] = (ca * cg - cb) / (a * c * square)
    metric[1, 2] = metric[2, 1] = (cb * cg - ca) / (b * c * square)
    return metric


@njit(cache=True, nogil=True, inline="always")
def quadratic(form, h, k, l):
    """h · form · h of a symmetric (3, 3) form."""
    return (
        form[0, 0] * h * h
        + form[1, 1] * k * k
        + form[2, 2] * l * l
        + 2 * (form[0, 1] * h * k + form[0, 2] * h * l + form[1, 2] * k * l)
    )


@njit(cache=True, nogil=True, inline="always")
def inverse_d_sq(metric, h, k, l):
    """1/d² of a reflection, 1/Å², by the reciprocal metric; indices need not be whole."""
    return max(quadratic(metric, h, k, l), LEAST_INVERSE_D_SQ)


@njit(cache=True, nogil=True)
def reciprocal_vectors(cell):
    """(3, 3) rows a*, b*, c* in 1/Å without 2π, for a along x and b in the xy plane."""
    ca, cb, cg = np.cos(np.radians(cell[3])), np.cos(np.radians(cell[4])), np.cos(np.radians(cell[5]))
    sg = np.sqrt(1 - cg * cg)
    height = np.sqrt(max(unit_volume_sq(cell), LEAST_UNIT_VOLUME_SQ)) / sg
    cy = (ca - cb * cg) / sg
    out = np.zeros((3, 3))
    out[0, 0] = 1 / cell[0]
    out[0, 1] = -cg / (cell[0] * sg)
    out[1, 1] = 1 / (cell[1] * sg)
    out[0, 2] = (cg * cy / sg - cb) / (cell[0] * height)
    out[1, 2] = -cy / (sg * cell[1] * height)
    out[2, 2] = 1 / (cell[2] * height)
    return out


@njit(cache=True, nogil=True)
def direction_cosines(hkl, metric, axis):
    """(n,) cosine between reflections and a direction of the reciprocal lattice.

    Args:
        hkl: (n, 3). metric: (3, 3) reciprocal. axis: (3,) indices of the direction.
    """
    u, v, w = float(axis[0]), float(axis[1]), float(axis[2])
    x = metric[0, 0] * u + metric[0, 1] * v + metric[0, 2] * w
    y = metric[0, 1] * u + metric[1, 1] * v + metric[1, 2] * w
    z = metric[0, 2] * u + metric[1, 2] * v + metric[2, 2] * w
    length = np.sqrt(inverse_d_sq(metric, u, v, w))
    out = np.empty(len(hkl))
    for i in range(len(hkl)):
        h, k, l = float(hkl[i, 0]), float(hkl[i, 1]), float(hkl[i, 2])
        out[i] = min(abs(h * x + k * y + l * z) / (np.sqrt(inverse_d_sq(metric, h, k, l)) * length), 1.0)
    return out


@njit(cache=True, nogil=True)
def tied(system, shape, out):
    """The part of a change of shape that a crystal system allows, into `out` (6,).

    Both are changes of ln a, ln b, ln c, α, β, γ. Lengths and angles that a system makes equal take the first one's
    change. A cubic cell has but one size.
    """
    out[:] = 0.0
    if system >= CUBIC:  # or unknown
        return
    out[:3] = shape[:3]
    if system >= TETRAGONAL:
        out[1] = shape[0]
    elif system == MONOCLINIC:
        out[4] = shape[4]
    elif system == TRICLINIC:
        out[3:] = shape[3:]
