"""What comes with xsearch: measured references and computed spectra."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from xsearch.data.shipped_library import EXAFS, REFERENCES, SITES, STRUCTURES, ShippedLibrary, shipped_materials
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.errors import SpectrumError
from xsearch.preprocess.exafs import R_GRID_A, K_GRID_invA, computed_k2_chi, fourier
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xas import XasSpectrum


@pytest.fixture(scope="module")
def spectra() -> list[XasSpectrum]:
    library = ShippedLibrary(shipped_materials())
    return [spectrum_of_rows(name, rows) for name, rows in library.spectra.items()]


def test_the_package_stays_small() -> None:
    assert sum(path.stat().st_size for path in (REFERENCES, SITES, EXAFS, STRUCTURES)) < 4e6


def test_spectra_of_at_least_60_edges_can_be_searched(spectra: list[XasSpectrum]) -> None:
    materials = [s for s in spectra if s.level == "material" and s.kind == "simulated" and s.spectrum_type == "XANES"]
    found: dict[str, list[float]] = defaultdict(list)
    for spectrum in materials:
        try:
            cut = window(normalize(spectrum.to_xanes()))
        except SpectrumError:
            continue
        assert cut.known.mean() > 0.9
        found[f"{spectrum.absorber} {spectrum.edge}"].append(cut.offset_eV)
    assert len(found) >= 60
    assert sum(map(len, found.values())) > 0.95 * len(materials)
    assert max(np.ptp(offsets) for offsets in found.values()) < 12  # one code's energies differ by chemistry alone


def test_every_spectrum_says_where_it_comes_from(spectra: list[XasSpectrum]) -> None:
    measured = [s for s in spectra if s.kind == "measured"]
    assert len(measured) > 200
    assert {s.licence for s in measured} == {"CC0-1.0 / public domain"}
    assert all(s.reduced_formula and s.material_id is None for s in measured)
    assert sum(s.code != "measured" for s in measured) > 200  # the beamline
    computed = [s for s in spectra if s.kind == "simulated"]
    assert {(s.code, s.licence) for s in computed} == {("FEFF10", "CC-BY-4.0")}
    first = {"XANES": "SCF", "EXAFS": "EXAFS"}
    assert all(s.reference and s.reference.startswith(first[s.spectrum_type]) for s in computed)


def test_computed_exafs_can_be_searched(spectra: list[XasSpectrum]) -> None:
    exafs = [s for s in spectra if s.spectrum_type == "EXAFS" and s.level == "material"]
    assert len(exafs) >= 10
    copper = [s for s in exafs if (s.absorber, s.reduced_formula) == ("Cu", "Cu")]
    (k2_chi,) = (computed_k2_chi(s.energy_eV, s.mu) for s in copper[:1])
    shells = np.abs(fourier(np.pad(k2_chi, (0, len(K_GRID_invA) - len(k2_chi))), 3.0, 12.0))
    assert R_GRID_A[shells.argmax()] == pytest.approx(2.55 - 0.3, abs=0.15)  # the phase takes off some 0.3 Å


def test_a_hit_leads_to_a_crystal(spectra: list[XasSpectrum]) -> None:
    assert {s.material_id for s in spectra if s.material_id} <= shipped_materials()


def test_doubtful_references_are_left_out_of_searches() -> None:
    table = pd.read_parquet(REFERENCES, columns=["id", "suspect", "usable_query"])
    doubtful = set(table.id[table.suspect | ~table.usable_query])
    assert doubtful
    assert not doubtful & set(ShippedLibrary(frozenset()).spectra)


def test_packing_loses_nothing_that_is_seen(data_folder) -> None:
    whole = dict(XasTables((data_folder / "xas_references.parquet",)).spectra())
    for name, rows in list(ShippedLibrary(frozenset()).spectra.items())[::20]:
        packed, raw = (spectrum_of_rows(name, one) for one in (rows, whole[name]))
        assert packed.energy_eV == pytest.approx(raw.energy_eV, abs=0.006)
        ours, theirs = (window(normalize(one.to_xanes())).values for one in (packed, raw))
        assert np.abs(ours - theirs).max() < 0.05
        assert np.corrcoef(ours, theirs)[0, 1] > 0.999


def test_elements_and_edges_select(spectra: list[XasSpectrum]) -> None:
    some = ShippedLibrary(shipped_materials(), {"Zn", "S", "O"}, ("K",))
    found = [spectrum_of_rows(name, rows) for name, rows in some.spectra.items()]
    assert {s.edge for s in found} == {"K"}
    assert {s.absorber for s in found if s.kind == "measured"} == {"Zn", "S"}
