"""Bruker BRML: a zip archive with one XML document per scan, whose columns are described by data views."""

import re
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.archive import Archive, number
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

_MOST_DIGITS = 9
"""Of a whole number in the file."""

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def read_brml(source: SourceFile) -> tuple[PowderScan, ...]:
    """The scans along 2θ, or the pictures of a still line detector.

    Raises:
        SpectrumError: where there is neither.
    """
    archive = Archive(source)
    members = sorted(
        (member for member in archive.members if re.search(r"RawData\d+\.xml$", member)),
        key=lambda member: [int(digits) for digits in re.findall(r"\d+", member)],
    )
    ranges = []
    for member in members:
        root = archive.xml(member)
        curves = (_curve(route, source.name) for route in root.iter("DataRoute"))
        curve = next((found for found in curves if found is not None), None)
        if curve is not None:
            label = root.findtext(".//TimeStampStarted") or member.rpartition("/")[2]
            ranges.append(Range(*curve, _seconds(root), _wavelength(root), label))
    if not ranges:
        raise SpectrumError(
            f"{source.name}: no scan along 2θ among its {len(members)} scans; maps and pictures of area detectors must "
            "be integrated first."
        )
    return scans_of(ranges, source.name)


def _seconds(root: ElementTree.Element) -> float | None:
    for tag in ("TimePerStepEffective", "TimePerStep"):
        found = number(root.find(f".//{tag}"))
        if found is not None and found > 0:
            return found
    return None


def _wavelength(root: ElementTree.Element) -> StatedWavelength | None:
    def value(tag: str) -> float | None:
        element = root.find(f".//{tag}")
        if element is None:
            return None
        try:
            return float(element.get("Value", "")) or None
        except ValueError:
            return number(element)

    lines = stated_lines(value("WaveLengthAlpha1"), value("WaveLengthAlpha2"), value("WaveLengthRatio"), None)
    used = value("WaveLength")
    if lines is None and used is not None:
        return StatedWavelength(used, f"WaveLength = {used:g} Å")
    return lines or stated_lines(None, None, None, root.findtext(".//TubeMaterial"))


def _curve(route: ElementTree.Element, name: str) -> Curve | None:
    """A route's angles and counts, or None where it is no scan along 2θ."""
    try:
        rows = [[float(field) for field in (one.text or "").split(",") if field.strip()] for one in route.iter("Datum")]
    except ValueError:
        raise SpectrumError(f"{name}: a point of a scan holds words where numbers are expected; altered.") from None
    if not rows or len({len(row) for row in rows}) != 1:
        return None
    table = np.array(rows)
    counter = _counter(route)
    if counter is None:
        return None
    start, length = counter
    if length > 1:
        return _still(route, table[0, start : start + length]) if len(table) == 1 else None
    if len(table) < 2 or start >= table.shape[1]:
        return None
    two_theta_deg = _two_theta(route, table)
    return None if two_theta_deg is None else (two_theta_deg, table[:, start])


def _counter(route: ElementTree.Element) -> tuple[int, int] | None:
    """The first column of the counts and how many there are: of the recorded views the one that counts."""
    views = [view for view in route.iter("RawDataView") if "RecordedRawDataView" in view.get(_XSI_TYPE, "")]

    def rank(view: ElementTree.Element) -> tuple[bool, bool]:
        recording = view.find("Recording")
        unit = recording.find("Unit") if recording is not None else None
        counts = unit is not None and "count" in unit.get("Base", "").lower()
        named = recording is not None and "counter" in recording.get("LogicName", "").lower()
        return not counts, not named

    if not views:
        return None
    view = min(views, key=rank)
    return _whole(view.get("Start", "0")), _whole(view.get("Length", "1"))


def _whole(text: str) -> int:
    """A whole number from zero; zero for anything else."""
    return int(text) if text.isdecimal() and len(text) < _MOST_DIGITS else 0


def _two_theta(route: ElementTree.Element, table: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The recorded angles; where they are not recorded, those of the scan's definition."""
    for view in route.iter("RawDataView"):
        if "VaryingRawDataView" in view.get(_XSI_TYPE, ""):
            for offset, field in enumerate(view.iter("FieldDefinitions")):
                column = _whole(view.get("Start", "0")) + offset
                if "TwoTheta" in (field.get("AxisId"), field.get("FieldName")) and column < table.shape[1]:
                    return table[:, column]
    for axis in route.iter("ScanAxisInfo"):
        if "TwoTheta" in (axis.get("AxisId"), axis.get("AxisName")):
            first, last = number(axis.find("Start")), number(axis.find("Stop"))
            if first is not None and last is not None and first != last:
                return np.linspace(first, last, len(table)) + (number(axis.find("Reference")) or 0.0)
    return None


def _still(route: ElementTree.Element, counts: NDArray[np.float64]) -> Curve | None:
    """One picture of a line detector that stands still: its own scale is the axis."""
    scale = route.find(".//ScaleAxisInfo")
    start, step = (number(scale.find(tag)) if scale is not None else None for tag in ("Start", "Increment"))
    if start is None or not step or len(counts) < MIN_POINTS:
        return None
    return start + step * np.arange(len(counts), dtype=np.float64), counts
