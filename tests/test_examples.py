"""The examples run, and the example spectra are what their script makes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xsearch.spectra import read

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(script: str, folder: Path, *words: object) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, *map(str, words)],
        cwd=folder,
        env=os.environ | {"XSEARCH_HOME": str(folder / "home")},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_own_crystals_are_indexed_and_found_and_a_folder_is_searched(tmp_path: Path) -> None:
    told = run("own_crystals.py", tmp_path)
    assert "2 crystals in index mine" in told
    assert "1 rutile TiO2" in told
    table = run("search_a_folder.py", tmp_path, EXAMPLES / "spectra", "--index", "mine")
    rows = {line.split()[1]: line for line in table.splitlines()[1:]}
    assert "wavelength" in rows["corundum.csv"]
    assert "TiO2" in rows["rutile.xy"]


@pytest.mark.slow
def test_the_spectra_are_what_their_script_makes(tmp_path: Path) -> None:
    copy = tmp_path / "make_spectra.py"
    copy.write_text((EXAMPLES / "make_spectra.py").read_text(encoding="utf-8"), encoding="utf-8")
    subprocess.run([sys.executable, copy], check=True, capture_output=True)
    for path in (EXAMPLES / "spectra").iterdir():
        kept, made = (read(file, wavelength="CuKa") for file in (path, tmp_path / "spectra" / path.name))
        assert np.array_equal(kept.two_theta_deg, made.two_theta_deg)
        # another processor may round a mean differently, and a count with it
        assert np.mean(kept.intensity == made.intensity) > 0.99
