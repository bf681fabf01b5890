"""How the volume of a crystal changes when elements take each other's place."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.valence import electronegativity
from xsearch.elements import SYMBOLS
from xsearch.paths import WEIGHTS_FOLDER

FAMILIES = ("F", "O", "Cl", "Br", "I", "S", "Se", "Te", "N", "pnictide", "tetrel", "H", "metal")
"""What the most electronegative element of a compound makes of it; an ion's size depends on this."""

_FAMILY_OF = {
    **{name: i for i, name in enumerate(FAMILIES) if name in SYMBOLS},
    **dict.fromkeys(("P", "As", "Sb"), FAMILIES.index("pnictide")),
    **dict.fromkeys(("B", "C", "Si", "Ge"), FAMILIES.index("tetrel")),
}
OUTLIER = 0.08
"""Residual in ln V beyond which an entry counts for less than half in the fit."""

TURNS = 5
"""Reweighted least-squares fits, one after another."""

TABLE = WEIGHTS_FOLDER / "volume.csv"
"""Contributions fitted on the Materials Project."""

FAMILY_SCALE = 0.5
"""How freely an element may differ between families in the fit, beside its own mean."""


def families(atomic_numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """(m,) place in `FAMILIES` of compounds given as (m, k) atomic numbers, 0 where there is none."""
    negativity, family = _by_number()
    most = np.argmax(negativity[atomic_numbers], axis=1)
    return family[atomic_numbers[np.arange(len(atomic_numbers)), most]]


@cache
def _by_number() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    negativity = np.array([-1.0, *(electronegativity(symbol) for symbol in SYMBOLS)])
    metal = FAMILIES.index("metal")
    family = np.array([metal, *(_FAMILY_OF.get(symbol, metal) for symbol in SYMBOLS)])
    return negativity, family


def log_volume(
    atomic_numbers: NDArray[np.integer], coefficients: NDArray[np.integer], table: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """A compound's ln of the volume an atom, up to a constant of its structure type.

    Only differences between compounds of one template mean anything.

    Args:
        atomic_numbers: (m, k), 0 where there is none.
        coefficients: (m, k) atoms of each.
        table: (98 + 1, families) contributions; the shipped one by default.

    Returns:
        (m,) float64: sum over elements of atomic fraction times contribution.
    """
    contributions = volume_table() if table is None else table
    fractions = coefficients / np.maximum(coefficients.sum(axis=1, keepdims=True), 1)
    return (fractions * contributions[atomic_numbers, families(atomic_numbers)[:, None]]).sum(axis=1)


@cache
def volume_table() -> NDArray[np.float64]:
    """(99, families) float64: contribution of each element in each family to ln of the volume an atom."""
    table = np.zeros((len(SYMBOLS) + 1, len(FAMILIES)))
    with TABLE.open(newline="", encoding="utf-8") as file:
        for z, row in enumerate(csv.DictReader(file), start=1):
            table[z] = [float(row[name]) for name in FAMILIES]
    return table


def fit_volume_table(
    atomic_numbers: NDArray[np.integer],
    coefficients: NDArray[np.integer],
    volume_per_atom_A3: NDArray[np.float64],
    templates: NDArray[np.integer],
    damping: float = 0.1,
) -> NDArray[np.float64]:
    """Contributions that best explain the volumes within templates (robust least squares, fixed effects, ridge).

    ln(V / atom) of an entry = a constant of its template + Σ fraction × contribution(element, family). Templates
    weigh as the square root of their size, so that no large family decides alone.

    Returns:
        (99, families) float64.
    """
    import scipy.sparse as sparse
    from scipy.sparse.linalg import lsqr

    rows, columns = np.nonzero(atomic_numbers)
    z = atomic_numbers[rows, columns].astype(np.int64)
    fraction = (coefficients / coefficients.sum(axis=1, keepdims=True))[rows, columns]
    family = families(atomic_numbers)[rows]
    shape = (len(atomic_numbers), (len(SYMBOLS) + 1) * len(FAMILIES))
    own = sparse.csr_matrix((fraction, (rows, z)), shape=(shape[0], len(SYMBOLS) + 1))
    special = sparse.csr_matrix((FAMILY_SCALE * fraction, (rows, z * len(FAMILIES) + family)), shape=shape)
    design = sparse.hstack([own, special]).tocsr()
    _, which, size = np.unique(templates, return_inverse=True, return_counts=True)
    sums = sparse.csr_matrix((np.ones(len(which)), (which, np.arange(len(which)))), shape=(len(size), len(which)))
    target = np.log(volume_per_atom_A3)
    trust = (size[which] > 1) / size[which] ** 0.25
    found = np.zeros(design.shape[1])
    for turn in range(TURNS):
        share = sums @ sparse.diags(trust)
        mean = sparse.diags(1 / np.maximum(np.asarray(share.sum(axis=1)).ravel(), 1e-12)) @ share
        centred, goal = design - (mean @ design)[which], target - (mean @ target)[which]
        if turn:
            # one template may hold two kinds of crystal; members far from the rest count little
            trust = (size[which] > 1) / size[which] ** 0.25 / (1 + ((goal - centred @ found) / OUTLIER) ** 2)
        found = lsqr(
            sparse.diags(trust) @ centred, trust * goal, damp=damping, iter_lim=200, x0=found if turn else None
        )[0]
    general, by_family = found[: len(SYMBOLS) + 1], found[len(SYMBOLS) + 1 :].reshape(-1, len(FAMILIES))
    return general[:, None] + FAMILY_SCALE * by_family


def write_volume_table(table: NDArray[np.float64], path: Path = TABLE) -> None:
    """Write contributions as CSV, one row an element."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["element", *FAMILIES])
        for symbol, row in zip(SYMBOLS, table[1:], strict=True):
            writer.writerow([symbol, *(f"{value:.4f}" for value in row)])
