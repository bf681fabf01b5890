"""The adapter to an external FEFF."""

import stat
from pathlib import Path

import numpy as np
import pytest

from tests.crystals import rock_salt
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import MissingExtra, QueryError, SpectrumError
from xsearch.simulate.feff import find_feff, read_feff_xmu, run_feff, write_feff_input


@pytest.fixture
def nickel_oxide() -> Crystal:
    return rock_salt("Ni", "O", 4.18)


def script(path: Path, body: str) -> Path:
    """An executable that stands where FEFF would: the adapter sees a real process."""
    path.write_text("#!/bin/sh\n" + body, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_input_puts_the_absorber_in_the_middle_of_its_cluster(nickel_oxide, tmp_path):
    text = write_feff_input(nickel_oxide, 0, tmp_path).read_text(encoding="utf-8")
    assert "EDGE K" in text
    rows = [line.split() for line in text[text.index("ATOMS") :].splitlines()]
    atoms = [row for row in rows if len(row) >= 6 and row[0].lstrip("-").replace(".", "").isdigit()]
    assert atoms[0][3] == "0"
    distances = sorted(float(row[5]) for row in atoms)
    assert distances[0] == 0
    assert distances[1:7] == pytest.approx([2.09] * 6, abs=1e-3)
    assert distances[7:19] == pytest.approx([4.18 / np.sqrt(2)] * 12, abs=1e-3)
    assert max(distances) <= 8.0


def test_a_run_gives_the_spectrum_that_the_program_wrote(nickel_oxide, tmp_path):
    table = "\\n".join(f"{8330 + i} {i - 5} 0.1 {1 / (1 + np.exp(-(i - 5))):.5f} 1.0 0.0" for i in range(30))
    fake = script(tmp_path / "feff", f"test -f feff.inp && printf '# omega e k mu mu0 chi\\n{table}\\n' > xmu.dat\n")
    spectrum = run_feff(nickel_oxide, 0, tmp_path / "run", executable=fake)
    assert spectrum.absorber == "Ni"
    assert len(spectrum) == 30
    assert spectrum.mu[-1] > 0.99


def test_a_program_that_fails_is_reported_with_its_log(nickel_oxide, tmp_path):
    fake = script(tmp_path / "feff", "echo broken; exit 3\n")
    with pytest.raises(SpectrumError, match="code 3"):
        run_feff(nickel_oxide, 0, tmp_path / "run", executable=fake)
    assert (tmp_path / "run" / "feff.log").read_text(encoding="utf-8") == "broken\n"


def test_a_program_that_hangs_is_stopped(nickel_oxide, tmp_path):
    fake = script(tmp_path / "feff", "exec sleep 30\n")
    with pytest.raises(SpectrumError, match=r"within 0\.3 s"):
        run_feff(nickel_oxide, 0, tmp_path / "run", executable=fake, timeout_s=0.3)


def test_a_program_that_writes_nothing_is_told(nickel_oxide, tmp_path):
    with pytest.raises(SpectrumError, match="wrote no spectrum"):
        run_feff(nickel_oxide, 0, tmp_path / "run", executable=script(tmp_path / "feff", "exit 0\n"))


def test_a_missing_feff_is_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtra, match="--feff PATH") as error:
        find_feff()
    assert "\n" not in str(error.value)


def test_a_disordered_crystal_or_a_wrong_site_is_refused(nickel_oxide, tmp_path):
    with pytest.raises(QueryError, match="2 atoms"):
        write_feff_input(nickel_oxide, 2, tmp_path)
    half = Crystal(nickel_oxide.lattice_A, nickel_oxide.frac_coords, nickel_oxide.elements, np.array([1.0, 0.5]))
    with pytest.raises(QueryError, match="one element"):
        write_feff_input(half, 0, tmp_path)


def test_another_table_is_not_taken_for_a_spectrum(tmp_path):
    file = tmp_path / "xmu.dat"
    file.write_text("1.0 2.0\n3.0 x\n", encoding="utf-8")
    with pytest.raises(SpectrumError, match="not a row of numbers"):
        read_feff_xmu(file, "Ni")
