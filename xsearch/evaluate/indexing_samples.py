"""Powder patterns whose true cells are known: measured ones, published simulated ones, and ones simulated here."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import cell_parameters
from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, SYSTEM_OF_GROUP, TRIGONAL
from xsearch.errors import SpectrumError
from xsearch.indexing.comparison import reduced_cell
from xsearch.indexing.reduction import centrings_of
from xsearch.simulate.conditions import Conditions
from xsearch.spectra import PowderPattern

Array = NDArray[np.float64]

LATTICE_SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "rhombohedral", "hexagonal", "cubic")

PUBLISHED_WAVELENGTH_A = 1.54056
"""Cu Kα1, that of the benchmark of structures without a template."""

CELL = ("a", "b", "c", "alpha", "beta", "gamma")
"""Columns of `mp_structures.parquet`."""

MEAN_COPPER_A = 1.541838
"""Mean of Cu Kα1 and Kα2, weighted 2:1."""

FOREIGN_LINES, FOREIGN_HEIGHT = 3.0, 0.025
"""Mean number of foreign lines in a pattern that is simulated here, and their mean height relative to the highest."""

Refuse = Callable[[str], None]
"""Called with the reason for which a row is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class IndexingSample:
    """A pattern and the cells that are right.

    Attributes:
        name: of the row.
        pattern: to be indexed.
        lattice: lattice system of the crystal.
        cells: (k, 6) reduced primitive cells, any of which is right.
        length_share, angle_deg: within which each axis and angle of an indexed cell is right.
        formula: reduced; empty where it is not known.
    """

    name: str
    pattern: PowderPattern
    lattice: str
    cells: Array
    length_share: float
    angle_deg: float
    formula: str = ""


def lattice_system(space_group: int) -> str:
    """The lattice system of a space group: trigonal crystals have a rhombohedral or a hexagonal lattice."""
    system = int(SYSTEM_OF_GROUP[space_group])
    if system == TRIGONAL:
        return "rhombohedral" if centrings_of(np.array([space_group]))[0] == "R" else "hexagonal"
    return {HEXAGONAL: "hexagonal", CUBIC: "cubic"}.get(system) or LATTICE_SYSTEMS[system]


def is_for_report(formula: str) -> bool:
    """Whether a formula is of the half that figures are reported on; numbers are chosen on the other one."""
    return zlib.crc32(formula.encode()) % 2 == 0


def measured_samples(path: Path, refuse: Refuse) -> Iterator[IndexingSample]:
    """Measured single phases with paired structures whose label nothing hints to be wrong."""
    from xsearch.data.labelled_patterns import read_labelled

    for one in read_labelled(path, lambda label, reason: refuse(reason)):
        if not one.is_clean:
            refuse("doubtful label, texture or fluorescence")
        elif one.space_group is None:
            refuse("no symmetry found")
        else:
            cell = primitive_cell(one.crystal)
            yield IndexingSample(
                one.label, one.pattern, lattice_system(one.space_group), cell[None], 0.015, 1.5, one.formula
            )


