"""Peak lists as patterns."""

from pathlib import Path

import numpy as np
import pytest

from tests.spectra.format_files import written
from xsearch.errors import SpectrumError, WavelengthError
from xsearch.reading import Reading
from xsearch.spectra import read

D = np.array([3.48, 2.551, 2.379, 2.085, 1.74, 1.601, 1.404, 1.374])
I = np.array([69, 96, 44, 100, 48, 96, 38, 57.0])
TWO_THETA = np.degrees(2 * np.arcsin(1.540593 / 2 / D))


def table(*columns: np.ndarray, separator: str = " ") -> str:
    return "".join(separator.join(f"{value:.4f}" for value in row) + "\n" for row in zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("text", "wavelength"),
    [
        ("d I\n" + table(D, I), None),
        ("d (A),I/I0\n" + table(D, I, separator=","), None),
        ("d [nm]\tintensity\n" + table(D / 10, I, separator="\t"), None),
        (table(D, I), None),
        ("2theta I\n" + table(TWO_THETA, I), 1.540593),
        (table(TWO_THETA, I), 1.540593),
        ("".join(f"{d:.4f}  {i:.0f}%  (1 0 {n})\n" for n, (d, i) in enumerate(zip(D, I, strict=True))), None),
        ("VERSION: 4\nCOMMENT: Corundum\nA: 4.76\n" + "".join(f"DIHKL: {d:.4f} {i:.0f} 1 0 0\n" for d, i in
         zip(D, I, strict=True)), None),
        ("No. 2theta d I h k l\n" + table(np.arange(1, 9), TWO_THETA, D, I, D * 0, D * 0, D * 0 + 1), None),
        ("# wavelength = 1.540593\nPos. [°2Th.];Height;Rel. Int. [%]\n" + table(TWO_THETA, I * 12, I, separator=";"),
         None),
    ],
)  # fmt: skip
def test_a_peak_list_is_a_pattern_of_its_lines_and_says_so(tmp_path: Path, text: str, wavelength: float | None) -> None:
    pattern = read(written(tmp_path, "peaks.txt", text), wavelength=wavelength)
    assert any("A peak list of 8 lines" in note for note in pattern.notes)
    y = np.pad(pattern.intensity, 1)
    tops = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:]) & (y[1:-1] > 1))
    assert pattern.wavelength_A == pytest.approx(1.540593)
    assert pattern.two_theta_deg[tops] == pytest.approx(np.sort(TWO_THETA), abs=0.03)
    assert pattern.intensity[tops] / pattern.intensity.max() == pytest.approx(I / 100, rel=0.03)


def test_a_list_of_angles_needs_the_wavelength(tmp_path: Path) -> None:
    with pytest.raises(WavelengthError):
        read(written(tmp_path, "peaks.txt", "2theta I\n" + table(TWO_THETA, I)))


def test_the_axis_of_a_list_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "peaks.txt", table(2 * np.pi / D, I))
    pattern = read(path, reading=Reading.parse(axis="q"))
    assert any("A peak list of 8 lines, q in 1/Å" in note for note in pattern.notes)


def test_few_rows_at_even_steps_are_no_list(tmp_path: Path) -> None:
    with pytest.raises(SpectrumError, match="8 points are too few"):
        read(written(tmp_path, "steps.xy", table(np.arange(10, 18), I)), wavelength="CuKa")
