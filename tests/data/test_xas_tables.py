"""Tables of absorption spectra: what kind each row is, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.xas_tables import ENERGY, copper, measured, simulated, write
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.errors import SpectrumError
from xsearch.preprocess.exafs import INV_A2_PER_eV, computed_k2_chi


def spectra(path: Path) -> dict[str, Any]:
    return {name: spectrum_of_rows(name, rows) for name, rows in XasTables((path,)).spectra()}


def test_sites_keep_their_index_and_their_material_gets_its_weighted_mean(tmp_path: Path) -> None:
    rows = [
        simulated("mp-1", 0.2, site_index=0, site_multiplicity=3.0),
        simulated("mp-1", 0.6, site_index=4, site_multiplicity=1.0),
        simulated("mp-2", 0.9, site_index=0, site_multiplicity=1.0),
    ]
    found = spectra(write(tmp_path / "t.parquet", *rows))
    assert [(s.level, s.site_index) for s in found.values()] == [
        ("site", 0),
        ("site", 4),
        ("site", 0),
        ("material", None),
    ]
    mean = found["mp-1 Cu K FEFF9 mean of 2"]
    wanted = 0.75 * np.array(copper(0.2)) + 0.25 * np.array(copper(0.6))
    assert np.abs(np.interp(ENERGY, mean.energy_eV, mean.mu) - wanted).max() < 0.01
    assert (mean.material_id, mean.kind, mean.code, mean.licence) == ("mp-1", "simulated", "FEFF9", "CC0-1.0")


def test_a_material_with_one_site_has_a_mean_where_its_sites_are_said_to_be_complete(tmp_path: Path) -> None:
    rows = [simulated(name, 0.2, site=0, sites_complete=whole) for name, whole in (("mp-1", True), ("mp-2", False))]
    found = spectra(write(tmp_path / "t.parquet", *rows))
    assert [(s.material_id, s.level, s.site_index) for s in found.values()] == [
        ("mp-1", "site", 0), ("mp-2", "site", 0), ("mp-1", "material", None),
    ]  # fmt: skip


def test_what_feff_gives_is_brought_to_an_edge_step_of_one(tmp_path: Path) -> None:
    scaled = [1.3 * value for value in copper(0.2)]
    row = simulated("mp-1", 0.2, mu=scaled, mu0=[1.3 * float(e > 8985) for e in ENERGY])
    (spectrum,) = spectra(write(tmp_path / "t.parquet", row)).values()
    assert spectrum.mu[-len(ENERGY) :] == pytest.approx(copper(0.2), abs=1e-6)
    assert spectrum.energy_eV[0] == ENERGY[0] - 40


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    own = write(tmp_path / "own.parquet", measured("a", "Cu2O", 0.1, facility="APS", phase="cuprite"))
    (reference,) = spectra(own).values()
    assert (reference.kind, reference.material_id, reference.code, reference.reference) == (
        "measured", None, "APS", "cuprite",
    )  # fmt: skip
    predicted = write(tmp_path / "p.parquet", simulated("mp-1", 0.2, kind="predicted", code="forward"))
    assert [s.kind for s in spectra(predicted).values()] == ["predicted"]
    nameless = simulated("mp-1", 0.2)
    del nameless["code"]
    assert [s.code for s in spectra(write(tmp_path / "xas_feff10.parquet", nameless)).values()] == ["FEFF10"]


def test_doubtful_rows_are_refused_with_their_reason(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", measured("a", "CuO", 0.1, suspect=True), measured("b", "CuO", 0.1, edge=None))
    for row, reason in zip(XasTables((path,)).spectra(), ("suspect", "names no edge"), strict=True):
        with pytest.raises(SpectrumError, match=reason):
            spectrum_of_rows(*row)


def test_a_table_of_chi_holds_exafs_and_the_mean_over_its_sites(tmp_path: Path) -> None:
    k = np.arange(0.0, 12.01, 0.05)
    energy = 8979.0 + k**2 / INV_A2_PER_eV
    rows = []
    for site, distance_A in ((0, 1.9), (3, 2.5)):
        chi = np.sin(2 * k * distance_A) * np.exp(-0.01 * k**2)
        row = simulated("mp-1", 0.2, energy=energy.tolist(), site=site, multiplicity=1 + site, sites_complete=True)
        row.pop("mu")
        rows.append(row | {"chi": chi.tolist()})
    found = spectra(write(tmp_path / "t.parquet", *rows))
    assert {s.spectrum_type for s in found.values()} == {"EXAFS"}
    mean = next(s for s in found.values() if s.level == "material")
    stored = computed_k2_chi(mean.energy_eV, mean.mu)
    wanted = k**2 * sum(w * np.array(row["chi"]) for w, row in zip((0.2, 0.8), rows, strict=True))
    assert np.abs(stored - wanted[: len(stored)]).max() < 2e-3 * wanted.max()
    assert len(set(found)) == 3
