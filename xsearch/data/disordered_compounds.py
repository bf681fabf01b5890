"""Solid solutions and crystals with vacancies, made from ordered ones whose structure is known."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.substitution import substitution_table
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.valence import electronegativity
from xsearch.chemistry.volume import log_volume
from xsearch.data.compounds import Compound
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import CrystalError
from xsearch.fit.site_occupancies import orbits_of

Kind = Literal["mixed", "vacant"]

FRACTIONS = (0.15, 0.85)
"""Of the second element on a shared site, drawn evenly."""

OCCUPANCIES = (0.5, 0.9)
"""Of a partly empty site, drawn evenly."""

LEAST_LIFT = 0.0
"""Log lift of two elements that are made to share a site: they replace one another more often than by chance."""

LEAST_SHARE = 0.08
"""Share of a crystal's electrons on sites that are partly emptied; of fewer no pattern could tell."""

MOST_SITES = 40
"""Of a crystal that is used."""

VISIBLE = 6
"""Smallest difference in atomic number of a pair whose fraction a pattern can tell in most cases."""


@dataclass(frozen=True, slots=True, eq=False)
class DisorderedCompound:
    """A disordered crystal, and what it was made from.

    Attributes:
        parent: the ordered compound.
        kind: what was done to it.
        elements: both elements of the shared sites, that of the parent first; or the one that is partly missing.
        occupancies: of these.
        crystal: with shared or partly empty sites, in a cell of the volume that is expected.
        end_members: reduced formulas of the ordered compounds of either element alone.
    """

    parent: Compound
    kind: Kind
    elements: tuple[str, ...]
    occupancies: tuple[float, ...]
    crystal: Crystal
    end_members: tuple[str, ...]

    @property
    def alike(self) -> bool:
        """Whether the two elements scatter too alike for most patterns."""
        numbers = [ATOMIC_NUMBERS[element] for element in self.elements]
        return len(numbers) == 2 and abs(numbers[0] - numbers[1]) < VISIBLE


def made_of(compounds: Sequence[Compound], kind: Kind) -> Iterator[DisorderedCompound]:
    """Those of some compounds that can be disordered, each in one way that its name decides."""
    for compound in compounds:
        if len(compound.crystal) > MOST_SITES:
            continue
        random = np.random.default_rng(zlib.crc32(f"{kind} {compound.material_id}".encode()))
        try:
            made = (_mixed if kind == "mixed" else _vacant)(compound, random)
        except CrystalError:
            continue
        if made is not None:
            yield made


def _mixed(compound: Compound, random: np.random.Generator) -> DisorderedCompound | None:
    """The compound with a fraction of one element, at random, by another that replaces it readily."""
    crystal, table = compound.crystal, substitution_table()
    negativity = {element: electronegativity(element) for element in compound.elements}
    anion = max(negativity, key=lambda element: (negativity[element], element))
    able: list[tuple[str, str]] = []
    for first in sorted(compound.elements - {anion} or compound.elements):
        lifts = table[ATOMIC_NUMBERS[first], 1:]
        able += [
            (first, SYMBOLS[z])
            for z in np.flatnonzero(lifts > LEAST_LIFT).tolist()
            if SYMBOLS[z] not in compound.elements
        ]
    if not able:
        return None
    weight = np.exp([2 * table[ATOMIC_NUMBERS[a], ATOMIC_NUMBERS[b]] for a, b in able])
    first, second = able[random.choice(len(able), p=weight / weight.sum())]
    fraction = round(float(random.uniform(*FRACTIONS)), 3)
    other = Crystal.ordered(
        crystal.lattice_A, crystal.frac_coords, [second if e == first else e for e in crystal.elements]
    )
    change = fraction * (_log_volume(other) - _log_volume(crystal)) / 3
    entries = [
        (position, element, share)
        for position, old in zip(crystal.frac_coords, crystal.elements, strict=True)
        for element, share in (((first, 1 - fraction), (second, fraction)) if old == first else ((old, 1.0),))
    ]
    positions, elements, occupancies = zip(*entries, strict=True)
    mixed = Crystal(crystal.lattice_A * np.exp(change), np.array(positions), elements, np.array(occupancies))
    ends = (compound.formula, reduced_formula(other.composition))
    return DisorderedCompound(compound, "mixed", (first, second), (1 - fraction, fraction), mixed, ends)


def _vacant(compound: Compound, random: np.random.Generator) -> DisorderedCompound | None:
    """The compound with one kind of site, at random, partly empty."""
    primitive = find_symmetry(compound.crystal, 0.01).primitive
    orbits = orbits_of(primitive)
    electrons = np.array([ATOMIC_NUMBERS[element] for element in primitive.elements], np.float64)
    kinds = np.unique(orbits)
    able = [one for one in kinds if electrons[orbits == one].sum() > LEAST_SHARE * electrons.sum()]
    if len(kinds) < 2 or not able:
        return None
    chosen = able[random.integers(len(able))]
    occupancy = round(float(random.uniform(*OCCUPANCIES)), 3)
    full = np.where(orbits == chosen, occupancy, 1.0)
    element = primitive.elements[int(np.flatnonzero(orbits == chosen)[0])]
    crystal = replace(primitive, occupancies=full)
    return DisorderedCompound(compound, "vacant", (element,), (occupancy,), crystal, (compound.formula,))


def _log_volume(crystal: Crystal) -> float:
    counts = {element: crystal.elements.count(element) for element in set(crystal.elements)}
    numbers = np.array([[ATOMIC_NUMBERS[element] for element in counts]])
    return float(log_volume(numbers, np.array([list(counts.values())]))[0])