def primitive_cell(crystal: Any) -> Array:
    """(6,) reduced primitive cell of a crystal."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    primitive = SpacegroupAnalyzer(crystal.to_structure(), 0.1).find_primitive()
    structure = crystal.to_structure() if primitive is None else primitive
    return reduced_cell(np.array(cell_parameters(structure.lattice.matrix)))


def published_tables(patterns: Path, structures: Path, report: bool, columns: Sequence[str]) -> tuple[Any, Any]:
    """The rows of one half of the benchmark of structures without a template, and some columns of their true entries.

    Args:
        patterns: `pxrd_no_template.parquet`. structures: `mp_structures.parquet`.
        report: which half of the formulas.
        columns: of the entries, which `material_id` names.
    """
    import pandas as pd

    table = pd.read_parquet(patterns)
    table = table[[is_for_report(formula) == report for formula in table.reduced_formula]]
    wanted = {one for ids in table.material_ids for one in ids}
    entries = pd.read_parquet(
        structures, columns=["material_id", *columns], filters=[("material_id", "in", wanted)]
    ).set_index("material_id")
    return table, entries


def published_pattern(row: Any) -> PowderPattern:
    """The pattern of a row of that benchmark."""
    counts = np.asarray(row.counts, np.float64)
    angles = row.two_theta_start + row.two_theta_step * np.arange(len(counts))
    return PowderPattern(angles, counts, PUBLISHED_WAVELENGTH_A, source=row.name)


def published_samples(patterns: Path, structures: Path, report: bool, refuse: Refuse) -> Iterator[IndexingSample]:
    """Simulated patterns of the benchmark of structures without a template, one half of them by formula.

    Args:
        patterns: `pxrd_no_template.parquet`. structures: `mp_structures.parquet`, whose cells are the truth.
        report: which half. refuse: called with the reason of each row that is left out.
    """
    table, cells = published_tables(patterns, structures, report, CELL)
    for row in table.itertuples():
        true = [reduced_cell(cells.loc[one].to_numpy(float)) for one in row.material_ids if one in cells.index]
        if not true:
            refuse("no structure of its formula and space group")
            continue
        pattern = published_pattern(row)
        system = lattice_system(int(row.space_group))
        yield IndexingSample(row.name, pattern, system, np.array(true), 0.04, 3.0, row.reduced_formula)


def simulated_samples(index: str, report: bool, seed: int = 0) -> Iterator[IndexingSample]:
    """Reported crystals of an index measured here under laboratory conditions, one half of the formulas held out.

    Copper with both Kα lines, its wavelength stated as that of Kα1 or as their mean; strained, displaced, textured,
    noisy, with foreign lines, see `xsearch.simulate.conditions`.
    """
    from xsearch.data.simulated_measurements import drawn_conditions, laboratory
    from xsearch.data.splits import halves, split_rows
    from xsearch.indexes import Index
    from xsearch.simulate.measurement import measure
    from xsearch.simulate.strain import strained_cell

    opened = Index.open(index)
    columns = opened.columns
    rows = halves(opened, split_rows(opened).formulas)[int(report)]
    rows = rows[(columns.is_theoretical[rows] == 0) & (columns.cell_of[rows] < 0) & (columns.duplicate_of[rows] < 0)]
    random = np.random.default_rng(seed)
    for row in random.permutation(rows).tolist():
        drawn = laboratory(drawn_conditions(opened, row, random), random)
        conditions = replace(drawn, wavelength_A=1.540593, alpha2_A=1.544427, foreign=_foreign(drawn, random))
        stated = 1.540593 if random.random() < 0.5 else MEAN_COPPER_A
        reflections = opened.reflections(row)
        cell = strained_cell(
            reflections.cell, reflections.system, conditions.mean_strain, np.array(conditions.shape_strain)
        )
        two_theta_deg, counts = measure(reflections, conditions, random)
        group = int(columns.space_group[row])
        true = reduced_cell(cell, centrings_of(np.array([group]))[0])
        yield IndexingSample(
            opened.material(row).material_id,
            PowderPattern(two_theta_deg, counts, stated),
            lattice_system(group),
            true[None],
            0.015,
            1.5,
            opened.material(row).reduced_formula,
        )


def _foreign(drawn: Conditions, random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Angles and relative heights of foreign lines: more than in pure samples, as minerals have them."""
    count = int(random.poisson(FOREIGN_LINES))
    at = random.uniform(drawn.first_deg, drawn.last_deg, count)
    return tuple(zip(at.tolist(), random.exponential(FOREIGN_HEIGHT, count).tolist(), strict=True))


def checked(samples: Iterator[IndexingSample], refuse: Refuse) -> Iterator[IndexingSample]:
    """Those that show a line at all."""
    from xsearch.preprocess.powder import net_pattern

    for one in samples:
        try:
            net_pattern(one.pattern)
        except SpectrumError as error:
            refuse(str(error).split(": ", 1)[-1].split(" between ")[0])
            continue
        yield one
