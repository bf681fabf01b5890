"""Evidence of strain, where cells are known well and where they are not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.gases import GASES
from xsearch.chemistry.space_groups import CUBIC
from xsearch.fit.correlation import Matches
from xsearch.fit.pattern_fit import LeBailFit
from xsearch.indexes.prior import log_prior
from xsearch.options import Constraints, Prior
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


def test_intensities_order_fitted_rows(prototypes: SearchIndex, measured: Measure) -> None:
    rows = np.array([30, 31, 32])
    found = match(prototypes.index, net_pattern(measured(30)), rows, threads=1)
    before = weigh(prototypes.index, found, np.full(3, 0.9, np.float32), Prior.NONE)
    nothing = (0.0, 0.0, 0.0)
    after = replace(
        before,
        le_bail_fits={0: LeBailFit(0.1, 0.1, 0.05, 1.0, 0.0, nothing), 1: LeBailFit(0.1, 0.3, 0.3, 9.0, 0.0, nothing)},
    )
    gained = after.total - before.total
    assert gained[0] > gained[1]
    assert after.intensities[1] == after.intensities[2]


def test_a_given_element_that_a_row_lacks_is_a_cost_unless_it_may_be_there(
    prototypes: SearchIndex, measured: Measure
) -> None:
    index = prototypes.index
    salt = next(row for row, m in enumerate(index.materials(range(len(index)))) if m.reduced_formula == "NaCl")
    found = match(index, net_pattern(measured(salt)), np.array([salt]), threads=1)

    def cost(constraints: Constraints) -> float:
        evidence = weigh(index, found, np.full(1, 0.9, np.float32), Prior.NONE, constraints=constraints)
        return float(evidence.missing_elements[0])

    assert cost(Constraints.parse(only="Na Cl")) == 0
    assert cost(Constraints.parse(only="Na Cl K Br")) == -2 * DEFAULTS.ranking.missing_element_cost
    assert cost(Constraints.parse(may="Na Cl K Br")) == 0
    assert cost(Constraints.parse(only="Na Cl K").of_each_phase()) == 0


def test_gases_cost_unless_no_prior_counts(prototypes: SearchIndex, measured: Measure) -> None:
    index = prototypes.index
    gas = next(row for row, m in enumerate(index.materials(range(len(index)))) if m.reduced_formula in GASES)
    found = match(index, net_pattern(measured(gas)), np.array([gas]), threads=1)
    score = np.full(1, 0.9, np.float32)
    known, none = (weigh(index, found, score, prior).prior[0] for prior in (Prior.KNOWN, Prior.NONE))
    bonus = DEFAULTS.ranking.prior_weight * log_prior(index.columns, np.array([gas]), Prior.KNOWN)[0]
    assert known == pytest.approx(bonus - DEFAULTS.ranking.gas_cost)
    assert none == 0


def test_a_shape_that_is_kept_is_fitted_beside_one_that_is_free(prototypes: SearchIndex, measured: Measure) -> None:
    rows = np.arange(20, 40)
    pattern = net_pattern(measured(30))
    both = match(prototypes.index, pattern, rows, threads=1, isotropic=True)
    alone = match(prototypes.index, pattern, rows, threads=1)
    assert both.isotropic_correlations is not None
    assert np.array_equal(both.correlations, alone.correlations)
    cubic = prototypes.index.columns.crystal_system[rows] == CUBIC
    assert np.array_equal(both.isotropic_correlations[cubic], both.correlations[cubic])
    assert (both.isotropic_correlations[~cubic] != both.correlations[~cubic]).any()
    assert both.take([3]).isotropic_strain is not None
