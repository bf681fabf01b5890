"""Crystals solved from patterns and formulas."""

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core.structure_matcher import StructureMatcher

from tests.crystals import perovskite, rutile
from tests.solve.conftest import pattern_of
from xsearch.checkpoint import Checkpoint
from xsearch.evaluate.solving import SolvingSample, figures, is_right, outcome_of
from xsearch.fit.prepared_pattern import PreparedPattern
from xsearch.solve.arrangements import arrangements
from xsearch.solve.engine import cells_of_formula, solve
from xsearch.solve.groups import groups_in
from xsearch.solve.observed import ObservedLines
from xsearch.solve.search import Kept, search, worth
from xsearch.solve.settings import SOLVE

Cells = list[tuple[ObservedLines, float]]


def test_rutile_is_solved_from_its_pattern(titania: PreparedPattern) -> None:
    solution = solve(titania, {"Ti": 1, "O": 2}, seconds=60.0)
    best = solution.crystals[0]
    assert best.symmetry.number == 136
    assert StructureMatcher().fit(best.refined.crystal.to_structure(), rutile().to_structure())
    assert best.refined.misfit < 1.5
    assert [one.worth for one in solution.crystals] == sorted((one.worth for one in solution.crystals), reverse=True)
    assert 0 < solution.tried <= solution.arrangements


def test_a_volume_that_holds_no_whole_unit_leaves_no_cell(titania: PreparedPattern) -> None:
    heavy = {"Cs": 20, "I": 20}
    assert cells_of_formula(titania, heavy) == []
    assert solve(titania, heavy, seconds=1.0).crystals == ()


def test_a_stated_group_is_the_only_one_that_is_tried(titania: PreparedPattern) -> None:
    solution = solve(titania, {"Ti": 1, "O": 2}, groups=frozenset({102}), seconds=2.0)
    assert {one.trial.problem.arrangement.where.group.number for one in solution.crystals} <= {102}


def test_a_search_that_was_stopped_goes_on(cells: Cells, tmp_path: Path) -> None:
    found = arrangements(groups_in(cells, SOLVE.groups), {"Ti": 1, "O": 2}, SOLVE.arrangements)
    ticks = iter(np.arange(0.0, 1e6))
    kept = Checkpoint(tmp_path)
    search(found, 4.0, SOLVE.search, kept=kept, clock=lambda: float(next(ticks)))
    before: Kept = kept.get("search")
    assert 0 < len(before.found) < len(found)
    search(found, 60.0, SOLVE.search, kept=kept, clock=lambda: float(next(ticks)))
    after: Kept = kept.get("search")
    assert set(before.found) <= set(after.found)
    assert after.seconds > before.seconds


def test_what_cannot_be_better_is_not_tried(cells: Cells) -> None:
    found = arrangements(groups_in(cells, SOLVE.groups), {"Ti": 1, "O": 2}, SOLVE.arrangements)
    trials = search(found, 60.0, SOLVE.search)
    best = trials[0].worth(SOLVE.search)
    tried = {id(one.problem.arrangement) for one in trials}
    assert len(trials) < len(found)
    assert all(worth(one, 0.0, SOLVE.search) <= best for one in found if id(one) not in tried)


def test_two_threads_find_what_one_does(cells: Cells) -> None:
    found = arrangements(groups_in(cells, SOLVE.groups), {"Ti": 1, "O": 2}, SOLVE.arrangements)[:8]
    one, two = (search(found, 60.0, SOLVE.search, threads=threads) for threads in (1, 2))
    assert one[0].left == pytest.approx(two[0].left)


def test_an_outcome_counts_a_right_crystal_and_the_figures_the_outcomes() -> None:
    true = perovskite("Sr", "Ti", 3.905)
    sample = SolvingSample("SrTiO3_221", pattern_of(true), {"Sr": 1, "Ti": 1, "O": 3}, 221, (true,))
    outcome = outcome_of(sample, 60.0)
    assert outcome.rank == 1
    assert outcome.system == "cubic"
    assert not is_right(rutile(), sample)
    counted = figures([outcome])
    assert counted["n"] == 1
    assert counted["top1"] == 1.0
    assert counted["cubic"] == {"n": 1, "top1": 1.0, "top5": 1.0}
    assert counted["not monoclinic"]["n"] == 1
