"""Evidence of strain, where cells are known well and where they are not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.fit.correlation import Matches
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.options import Prior
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.match import match
from xsearch.search.rank import weigh
from xsearch.search.settings import DEFAULTS


def strain_evidence(index: SearchIndex, measured: Measure, row: int, strain: float, *, cell_is_measured: bool) -> float:
    """Strain and shape of a row that was strained by so much, as if its cell were a measured or a computed one."""
    found = match(index.index, net_pattern(measured(row)), np.array([row]), threads=1)
    amplitudes = np.zeros_like(found.amplitudes)
    amplitudes[0, 0] = strain
    strained = Matches(found.rows, amplitudes, np.zeros(1), found.correlations)
    columns = index.index.columns
    before = columns.is_measured[row]
    columns.is_measured[row] = cell_is_measured
    try:
        evidence = weigh(index.index, strained, np.array([0.9], np.float32), Prior.NONE)
    finally:
        columns.is_measured[row] = before
    return float((evidence.strain + evidence.shape)[0])


def test_a_measured_cell_says_more_when_it_fits_and_costs_more_when_not(
    prototypes: SearchIndex, measured: Measure
) -> None:
    row = 30
    gains = [
        strain_evidence(prototypes, measured, row, strain, cell_is_measured=True)
        - strain_evidence(prototypes, measured, row, strain, cell_is_measured=False)
        for strain in (0.0, 0.02)
    ]
    assert gains[0] > 1 > gains[1]
    assert strain_evidence(prototypes, measured, row, 0.0, cell_is_measured=False) == 0


def test_intensities_order_fitted_rows_and_none_falls_for_them(prototypes: SearchIndex, measured: Measure) -> None:
    rows = np.array([30, 31, 32])
    found = match(prototypes.index, net_pattern(measured(30)), rows, threads=1)
    before = weigh(prototypes.index, found, np.full(3, 0.9, np.float32), Prior.NONE)
    after = replace(before, le_bail_fits={0: LeBailFit(0.1, 0.1, 0.05), 1: LeBailFit(0.1, 0.1, 2.0)})
    gained = after.total - before.total
    assert gained[0] == pytest.approx(-DEFAULTS.ranking.intensity_weight * np.log(0.05))
    assert gained[1:].tolist() == [0, 0]
