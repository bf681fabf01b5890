"""Count which Wyckoff positions the crystals of an index occupy, and how close each pair of elements comes in them.

`python -m xsearch.training.wyckoff_use --index mp` writes `wyckoff_positions.csv` and `shortest_distances.csv`, in
about five minutes of CPU.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations_with_replacement

import numpy as np
from numba import njit

from xsearch.chemistry import shortest_distances, wyckoff
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import moyo_of_ordered
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.infer.template_library import library_of
from xsearch.search import open_index

MOST_SITES, FARTHEST_ABOVE_HULL_EV = 60, 0.1
"""Entries that are counted: of so many sites and so far above the hull at most. Set by hand."""

SYMPREC_A = 0.02
"""Tolerance of the symmetry search, Å. Set by hand."""

FARTHEST_A = 10.0
"""Distances beyond it say nothing. Set by hand."""

AT_ONCE = 2000
"""Crystals that are held at once."""

LETTERS = "abcdefghijklmnopqrstuvwxyzA"


class WyckoffUse:
    """Orbits counted by space group and letter, and shortest distances by pair of elements."""

    def __init__(self) -> None:
        self.coordinates: dict[tuple[int, str], tuple[int, str]] = {}
        self.orbits: Counter[tuple[int, str]] = Counter()
        self.entries: Counter[int] = Counter()
        self.distances: dict[tuple[int, int], list[float]] = defaultdict(list)

    def add(self, crystals: Iterable[Crystal]) -> None:
        """Count crystals; those that are disordered, or that no space group is found of, are passed over."""
        for crystal in crystals:
            found = moyo_of_ordered(crystal, SYMPREC_A) if crystal.is_ordered else None
            if found is None:
                continue
            number, letters = found.number, found.wyckoffs
            self.entries[number] += 1
            for first in set(found.orbits):
                self.orbits[number, letters[first]] += 1
            if any((number, letter) not in self.coordinates for letter in letters):
                for position in found.normalizer_wyckoff_positions().wyckoffs:
                    self.coordinates[number, position.letter] = position.multiplicity, position.coordinates
            for pair, distance_A in shortest(crystal).items():
                self.distances[pair].append(distance_A)

    def rows(self) -> list[tuple[int, str, int, str, int, int]]:
        """Rows of `wyckoff.write_wyckoff_table`."""
        keys = sorted(self.coordinates, key=lambda one: (one[0], LETTERS.index(one[1])))
        return [(*key, *self.coordinates[key], self.orbits[key], self.entries[key[0]]) for key in keys]


def shortest(crystal: Crystal) -> dict[tuple[int, int], float]:
    """The shortest distance in Å between atoms of each pair of elements, given by rising atomic numbers."""
    kinds = sorted({ATOMIC_NUMBERS[element] for element in crystal.elements})
    places = np.array([kinds.index(ATOMIC_NUMBERS[element]) for element in crystal.elements])
    squares = np.full((len(kinds), len(kinds)), FARTHEST_A**2)
    _shortest_squares(crystal.lattice_A, crystal.frac_coords, places, squares)
    pairs = combinations_with_replacement(range(len(kinds)), 2)
    return {(kinds[i], kinds[j]): float(np.sqrt(squares[i, j])) for i, j in pairs if squares[i, j] < FARTHEST_A**2}


@njit(cache=True, nogil=True)
def _shortest_squares(lattice, frac, kind, out):  # type: ignore[no-untyped-def]
    for i in range(len(frac)):
        for j in range(i, len(frac)):
            away = frac[j] - frac[i]
            away -= np.round(away)
            for a in range(-1, 2):
                for b in range(-1, 2):
                    for c in range(-1, 2):
                        if i == j and a == 0 and b == 0 and c == 0:
                            continue
                        square = 0.0
                        for axis in range(3):
                            x = (
                                (away[0] + a) * lattice[0, axis]
                                + (away[1] + b) * lattice[1, axis]
                                + (away[2] + c) * lattice[2, axis]
                            )
                            square += x * x
                        if square < out[kind[i], kind[j]]:
                            out[kind[i], kind[j]] = out[kind[j], kind[i]] = square


def main() -> None:
    """Count all ordered entries that are not far from stable."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default=None, help="name or folder; the one in use by default")
    given = parser.parse_args()
    library = library_of(open_index(given.index).index)
    far = library.energy_above_hull_eV > FARTHEST_ABOVE_HULL_EV
    rows = np.flatnonzero((library.n_sites <= MOST_SITES) & ~far).tolist()
    use = WyckoffUse()
    for start in range(0, len(rows), AT_ONCE):
        use.add(library.fetch(rows[start : start + AT_ONCE]))
        print(f"{min(start + AT_ONCE, len(rows))} of {len(rows)} crystals", flush=True)
    wyckoff.write_wyckoff_table(use.rows())
    shortest_distances.write_shortest_distances(use.distances)
    print(f"written: {wyckoff.TABLE}, {shortest_distances.TABLE}")


if __name__ == "__main__":
    main()
