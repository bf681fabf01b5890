"""What known compounds say whose shipped spectra agree."""

from __future__ import annotations

import numpy as np
import pytest

from xsearch.data.shipped_library import REFERENCES, SITES
from xsearch.data.xanes_tables import make_tables
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.site_blend import SiteAnswer
from xsearch.models.tasks import CLASSES
from xsearch.options import Conditioning
from xsearch.preprocess.xanes import XanesWindow
from xsearch.xas.labelled_edges import (
    KnownSurroundings,
    agreement,
    joined,
    labelled_edges,
    meeting,
    said_by,
    shipped_surroundings,
)

NOTHING, FORMULA = Conditioning.NONE, Conditioning.FORMULA


def window_of(table: XanesTable, place: int) -> XanesWindow:
    return XanesWindow(
        values=table.values[place], known=table.known[place], offset_eV=float(table.offset_eV[place]),
        absorber=table.absorber, edge=table.edge,
    )  # fmt: skip


def place_of(table: XanesTable, formula: str, kind: str = "simulated") -> int:
    return int(np.flatnonzero((table.reduced_formula == formula) & (table.kind == kind))[0])


def test_every_shipped_edge_has_labels_that_are_shares() -> None:
    library = labelled_edges()
    assert len(library) >= 60
    for (absorber, edge), one in library.items():
        assert (one.spectra.absorber, one.spectra.edge) == (absorber, edge)
        for shares in one.shares.values():
            total = shares.sum(1)
            assert np.all((total == 0) | np.isclose(total, 1, atol=2e-3))
        assert (one.shares["cn"].sum(1) > 0.5).mean() > 0.7
        assert np.all((one.mnnd_A > 0.7) & (one.mnnd_A < 5))


def test_the_shipped_spectra_are_those_that_searches_meet() -> None:
    usable = [(name, rows) for name, rows in XasTables((REFERENCES, SITES)).spectra() if rows[0]["edge"] == "K"]
    iron = [spectrum_of_rows(n, r) for n, r in usable if r[0]["absorber"] == "Fe" and not r[0]["refused"]]
    (table,) = make_tables(iron)[0]
    mine = labelled_edges()["Fe", "K"].spectra
    of = {name: place for place, name in enumerate(table.spectrum_id)}
    assert set(mine.spectrum_id) <= set(of)
    places = np.array([of[name] for name in mine.spectrum_id])
    assert np.allclose(mine.values, table.values[places], atol=2e-3)
    assert np.array_equal(mine.known, table.known[places])


def test_labels_are_those_of_the_structure() -> None:
    iron = labelled_edges()["Fe", "K"]
    metal = iron.shares["oxidation_state"][place_of(iron.spectra, "Fe", "measured")]
    assert CLASSES["oxidation_state"][int(metal.argmax())] == 0
    copper = labelled_edges()["Cu", "K"]
    oxide = place_of(copper.spectra, "CuO", "measured")
    assert CLASSES["cn"][int(copper.shares["cn"][oxide].argmax())] == 4


def test_a_spectrum_of_the_library_gets_its_own_surroundings() -> None:
    copper = labelled_edges()["Cu", "K"]
    place = place_of(copper.spectra, "CuO", "measured")
    said = shipped_surroundings(window_of(copper.spectra, place))
    assert said is not None
    assert said.nearest[0] == "CuO"
    assert CLASSES["cn"][int(said.classes["cn"].argmax())] == 4
    assert said.mnnd_A[:, 0] @ said.mnnd_A[:, 1] == pytest.approx(1.96, abs=0.15)


def test_what_is_left_out_says_nothing() -> None:
    copper = labelled_edges()["Cu", "K"]
    place = place_of(copper.spectra, "CuO", "measured")
    query, source = window_of(copper.spectra, place), str(copper.spectra.source[place])
    said = shipped_surroundings(query, leave_out=("CuO", source))
    assert said is None or said.nearest[0] != "CuO"


def test_only_compounds_that_meet_what_is_given_are_compared() -> None:
    iron = labelled_edges()["Fe", "K"]
    with_oxygen = meeting(iron, ["Fe", "O"])
    assert len(with_oxygen) < len(iron)
    assert all(held <= {"Fe", "O"} for held in with_oxygen.spectra.elements)
    haematite = meeting(iron, (), {"Fe": 4.0, "O": 6.0})
    assert set(haematite.spectra.reduced_formula) == {"Fe2O3"}
    assert agreement(window_of(iron.spectra, 0), meeting(iron, ["Fe", "Xe"]).take(np.zeros(0, np.int64))) is None


def test_agreement_counts_more_the_better_it_is() -> None:
    iron = labelled_edges()["Fe", "K"]
    query = window_of(iron.spectra, place_of(iron.spectra, "Fe2O3", "measured"))
    found = agreement(query, iron)
    assert found is not None
    assert found.library.spectra.reduced_formula[int(found.log_evidence.argmax())] == "Fe2O3"
    others = iron.take(iron.spectra.reduced_formula != "Fe2O3")
    less = agreement(query, others)
    assert less is not None
    assert said_by(less, NOTHING).weight <= said_by(found, NOTHING).weight


def test_a_joined_answer_lies_between_the_model_and_the_compounds() -> None:
    model = SiteAnswer({"cn": ((4, 0.6), (6, 0.4))}, {"mnnd_A": (2.0, 0.05)}, None, ())
    shares = np.zeros(len(CLASSES["cn"]))
    shares[CLASSES["cn"].index(6)] = 1.0
    distances = np.array([[2.2, 0.9], [2.4, 0.1]])
    answer = joined(model, KnownSurroundings(0.6, {"cn": shares}, distances, ("FeO", 1.0)))
    assert answer.classes["cn"][0] == (6, pytest.approx(0.76))
    assert answer.classes["cn"][1] == (4, pytest.approx(0.24))
    value, uncertainty = answer.numbers["mnnd_A"]
    assert value == pytest.approx(2.2)
    assert uncertainty == pytest.approx(np.sqrt(0.4 * (0.2**2 + 0.05**2) + 0.06 * 0.2**2))
    less = joined(model, KnownSurroundings(0.4, {"cn": shares}, distances, ("FeO", 1.0)))
    assert less.numbers["mnnd_A"][0] == 2.0


def test_an_edge_without_shipped_spectra_leaves_the_model_alone() -> None:
    iron = labelled_edges()["Fe", "K"].spectra
    query = window_of(iron, 0)
    strange = XanesWindow(query.values, query.known, query.offset_eV, "Fe", "L1")
    assert shipped_surroundings(strange) is None
