"""The key of a structure type: crystals with the same key are isotypes, whatever their elements and cells."""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import letter_of
from xsearch.chemistry.symmetry import Symmetry, distinct_positions

Mix = tuple[tuple[str, float], ...]
"""The elements of a site with their occupancies."""


def template_key(crystal: Crystal, symmetry: Symmetry, *, without: frozenset[str] = frozenset()) -> str:
    """The structure type of a crystal: `AB2C4_227_b_c_e` for spinel.

    Every distinct occupation of a site counts as one species, so a solid solution has the key of its end members.
    Species stand from the rarest to the commonest, each with the letters of its Wyckoff positions (`2e` for two
    orbits on e). The letters depend on where the origin is put; of all choices that the space group's normalizer
    allows, and all orders of equally abundant species, the key that sorts first is taken.

    Args:
        crystal: the crystal.
        symmetry: of that crystal.
        without: elements to leave out, such as the hydrogen that an X-ray refinement did not see.
    """
    _, mixes = distinct_positions(crystal)
    return key_of_orbits(symmetry.number, orbits_by_species(mixes, symmetry, without))


def orbits_by_species(
    mixes: Sequence[Mix], symmetry: Symmetry, without: frozenset[str] = frozenset()
) -> dict[Mix, tuple[int, list[str]]]:
    """For each species, how many sites it fills and the Wyckoff letters of its orbits."""
    found: dict[Mix, tuple[int, list[str]]] = {}
    for site, (mix, letter, first) in enumerate(zip(mixes, symmetry.wyckoffs, symmetry.orbits, strict=True)):
        if without and all(element in without for element, _ in mix):
            continue
        count, letters = found.get(mix, (0, []))
        found[mix] = (count + 1, [*letters, letter] if first == site else letters)
    return found


def key_of_orbits(space_group: int, species: dict[Mix, tuple[int, list[str]]]) -> str:
    """The canonical key of species on Wyckoff positions; see `template_key`."""
    ranked = sorted(species.values(), key=lambda item: item[0])
    if not ranked:
        return f"_{space_group}"
    common = math.gcd(*(count for count, _ in ranked))
    formula = "".join(
        letter_of(rank) + (str(count // common) if count > common else "") for rank, (count, _) in enumerate(ranked)
    )
    best = min(
        tuple(written for _, written in sorted((count, _written(relabelling, letters)) for count, letters in ranked))
        for relabelling in relabellings(space_group)
    )
    return "_".join([formula, str(space_group), *best])


@cache
def relabellings(space_group: int) -> tuple[dict[str, str], ...]:
    """How Wyckoff letters change names when the origin moves within a space group's affine normalizer.

    The table is the one that comes with pymatgen's prototypes (ITA vol. A, ch. 3.5 gives the normalizers).
    """
    spec = find_spec("pymatgen.analysis")
    if spec is None or not spec.submodule_search_locations:
        return ({},)
    path = Path(next(iter(spec.submodule_search_locations)), "prototypes", "wyckoff-position-relabelings.json.gz")
    with gzip.open(path) as file:
        table = json.load(file)[str(space_group)]
    return tuple({chr(int(old)): new for old, new in relabelling.items()} for relabelling in table)


def _written(relabelling: dict[str, str], letters: Sequence[str]) -> str:
    counts = Counter(relabelling.get(letter, letter) for letter in letters)
    return "".join(f"{count if count > 1 else ''}{letter}" for letter, count in sorted(counts.items()))
