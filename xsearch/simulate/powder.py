"""Kinematic powder reflections of crystals, a batch at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.chemistry.symmetry import Symmetry
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError
from xsearch.simulate.form_factors import form_factor_table
from xsearch.simulate.kernels import powder_lines
from xsearch.simulate.lattice_kernels import LEAST_INVERSE_D_SQ, reciprocal_metric
from xsearch.simulate.line_kernels import lorentz_polarisation
from xsearch.simulate.polarisation import UNPOLARISED
from xsearch.simulate.reflections import Reflections

D_MIN_A = 1.04
"""Smallest spacing kept by default: Cu Kα to 2θ = 90° (1.09 Å) and 4.5 % of strain beyond it."""

FAINTEST = 3e-4
"""Lines fainter than this share of the strongest (without the Lorentz-polarisation factor) are left out."""

MAX_INDEX = 1023
"""The compiled loop packs indices into 11 bits."""


def simulate_reflections(
    symmetries: Sequence[Symmetry], *, d_min_A: float = D_MIN_A, faintest: float = FAINTEST
) -> list[Reflections]:
    """Powder reflections of crystals, with kinematic intensities and no wavelength in them.

    Args:
        symmetries: one a crystal, as `find_symmetry` gives them; their primitive cells are simulated, partially
            occupied sites weighted with their occupancies.
        d_min_A: smallest spacing.
        faintest: lines below this share of the strongest (|F|² times multiplicity) are left out.

    Returns:
        One `Reflections` a crystal.

    Raises:
        CrystalError: for a cell with an edge too long for the given range.
    """
    return [_simulate(symmetry, d_min_A, faintest) for symmetry in symmetries]


def _simulate(symmetry: Symmetry, d_min_A: float, faintest: float) -> Reflections:
    if symmetry.cell[:3].max() / d_min_A > MAX_INDEX:
        raise CrystalError(
            f"A cell edge of {symmetry.cell[:3].max():.0f} Å is too long for spacings down to {d_min_A:g} Å."
        )
    crystal = symmetry.primitive
    numbers = np.array([ATOMIC_NUMBERS[element] for element in crystal.elements])
    by_element = np.argsort(numbers, kind="stable")
    hkl, d_A, square, multiplicity = powder_lines(
        crystal.lattice_A,
        crystal.frac_coords[by_element],
        numbers[by_element],
        form_factor_table(),
        crystal.occupancies[by_element],
        symmetry.to_conventional,
        CRYSTAL_SYSTEMS.index(symmetry.crystal_system),
        d_min_A,
    )
    order = np.argsort(-d_A, kind="stable")
    keep = order[square[order] > faintest * square.max()] if len(square) else order
    return Reflections(
        hkl=hkl[keep].astype(np.int16),
        structure_factor_sq=square[keep].astype(np.float32),
        multiplicity=multiplicity[keep].astype(np.int16),
        cell=symmetry.cell,
        crystal_system=symmetry.crystal_system,
    )


def spacings(hkl: NDArray[np.integer], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """d of reflections in a cell.

    Args:
        hkl: (n, 3).
        cell: (6,) a b c in Å, α β γ in degrees.

    Returns:
        (n,) float64, Å.
    """
    return 1 / inverse_spacings(hkl, cell)


def inverse_spacings(hkl: NDArray[np.number], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) 1 / d of reflections in a cell, 1/Å; arguments as in `spacings`, indices need not be whole."""
    h = hkl.astype(np.float64)
    return np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", h, reciprocal_metric(cell), h), LEAST_INVERSE_D_SQ))


def line_positions(
    reflections: Reflections,
    wavelength_A: float,
    cell: NDArray[np.float64] | None = None,
    polarisation: float = UNPOLARISED,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Angles and intensities of the reflections that a wavelength reaches.

    Args:
        reflections: of one crystal.
        wavelength_A: in Å.
        cell: (6,) to use instead of the one of the reflections, such as a strained one.
        polarisation: of the beam, see `xsearch.simulate.polarisation`.

    Returns:
        two_theta_deg (m,), intensity (m,) with Lorentz-polarisation factor, and which reflections (m,) they are.
    """
    d = spacings(reflections.hkl, reflections.cell if cell is None else cell)
    sine = wavelength_A / (2 * d)
    seen = np.flatnonzero(sine < 1)
    two_theta = 2 * np.degrees(np.arcsin(sine[seen]))
    return two_theta, reflections.structure_factor_sq[seen] * lorentz_polarisation(sine[seen], polarisation), seen
