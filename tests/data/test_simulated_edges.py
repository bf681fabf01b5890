"""Simulated measurements of near edges, and the libraries that they are searched in."""

from dataclasses import replace

import numpy as np
import pytest

from tests.xas.test_matching import cut, spectrum, table
from xsearch.data.beamlines import BeamlineSettings
from xsearch.data.simulated_edges import SimulatedLibrarySettings, simulated_search, smooth_noise, with_code_errors
from xsearch.preprocess.xanes import window
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import match


@pytest.fixture(scope="module")
def computed() -> EdgeLibrary:
    spectra = table([cut(spectrum(seed)) for seed in range(30)])
    n = len(spectra)
    formulas = np.array([f"Fe{i + 1}O" for i in range(n)], object)
    object.__setattr__(spectra, "reduced_formula", formulas)
    return EdgeLibrary(spectra, np.arange(n), np.full(n, "", object))


REFERENCED = SimulatedLibrarySettings(referenced=1.0, least_referenced=0.4, right_referenced=1.0, only_references=1.0)
PLAIN = SimulatedLibrarySettings(referenced=0.0, whole=1.0)


def test_smooth_noise_has_unit_variance_and_is_smooth() -> None:
    many = np.stack([smooth_noise(np.random.default_rng(seed), 6.0) for seed in range(300)])
    assert many.std() == pytest.approx(1.0, abs=0.1)
    assert np.abs(np.diff(many, axis=1)).max() < 0.3


def test_all_samples_share_the_error_of_a_code(computed: EdgeLibrary) -> None:
    twice = computed.take(np.isin(np.arange(30), [3]))
    both = table([cut(spectrum(3)), cut(spectrum(3))])
    off = with_code_errors(both, np.random.default_rng(0)).values
    assert np.array_equal(off[0], off[1])
    assert np.abs(off[0] - twice.spectra.values[0]).max() > 0.02


def test_a_plain_library_holds_the_right_compound_which_is_often_found(computed: EdgeLibrary) -> None:
    found = []
    for seed in range(20):
        made = simulated_search(computed, seed, np.random.default_rng(seed), PLAIN)
        assert len(made.library) == len(computed)
        assert made.formula == f"Fe{seed + 1}O"
        left = made.without_right()
        assert made.formula not in left.spectra.reduced_formula
        found.append(int(match(window(made.query), made.library.spectra).score.argmax()) == seed)
    assert np.mean(found) > 0.5


def test_references_of_the_right_compound_are_mostly_nearer_than_its_computed_spectrum(computed: EdgeLibrary) -> None:
    nearer = []
    for seed in range(15):
        made = simulated_search(computed, seed, np.random.default_rng(seed), REFERENCED)
        kinds, formulas = made.library.spectra.kind, made.library.spectra.reduced_formula
        own = formulas == made.formula
        assert set(kinds[own]) == {"measured"}
        assert (made.library.row[kinds == "measured"] == -1).all()
        reference = match(window(made.query), made.library.spectra.take(own)).correlation[0]
        plain = match(window(made.query), computed.spectra.take(np.array([seed]))).correlation[0]
        nearer.append(reference > plain)
    assert np.mean(nearer) > 0.7


def test_the_same_chance_makes_the_same_search(computed: EdgeLibrary) -> None:
    one, other = (simulated_search(computed, 7, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(one.query.mu, other.query.mu)
    assert np.array_equal(one.library.spectra.spectrum_id, other.library.spectra.spectrum_id)


def test_beamlines_move_the_energies_of_a_query_and_of_its_own_reference_apart(computed: EdgeLibrary) -> None:
    none = BeamlineSettings(tables_eV=0.0, foil_eV=0.0, drifted=0.0)

    def between(settings: BeamlineSettings) -> float:
        apart = []
        for seed in range(12):
            made = simulated_search(computed, seed, np.random.default_rng(seed), REFERENCED, beamlines=settings)
            own = made.library.spectra.reduced_formula == made.formula
            reference = made.library.spectra.take(own & (made.library.spectra.kind == "measured"))
            apart.append(window(made.query).offset_eV - float(reference.offset_eV[0]))
        return float(np.std(apart))

    assert between(BeamlineSettings(tables_eV=3.0)) > between(none) + 0.5


def test_predicted_spectra_take_the_place_of_computed_ones(computed: EdgeLibrary) -> None:
    names = np.array([f"mp-{i}" for i in range(len(computed))], object)
    library = EdgeLibrary(replace(computed.spectra, material_id=names), computed.row, computed.note)
    predicted = replace(library.spectra.take(np.arange(10)), kind=np.full(10, "predicted", object))
    settings = SimulatedLibrarySettings(referenced=0.0, whole=1.0, predicted=1.0, least_predicted=0.999)
    made = simulated_search(library, 3, np.random.default_rng(0), settings, predicted)
    assert len(made.library) == len(library)
    assert sorted(made.library.row[made.library.spectra.kind == "predicted"]) == list(range(10))
    assert len(set(made.library.row.tolist())) == len(library)
