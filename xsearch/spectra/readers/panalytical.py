"""PANalytical XRDML: XML that carries the wavelengths, the axes and the counts of one or more scans."""

from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.archive import number, parse_xml
from xsearch.spectra.readers.headers import stated_kbeta, stated_lines
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile


def read_xrdml(source: SourceFile) -> tuple[PowderScan, ...]:
    """The scans along 2θ: ranges of one pattern, or a series.

    Raises:
        SpectrumError: where there is none.
    """
    root = parse_xml(source.data, source.name)
    if root.tag != "xrdMeasurements":
        raise SpectrumError(
            f"{source.name}: no XRDML measurement; its root is <{root.tag}>, <xrdMeasurements> is expected."
        )
    scans = [(measurement, scan) for measurement in root.iter("xrdMeasurement") for scan in measurement.iter("scan")]
    ranges = [found for measurement, scan in scans if (found := _range(measurement, scan)) is not None]
    if not ranges:
        axes = sorted({scan.get("scanAxis", "?") for _, scan in scans})
        raise SpectrumError(
            f"{source.name}: no scan along 2θ in it ({len(scans)} scans, along {', '.join(axes) or 'nothing'})."
        )
    return scans_of(ranges, source.name)


def _wavelength(measurement: ElementTree.Element) -> StatedWavelength | None:
    used = measurement.find(".//usedWavelength")
    anode = measurement.findtext(".//anodeMaterial")
    if used is None:
        return stated_lines(None, None, None, anode)
    intended = used.get("intended", "").lower().replace(" ", "").replace("-", "")
    if intended.startswith("kbeta"):
        return stated_kbeta(number(used.find("kBeta")), anode)
    return stated_lines(
        number(used.find("kAlpha1")),
        number(used.find("kAlpha2")),
        number(used.find("ratioKAlpha2KAlpha1")),
        anode,
        only_kalpha1=intended == "kalpha1",
    )


def _range(measurement: ElementTree.Element, scan: ElementTree.Element) -> Range | None:
    """A scan's angles and counts; None where it is none along 2θ."""
    points = scan.find("dataPoints")
    if points is None:
        return None
    intensity, unit = _values(points.find("intensities")), points.find("intensities")
    if intensity is None:
        # Raw counts come without the correction for the beam attenuator, intensities with it.
        intensity, unit = _values(points.find("counts")), points.find("counts")
        factors = _values(points.find("beamAttenuationFactors"))
        if intensity is not None and factors is not None and factors.shape == intensity.shape:
            intensity = intensity * factors
    positions = next((axis for axis in points.findall("positions") if axis.get("axis", "").lower() == "2theta"), None)
    if intensity is None or positions is None or unit is None:
        return None
    listed = _values(positions.find("listPositions"))
    start, end = number(positions.find("startPosition")), number(positions.find("endPosition"))
    if listed is not None and listed.shape == intensity.shape:
        two_theta_deg = listed
    elif start is not None and end is not None and start != end:
        two_theta_deg = np.linspace(start, end, len(intensity))
    else:
        return None
    notes = ("The scan was stopped before its end.",) if scan.get("status", "").lower() == "aborted" else ()
    seconds = 1.0 if unit.get("unit", "").lower() == "cps" else _seconds(points, len(intensity))
    return Range(two_theta_deg, intensity, seconds, _wavelength(measurement), _label(scan), notes)


def _seconds(points: ElementTree.Element, count: int) -> float | NDArray[np.float64] | None:
    each = _values(points.find("countingTimes"))
    if each is not None and len(each) == count and (each > 0).all():
        return each
    common = number(points.find("commonCountingTime"))
    return common if common and common > 0 else None


def _label(scan: ElementTree.Element) -> str:
    """A scan's temperature and the time at which it began, as far as the file says them."""
    words = []
    for conditions in scan.iter("nonAmbientPoints"):
        values = _values(conditions.find(".//nonAmbientValues"))
        if values is not None and conditions.get("type", "Temperature").lower() == "temperature":
            words.append(f"{values.mean():.1f} K")
    return ", ".join([*words, *([began] if (began := scan.findtext(".//startTimeStamp")) else [])])


def _values(element: ElementTree.Element | None) -> NDArray[np.float64] | None:
    if element is None or not (element.text or "").strip():
        return None
    try:
        return np.array((element.text or "").split(), dtype=float)
    except ValueError:
        return None
