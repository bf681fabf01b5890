"""Phases that are known to be there, found by what was given: a formula, an id, a CIF file, a standard's name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.cif import read_cif
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import formula_unit, parse_formula, reduced_formula
from xsearch.chemistry.standards import HOLDERS, STANDARDS, Standard, find_standard
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError, QueryError
from xsearch.fit.crystal_fit import smallest_spacing_A
from xsearch.fit.settings import KNOWN_PHASE
from xsearch.indexes import Index
from xsearch.indexes.prior import log_prior
from xsearch.indexes.sql import ROWS_OF_FORMULAS
from xsearch.options import Prior
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.reflections import Reflections

Given = str | Path | Crystal
"""A known phase as it is given: a formula, an id, a CIF file, the name of a standard, or a crystal."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownCrystal:
    """The crystal of a known phase.

    Attributes:
        name: as it was given.
        formula: reduced.
        source: where it comes from.
        symmetry: of the crystal.
        expected_strain, strain_sigma: ln(measured / given length) and its uncertainty.
        standard: its certificate, where the angle scale is to be fixed by it.
    """

    name: str
    formula: str
    source: str
    symmetry: Symmetry
    expected_strain: float = 0.0
    strain_sigma: float = KNOWN_PHASE.strain_sigma
    standard: Standard | None = None

    def reflections(self, wavelength_A: float) -> Reflections:
        """Down to what a wavelength reaches."""
        return simulate_reflections([self.symmetry], d_min_A=smallest_spacing_A(wavelength_A))[0]


def find_known(
    index: Index, given: Iterable[Given] | str | None = None, standard: str | None = None
) -> tuple[KnownCrystal, ...]:
    """The crystals of known phases, a standard first.

    Args:
        index: whose entries are meant by ids and formulas.
        given: formulas, ids, CIF files or crystals; text has commas between.
        standard: the name of a certified standard, by which the angle scale is fixed.

    Raises:
        QueryError: where something given is no phase.
        CrystalError: where a CIF file holds no crystal.
    """
    found = [] if standard is None else [_of_standard(find_standard(standard), standard, certified=True)]
    names = [part.strip() for part in given.split(",")] if isinstance(given, str) else list(given or ())
    if "" in names:
        raise QueryError(f"{given!r} names no phase between two commas; give such as Si,Al2O3,mp-134,film.cif.")
    found += [_find_one(index, one) for one in names]
    return tuple(found)


def _find_one(index: Index, given: Given) -> KnownCrystal:
    if isinstance(given, Crystal):
        return _of_crystal(given, reduced_formula(formula_unit(given)), "given")
    text = str(given)
    path = Path(text).expanduser()
    if path.suffix.lower() == ".cif" or path.is_file():
        if not path.is_file():
            raise QueryError(f"There is no file {text}, which was given as a known phase.")
        first = read_cif(path.read_text(encoding="utf-8", errors="replace"), path.name)[0]
        return _of_crystal(first.crystal, path.name, path.name)
    if index.sql("SELECT 1 FROM materials WHERE material_id = ?", [text]).fetchall():
        return _of_row(index, index.row_of(text), text)
    for one in (*HOLDERS, *STANDARDS):
        if text.lower() in (one.name.lower(), one.compound):
            return _of_standard(one, text)
    try:
        formula = reduced_formula(parse_formula(text))
    except CrystalError:
        formula = ""
    for one in (*STANDARDS, *HOLDERS):
        if one.formula == formula:
            return _of_standard(one, text)
    rows = np.array([row for (row,) in index.sql(ROWS_OF_FORMULAS, [[formula]]).fetchall()], np.int64)
    rows = rows[index.columns.cell_of[rows] < 0]
    if len(rows) == 0:
        names = ", ".join(one.name for one in (*HOLDERS, *STANDARDS))
        raise QueryError(
            f"{text!r} is no known phase: index {index.name!r} holds no entry of that id or formula, and it is none of "
            f"{names}; give its CIF file."
        )
    return _of_row(index, plainest(index, rows), text)


def plainest(index: Index, rows: NDArray[np.int64]) -> int:
    """Of rows of one formula the one to expect on a bench: reported, stable, fully occupied, and first of its kind."""
    likely = log_prior(index.columns, rows, Prior.KNOWN)
    ordered = np.array([one.crystal.is_ordered and not one.pressure_GPa for one in index.materials(rows)])
    stable = np.nan_to_num(index.columns.energy_above_hull_eV[rows].astype(np.float64), nan=0.05)
    return int(rows[np.lexsort((rows, stable, -likely, ~ordered))[0]])


def _of_row(index: Index, row: int, name: str) -> KnownCrystal:
    material = index.material(row)
    measured = material.is_measured is True
    return KnownCrystal(
        name,
        material.reduced_formula,
        material.material_id,
        find_symmetry(material.crystal, material.symprec_A),
        0.0 if measured else float(index.columns.expected_strain[row]),
        KNOWN_PHASE.strain_sigma if measured else KNOWN_PHASE.computed_strain_sigma,
    )


def _of_crystal(crystal: Crystal, name: str, source: str) -> KnownCrystal:
    return KnownCrystal(
        name, reduced_formula(formula_unit(crystal)), source, find_symmetry(crystal),
        strain_sigma=KNOWN_PHASE.computed_strain_sigma,
    )  # fmt: skip


def _of_standard(one: Standard, name: str, certified: bool = False) -> KnownCrystal:
    return KnownCrystal(
        name, one.formula, f"{one.compound}, {one.source}", find_symmetry(one.crystal, KNOWN_PHASE.symprec_A),
        strain_sigma=0.0 if certified else KNOWN_PHASE.strain_sigma, standard=one if certified else None,
    )  # fmt: skip
