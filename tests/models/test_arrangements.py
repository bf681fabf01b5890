"""Whole arrangements of sites: candidates among known compounds, their weights, and the answer."""

import numpy as np
import pytest

from xsearch.chemistry.formula import parse_formula
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.models.analogues import KnownSites
from xsearch.models.arranged import ARRANGED, arrange, clusters, evidence, is_several, weights
from xsearch.models.arrangements import LIKENESS, Arrangements, arrangements

SITES = (
    ("MgAl2O4", "Mg", {4: 1}), ("MgAl2O4", "Al", {6: 1}), ("MgAl2O4", "O", {4: 1}),
    ("ZnCr2O4", "Zn", {4: 1}), ("ZnCr2O4", "Cr", {6: 1}), ("ZnCr2O4", "O", {4: 1}),
    ("Ga2O3", "Ga", {4: 1, 6: 1}), ("Ga2O3", "O", {3: 2, 4: 1}), ("Al2O3", "Al", {6: 1}), ("Al2O3", "O", {4: 1}),
    ("La2O3", "La", {7: 1}), ("La2O3", "O", {4: 2, 6: 1}),
)  # fmt: skip


@pytest.fixture(scope="module")
def known() -> KnownSites:
    rows = [(f, ATOMIC_NUMBERS[e], cn - 1, n) for f, e, shares in SITES for cn, n in shares.items()]
    formulas, z, cn, weight = zip(*rows, strict=True)
    return KnownSites.of(formulas, np.array(z), np.array(cn), np.array(weight, float))


def shares(**by_number: float) -> np.ndarray:
    """(16,) such as `shares(n4=1/3, n6=2/3)`."""
    found = np.zeros(16)
    for name, share in by_number.items():
        found[int(name[1:]) - 1] = share
    return found


def blended(**by_number: float) -> np.ndarray:
    """The same as a blurred answer."""
    return np.asarray(0.96 * shares(**by_number) + 0.04 / 16, np.float32)


def test_an_absorber_of_two_states_takes_two_places(known: KnownSites) -> None:
    found = arrangements(known, "Co", parse_formula("Co3O4"))
    assert set(found.formulas) == {"MgAl2O4", "ZnCr2O4"}
    for row in found.cn:
        np.testing.assert_allclose(row, shares(n4=1 / 3, n6=2 / 3), atol=1e-6)
    assert found.likeness.shape == (2, len(LIKENESS))


def test_an_absorber_of_one_state_takes_one_place(known: KnownSites) -> None:
    found = arrangements(known, "In", parse_formula("In2O3"))
    assert set(found.formulas) == {"Ga2O3", "Al2O3", "La2O3"}
    assert "Al2O3" not in arrangements(known, "Al", parse_formula("Al2O3")).formulas, "no analogue of itself"
    assert len(arrangements(known, "In", parse_formula("In7O11"))) == 0


def test_likeness_is_greatest_of_the_compound_itself(known: KnownSites) -> None:
    found = arrangements(known, "Cr", parse_formula("MnCr2O4"))
    row = dict(zip(found.formulas, found.likeness, strict=True))
    same, lift = LIKENESS.index("same elements"), LIKENESS.index("absorber's lift")
    assert row["ZnCr2O4"][same] == pytest.approx(2 / 3)
    assert row["ZnCr2O4"][lift] > row["MgAl2O4"][lift]
    assert row["ZnCr2O4"][LIKENESS.index("absorber's radius")] == 0


def test_weights_are_probabilities_by_a_slow_sum(known: KnownSites) -> None:
    found = arrangements(known, "In", parse_formula("In2O3"))
    answer = blended(n4=0.4, n6=0.6).astype(np.float64)
    weight = weights(found, answer)
    assert weight.sum() == pytest.approx(1)
    features, place = evidence(found, answer), found.formulas.index("Ga2O3")
    slow = sum(-s * np.log(s / p) for s, p in zip(found.cn[place], answer, strict=True) if s > 0)
    assert features[place, 1] == pytest.approx(slow, abs=1e-6)
    assert features[len(found) + 5, 3] == pytest.approx(np.log(answer[5]))
    powers = np.exp(features @ np.array(ARRANGED.pool))
    np.testing.assert_allclose(weight, powers / powers.sum())


def test_clusters_share_out_all_probability_once() -> None:
    rows = np.array([shares(n4=0.33, n6=0.67), shares(n4=0.4, n6=0.6), shares(n6=1.0), shares(n4=0.12, n6=0.88)])
    found = clusters(rows, np.array([0.2, 0.25, 0.3, 0.25]), is_several(rows))
    assert sum(mass for _, mass in found) == pytest.approx(1)
    assert found[0][0] in (0, 1)
    assert found[0][1] == pytest.approx(0.45)


def one_in_three(n: int) -> Arrangements:
    """So many compounds that are alike in everything."""
    row = shares(n4=1 / 3, n6=2 / 3)
    return Arrangements(tuple(f"M{i}" for i in range(n)), np.tile(row, (n, 1)), np.zeros((n, len(LIKENESS))))


def test_a_likely_arrangement_becomes_the_answer() -> None:
    classes = {"cn": blended(n4=0.35, n5=0.15, n6=0.5), "mixed": np.array([0.9, 0.1], np.float32)}
    likely = arrange(classes, one_in_three(8))
    assert classes["mixed"][1] > 0.5
    assert np.abs(classes["cn"] - shares(n4=1 / 3, n6=2 / 3)).max() < 0.05
    assert classes["cn"].sum() == pytest.approx(1)
    assert likely[0].analogue == "M0"
    assert likely[0].cn[0] == (6, pytest.approx(2 / 3))
    assert sum(one.probability for one in likely) <= 1 + 1e-6


def test_one_kind_that_the_spectrum_shows_stays() -> None:
    classes = {"cn": blended(n8=1.0)}
    likely = arrange(classes, one_in_three(8))
    assert classes["mixed"][1] < 0.5
    assert int(classes["cn"].argmax()) + 1 == 8
    assert (likely[0].cn, likely[0].analogue) == (((8, 1.0),), None)


def test_without_candidates_the_blend_answers() -> None:
    before = blended(n4=0.5, n6=0.5)
    classes = {"cn": before.copy()}
    arrange(classes, Arrangements((), np.zeros((0, 16)), np.zeros((0, len(LIKENESS)))))
    assert classes["mixed"][1] == 0
    assert np.abs(classes["cn"] - before).max() < 0.05
