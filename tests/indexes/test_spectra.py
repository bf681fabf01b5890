"""Absorption spectra in an index."""

from pathlib import Path

import numpy as np
import pytest

from tests.indexes.samples import chunk
from xsearch.errors import BrokenIndex
from xsearch.indexes import Failure, Index, Staging, export, import_
from xsearch.indexes.spectra import SpectraChunk
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xas import XasSpectrum

EDGES_eV = {"Fe": 7112.0, "Cu": 8979.0}


def spectrum(number: int, material_id: str | None = None, **more: object) -> XasSpectrum:
    absorber = "Fe" if number % 2 == 0 else "Cu"
    x = EDGES_eV[absorber] + np.linspace(-15, 60, 120)
    y = 0.5 + np.arctan((x - x[30]) / 1.5) / np.pi + 0.3 * np.exp(-0.5 * ((x - x[40] - 0.3 * number) / 3) ** 2)
    known = {
        "spectrum_type": "XANES", "level": "material", "kind": "simulated", "code": "FEFF9", "source": "synthetic",
        "licence": "CC0-1.0", "reduced_formula": f"{absorber}O", "material_id": material_id, **more,
    }  # fmt: skip
    return XasSpectrum(f"s-{number}", absorber, "K", x, y, **known)


def build(folder: Path, chunks: list[SpectraChunk]) -> Index:
    with Staging.open(folder, "spectra", {}) as staging:
        staging.write(0, chunk(0))
        for number, one in enumerate(chunks):
            staging.write_spectra(number, one)
        staging.publish(1, spectra=len(chunks))
    return Index.open(folder)


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return [entry.material.material_id for entry in chunk(0).entries()]


def test_spectra_come_back_as_they_were_given(tmp_path: Path, names: list[str]) -> None:
    given = [spectrum(n, names[n % 3], site_index=n, level="site", last_updated="2025") for n in range(6)]
    index = build(tmp_path / "a", [SpectraChunk.from_spectra(given[:4]), SpectraChunk.from_spectra(given[4:])])
    assert index.manifest.counts["spectra"] == 6
    for row, name in enumerate(names):
        found, expected = index.spectra(row), [s for s in given if s.material_id == name]
        assert [s.spectrum_id for s in found] == [s.spectrum_id for s in expected]
        for one, other in zip(found, expected, strict=True):
            assert one.energy_eV.tolist() == other.energy_eV.tolist()
            assert one.mu.tolist() == other.mu.tolist()
            assert (one.site_index, one.level, one.last_updated) == (other.site_index, "site", "2025")


def test_the_searched_windows_are_those_of_the_preprocessing(tmp_path: Path, names: list[str]) -> None:
    given = [spectrum(n, names[0]) for n in range(8)]
    tables = build(tmp_path / "a", [SpectraChunk.from_spectra(given)]).xanes
    assert set(tables) == {("Fe", "K"), ("Cu", "K")}
    table = tables["Fe", "K"]
    for row, name in enumerate(table.spectrum_id):
        made = window(normalize(given[int(name[2:])].to_xanes()))
        assert table.values[row] == pytest.approx(made.values, abs=2e-3)
        assert table.known[row].tolist() == made.known.tolist()
        assert table.offset_eV[row] == pytest.approx(made.offset_eV, abs=1e-4)
        assert table.elements[row] == {"Fe", "O"}


def test_a_spectrum_without_an_edge_or_of_another_type_is_kept_and_not_searched(
    tmp_path: Path, names: list[str]
) -> None:
    flat = spectrum(0, names[0])
    flat = XasSpectrum(
        "flat", "Fe", "K", flat.energy_eV, np.full(120, -1.0), "XANES", "material", "measured", "x", "y", "z"
    )
    index = build(tmp_path / "a", [SpectraChunk.from_spectra([flat, spectrum(2, names[0], spectrum_type="EXAFS")])])
    notes = dict(index.sql("select spectrum_id, window_note from spectra").fetchall())
    assert notes.keys() == {"flat", "s-2"}
    assert notes["s-2"] == "EXAFS has no near edge that is searched"
    assert notes["flat"]
    assert index.xanes == {}


def test_rows_are_resolved_and_what_fits_nowhere_becomes_a_failure(tmp_path: Path, names: list[str]) -> None:
    strange = SpectraChunk.from_spectra(
        [spectrum(0, names[7]), spectrum(2), spectrum(4, "mp-unknown"), spectrum(0, names[1])], [Failure("bad", "why")]
    )
    index = build(tmp_path / "a", [strange])
    assert index.sql("select spectrum_id, row_id from spectra").fetchall() == [("s-0", 7), ("s-2", None)]
    reasons = {f.item_id: f.reason for f in index.failures()}
    assert reasons["bad"] == "why"
    assert "no entry of this index" in reasons["s-4"]
    assert "another spectrum has this id" in reasons["s-0"]


def test_chunks_leave_no_trace_in_the_bytes(tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xsearch.indexes.spectra.BATCH_ROWS", 5)
    given = [spectrum(n, names[n % 4] if n % 3 else None) for n in range(12)]
    whole = build(tmp_path / "a", [SpectraChunk.from_spectra(given)])
    parts = build(tmp_path / "b", [SpectraChunk.from_spectra(given[n : n + 3]) for n in range(0, 12, 3)])
    again = build(tmp_path / "c", [SpectraChunk.from_stored(whole.spectra_table)])
    assert whole.manifest.files == parts.manifest.files == again.manifest.files


def test_an_altered_byte_of_the_spectra_is_refused_by_the_files_name(tmp_path: Path, names: list[str]) -> None:
    index = build(tmp_path / "a", [SpectraChunk.from_spectra([spectrum(n, names[0]) for n in range(4)])])
    path = index.folder / "spectra.arrow"
    content = bytearray(path.read_bytes())
    for place in (0, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        path.write_bytes(bytes(content))
        with pytest.raises(BrokenIndex, match=r"spectra\.arrow is altered"):
            Index.open(tmp_path / "a")
        content[place] ^= 1
    path.write_bytes(bytes(content))
    Index.open(tmp_path / "a").verify()


def test_spectra_travel_in_a_bundle(tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    index = build(tmp_path / "a", [SpectraChunk.from_spectra([spectrum(n, names[0]) for n in range(4)])])
    export(tmp_path / "a", tmp_path / "a.xsi")
    monkeypatch.setenv("XSEARCH_HOME", str(tmp_path / "elsewhere"))
    other = Index.open(import_(tmp_path / "a.xsi"))
    assert other.manifest.files == index.manifest.files
    assert len(other.xanes["Fe", "K"]) == 2


def test_an_index_without_spectra_has_none(tmp_path: Path) -> None:
    index = build(tmp_path / "a", [])
    assert not (index.folder / "spectra.arrow").exists()
    assert index.spectra(0) == []
    assert index.xanes == {}
    assert index.sql("select count(*) from spectra").fetchall() == [(0,)]
