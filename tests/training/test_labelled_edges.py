"""How much agreeing compounds count is fitted where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from xsearch.models.tasks import CLASSES
from xsearch.options import Conditioning
from xsearch.training.labelled_edges import TASKS, Case, cases, fitted, judged
from xsearch.xas.labelled_edges import LABELLED, Agreement, LabelledEdges, labelled_edges, said_by

NOTHING = Conditioning.NONE


def one_hot(task: str, place: int) -> np.ndarray:
    return np.eye(len(CLASSES[task]))[place]


def made(count: int, share_present: float, seed: int = 0) -> list[Case]:
    """The model is right two times in five. The right compound, where it is there, agrees far better than others."""
    random = np.random.default_rng(seed)
    copper = labelled_edges()["Cu", "K"]
    found = []
    for number in range(count):
        present = bool(random.random() < share_present)
        places = random.permutation(4)
        shares = {task: np.stack([one_hot(task, p) for p in places]) for task in LABELLED}
        evidence = random.normal(8.0, 1.0, 4)
        evidence[0] = random.normal(16.0, 1.0) if present else evidence[0]
        # in the library's first place stands the right compound, or one that has nothing to do with it
        right = places[0] if present else int(random.integers(4))
        model = {}
        for task in TASKS:
            p = np.zeros(len(CLASSES[task]))
            p[:4] = 0.2
            p[right if random.random() < 0.4 else (right + 1 + random.integers(3)) % 4] += 0.2
            model[task] = p
        library = LabelledEdges(copper.spectra.take(np.arange(4)), shares, np.full(4, 2.0))
        truth = {task: one_hot(task, right) for task in TASKS}
        found.append(Case(f"X{number}", present, model, truth, (2.0, 2.1), Agreement(evidence, library)))
    return found


def test_what_agrees_counts_where_it_is_right() -> None:
    learned, others = made(60, 0.5), made(150, 0.5, seed=1)
    settings = fitted(learned, NOTHING)
    for present, gain in ((True, 0.3), (False, -0.1)):
        some = [case for case in others if case.present == present]
        alone, both = judged(some, NOTHING, None), judged(some, NOTHING, settings)
        assert both["cn right"] - alone["cn right"] >= gain
    here = next(case for case in others if case.present)
    there = next(case for case in others if not case.present)
    assert here.agreement is not None
    assert there.agreement is not None
    assert said_by(here.agreement, NOTHING, settings).weight > 0.5 > said_by(there.agreement, NOTHING, settings).weight


def test_agreement_that_means_nothing_is_not_heard() -> None:
    settings = fitted(made(60, 0.0), NOTHING)
    others = made(150, 0.0, seed=1)
    alone, both = judged(others, NOTHING, None), judged(others, NOTHING, settings)
    assert both["cn loss"] == pytest.approx(alone["cn loss"], abs=0.05)
    weights = [said_by(case.agreement, NOTHING, settings).weight for case in others if case.agreement is not None]
    assert np.mean(weights) < 0.3


def test_measurements_of_unseen_compounds_are_made_and_compared() -> None:
    from xsearch.models.site_model import shipped_site_model

    model = shipped_site_model()
    some = [case for case, _ in zip(cases(model, Conditioning.FORMULA, draws=1), range(6), strict=False)]
    assert all(case.model["cn"].sum() == pytest.approx(1, abs=0.02) for case in some)
    assert all(case.truth["neighbor_z"].sum() == pytest.approx(1, abs=0.01) for case in some)
