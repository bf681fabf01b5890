"""Scores of descriptors against known answers."""

import numpy as np
import pytest

from tests.training.test_site_model import made
from xsearch.data.descriptor_scores import report_of
from xsearch.models.tasks import CLASSES, NUMBERS, class_indices


def test_all_descriptors_of_the_second_shell_and_the_symmetry_are_scored() -> None:
    examples, chance = made(40, 5), np.random.default_rng(0)
    examples.labels["psgo"] = np.where(np.arange(40) % 2, 48, 4).astype(np.float32)
    for task in ("cn2", "nnosm"):
        examples.labels[task] = chance.normal(*NUMBERS[task], 40).astype(np.float32)
    found = class_indices("psgo", examples.labels["psgo"])
    found[:10] = CLASSES["psgo"].index(1)
    examples.labels["site_symmetry_order"] = examples.labels["psgo"]
    classes = dict.fromkeys(("psgo", "site_symmetry_order"), np.eye(len(CLASSES["psgo"]), dtype=np.float32)[found])
    truth = examples.labels["cn2"]
    constant = np.full(40, examples.labels["nnosm"].mean())
    numbers = {"cn2": np.stack([truth, truth], 1), "nnosm": np.stack([constant, constant], 1)}
    report = report_of(examples, classes, numbers)
    assert report.psgo_accuracy == report.site_symmetry_accuracy == pytest.approx(0.75)
    assert report.majority["psgo_accuracy"] == pytest.approx(0.5)
    assert report.cn2_r2 == pytest.approx(1)
    assert report.nnosm_r2 == pytest.approx(0, abs=1e-5)
    assert np.isnan(report.cn_accuracy)
