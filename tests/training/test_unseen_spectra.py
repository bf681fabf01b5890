"""Spectra predicted of formulas that were left out: in closed form, and by fitting again without each."""

import numpy as np

from tests.models.test_forward import examples_of_moving_edges
from xsearch.models.site_kernel import matern
from xsearch.training.site_kernel import MetricSchedule, filled, learn_metric
from xsearch.training.unseen_spectra import EDGE_MEAN, left_of_each, left_out


def test_leaving_out_in_closed_form_is_fitting_again_without() -> None:
    examples = examples_of_moving_edges(48)
    metric = learn_metric(examples, MetricSchedule(steps=0))[0]
    whole = filled(examples)
    found = left_out(examples, metric, (0.1,))
    points = metric.points(examples.features, examples.edge_numbers).astype(np.float64)
    same = examples.edge_numbers[:, None] == examples.edge_numbers[None]
    kernel = np.asarray(matern(points, points)) + EDGE_MEAN * same
    mean = whole.mean(axis=0)
    for formula in sorted(set(examples.formula))[:5]:
        out = examples.formula == formula
        given = kernel[np.ix_(~out, ~out)] + 0.1 * np.eye(int((~out).sum()))
        again = kernel[np.ix_(out, ~out)] @ np.linalg.solve(given, whole[~out] - mean) + mean
        assert np.abs(again - found[out]).max() < 1e-8


def test_what_is_left_of_one_group_does_not_depend_on_its_own_values() -> None:
    chance = np.random.default_rng(0)
    points = chance.normal(size=(12, 3))
    kernel = np.asarray(matern(points, points)) + 0.1 * np.eye(12)
    values, groups = chance.normal(size=(12, 2)), [np.arange(4), np.arange(4, 12)]
    changed = values.copy()
    changed[:4] += 5.0
    predicted = values - left_of_each(kernel, values, groups)
    after = changed - left_of_each(kernel, changed, groups)
    assert np.abs(predicted[:4] - after[:4]).max() < 1e-9
    assert np.abs(predicted[4:] - after[4:]).max() > 0.1
