"""Seven lengths that are one lattice's whatever cell it is given in."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import lattice_from_parameters
from xsearch.indexing.reduction import centrings_of, voronoi_lengths


def parameters(lattice: np.ndarray) -> list[float]:
    """Six parameters of row vectors."""
    lengths = np.linalg.norm(lattice, axis=1)
    cosines = [lattice[i] @ lattice[j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    return [*lengths, *np.degrees(np.arccos(cosines))]


def test_a_centred_cell_and_its_primitive_one_have_the_same_lengths() -> None:
    edge = 4.0
    centred = {
        "F": (edge / np.sqrt(2), 60.0),
        "I": (edge * np.sqrt(3) / 2, np.degrees(np.arccos(-1 / 3))),
    }
    for letter, (length, angle) in centred.items():
        both = voronoi_lengths(np.array([[edge] * 3 + [90.0] * 3, [length] * 3 + [angle] * 3]), [letter, "P"])
        assert both[0] == pytest.approx(both[1], rel=1e-9)
    rhombohedral = voronoi_lengths(np.array([[4.0, 4.0, 10.0, 90.0, 90.0, 120.0]]), "R")[0]
    assert rhombohedral[3] == pytest.approx(np.sqrt(16 / 3 + 100 / 9))


def test_any_basis_of_a_lattice_gives_the_same_lengths() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        lattice = lattice_from_parameters(*random.uniform(3, 9, 3), *random.uniform(75, 110, 3))
        other = lattice.copy()
        for _ in range(4):
            first, second = random.choice(3, 2, replace=False)
            other[first] += random.integers(-1, 2) * other[second]
        both = voronoi_lengths(np.array([parameters(lattice), parameters(other)]), "PP")
        assert both[0] == pytest.approx(both[1], rel=1e-9)
        shortest = min(
            np.linalg.norm(np.array([h, k, m]) @ lattice)
            for h in range(-3, 4) for k in range(-3, 4) for m in range(-3, 4) if (h, k, m) != (0, 0, 0)
        )  # fmt: skip
        assert both[0, 0] == pytest.approx(shortest)


def test_a_small_strain_changes_lengths_by_no_more() -> None:
    random = np.random.default_rng(4)
    for _ in range(50):
        lattice = lattice_from_parameters(*random.uniform(3, 9, 3), *random.uniform(60, 120, 3))
        strain = random.normal(size=(3, 3))
        strain = 0.01 * (strain + strain.T) / np.abs(np.linalg.eigvalsh(strain + strain.T)).max()
        both = voronoi_lengths(np.array([parameters(lattice), parameters(lattice @ (np.eye(3) + strain))]), "PP")
        assert np.abs(np.log(both[1] / both[0])).max() < 0.0101


def test_centrings_are_those_of_the_space_groups() -> None:
    assert centrings_of(np.array([0, 1, 15, 36, 166, 225, 229])) == ["P", "P", "C", "C", "R", "F", "I"]
