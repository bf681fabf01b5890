"""Finding the absorber and edge of a spectrum."""

from pathlib import Path

import numpy as np
import pytest

from tests.spectra.instrument_files import edge
from xsearch.edge_names import parse_edge
from xsearch.errors import SpectrumError
from xsearch.spectra.edges import identify_edge, steepest_rise_eV, tabulated_edge


@pytest.mark.parametrize(
    ("text", "name"),
    [("k", "K"), ("K-edge", "K"), ("LIII", "L3"), ("l_2", "L2"), ("L23", "L2,3"), ("M5", "M5"), ("1s", "K")],
)
def test_an_edge_is_understood_in_all_its_spellings(text: str, name: str) -> None:
    assert parse_edge(text) == name


def test_an_unknown_edge_is_refused_with_the_choices() -> None:
    with pytest.raises(SpectrumError, match=r"'N7'; one of K, L1, L2, L3"):
        parse_edge("N7")


@pytest.mark.parametrize(
    ("element", "shell"), [("Fe", "K"), ("Ti", "K"), ("Mo", "K"), ("Pt", "L3"), ("Ce", "L3"), ("S", "K")]
)
def test_an_edge_is_found_from_the_energies_alone(element: str, shell: str) -> None:
    energy_eV, mu = edge(tabulated_edge(element, shell).energy_eV + 3)
    found, notes = identify_edge(energy_eV, mu, "scan.dat")
    assert (found.absorber, found.edge) == (element, shell)
    assert "found from the steepest rise" in notes[0]


def test_the_edge_of_oxygen_is_found_where_oxides_have_it() -> None:
    energy_eV, mu = edge(531.0)
    found, _ = identify_edge(energy_eV, mu, "scan.dat", absorber="O")
    assert (found.absorber, found.edge) == ("O", "K")
    assert found.energy_eV == pytest.approx(532.0)  # 543.1 eV is the edge of the gas


def test_two_edges_at_one_energy_are_an_error_that_lists_them() -> None:
    energy_eV, mu = edge(5480)
    with pytest.raises(SpectrumError, match=r"can be V K \(5465 eV\), La L3 \(5483 eV\); give the absorber and edge"):
        identify_edge(energy_eV, mu, "scan.dat")


def test_the_files_name_decides_between_two_edges_and_says_so() -> None:
    energy_eV, mu = edge(5480)
    found, notes = identify_edge(energy_eV, mu, "V2O5_foil.dat")
    assert str(found) == "V K (5465 eV)"
    assert "the file's name, against La L3" in notes[0]


def test_the_absorber_alone_decides_the_edge() -> None:
    energy_eV, mu = edge(5480)
    assert identify_edge(energy_eV, mu, "scan.dat", absorber="La")[0].edge == "L3"


def test_an_edge_outside_the_measured_energies_is_refused() -> None:
    energy_eV, mu = edge(7112)
    with pytest.raises(SpectrumError, match=r"Cu K \(8979 eV\) edge is outside the measured energies, 7052 to 7202 eV"):
        identify_edge(energy_eV, mu, "scan.dat", absorber="Cu", edge="K")


def test_no_edge_near_is_an_error_that_says_what_to_give() -> None:
    energy_eV, mu = edge(700_000)
    with pytest.raises(SpectrumError, match=r"no tabulated edge lies near .* give the absorber and edge"):
        identify_edge(energy_eV, mu, "scan.dat")


def test_the_steepest_rise_is_blind_to_a_glitch_and_to_noise() -> None:
    energy_eV, mu = edge(7112)
    mu = mu + np.random.default_rng(3).normal(0, 0.03, len(mu))
    mu[260] += 3
    assert steepest_rise_eV(energy_eV, mu) == pytest.approx(7112, abs=3)


@pytest.mark.data
def test_of_measured_spectra_hardly_one_is_given_to_a_wrong_edge(data_folder: Path) -> None:
    import pandas as pd

    table = pd.read_parquet(
        data_folder / "xas_measured.parquet", columns=["element", "edge", "energy", "mu_norm", "suspect"]
    )
    table = table[~table["suspect"].fillna(True).astype(bool) & table["element"].notna()]
    outcomes = {"right": 0, "wrong": 0, "asked": 0}
    for row in table.itertuples():
        order = np.argsort(row.energy)
        try:
            found, _ = identify_edge(
                np.asarray(row.energy, float)[order], np.asarray(row.mu_norm, float)[order], "scan.dat"
            )
        except SpectrumError:
            outcomes["asked"] += 1
            continue
        outcomes["right" if (found.absorber, found.edge) == (row.element, row.edge) else "wrong"] += 1
    assert outcomes["wrong"] <= 0.02 * len(table), outcomes
    assert outcomes["right"] >= 0.75 * len(table), outcomes
