"""Whether a table of text is a powder pattern or an absorption spectrum, on its evidence."""

import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xsearch.reading import Reading
from xsearch.spectra.readers.columns import TWO_THETA_WORD, Role, roles_of
from xsearch.spectra.readers.detectors import Signal, columns_of
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.xas_labels import column_names

Kind = Literal["pxrd", "xanes"]

POWDER_COLUMNS = frozenset({"2theta", "theta", "q", "d", "intensity", "sigma"})
XAS_COLUMNS = frozenset({"energy", "mu", "i0", "it", "if", "ir"})
"""The roles of `COLUMN_ROLES` by the kind of their files."""
POWDER_SUFFIXES = frozenset({".xye", ".xyd", ".chi", ".gr", ".fq", ".iq", ".sq", ".prf", ".int"})
"""Names that only powder data have."""
_POWDER_ROLES = frozenset({Role.TWO_THETA, Role.THETA, Role.Q, Role.D})
_XAS_ROLES = frozenset({Role.ENERGY, Role.MU, Role.NORM})
_COUNTER_ROLES = frozenset({Role.TRANSMITTED, Role.FLUORESCENCE})
_ABSORPTION = frozenset({Signal.MU, Signal.TRANSMITTED, Signal.FLUORESCENCE})
_POWDER_WORDS = re.compile(r"2\s*-?\s*theta|2θ|\btth\b|two_?theta|diffract|\bp?xrd\b|\banode\b|k-?alpha|\bCuKa", re.I)
_XAS_WORDS = re.compile(
    r"\bxdi/|\bxanes\b|\bexafs\b|\bxafs\b|\bxas\b|absorption|element\.(symbol|edge)|"
    r"\b[klm][123]?[ _-]edge\b|\bathena\b",
    re.I,
)
_LEAST_ENERGY_EV, _MOST_ENERGY_EV = 180.0, 200_000.0
"""Above every 2θ in degrees, and above every edge."""
_LEAST_KEV, _MOST_KEV = 1.0, 180.0
_WIDEST_SCAN = 2.5
"""Highest over lowest energy of an absorption spectrum: 1 keV from the lightest K edges in use; set by hand."""
_LEAST_STEP = 0.3
"""From the first tenth of a curve to its last, of its whole range, where it is an edge; set by hand."""


def kind_of_reading(reading: Reading) -> Kind | None:
    """The kind that what a user says of columns and axis can belong to alone; None where it says nothing."""
    powder = reading.axis is not None or bool(POWDER_COLUMNS & reading.columns.keys())
    xas = bool(XAS_COLUMNS & reading.columns.keys()) or any((reading.e0_eV, reading.pre_edge_eV, reading.post_edge_eV))
    return None if powder == xas else "pxrd" if powder else "xanes"


def kind_of(table: TextTable, suffix: str = "") -> Kind:
    """The kind of a table: by its columns' names, then by what its axis can be at all, then by words and its shape.

    No angle lies beyond 180 degrees, and no edge worth a search below 180 eV; no absorption spectrum runs over more
    than 2.5 times its lowest energy. A word such as `K-edge` counts only where the axis leaves both open.
    """
    named = _kind_of_names(table, suffix)
    if named is not None:
        return named
    axis = table.values[:, 0][np.isfinite(table.values[:, 0])]
    if not len(axis):
        return "pxrd"
    text = "\n".join(table.header)
    powder, xas = bool(_POWDER_WORDS.search(text)), bool(_XAS_WORDS.search(text))
    if np.median(axis) > _LEAST_ENERGY_EV:
        return "xanes" if xas or _is_energy(axis, _LEAST_ENERGY_EV, _MOST_ENERGY_EV) else "pxrd"
    if not _is_energy(axis, _LEAST_KEV, _MOST_KEV):
        return "xanes" if xas and not powder and axis.min() < 0 else "pxrd"
    if powder != xas:
        return "pxrd" if powder else "xanes"
    return "xanes" if looks_like_edge(axis, table.values[:, 1]) else "pxrd"


def looks_like_edge(axis: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Whether a curve in the order of energies in keV steps up and stays there, as no powder pattern does."""
    y = values[np.isfinite(values)]
    tenth = len(y) // 10
    if tenth < 2 or axis[0] > axis[-1]:
        return False
    before, after = y[:tenth], y[-tenth:]
    smooth = np.convolve(y, np.ones(5) / 5, mode="valid")
    step, span = float(np.median(after) - np.median(before)), float(np.ptp(smooth))
    low = float(np.quantile(smooth, 0.05))
    return step > _LEAST_STEP * span and bool((smooth[len(smooth) * 2 // 3 :] > low + 0.5 * step).all())


def _kind_of_names(table: TextTable, suffix: str) -> Kind | None:
    roles = roles_of(table.labels)
    if any(TWO_THETA_WORD.search(label.lower()) for label, role in zip(table.labels, roles, strict=True)
           if role is Role.TWO_THETA):  # fmt: skip
        return "pxrd"
    if Role.I0 in roles and _COUNTER_ROLES & set(roles):
        return "xanes"
    signals = {column.signal for column in columns_of(column_names(table)[0])}
    if {Signal.ENERGY, Signal.ANGLE} & signals and _ABSORPTION & signals and not _POWDER_ROLES & set(roles):
        return "xanes"
    omega = [label.strip().lower().startswith("omega") for label in table.labels]
    for role, is_omega in zip(roles, omega, strict=True):
        if role in _POWDER_ROLES or (is_omega and not {Role.MU, Role.NORM} & set(roles)):
            return "pxrd"
        if role in _XAS_ROLES:
            return "xanes"
    return "pxrd" if suffix in POWDER_SUFFIXES else None


def _is_energy(axis: NDArray[np.float64], least: float, most: float) -> bool:
    """Whether an axis can be the energies of an absorption spectrum."""
    low, high = float(axis.min()), float(axis.max())
    return low >= least and high <= most and high <= _WIDEST_SCAN * low
