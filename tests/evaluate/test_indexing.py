"""How often the true cell is found: what is counted, and that a stopped run goes on."""

from pathlib import Path

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.evaluate.indexing import Outcome, figures, is_right, outcome_of
from xsearch.evaluate.indexing_samples import IndexingSample, checked, is_for_report, lattice_system
from xsearch.indexing.comparison import reduced_cell
from xsearch.search import SearchIndex
from xsearch.spectra import PowderPattern


@pytest.fixture
def sample(prototypes: SearchIndex, measured: Measure) -> IndexingSample:
    names = [material.reduced_formula for material in prototypes.index.materials(range(len(prototypes.index)))]
    row = names.index("NaCl")
    cell = reduced_cell(prototypes.index.columns.cell[row], "F")
    return IndexingSample("NaCl", measured(row), "cubic", cell[None], 0.015, 1.5, "NaCl")


def test_the_place_of_the_true_lattice_is_counted(sample: IndexingSample) -> None:
    true = sample.cells[0]
    wrong, strained = true * np.array([1.2, 1, 1, 1, 1, 1]), true * np.array([1.01, 1.01, 1.01, 1, 1, 1])
    outcome = outcome_of(sample, lambda one: ([wrong, strained], True))
    assert (outcome.rank, outcome.likely) == (2, True)
    assert outcome_of(sample, lambda one: ([wrong], False)).rank == 0
    assert outcome_of(sample, lambda one: ([], False)).volume_ratio == 0
    assert not is_right(true * np.array([1.02, 1.02, 1.02, 1, 1, 1]), sample)


def test_the_cell_of_salt_comes_first(sample: IndexingSample) -> None:
    assert outcome_of(sample).rank == 1


def test_shares_are_given_in_all_and_by_lattice() -> None:
    found = [
        Outcome("a", "cubic", 1, True, 1.0, 1.0),
        Outcome("b", "cubic", 4, True, 2.0, 0.5),
        Outcome("c", "triclinic", 0, False, 3.0, 2.0),
    ]
    counted = figures(found)
    assert (counted["n"], counted["top1"], counted["top10"]) == (3, pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert counted["cubic"] == {"n": 2, "top1": 0.5, "top10": 1.0}
    assert (counted["said_likely"], counted["likely_right"]) == (2, 0.5)
    assert counted["seconds_p50"] == 2.0


def test_patterns_without_a_line_are_told(sample: IndexingSample, tmp_path: Path) -> None:
    angles = np.arange(10, 60, 0.02)
    noise = np.random.default_rng(0).poisson(100, len(angles)).astype(float)
    empty = IndexingSample("none", PowderPattern(angles, noise, 1.54), "cubic", sample.cells, 0.015, 1.5)
    reasons: list[str] = []
    assert [one.name for one in checked(iter([empty, sample]), reasons.append)] == ["NaCl"]
    assert reasons == ["no line stands out of the noise"]


def test_lattice_systems_and_halves() -> None:
    groups = {2: "triclinic", 148: "rhombohedral", 164: "hexagonal", 194: "hexagonal", 225: "cubic"}
    assert {number: lattice_system(number) for number in groups} == groups
    halves = [is_for_report(f"A{n}B") for n in range(400)]
    assert 0.4 < np.mean(halves) < 0.6
