"""Labelled powder patterns, and which entries of an index are right answers to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import formula_unit, parse_formula, reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError, SpectrumError, WavelengthError, XSearchError
from xsearch.indexes import Index, sql
from xsearch.options import Constraints
from xsearch.spectra import PowderPattern

NEEDED = ("label", "single_phase", "wavelength", "two_theta", "intensity", "structure_json")
CLEAN_COSINE = 0.6
"""Patterns that agree less than this with the one simulated from their paired structure are reported apart."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPattern:
    """A measured pattern of one phase and the crystal that it was paired with.

    Attributes:
        label: its name in the file.
        pattern: the pattern.
        crystal: the paired crystal.
        formula: reduced formula of the crystal.
        elements: its elements.
        space_group: its number at the tolerance that indexes use, or None.
        cosine: agreement with the pattern simulated from the crystal, NaN where not given.
    """

    label: str
    pattern: PowderPattern
    crystal: Crystal
    formula: str
    elements: tuple[str, ...]
    space_group: int | None
    cosine: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing hints at a wrong label, texture or fluorescence."""
        return not self.cosine < CLEAN_COSINE


def read_labelled(path: str | Path, on_unusable: Callable[[str, str], None] | None = None) -> Iterator[LabelledPattern]:
    """Single-phase patterns with a paired structure, in the file's order.

    Args:
        path: a Parquet table.
        on_unusable: called with the label of each row that cannot be used, such as one without a wavelength, and the
            reason; such rows are left out.

    Raises:
        SpectrumError: where the file is no Parquet table of labelled patterns.
    """
    from pymatgen.core import Structure

    for row in _table(Path(path)).itertuples():
        if not row.single_phase or not isinstance(row.structure_json, str):
            continue
        try:
            crystal = Crystal.from_structure(Structure.from_dict(json.loads(row.structure_json)))
            pattern = _pattern(row)
        except (XSearchError, ValueError, KeyError, TypeError) as error:
            if on_unusable is not None:
                on_unusable(str(row.label), " ".join(str(error).split()) or type(error).__name__)
            continue
        unit = formula_unit(crystal)
        try:
            space_group = find_symmetry(crystal).number
        except CrystalError:
            space_group = None
        yield LabelledPattern(
            label=str(row.label),
            pattern=pattern,
            crystal=crystal,
            formula=reduced_formula(unit),
            elements=tuple(sorted(unit)),
            space_group=space_group,
            cosine=float(getattr(row, "sim_cosine", np.nan)),
        )


def _pattern(row: Any) -> PowderPattern:
    """The pattern of a row.

    Raises:
        SpectrumError: where it cannot be used.
        WavelengthError: where the row states no wavelength.
    """
    label = str(row.label)
    if row.wavelength is None or not np.isfinite(wavelength := float(row.wavelength)):
        raise WavelengthError(f"{label}: no wavelength is stated.")
    return PowderPattern(
        np.asarray(row.two_theta, np.float64), np.asarray(row.intensity, np.float64), wavelength, source=label
    )


def labelled_formulas(labelled: Path) -> frozenset[str]:
    """Reduced formulas of a table of labelled patterns."""
    names = pd.read_parquet(labelled, columns=["formula"])["formula"].dropna()
    return frozenset(reduced_formula(parse_formula(name)) for name in names if name)


def without_hydrogen(formula: str) -> str:
    """A reduced formula less its hydrogen; empty where it holds nothing else."""
    left = {element: amount for element, amount in parse_formula(formula).items() if element != "H"}
    return reduced_formula(left) if left else ""


def rows_without_hydrogen(index: Index, labelled: LabelledPattern, right: Collection[int]) -> frozenset[int]:
    """Rows that are right where hydrogen is ignored: those that are right, and isotypes that differ by hydrogen alone.

    Many structures of minerals were published without their hydrogen, in the label or in the index.

    Args:
        index: the index.
        labelled: the pattern.
        right: of `right_rows`.
    """
    others = frozenset(labelled.elements) - {"H"}
    if not others:
        return frozenset(right)
    rows = index.select(Constraints(must=others, may=frozenset({"H"})), True)
    rows = rows[index.columns.space_group[rows] == labelled.space_group]
    wanted = without_hydrogen(labelled.formula)
    formulas = index.sql(sql.FORMULAS_OF_ROWS, [rows.tolist()]).fetchall()
    return frozenset({*right, *(int(row) for row, formula in formulas if without_hydrogen(formula) == wanted)})


def right_rows(index: Index, labelled: LabelledPattern) -> frozenset[int]:
    """Rows that are right: same reduced formula, and same space group or fitted by pymatgen's StructureMatcher.

    Measured cells linked to a right entry are right with it.
    """
    from pymatgen.core.structure_matcher import StructureMatcher

    named = index.sql(sql.ROWS_OF_FORMULA, [labelled.formula]).fetchall()
    rows = [int(row) for (row,) in named if index.columns.cell_of[int(row)] < 0]
    right = {row for row in rows if int(index.columns.space_group[row]) == labelled.space_group}
    if others := [row for row in rows if row not in right]:
        matcher, paired = StructureMatcher(), labelled.crystal.to_structure()
        for row, material in zip(others, index.materials(others), strict=True):
            if matcher.fit(paired, material.crystal.to_structure()):
                right.add(row)
    owners = index.columns.cell_of
    return frozenset(right | {int(row) for row in np.flatnonzero(np.isin(owners, list(right)))} if right else right)


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise SpectrumError(f"{path}: there is no such file.")
    try:
        names = pq.read_schema(path).names
    except (OSError, ValueError) as error:
        raise SpectrumError(f"{path}: is no Parquet file ({str(error).splitlines()[0]}).") from None
    if missing := [name for name in NEEDED if name not in names]:
        raise SpectrumError(f"{path}: lacks the columns {', '.join(missing)} of a table of labelled patterns.")
    return pd.read_parquet(path, columns=[*NEEDED, *(["sim_cosine"] if "sim_cosine" in names else [])])
