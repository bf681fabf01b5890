"""Weights of what spectra say, fitted and judged."""

import numpy as np
import pytest

from benchmarks.chain import LINKS, RIDGE, Candidates, figures, fitted


def cases(count: int, useful: str, noise: float = 0.3) -> list[Candidates]:
    """Candidates of which one is right, and told by one link alone."""
    random = np.random.default_rng(4)
    found = []
    for _ in range(count):
        right = np.arange(6) == random.integers(6)
        links = {name: tuple(random.normal(0, 1, 6)) for name in LINKS}
        links[useful] = tuple(2.0 * right + noise * random.normal(0, 1, 6))
        found.append(Candidates(tuple(right.tolist()), tuple(random.normal(0, 1, 6)), links))
    return found


@pytest.mark.parametrize("useful", ["distance", "system"])
def test_the_link_that_tells_gets_the_weight(useful: str) -> None:
    some = cases(80, useful)
    weights = fitted(some, LINKS)
    assert max(weights, key=weights.__getitem__) == useful
    assert weights[useful] > 0.8
    assert all(weight < 0.4 for name, weight in weights.items() if name != useful)
    plain, weighed = (np.mean([one.first_is_right(w) for one in some]) for w in ({}, weights))
    assert weighed > plain + 0.2


def test_no_other_weights_make_the_right_candidates_likelier() -> None:
    some = [*cases(30, "distance", noise=3.0), *cases(10, "system", noise=3.0)]
    some[0] = Candidates(*((some[0].right[:4], some[0].total[:4])), {k: v[:4] for k, v in some[0].links.items()})
    weights = fitted(some, LINKS)

    def loss(of: dict[str, float]) -> float:
        usable = [case for case in some if any(case.right)]
        return RIDGE * sum(weight**2 for weight in of.values()) + float(np.mean([case.lost(of) for case in usable]))

    assert sum(weight > 0.05 for weight in weights.values()) > 2
    for name in LINKS:
        for step in (-0.05, 0.05):
            assert loss({**weights, name: max(weights[name] + step, 0.0)}) > loss(weights) - 1e-6


def test_no_link_counts_against_what_it_says() -> None:
    some = [Candidates((True, False), (0.0, 0.0), {"system": (-3.0, 0.0)}) for _ in range(5)]
    assert fitted(some, ["system"]) == {"system": 0.0}


def test_compounds_without_a_candidate_count_as_wrong() -> None:
    nothing = {"right": [], "total": [], "links": {name: [] for name in LINKS}}
    one = {"right": [True], "total": [0.0], "links": {name: [0.0] for name in LINKS}}
    lines = [
        {"formula": f"{a}{b}", "n_edges": 1, "system_right": True, "pattern": one, "edges": nothing}
        for a in ("Na", "K", "Rb", "Cs")
        for b in ("F", "Cl", "Br", "I")
    ]
    found = figures(lines)
    assert found["n"] == 16
    assert found["pattern"] == 1.0
    assert found["chain"] == found["right_among_candidates"] == 0.0


def test_a_link_that_tells_is_missed_where_it_is_left_out() -> None:
    lines = [
        {
            "formula": f"Na{number}F",
            "n_edges": 1,
            "system_right": True,
            **{run: {"right": one.right, "total": one.total, "links": one.links} for run in ("pattern", "edges")},
        }
        for number, one in enumerate(cases(60, "distance"))
    ]
    found = figures(lines)
    assert found["chain"] > found["pattern_and_oxidation_states"] + 0.2
    assert found["lost"]["chain"] < found["lost_without"]["distance"] - 0.3
    assert found["lost"]["chain"] == pytest.approx(found["lost_with_one"]["distance"], abs=0.1)
    assert found["lost_without"]["system"] == pytest.approx(found["lost"]["chain"], abs=0.1)


def test_properties_are_judged_on_compounds_that_their_model_has_not_seen() -> None:
    lines = [
        {
            "formula": f"Na{number}F",
            "n_edges": 1,
            "system_right": True,
            "properties_unseen": number % 2 == 0,
            **{run: {"right": one.right, "total": one.total, "links": one.links} for run in ("pattern", "edges")},
        }
        for number, one in enumerate(cases(80, "density"))
    ]
    found = figures(lines)["unseen_properties"]
    assert found["n"] == 40
    assert found["lost_with_density"] < found["lost_without"] - 0.3
    assert found["lost_with_gap"] == pytest.approx(found["lost_without"], abs=0.2)
