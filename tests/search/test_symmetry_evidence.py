"""The crystal system from crystals built of_isotypes, the network and the lines."""

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.indexing.thorough import ranked_cells
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex
from xsearch.search.settings import SymmetrySettings
from xsearch.search.symmetry import within_systems
from xsearch.search.symmetry_evidence import (
    LATTICES,
    all_features,
    isotype_evidence,
    lattice_features,
    probabilities,
    system_shares,
    with_cells,
)

CUBIC, TRICLINIC = CRYSTAL_SYSTEMS.index("cubic"), CRYSTAL_SYSTEMS.index("triclinic")


def test_the_lines_of_a_cubic_crystal_speak_for_a_cubic_lattice(prototypes: SearchIndex, measured: Measure) -> None:
    names = [material.reduced_formula for material in prototypes.index.materials(range(len(prototypes.index)))]
    features = lattice_features(net_pattern(measured(names.index("NaCl"))))
    assert features.shape == (len(LATTICES) + 1 + len(LATTICES) - 1 + 2,)
    ranks = features[: len(LATTICES)]
    assert ranks.argmax() == LATTICES.index(CUBIC)
    assert features[-1] == pytest.approx(0.2, abs=0.1)


def test_crystals_built_alike_count_by_their_evidence() -> None:
    systems, evidence = np.array([CUBIC, TRICLINIC, TRICLINIC]), np.array([8.0, 7.0, 7.0])
    features = isotype_evidence(systems, evidence)
    cold, warm, best = features[:7], features[7:14], features[14:]
    assert cold.argmax() == CUBIC
    assert warm.argmax() == TRICLINIC  # two that are hardly worse
    assert best[[CUBIC, TRICLINIC]] == pytest.approx([8, 7])
    assert np.isfinite(isotype_evidence(np.zeros(0, np.int64), np.zeros(0))).all()


def test_each_kind_of_evidence_moves_the_answer_its_way() -> None:
    nothing = isotype_evidence(np.arange(7), np.zeros(7))
    lines = np.array([1.5, 2.0, 2.0, 2.0, 2.0, 2.0, 1.5, 6.0, 6.0, 6.0, 6.0, 6.0, 3.5, 0.2])
    before = probabilities(all_features(nothing, np.zeros(7), lines))
    assert before.sum() == pytest.approx(1)
    logits = np.zeros(7)
    logits[CUBIC] = 4
    cell = lines.copy()
    cell[LATTICES.index(CUBIC)] = 5.5
    of_isotypes = isotype_evidence(np.array([CUBIC, TRICLINIC]), np.array([15.0, 5.0]))
    for features in (
        all_features(nothing, logits, lines),
        all_features(nothing, np.zeros(7), cell),
        all_features(of_isotypes, np.zeros(7), lines),
    ):
        assert probabilities(features)[CUBIC] > before[CUBIC] + 0.02


def test_groups_share_what_their_system_has() -> None:
    groups = np.zeros(230)
    groups[[224, 226, 1]] = 0.5, 0.3, 0.2
    systems = np.zeros(7)
    systems[CUBIC], systems[TRICLINIC] = 0.4, 0.6
    shared = within_systems(groups, systems)
    assert shared[[224, 226, 1]] == pytest.approx([0.25, 0.15, 0.6])


def test_the_cells_of_a_cubic_crystal_speak_for_a_cubic_system(prototypes: SearchIndex, measured: Measure) -> None:
    settings = SymmetrySettings()
    names = [material.reduced_formula for material in prototypes.index.materials(range(len(prototypes.index)))]
    shares = system_shares(ranked_cells(net_pattern(measured(names.index("NaCl")))), settings)
    assert shares.argmax() == CUBIC
    assert shares.sum() <= 1
    unsure = np.full(7, 1 / 7)
    assert with_cells(unsure, shares, settings).argmax() == CUBIC
    sure = np.where(np.arange(7) == TRICLINIC, 0.99, 0.01 / 6)
    assert with_cells(sure, system_shares([], settings), settings).argmax() == TRICLINIC
