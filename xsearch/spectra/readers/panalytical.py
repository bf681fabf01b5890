"""PANalytical XRDML: XML that carries the wavelengths, the axes and the counts of one or more scans."""

from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.archive import number, parse_xml
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile


def read_xrdml(source: SourceFile) -> PowderScan:
    """The first full scan along 2θ.

    Raises:
        SpectrumError: where there is none.
    """
    root = parse_xml(source.data, source.name)
    if root.tag != "xrdMeasurements":
        raise SpectrumError(
            f"{source.name}: no XRDML measurement; its root is <{root.tag}>, <xrdMeasurements> is expected."
        )
    scans = [(measurement, scan) for measurement in root.iter("xrdMeasurement") for scan in measurement.iter("scan")]
    found = [(measurement, data) for measurement, scan in scans if (data := _points(scan)) is not None]
    if not found:
        axes = sorted({scan.get("scanAxis", "?") for _, scan in scans})
        raise SpectrumError(
            f"{source.name}: no scan along 2θ of {MIN_POINTS} points or more in it ({len(scans)} scans, along "
            f"{', '.join(axes) or 'nothing'})."
        )
    measurement, (two_theta_deg, intensity) = found[0]
    notes = (f"The file holds {len(scans)} scans; the first full one was read.",) if len(scans) > 1 else ()
    return PowderScan(two_theta_deg, intensity, wavelength=_wavelength(measurement), notes=notes)


def _wavelength(measurement: ElementTree.Element) -> StatedWavelength | None:
    used = measurement.find(".//usedWavelength")
    anode = measurement.findtext(".//anodeMaterial")
    if used is None:
        return stated_lines(None, None, None, anode)
    intended = used.get("intended", "").lower().replace(" ", "").replace("-", "")
    return stated_lines(
        number(used.find("kAlpha1")),
        number(used.find("kAlpha2")),
        number(used.find("ratioKAlpha2KAlpha1")),
        anode,
        only_kalpha1=intended == "kalpha1",
    )


def _points(scan: ElementTree.Element) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """A scan's angles and counts; None where it is none along 2θ, too short, or not whole."""
    points = scan.find("dataPoints")
    if points is None:
        return None
    intensity = _values(points.find("intensities"))
    if intensity is None:
        # Raw counts come without the correction for the beam attenuator, intensities with it.
        intensity = _values(points.find("counts"))
        factors = _values(points.find("beamAttenuationFactors"))
        if intensity is not None and factors is not None and factors.shape == intensity.shape:
            intensity = intensity * factors
    positions = next((axis for axis in points.findall("positions") if axis.get("axis", "").lower() == "2theta"), None)
    if intensity is None or positions is None or len(intensity) < MIN_POINTS:
        return None
    listed = _values(positions.find("listPositions"))
    start, end = number(positions.find("startPosition")), number(positions.find("endPosition"))
    if listed is not None and listed.shape == intensity.shape:
        return listed, intensity
    if start is not None and end is not None and start != end:
        return np.linspace(start, end, len(intensity)), intensity
    return None


def _values(element: ElementTree.Element | None) -> NDArray[np.float64] | None:
    if element is None or not (element.text or "").strip():
        return None
    try:
        return np.array((element.text or "").split(), dtype=float)
    except ValueError:
        return None
