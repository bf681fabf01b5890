"""Ranges of a file: joined to one pattern, or a series."""

import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import StatedWavelength

X = np.round(np.arange(10, 90.01, 0.1), 6)
Y = 100 + np.round(50 * np.sin(X) ** 2)


def part(low: float, high: float, seconds: float | None = None, every: int = 1, label: str = "") -> Range:
    inside = np.flatnonzero((low - 1e-9 <= X) & (high + 1e-9 >= X))[::every]
    return Range(X[inside], Y[inside] * (seconds or 1), seconds, label=label)


def test_one_range_is_a_pattern_as_it_is() -> None:
    (scan,) = scans_of([part(10, 90, 4)], "f")
    assert (scan.axis == X).all()
    assert (scan.intensity == 4 * Y).all()
    assert scan.notes == ()


def test_ranges_of_different_step_times_are_joined_in_counts_per_second() -> None:
    (scan,) = scans_of([part(10, 40, 1), part(40.1, 90, 4)], "f")
    assert scan.axis == pytest.approx(X)
    assert scan.intensity == pytest.approx(Y)
    assert scan.sigma == pytest.approx(np.sqrt(Y * np.where(X > 40.05, 4, 1)) / np.where(X > 40.05, 4, 1))
    assert "2 ranges were joined: 10 to 40°, 40.1 to 90°." in scan.notes
    assert any("counts per second" in note for note in scan.notes)


def test_where_ranges_overlap_they_are_averaged_by_their_time() -> None:
    first, second = part(10, 80, 1), part(70, 90, 3)
    second = Range(second.two_theta_deg, second.counts + 3 * 8, 3)
    (scan,) = scans_of([first, second], "f")
    assert scan.axis == pytest.approx(X)
    both = (X > 69.95) & (X < 80.05)
    assert scan.intensity[both] == pytest.approx(Y[both] + 6)
    assert scan.intensity[X < 69.95] == pytest.approx(Y[X < 69.95])


def test_a_finer_range_within_a_wide_one_keeps_its_steps() -> None:
    fine = np.round(np.arange(30, 40.001, 0.02), 6)
    (scan,) = scans_of([part(10, 90, 1), Range(fine, np.full(len(fine), 500.0), 5)], "f")
    inside = (scan.axis > 29.99) & (scan.axis < 40.01)
    assert scan.axis[inside] == pytest.approx(fine)
    assert (np.diff(scan.axis) > 0).all()


def test_a_gap_between_ranges_is_kept_and_told() -> None:
    (scan,) = scans_of([part(10, 40), part(50, 90)], "f")
    assert not ((scan.axis > 40.05) & (scan.axis < 49.95)).any()
    assert "Not measured: 40 to 50°." in scan.notes
    assert any("does not say how long" in note for note in scan.notes)


def test_a_range_that_comes_again_begins_the_next_pattern() -> None:
    scans = scans_of([part(10, 90, 1, label=f"{t} °C") for t in (25, 100, 200)], "f")
    assert [scan.label for scan in scans] == ["25 °C", "100 °C", "200 °C"]


def test_ranges_that_come_again_in_turn_are_joined_in_each_cycle() -> None:
    scans = scans_of([part(10, 50), part(50.1, 90)] * 3, "f")
    assert len(scans) == 3
    assert all(len(scan.axis) == len(X) for scan in scans)
    scans = scans_of([part(10, 50)] * 3 + [part(50.1, 90)] * 3, "f")
    assert [len(scan.axis) for scan in scans] == [len(X)] * 3


def test_a_stopped_last_scan_is_a_scan_of_the_series() -> None:
    scans = scans_of([part(10, 90, 1), part(10, 90, 1), part(10, 30, 1)], "f")
    assert [float(scan.axis[-1]) for scan in scans] == [90, 90, 30]


def test_a_scan_that_adjusts_the_sample_is_left_out_and_told() -> None:
    (scan,) = scans_of([part(10, 10.5), part(10, 90)], "f")
    assert len(scan.axis) == len(X)
    assert any("1 scans of fewer than 20 points" in note for note in scan.notes)


def test_ranges_of_different_wavelengths_are_not_joined() -> None:
    ranges = [
        Range(one.two_theta_deg, one.counts, wavelength=StatedWavelength(wavelength, ""))
        for one, wavelength in ((part(10, 40), 1.54), (part(40.1, 90), 1.39))
    ]
    assert len(scans_of(ranges, "f")) == 2


def test_nothing_but_short_ranges_is_refused() -> None:
    with pytest.raises(SpectrumError, match="no scan along 2θ of 20 points or more"):
        scans_of([part(10, 10.5)], "f")
    with pytest.raises(SpectrumError, match="no scan along 2θ"):
        scans_of([], "f")
