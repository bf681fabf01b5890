"""Atoms moved as their symmetry allows, sites filled as they may be, and what that does to the lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import Symmetry, distinct_positions, moyo_dataset
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.fit.site_occupancies import OccupancyFreedom, position_of_entries
from xsearch.simulate.form_factors import TABLE_STEP_INV_A, form_factor_table

Array = NDArray[np.float64]

EXACT_A = 1e-3
"""Tolerance of the symmetry search; the atoms were moved onto their symmetry before."""

DARKEST = 1e-3
"""Share of the strongest |F|² below which a representative does not tell how often its line occurs."""

MOST_EQUIVALENTS = 400.0
"""48 reflections, and the square of what centring adds to F of the conventional cell."""


def allowed_displacements(crystal: Crystal) -> Array:
    """All small displacements of a crystal's atoms that keep its space group.

    Args:
        crystal: with its atoms exactly on their symmetry; elements that share a site move together.

    Returns:
        (3n, m) float64, columns orthonormal over the sites: Cartesian components in Å of the crystal's entries, one
        after another. Shifts of the whole crystal are left out. None where no symmetry can be found.
    """
    positions, mixes = distinct_positions(crystal)
    kinds = {mix: number for number, mix in enumerate(sorted(set(mixes)), start=1)}
    size = len(positions)
    found = moyo_dataset(crystal.lattice_A, positions, [kinds[mix] for mix in mixes], EXACT_A)
    if found is None:
        return np.zeros((3 * len(crystal), 0))
    operations = found.operations
    inverse = np.linalg.inv(crystal.lattice_A)
    # the mean over all operations projects onto what every one of them leaves as it is
    projector = np.zeros((size, 3, size, 3))
    for rotation, shift in zip(np.array(operations.rotations), np.array(operations.translations), strict=True):
        apart = (positions @ rotation.T + shift)[:, None] - positions[None]
        image = (((apart - np.round(apart)) @ crystal.lattice_A) ** 2).sum(axis=-1).argmin(axis=1)
        projector[image, :, np.arange(size), :] += (inverse @ rotation.T @ crystal.lattice_A).T
    flat = projector.reshape(3 * size, 3 * size) / len(operations.rotations)
    whole = np.tile(np.eye(3), (size, 1)) / np.sqrt(size)
    flat -= whole @ (whole.T @ flat)
    share, vectors = np.linalg.eigh((flat + flat.T) / 2)
    of_positions = vectors[:, share > 0.5].reshape(size, 3, -1)
    return np.asarray(of_positions[position_of_entries(crystal, positions)].reshape(3 * len(crystal), -1))


class MovableLines:
    """|F|² of a crystal's lines as its atoms move and its sites fill; the coordinates of the atoms come first.

    Attributes:
        moves: (3n, m) displacements in Å that a unit of each of the m coordinates of the atoms brings.
        freedom: of the occupancies, q coordinates; or None.
        size: m + q.
    """

    def __init__(
        self,
        symmetry: Symmetry,
        hkl: Array,
        square: Array,
        sigma_A: float,
        freedom: OccupancyFreedom | None = None,
        most_moves: int | None = None,
    ) -> None:
        """Prepare some lines.

        Args:
            symmetry: of the crystal.
            hkl: (k, 3) in the conventional cell. square: (k,) |F|² summed over the equivalents, as simulated.
            sigma_A: size of the displacement that a unit stands for.
            freedom: of the occupancies of `symmetry.primitive`.
            most_moves: the atoms stay where they are if they could move in more ways.
        """
        crystal = symmetry.primitive
        self.moves = allowed_displacements(crystal) * sigma_A
        if most_moves is not None and self.moves.shape[1] > most_moves:
            self.moves = self.moves[:, :0]
        self.freedom = freedom
        self.size = self.moves.shape[1] + (0 if freedom is None else freedom.size)
        self._start = crystal.occupancies
        self._start_A = crystal.frac_coords @ crystal.lattice_A
        primitive = np.rint(hkl @ np.linalg.inv(symmetry.to_conventional))
        self._wave = primitive @ np.linalg.inv(crystal.lattice_A).T
        place = np.linalg.norm(self._wave, axis=1) / 2 / TABLE_STEP_INV_A
        low = np.minimum(place.astype(np.int64), form_factor_table().shape[1] - 2)
        table = form_factor_table()[[ATOMIC_NUMBERS[element] - 1 for element in crystal.elements]]
        self._factor = (table[:, low] * (1 - (place - low)) + table[:, low + 1] * (place - low)).T
        bright = np.abs(self._waves(np.zeros(self.size)).sum(axis=1)) ** 2
        self._times = np.minimum(square / np.maximum(bright, DARKEST * bright.max()), MOST_EQUIVALENTS)
        # lines that fall together without being equivalent keep what the representative does not account for
        self._rest = np.maximum(square - self._times * bright, 0)

    def displacements_A(self, along: Array) -> Array:
        """(n, 3) displacements of the crystal's entries."""
        return np.asarray((self.moves @ along[: self.moves.shape[1]]).reshape(-1, 3))

    def occupancies(self, along: Array) -> Array:
        """(n,) occupancies of the crystal's entries."""
        return self._start if self.freedom is None else self.freedom.occupancies(along[self.moves.shape[1] :])

    def _phases(self, along: Array) -> NDArray[np.complex128]:
        """(k, n) contribution of every atom to every line's F where its site is full."""
        atoms_A = self._start_A + self.displacements_A(along)
        return np.asarray(self._factor * np.exp(2j * np.pi * (self._wave @ atoms_A.T)))

    def _waves(self, along: Array) -> NDArray[np.complex128]:
        """(k, n) the same as the sites are filled."""
        return np.asarray(self._phases(along) * self.occupancies(along))

    def square(self, along: Array) -> Array:
        """(k,) |F|² summed over the equivalents."""
        return np.asarray(self._times * np.abs(self._waves(along).sum(axis=1)) ** 2 + self._rest)

    def slopes(self, along: Array) -> Array:
        """(k, m + q) derivative of the same by each coordinate; that of an occupancy at its limit is the one inside."""
        phases = self._phases(along)
        waves = phases * self.occupancies(along)
        whole = np.conj(waves.sum(axis=1))[:, None]
        by_phase = 2 * np.real(whole * 2j * np.pi * waves)
        by_atom = (by_phase[:, :, None] * self._wave[:, None, :]).reshape(len(waves), -1)
        columns = by_atom @ self.moves
        if self.freedom is not None:
            by_occupancy = 2 * np.real(whole * phases)
            columns = np.hstack([columns, by_occupancy @ (self.freedom.shares * self.freedom.sigma)])
        return np.asarray(self._times[:, None] * columns)
