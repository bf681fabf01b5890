"""Interatomic potentials whose weights come with their packages: energy, forces and stress of crystals.

Each is an optional extra; nothing is downloaded when one is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import MissingExtra
from xsearch.models.chgnet import as_structure, load_chgnet, quiet
from xsearch.options import Potential

GPA_A3_PER_eV = 160.21766
"""1 eV/Å³ in GPa (CODATA)."""

KNOWN_ELEMENTS = frozenset(list(ATOMIC_NUMBERS)[:94]) - {"Po", "At", "Rn", "Fr", "Ra"}
"""The 89 elements of the Materials Project's trajectories, on which all of them were trained."""

LEAST_APART_A = 0.5
"""Distance of two atoms below which a crystal is none; hydrogen molecules have 0.74."""


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """What a potential says of a crystal.

    Attributes:
        energy_eV: per atom; comparable among crystals of one formula and one potential.
        forces_eV_A: (n, 3).
        stress_GPa: (3, 3), the derivative of the energy by strain over the volume: positive where it would shrink.
    """

    energy_eV: float
    forces_eV_A: NDArray[np.float64]
    stress_GPa: NDArray[np.float64]


class Pulls(Protocol):
    """A loaded potential."""

    def __call__(self, crystals: Sequence[Crystal]) -> list[Pull]:
        """What it says of each of some ordered crystals."""
        ...


class _Chgnet:
    """CHGNet, several crystals in one call."""

    def __init__(self, name: str) -> None:
        self._model = load_chgnet(name)

    def __call__(self, crystals: Sequence[Crystal]) -> list[Pull]:
        structures = [as_structure(one) for one in crystals]
        with quiet():
            found = self._model.predict_structure(structures, task="efs", batch_size=len(structures))
        return [
            Pull(float(one["e"]), np.asarray(one["f"], np.float64), np.asarray(one["s"], np.float64))
            for one in (found if isinstance(found, list) else [found])
        ]


class _Calculator:
    """A calculator of the Atomic Simulation Environment, one crystal after the other."""

    def __init__(self, calculator: Any) -> None:
        self._calculator = calculator

    def __call__(self, crystals: Sequence[Crystal]) -> list[Pull]:
        with quiet():
            return [self._pull(crystal) for crystal in crystals]

    def _pull(self, crystal: Crystal) -> Pull:
        from ase import Atoms

        atoms = Atoms(crystal.elements, scaled_positions=crystal.frac_coords % 1.0, cell=crystal.lattice_A, pbc=True)
        calculator = self._calculator
        calculator.calculate(atoms, ["energy", "forces", "stress"])
        found = calculator.results
        stress = np.asarray(found["stress"], np.float64)
        if stress.shape == (6,):
            xx, yy, zz, yz, xz, xy = stress
            stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        energy = float(np.asarray(found["energy"]).item())
        return Pull(energy / len(crystal), np.asarray(found["forces"], np.float64), stress * GPA_A3_PER_eV)


def _sevennet(name: str, modal: str | None = None) -> Pulls:
    """SevenNet (Park et al., J. Chem. Theory Comput. 20 (2024) 4857), by a checkpoint that its wheel carries."""
    from sevenn.calculator import SevenNetCalculator

    return _Calculator(SevenNetCalculator(name, device="cpu", modal=modal))


def _diep() -> Pulls:
    """DIEP, trained on MatPES (r2SCAN)."""
    from diep.pretrained import make_calculator

    return _Calculator(make_calculator(device="cpu"))


LOADERS: dict[Potential, tuple[str, str, Callable[[], Pulls]]] = {
    Potential.CHGNET: ("CHGNet", "chgnet", lambda: _Chgnet("0.3.0")),
    Potential.CHGNET_R2SCAN: ("CHGNet (r2SCAN)", "chgnet", lambda: _Chgnet("r2scan")),
    Potential.SEVENNET: ("SevenNet-0", "sevenn", lambda: _sevennet("7net-0")),
    Potential.SEVENNET_R2SCAN: ("SevenNet-MF-0 (r2SCAN)", "sevenn", lambda: _sevennet("7net-mf-0", "R2SCAN")),
    Potential.DIEP: ("DIEP (r2SCAN)", "diep", _diep),
}
"""Each potential's name in sentences, the package that carries it, and how it is loaded."""

EXTRAS = {"chgnet": "relax", "sevenn": "sevennet", "diep": "diep"}
"""The extra of xsearch that installs each package."""


def can_relax(crystal: Crystal) -> bool:
    """Whether a crystal is ordered, of elements that potentials know, and no two atoms stand on one another."""
    if not crystal.is_ordered or not KNOWN_ELEMENTS.issuperset(crystal.elements):
        return False
    apart = crystal.frac_coords[:, None] - crystal.frac_coords[None]
    distance_A = np.linalg.norm((apart - np.round(apart)) @ crystal.lattice_A, axis=-1)
    return bool((distance_A + np.eye(len(crystal)) * LEAST_APART_A >= LEAST_APART_A).all())


def title_of(potential: Potential) -> str:
    """Its name in sentences."""
    return LOADERS[potential][0]


def is_installed(potential: Potential) -> bool:
    """Whether the package that carries it is there."""
    return find_spec(LOADERS[potential][1]) is not None


def check_extra(potential: Potential) -> None:
    """See that a potential is there.

    Raises:
        MissingExtra: where its package is not installed.
    """
    title, package, _ = LOADERS[potential]
    if not is_installed(potential):
        raise MissingExtra(
            f"Relaxation with {title} needs {package}, which is not installed; "
            f'pip install "xsearch[{EXTRAS[package]}]".'
        )


@cache
def load_potential(potential: Potential) -> Pulls:
    """A potential with its weights.

    Raises:
        MissingExtra: where its package is not installed.
    """
    check_extra(potential)
    with quiet():
        return LOADERS[potential][2]()
