"""Pictures of answers."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf

from xsearch import report
from xsearch.answers import SearchResult
from xsearch.errors import XSearchError
from xsearch.preprocess.powder import background_under
from xsearch.report.overlay import overlay
from xsearch.report.pattern_plot import d_scale


def test_the_right_crystal_leaves_only_noise(result: SearchResult) -> None:
    drawn = overlay(result.hits[0], result.pattern, background_under(result.pattern))
    noise = np.sqrt(result.pattern.intensity.max()) * 100 / np.ptp(result.pattern.intensity)
    assert np.abs(drawn.difference).max() < 5 * noise
    assert np.median(np.abs(drawn.difference)) < 0.5


def test_a_wrong_crystal_leaves_the_pattern_unexplained(result: SearchResult) -> None:
    drawn = overlay(result.hits[1], result.pattern, background_under(result.pattern))
    assert drawn.difference.max() > 50


def test_background_follows_the_slope_and_not_the_peaks(result: SearchResult) -> None:
    pattern = result.pattern
    truth = 200 - pattern.two_theta_deg
    error = np.abs(background_under(pattern) - truth) / truth
    assert np.median(error) < 0.05
    assert error.max() < 0.25


def test_ticks_stand_on_the_peaks(result: SearchResult) -> None:
    drawn = overlay(result.hits[0], result.pattern, background_under(result.pattern))
    strongest = drawn.ticks_deg[np.argmax(drawn.tick_heights)]
    assert strongest == pytest.approx(result.pattern.two_theta_deg[np.argmax(result.pattern.intensity)], abs=0.04)


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_suffix_decides_the_format(result: SearchResult, tmp_path, suffix: str, magic: bytes) -> None:
    path = tmp_path / f"out.{suffix}"
    report.plot(result, path, top=2)
    assert path.read_bytes().startswith(magic)


def test_the_same_answer_gives_the_same_picture(result: SearchResult, tmp_path) -> None:
    for name in ("a.pdf", "b.pdf"):
        report.plot(result, tmp_path / name, top=1)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_an_unknown_format_is_refused_by_name(result: SearchResult, tmp_path) -> None:
    with pytest.raises(XSearchError, match=r"\.png, \.svg, \.pdf; got \.bmp"):
        report.plot(result, tmp_path / "out.bmp")


def test_one_panel_a_hit_and_one_without_any(result: SearchResult) -> None:
    assert len(report.plot(result, top=2).axes) == 2
    assert len(report.plot(result, top=10).axes) == 3
    assert len(report.plot(replace(result, hits=())).axes) == 1


def test_pyplot_is_left_alone(result: SearchResult) -> None:
    report.plot(result)
    assert Gcf.get_all_fig_managers() == []


def test_d_ticks_are_where_braggs_law_puts_them(result: SearchResult) -> None:
    angles, labels = d_scale(result.pattern)
    for angle, label in zip(angles, labels, strict=True):
        assert result.pattern.wavelength_A / (2 * np.sin(np.radians(angle / 2))) == pytest.approx(float(label))
