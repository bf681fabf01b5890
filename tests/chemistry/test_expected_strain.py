"""The strain expected between computed and measured cells."""

import numpy as np
import pytest

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.expected_strain import FEATURES, LATER_KIND, expected_strain, strain_features
from xsearch.chemistry.material import Material


def material(elements: list[str], *, later: bool) -> Material:
    coords = np.linspace(0.013, 0.87, 3 * len(elements)).reshape(-1, 3)
    return Material(
        material_id="x",
        source="",
        licence="",
        crystal=Crystal.ordered(np.eye(3) * 5, coords, elements),
        formula="",
        reduced_formula="",
        anonymous_formula="",
        elements=tuple(elements),
        properties={LATER_KIND: True} if later else {},
    )


def test_computed_oxides_are_expected_to_shrink() -> None:
    oxide = ["Fe", "Fe", "O", "O", "O"]
    assert -0.03 < expected_strain(material(oxide, later=False)) < -0.005
    assert abs(expected_strain(material(oxide, later=True))) < abs(expected_strain(material(oxide, later=False)))


def test_features_are_atomic_fractions_and_kinds() -> None:
    found = dict(zip(FEATURES, strain_features(material(["H", "O", "O", "Fe"], later=True)), strict=True))
    assert found["O"] == pytest.approx(0.5)
    assert found["later kind"] == 1
    assert found["H and O"] == 1
    assert found["kind unknown"] == 0
    assert sum(found[name] for name in ("H", "O", "Fe")) == pytest.approx(1)
