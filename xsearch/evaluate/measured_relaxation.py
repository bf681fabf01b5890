"""How well interatomic potentials hold measured crystals: their cells where those are free, their atoms where not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from xsearch.chemistry.crystal import Crystal, cell_parameters, lattice_from_parameters
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.evaluate.indexing_samples import CELL
from xsearch.evaluate.outcome_log import OutcomeLog
from xsearch.fit.atom_displacements import allowed_displacements
from xsearch.infer.potentials import KNOWN_ELEMENTS, load_potential
from xsearch.infer.relax import relax
from xsearch.infer.settings import RELAXATION_SETTINGS, RelaxationSettings
from xsearch.options import Potential

SEED = 20
"""Of the order in which crystals are drawn."""

MOST_ATOMS = 16
"""In a primitive cell."""

TIGHT = replace(RELAXATION_SETTINGS, converged_eV_A=0.02)
"""Shifts of atoms by a few hundredths of an ångström are to be distinguished."""

MOST_SECONDS = 600.0
"""For the relaxation of one crystal."""


@dataclass(frozen=True, slots=True)
class MeasuredRelaxation:
    """One measured crystal relaxed by one potential.

    Attributes:
        name: of the crystal and the potential.
        potential: its name.
        volume: ln(relaxed volume / measured volume).
        length: mean of |relaxed - measured| / measured over a, b and c.
        moved_A: root mean square displacement of the atoms in the measured, fixed cell; nan without a free coordinate.
        seconds: of processor time for the relaxation in the fixed cell, or with a free cell where nothing else is free.
        converged: whether both came to their end.
    """

    name: str
    potential: str
    volume: float
    length: float
    moved_A: float | None
    seconds: float
    converged: bool


def measured_crystals(structures: Path, patterns: Path) -> Iterator[tuple[str, Crystal]]:
    """Measured, ordered compounds of up to `MOST_ATOMS` atoms, each formula and space group once, in a drawn order.

    Args:
        structures: `cod_structures.parquet`. patterns: `pxrd_measured.parquet`, for its paired structures.
    """
    found: dict[tuple[str, int], tuple[str, Crystal]] = {}
    for name, crystal in (*_of_tables(structures), *_of_patterns(patterns)):
        elements = set(crystal.elements)
        if len(elements) < 2 or not crystal.is_ordered or not elements <= KNOWN_ELEMENTS:
            continue
        try:
            symmetry = find_symmetry(crystal)
        except CrystalError:
            continue
        if len(symmetry.primitive) <= MOST_ATOMS:
            key = (reduced_formula(crystal.composition), symmetry.number)
            found.setdefault(key, (name, symmetry.primitive))
    listed = list(found.values())
    for k in np.random.default_rng(SEED).permutation(len(listed)).tolist():
        yield listed[k]


def _of_tables(path: Path) -> Iterator[tuple[str, Crystal]]:
    import pandas as pd

    for row in pd.read_parquet(path).itertuples():
        lattice = lattice_from_parameters(*(float(getattr(row, name)) for name in CELL))
        yield row.source_id, Crystal.ordered(lattice, row.frac_coords.reshape(-1, 3), list(row.species))


def _of_patterns(path: Path) -> Iterator[tuple[str, Crystal]]:
    from xsearch.data.labelled_patterns import read_labelled

    for one in read_labelled(path, lambda label, reason: None):
        yield one.label, one.crystal


def outcome_of(
    name: str, crystal: Crystal, potential: Potential, settings: RelaxationSettings = TIGHT
) -> MeasuredRelaxation:
    """Relax one measured crystal, with a free cell and in its own."""
    pulls = load_potential(potential)
    began = process_time()
    (free,) = relax([crystal], pulls, seconds=MOST_SECONDS, settings=settings)
    middle = process_time()
    (fixed,) = relax([crystal], pulls, free_cell=False, seconds=MOST_SECONDS, settings=settings)
    used = process_time() - middle
    measured, relaxed = (np.array(cell_parameters(one.lattice_A)[:3]) for one in (crystal, free.crystal))
    still = not allowed_displacements(crystal).shape[1]
    return MeasuredRelaxation(
        f"{name} {potential.value}",
        potential.value,
        float(np.log(free.crystal.volume_A3 / crystal.volume_A3)),
        float(np.abs(relaxed / measured - 1).mean()),
        None if still else fixed.moved_A,
        middle - began if still else used,
        free.converged and fixed.converged,
    )


def evaluate(
    structures: Path,
    patterns: Path,
    potentials: Sequence[Potential],
    *,
    limit: int = 40,
    log: Path | None = None,
    say: Callable[[MeasuredRelaxation], None] | None = None,
) -> dict[str, Any]:
    """Relax some measured crystals by each of some potentials.

    Args:
        structures, patterns: see `measured_crystals`.
        potentials: those that are compared.
        limit: how many crystals.
        log: keeps outcomes; a later run goes on from there.
        say: called with each outcome.
    """
    kept = OutcomeLog(log, lambda stored: MeasuredRelaxation(**stored), lambda one: one.name)
    found: list[MeasuredRelaxation] = []
    for (name, crystal), _ in zip(measured_crystals(structures, patterns), range(limit), strict=False):
        for potential in potentials:
            outcome = kept.done.get(f"{name} {potential.value}") or outcome_of(name, crystal, potential)
            kept.add(outcome)
            found.append(outcome)
            if say is not None:
                say(outcome)
    return {potential.value: figures([one for one in found if one.potential == potential]) for potential in potentials}


def figures(found: Sequence[MeasuredRelaxation]) -> dict[str, Any]:
    """Errors of one potential: of volumes and lengths as shares, of atoms in Å."""
    volume = np.array([one.volume for one in found])
    moved = np.array([one.moved_A for one in found if one.moved_A is not None])
    return {
        "n": len(found),
        "volume_bias": float(np.median(volume)),
        "volume_error_median": float(np.median(np.abs(volume))),
        "volume_error_p90": float(np.percentile(np.abs(volume), 90)),
        "length_error_median": float(np.median([one.length for one in found])),
        "n_free": len(moved),
        "moved_A_median": float(np.median(moved)),
        "moved_A_p90": float(np.percentile(moved, 90)),
        "seconds_p50": float(np.median([one.seconds for one in found])),
        "converged": float(np.mean([one.converged for one in found])),
    }
