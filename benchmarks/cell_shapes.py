"""Whether the shape of a measured cell can be told from the computed one: `python -m benchmarks.cell_shapes [--json]`.

Pairs are the computed entries of an index with linked measured cells, cubic ones left out. What is to be predicted is
the strain between the two without its isotropic part. Two predictions, each for formulas that took no part in it: the
mean strain of isotypes, shrunk, and a linear model whose terms are tensors, sums over bonds and contacts of a kind of
(r r - 1/3), so that it turns with the crystal. Neither is used by searches; the figures say why.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.space_groups import CUBIC
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.indexes import Index, sql
from xsearch.search import open_index

Array = NDArray[np.float64]

ANIONS = frozenset("N O F P S Cl As Se Br Te I".split())
PAIRS = ("O", "S", "Se", "Te", "Cl", "Br", "I", "F", "C")
REACH_A = 6.0
LARGEST_STRAIN = 0.12
SHRINKAGE = 1.0
FOLDS, RIDGE, OUTLIER, ROUNDS = 5, 30.0, 0.02, 12


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A computed entry: its formula and type, (3, 3) strain without its isotropic part, and (k, 3, 3) terms."""

    formula: str
    template: str
    shape: Array
    terms: Array


def pairs_of(index: Index) -> list[Pair]:
    """The pairs of an index, the median over the measured cells of each entry."""
    columns, formulas = index.columns, dict(index.sql(sql.FORMULA_OF_ROWS).fetchall())
    linked = np.flatnonzero(columns.cell_of >= 0)
    found = []
    for owner in np.unique(columns.cell_of[linked]).tolist():
        if columns.crystal_system[owner] == CUBIC:
            continue
        cell = lattice_from_parameters(*columns.cell[owner])
        inverse = np.linalg.inv(cell)
        measured = [
            lattice_from_parameters(*columns.cell[row]) for row in linked[columns.cell_of[linked] == owner].tolist()
        ]
        strains = [(inverse @ lattice @ lattice.T @ inverse.T - np.eye(3)) / 2 for lattice in measured]
        strain = np.median(strains, axis=0)
        material = index.materials([owner])[0]
        if np.abs(strain).max() < LARGEST_STRAIN and len(material.crystal) <= 120:
            terms = terms_of(material.crystal, cell)
            shape = strain - np.trace(strain) / 3 * np.eye(3)
            found.append(Pair(formulas[owner], material.template or material.material_id, shape, terms))
    return found


def terms_of(crystal: Crystal, cell: Array) -> Array:
    """(k, 3, 3) sums over the bonds and contacts of each kind, an atom, in the frame of the conventional cell."""
    symmetry = find_symmetry(crystal)
    conventional = symmetry.to_conventional.T.astype(float) @ symmetry.primitive.lattice_A
    lattice = symmetry.primitive.lattice_A @ np.linalg.solve(conventional, cell)
    elements = np.array(symmetry.primitive.elements)
    counts = np.ceil(REACH_A * np.linalg.norm(np.linalg.inv(lattice), axis=0)).astype(int)
    steps = np.array(np.meshgrid(*[np.arange(-n, n + 1) for n in counts], indexing="ij")).reshape(3, -1).T @ lattice
    places = (symmetry.primitive.frac_coords % 1) @ lattice
    apart = places[None, :, None] - places[:, None, None] + steps
    length = np.linalg.norm(apart, axis=-1)
    i, j, k = np.nonzero((length > 0.3) & (length < REACH_A))
    apart, length = apart[i, j, k], length[i, j, k]
    covalent, contact = (
        np.array([getattr(gemmi.Element(str(one)), name) for one in elements]) for name in ("covalent_r", "vdw_r")
    )
    ratio = length / (covalent[i] + covalent[j])
    bond = np.exp(-np.clip((ratio - 1) / 0.15, -1, 20))
    touch = np.exp(-0.5 * ((length - contact[i] - contact[j]) / 0.3) ** 2) * (ratio > 1.35)
    anion = np.isin(elements, list(ANIONS))
    both, mixed, neither = anion[i] & anion[j], anion[i] != anion[j], ~anion[i] & ~anion[j]
    kinds = [weight * where for weight in (bond, touch) for where in (np.ones_like(both), both, mixed, neither)]
    kinds += [touch * ((elements[i] == one) & (elements[j] == one)) for one in PAIRS]
    direction = apart / length[:, None]
    tensors = direction[:, :, None] * direction[:, None, :] - np.eye(3) / 3
    return np.einsum("kn,nab->kab", np.array(kinds), tensors) / len(elements)


def by_isotypes(pairs: list[Pair]) -> Array:
    """(n, 3, 3) shrunk mean strain of other formulas of the same type."""
    alike: dict[str, list[Pair]] = defaultdict(list)
    for one in pairs:
        alike[one.template].append(one)
    found = []
    for one in pairs:
        others = [other.shape for other in alike[one.template] if other.formula != one.formula]
        found.append(np.sum(others, axis=0) / (len(others) + SHRINKAGE) if others else np.zeros((3, 3)))
    return np.array(found)


def by_bonds(pairs: list[Pair]) -> Array:
    """(n, 3, 3) out-of-fold predictions of a robust linear model of the terms."""
    terms, shapes = np.array([one.terms for one in pairs]), np.array([one.shape for one in pairs])
    terms = terms / (np.sqrt((terms**2).mean(axis=(0, 2, 3))) + 1e-12)[None, :, None, None]
    names = sorted({one.formula for one in pairs})
    number = np.array([names.index(one.formula) for one in pairs])
    fold = (np.random.default_rng(0).permutation(len(names)) % FOLDS)[number]
    found = np.zeros_like(shapes)
    for held_out in range(FOLDS):
        x, y = terms[fold != held_out], shapes[fold != held_out]
        trust = np.ones(len(y))
        for _ in range(ROUNDS):
            square = np.einsum("n,nkab,nlab->kl", trust, x, x) + RIDGE * np.eye(x.shape[1])
            weights = np.linalg.solve(square, np.einsum("n,nkab,nab->k", trust, x, y))
            left = y - np.einsum("nkab,k->nab", x, weights)
            trust = 1 / (1 + (left**2).sum(axis=(1, 2)) / OUTLIER**2)
        found[fold == held_out] = np.einsum("nkab,k->nab", terms[fold == held_out], weights)
    return found


def figures(pairs: list[Pair], predicted: Array) -> dict[str, float]:
    """Size of what is left in percent (median and 90th percentile), and the share of the variance that is explained."""
    shapes = np.array([one.shape for one in pairs])
    before, left = (np.linalg.norm(one, axis=(1, 2)) for one in (shapes, shapes - predicted))
    median, most = 100 * np.percentile(left, (50, 90))
    return {"median": round(median, 2), "p90": round(most, 2), "r2": round(1 - (left**2).sum() / (before**2).sum(), 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    pairs = pairs_of(open_index(arguments.index).index)
    nothing = np.zeros((len(pairs), 3, 3))
    found: dict[str, Any] = {
        "n": len(pairs),
        "as_computed": figures(pairs, nothing),
        "isotypes": figures(pairs, by_isotypes(pairs)),
        "bonds": figures(pairs, by_bonds(pairs)),
    }
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
