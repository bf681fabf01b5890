"""Whether a table of text is a powder pattern or an absorption spectrum."""

import re
from typing import Literal

import numpy as np

from xsearch.reading import Reading
from xsearch.spectra.readers.columns import Role, roles_of
from xsearch.spectra.readers.table import TextTable

Kind = Literal["pxrd", "xanes"]

POWDER_COLUMNS = frozenset({"2theta", "theta", "q", "d", "intensity", "sigma"})
XAS_COLUMNS = frozenset({"energy", "mu", "i0", "it", "if", "ir"})
"""The roles of `COLUMN_ROLES` by the kind of their files."""
_POWDER_ROLES = frozenset({Role.TWO_THETA, Role.Q, Role.D})
_XAS_ROLES = frozenset({Role.ENERGY, Role.MU, Role.NORM})
_COUNTER_ROLES = frozenset({Role.TRANSMITTED, Role.FLUORESCENCE})
_POWDER_WORDS = re.compile(r"2\s*-?\s*theta|2θ|\btth\b|two_?theta|diffract|\bp?xrd\b|\banode\b|k-?alpha|\bCuKa", re.I)
_XAS_WORDS = re.compile(
    r"\bxdi/|\bxanes\b|\bexafs\b|\bxafs\b|\bxas\b|absorption|element\.(symbol|edge)|"
    r"\b[klm][123]?[ _-]edge\b|\bathena\b",
    re.I,
)
_LEAST_ENERGY_EV = 180.0
"""Above every 2θ in degrees, so that such a column may be an energy."""


def kind_of_reading(reading: Reading) -> Kind | None:
    """The kind that what a user says of columns and axis can belong to alone; None where it says nothing."""
    powder = reading.axis is not None or bool(POWDER_COLUMNS & reading.columns.keys())
    xas = bool(XAS_COLUMNS & reading.columns.keys()) or any((reading.e0_eV, reading.pre_edge_eV, reading.post_edge_eV))
    return None if powder == xas else "pxrd" if powder else "xanes"


def kind_of(table: TextTable) -> Kind:
    """The kind of a table: by its columns' names, then by the words above, then by the range of its axis.

    No angle lies beyond 180 degrees, and no edge worth a search below 180 eV.
    """
    roles = roles_of(table.labels)
    if Role.I0 in roles and _COUNTER_ROLES & set(roles):
        return "xanes"
    for role in roles:
        if role in _POWDER_ROLES:
            return "pxrd"
        if role in _XAS_ROLES:
            return "xanes"
    text = "\n".join(table.header)
    powder, xas = bool(_POWDER_WORDS.search(text)), bool(_XAS_WORDS.search(text))
    if powder != xas:
        return "pxrd" if powder else "xanes"
    axis = table.values[:, 0][np.isfinite(table.values[:, 0])]
    return "xanes" if len(axis) and np.median(axis) > _LEAST_ENERGY_EV else "pxrd"
