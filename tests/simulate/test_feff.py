"""FEFF by pip, and an external one, in a process of its own."""

import stat
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.crystals import rock_salt
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import MissingExtra, SpectrumError
from xsearch.simulate import feff
from xsearch.simulate.feff import find_feff, has_feff10, read_feff_xmu, run_feff
from xsearch.simulate.feff_input import FeffSettings

QUICK = FeffSettings(scf_A=2.2, fms_A=2.2, cluster_A=4.0)
"""Cards with which FEFF takes seconds."""

needs_feff10 = pytest.mark.skipif(not has_feff10(), reason='FEFF10 is not installed: pip install "xsearch[feff]"')


@pytest.fixture
def nickel_oxide() -> Crystal:
    return rock_salt("Ni", "O", 4.18)


def script(path: Path, body: str) -> Path:
    """An executable that stands where FEFF would: the adapter sees a real process."""
    path.write_text("#!/bin/sh\n" + body, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@needs_feff10
def test_feff10_gives_the_edge_of_each_shell(nickel_oxide, tmp_path):
    stages = []
    at_k = run_feff(nickel_oxide, 0, tmp_path / "K", settings=QUICK, notify=stages.append)
    assert stages == ["rdinp", "atomic", "pot", "xsph", "fms", "mkgtr", "path", "genfmt", "ff2x"]
    assert at_k.scf_converged
    assert -15 < at_k.fermi_eV < 0
    assert at_k.energy_eV[0] == pytest.approx(8333 + at_k.fermi_eV, abs=30)
    assert at_k.mu[-1] > 5 * at_k.mu[0]
    at_l3 = run_feff(nickel_oxide, 0, tmp_path / "L3", "L3", settings=QUICK)
    assert at_l3.energy_eV[0] == pytest.approx(853, abs=30)


@needs_feff10
def test_feff10_that_takes_too_long_is_ended_with_all_its_processes(nickel_oxide, tmp_path):
    with pytest.raises(SpectrumError, match=r"within 1 s"):
        run_feff(nickel_oxide, 0, tmp_path, timeout_s=1.0)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    time.sleep(1.5)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@needs_feff10
def test_feff10_that_fails_is_told_in_one_line(nickel_oxide, tmp_path):
    with pytest.raises(SpectrumError, match="ended with code 1") as error:
        run_feff(nickel_oxide, 0, tmp_path, settings=replace(QUICK, core_hole="NONSENSE -1 -1"))
    assert "\n" not in str(error.value)


def test_a_run_gives_the_spectrum_that_the_program_wrote(nickel_oxide, tmp_path):
    table = "\\n".join(f"{8330 + i} {i - 5} 0.1 {1 / (1 + np.exp(-(i - 5))):.5f} 1.0 0.0" for i in range(30))
    fake = script(tmp_path / "feff", f"test -f feff.inp && printf '# omega e k mu mu0 chi\\n{table}\\n' > xmu.dat\n")
    spectrum = run_feff(nickel_oxide, 0, tmp_path / "run", executable=fake)
    assert spectrum.absorber == "Ni"
    assert len(spectrum.mu) == 30
    assert spectrum.mu[-1] > 0.99
    assert "TOLSCF" not in (tmp_path / "run" / "feff.inp").read_text(encoding="utf-8")  # FEFF10 alone knows it


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
    monkeypatch.setattr(feff, "has_feff10", lambda: False)
    with pytest.raises(MissingExtra, match="--feff PATH") as error:
        find_feff()
    assert "\n" not in str(error.value)
    with pytest.raises(MissingExtra, match="not an executable"):
        find_feff(tmp_path / "none")


def test_another_table_is_not_taken_for_a_spectrum(tmp_path):
    file = tmp_path / "xmu.dat"
    file.write_text("1.0 2.0\n3.0 x\n", encoding="utf-8")
    with pytest.raises(SpectrumError, match="not a row of numbers"):
        read_feff_xmu(file, "Ni")
