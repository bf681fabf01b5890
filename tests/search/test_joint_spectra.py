"""Evidence of several measurements, added up."""

import numpy as np
import pytest

from xsearch.errors import QueryError
from xsearch.search.joint_spectra import combine, fit_mixture


def test_two_half_answers_make_one() -> None:
    edge = {"a": 5.0, "b": 5.0, "c": 0.0}
    pxrd = {"a": 0.0, "b": 6.0, "c": 6.0}
    ranking = combine({"Fe K": edge, "pxrd": pxrd})
    assert ranking.material_id[0] == "b"
    assert ranking.probability[0] > 0.98
    assert ranking.probability.sum() == pytest.approx(1)
    assert combine({"Fe K": edge}).probability[0] < 0.51


def test_material_without_a_spectrum_is_neither_helped_nor_hurt() -> None:
    ranking = combine({"Fe K": {"a": 8.0, "b": 2.0}, "pxrd": {"a": 0.0, "b": 0.0, "c": 0.0}})
    assert list(ranking.material_id) == ["a", "c", "b"]
    assert np.isnan(ranking.parts["Fe K"][1])


def test_only_candidates_are_ranked() -> None:
    assert list(combine({"pxrd": {"a": 1.0, "b": 9.0}}, candidates=["a"]).material_id) == ["a"]
    with pytest.raises(QueryError, match="no candidate left"):
        combine({"pxrd": {}})


@pytest.mark.parametrize("share", [0.33, 0.8])
def test_mixture_of_two_sites_comes_out_right(share: float) -> None:
    """As in Co3O4: one tetrahedral Co(II) for two octahedral Co(III)."""
    x = np.linspace(-10, 46, 200)
    references = np.array(
        [
            0.5 + np.arctan((x - e) / 1.5) / np.pi + h * np.exp(-(((x - 6 - e) / 3) ** 2))
            for e, h in ((0, 0.2), (3, 0.7), (1, 0.5), (5, 0.1))
        ]
    )
    mixed = share * references[0] + (1 - share) * references[1]
    noisy = mixed + np.random.default_rng(0).normal(0, 0.003, 200)
    rows, shares, residual = fit_mixture(noisy, references)
    assert sorted(rows) == [0, 1]
    assert dict(zip(rows, shares, strict=True))[0] == pytest.approx(share, abs=0.03)
    assert residual < 0.004


def test_pure_phase_is_not_split_up() -> None:
    references = np.random.default_rng(1).random((6, 200))
    rows, shares, _ = fit_mixture(references[2] + np.random.default_rng(2).normal(0, 0.02, 200), references)
    assert rows == [2]
    assert shares.tolist() == [1.0]
