"""Preferred orientation, averaged over the planes that a line sums."""

import numpy as np
import pytest

from xsearch.chemistry.space_groups import CUBIC, HEXAGONAL, ORTHORHOMBIC, TETRAGONAL, TRICLINIC, TRIGONAL
from xsearch.simulate.lattice_kernels import reciprocal_metric
from xsearch.simulate.texture import AXES_OF, equivalent_axes, march_dollase, textured


def test_texture_keeps_the_mean_and_plates_favour_their_axis() -> None:
    cosine_sq = np.linspace(0, 1, 20001) ** 2
    for r in (0.6, 1.0, 1.7):
        assert march_dollase(cosine_sq, r).mean() == pytest.approx(1.0, abs=1e-3)
    assert march_dollase(1.0, 0.6) > 1 > march_dollase(0.0, 0.6)


@pytest.mark.parametrize(
    ("system", "axis", "count"),
    [
        (TRICLINIC, (1, 1, 0), 1),
        (ORTHORHOMBIC, (1, 1, 0), 2),
        (TETRAGONAL, (1, 0, 1), 4),
        (TRIGONAL, (1, 0, 4), 3),
        (HEXAGONAL, (1, 0, 1), 6),
        (CUBIC, (1, 0, 0), 3),
        (CUBIC, (1, 1, 0), 6),
        (CUBIC, (1, 1, 1), 4),
    ],
)
def test_an_axis_has_the_equivalents_of_its_crystal_system(system: int, axis: tuple[int, int, int], count: int) -> None:
    assert len(equivalent_axes(system, axis)) == count


def test_equivalent_planes_are_equally_far_apart() -> None:
    metric = reciprocal_metric(np.array([4.0, 4.0, 7.0, 90.0, 90.0, 120.0]))
    for axis in AXES_OF[TRIGONAL]:
        h = equivalent_axes(TRIGONAL, axis)
        assert np.ptp(np.einsum("ni,ij,nj->n", h, metric, h)) < 1e-12


def test_equivalent_planes_of_a_line_get_one_factor() -> None:
    metric = reciprocal_metric(np.array([5.0, 5.0, 5.0, 90.0, 90.0, 90.0]))
    one, other, diagonal = textured(np.array([[2, 0, 0], [0, 0, 2], [1, 1, 1]]), metric, CUBIC, (0, 0, 1), 0.5)
    assert one == pytest.approx(other)
    assert one > 1 > diagonal
    assert (textured(np.array([[2, 0, 0]]), metric, CUBIC, (0, 0, 1), 1.0) == 1).all()
