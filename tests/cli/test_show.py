"""`xsearch show`."""

import json
from pathlib import Path

from tests.cli.conftest import SPECTRA, Xsearch
from tests.spectra.instrument_files import athena, edge, rows

E, MU = edge()


def test_a_pattern_is_shown_with_its_axis_and_lines(xsearch: Xsearch) -> None:
    shown = xsearch("show", SPECTRA / "rutile.xy", "--wavelength", "CuKa").stdout
    assert "1 powder pattern" in shown
    assert "27.4" in shown
    assert "Wavelength 1.54187 Å (CuKa) as given." in shown


def test_a_missing_wavelength_is_said_and_the_rest_is_shown(xsearch: Xsearch, tmp_path: Path) -> None:
    lines = (SPECTRA / "rutile.xy").read_text(encoding="utf-8").splitlines()
    (tmp_path / "bare.xy").write_text("\n".join(line for line in lines if line[:1] != "#"), encoding="utf-8")
    done = xsearch("show", tmp_path / "bare.xy")
    assert done.exit_code == 0
    assert "27.4" in done.stdout
    assert "--wavelength" in done.stdout
    assert "d " not in done.stdout.split("note:")[0].split("lines")[0].replace("intensity", "")


def test_an_edge_is_shown_with_e0_and_what_was_assumed(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "iron.dat").write_text("# energy mu\n" + rows(E, MU), encoding="utf-8")
    done = xsearch("show", tmp_path / "iron.dat", "--json", "-")
    (found,) = json.loads(done.stdout)["spectra"]
    assert (found["absorber"], found["edge"]) == ("Fe", "K")
    assert abs(found["e0_eV"] - 7112) < 3
    assert any("found from the steepest rise" in note for note in found["notes"])
    assert len(found["normalised_mu"]) == len(E)


def test_what_the_user_says_of_e0_and_columns_is_obeyed(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "relative.dat").write_text("# energy mu\n" + rows(E - 7112, MU), encoding="utf-8")
    done = xsearch("show", tmp_path / "relative.dat", "--absorber", "Fe", "--edge", "K", "--e0", "7112", "--json", "-")
    (found,) = json.loads(done.stdout)["spectra"]
    assert found["e0_eV"] == 7112
    assert abs(found["energy_eV"][0] - E[0]) < 1e-6


def test_a_file_of_several_spectra_is_listed(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "project.prj").write_bytes(athena([("foil", "Fe", E, MU), ("oxide", "Fe", E, MU + 0.1)]))
    shown = xsearch("show", tmp_path / "project.prj").stdout
    assert "2 XANES spectra" in shown
    assert "foil" in shown
    assert "oxide" in shown
    one = xsearch("show", f"{tmp_path / 'project.prj'}#oxide").stdout
    assert "1 XANES spectrum" in one


def test_what_was_read_is_drawn(xsearch: Xsearch, tmp_path: Path) -> None:
    for name, more in (("rutile.xy", ("--wavelength", "CuKa")), ("Fe2O3_hematite.xdi", ())):
        if not (SPECTRA / name).exists():
            continue
        done = xsearch("show", SPECTRA / name, *more, "--plot", tmp_path / f"{name}.png")
        assert done.exit_code == 0, done.stderr
        assert (tmp_path / f"{name}.png").stat().st_size > 5000


def test_a_file_that_cannot_be_read_is_refused_in_one_line(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague,\n", encoding="utf-8")
    done = xsearch("show", tmp_path / "letter.txt")
    assert done.exit_code == 1
    assert len(done.stderr.strip().splitlines()) == 1
