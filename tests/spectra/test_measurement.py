"""The spectra of one sample, read from the files that a person names."""

from pathlib import Path

import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.spectra import read
from xsearch.spectra.measurement import read_edge, read_measurement

PATTERN = Path(__file__).resolve().parents[2] / "examples" / "spectra" / "rutile.xy"


@pytest.fixture
def edge(tmp_path: Path) -> Path:
    energy = np.arange(6500.0, 6600.0, 0.5)
    np.savetxt(tmp_path / "edge.dat", np.column_stack([energy, 1 / (1 + np.exp(-(energy - 6545)))]))
    return tmp_path / "edge.dat"


@pytest.mark.parametrize("stated", [":Mn", ":mn:k", ":Mn:K"])
def test_an_edge_names_its_element(edge: Path, stated: str) -> None:
    spectrum = read_edge(f"{edge}{stated}")
    assert (spectrum.absorber, spectrum.edge) == ("Mn", "K")


def test_what_stands_beside_the_file_goes_before_what_is_stated_apart(edge: Path) -> None:
    assert read_edge(f"{edge}:Mn", "Fe", "K").absorber == "Mn"
    assert read_edge(edge, "Mn").absorber == "Mn"


def test_a_missing_file_is_no_edge(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError):
        read_edge(f"{tmp_path / 'none.dat'}:Mn:K")


def test_a_pattern_and_its_edges_are_one_measurement(edge: Path) -> None:
    both = read_measurement(PATTERN, [f"{edge}:Mn"])
    assert both.pattern is not None
    assert [one.absorber for one in both.edges] == ["Mn"]


def test_a_first_file_may_be_an_edge_and_none_is_nothing(edge: Path) -> None:
    alone = read_measurement(f"{edge}:Mn")
    assert (alone.pattern, len(alone.edges)) == (None, 1)
    assert read_measurement().is_empty
    assert not alone.is_empty


def test_a_file_with_one_spectrum_has_number_one_and_no_other() -> None:
    assert read(f"{PATTERN}#1").wavelength_A == read(PATTERN).wavelength_A
    with pytest.raises(SpectrumError, match="no spectrum '2'"):
        read(f"{PATTERN}#2")
