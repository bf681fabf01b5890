"""Bruker and Siemens RAW: binary, in four versions that have little in common.

Version 1 begins `RAW `, version 2 `RAW2`, version 3 `RAW1.01`, version 4 `RAW4.00`. All numbers are little-endian. The
layouts of the first three are in the manual of Bruker's XCH; the fourth, a chain of segments, was worked out by others.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.readers import stoe
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_MAX_RANGES = 10_000
"""Ranges beyond which a header is taken for a damaged one."""
_LARGEST_STEP_DEG, _LARGEST_ANGLE_DEG = 10.0, 360.0
"""Of a scan; what goes beyond them is damage."""
_V4_COUPLED = ("Locked Coupled", "Unlocked Coupled", "Detector Scan", "2Theta", "TwoTheta")


@dataclass(frozen=True, slots=True)
class _Scan:
    """One scan of a file: its first 2θ and step in degrees, counts, time per step in s, and what moved, where known."""

    start_deg: float
    step_deg: float
    counts: NDArray[np.float64]
    seconds: float
    axis: str = ""
    label: str = ""

    def as_range(self, wavelength: StatedWavelength | None) -> Range | None:
        """The scan as a range along 2θ; None where it is none."""
        if (self.axis and self.axis not in _V4_COUPLED) or not 0 < self.step_deg < _LARGEST_STEP_DEG:
            return None
        if not abs(self.start_deg) <= _LARGEST_ANGLE_DEG:
            return None
        two_theta_deg = self.start_deg + self.step_deg * np.arange(len(self.counts), dtype=np.float64)
        seconds = self.seconds if math.isfinite(self.seconds) and self.seconds > 0 else None
        return Range(two_theta_deg, self.counts, seconds, wavelength, self.label)


class _Bytes:
    """A file's bytes with typed access at an offset; what lies past the end is an error with a clear message."""

    def __init__(self, source: SourceFile) -> None:
        self.name, self.data, self.cut = source.name, source.data, False

    def get(self, kind: str, offset: int) -> float:
        """One number: `H` and `I` unsigned, `f` and `d` floating."""
        try:
            return struct.unpack_from(f"<{kind}", self.data, offset)[0]
        except struct.error:
            raise self.truncated() from None

    def integer(self, kind: str, offset: int) -> int:
        return int(self.get(kind, offset))

    def text(self, offset: int, length: int) -> str:
        return self.data[offset : offset + length].split(b"\0")[0].decode("latin-1").strip()

    def floats(self, offset: int, count: int, stride: int = 4) -> NDArray[np.float64]:
        """`count` 4-byte floats, one every `stride` bytes; of a file that ends before, those that are there."""
        there = (len(self.data) - offset) // stride if 0 <= offset <= len(self.data) else -1
        if there < 0 or count < 0:
            raise self.truncated()
        if there < count:
            self.cut = True
            count = there
        block = np.frombuffer(self.data, dtype=np.uint8, count=count * stride, offset=offset)
        with np.errstate(invalid="ignore"):  # signalling NaN in altered files
            return block.reshape(count, stride)[:, :4].copy().view("<f4")[:, 0].astype(float)

    def truncated(self) -> SpectrumError:
        return SpectrumError(f"{self.name}: the RAW file ends before its last scan; it is truncated or altered.")


def read_raw(source: SourceFile) -> tuple[PowderScan, ...]:
    """The scans along 2θ of a RAW file of any version; of a file that was cut, the points that there are.

    Raises:
        SpectrumError: where the file is of another kind, cut within a head, or holds no such scan.
    """
    if source.data.startswith(stoe.MARK):
        return stoe.read_stoe(source)
    data = _Bytes(source)
    version = next((reader for mark, reader in _VERSIONS if source.data.startswith(mark)), None)
    if version is None:
        raise SpectrumError(
            f"{source.name}: a .raw file that is neither Bruker's nor Stoe's; export it as two-column text (.xy) from "
            "the instrument's program."
        )
    wavelength, scans = version(data)
    ranges = [found for scan in scans if (found := scan.as_range(wavelength)) is not None]
    if not ranges:
        raise SpectrumError(f"{source.name}: no scan along 2θ in it ({len(scans)} scans).")
    patterns = scans_of(ranges, source.name)
    if data.cut:
        said = "The file ends within a scan, as of a stopped measurement; the points that are there were read."
        return tuple(replace(scan, notes=(*scan.notes, said)) for scan in patterns)
    return patterns


def _version1(data: _Bytes) -> tuple[StatedWavelength | None, list[_Scan]]:
    """Each scan has a head of 156 bytes, whose last number says how many scans follow."""
    ranges: list[_Scan] = []
    offset = 0
    wavelength = stated_lines(data.get("f", 72), data.get("f", 76), None, None)
    while len(ranges) < _MAX_RANGES:
        # Early programs wrote the mark only once, at the head of the file.
        start = offset if data.data[offset : offset + 4] == b"RAW " else offset - 4
        count = data.integer("I", start + 4)
        counts = data.floats(start + 156, count)
        ranges.append(_Scan(data.get("f", start + 24), data.get("f", start + 12), counts, data.get("f", start + 8)))
        offset = start + 156 + 4 * count
        if data.cut or data.integer("I", start + 152) == 0:
            break
    return wavelength, ranges


def _version2(data: _Bytes) -> tuple[StatedWavelength | None, list[_Scan]]:
    """A head of 256 bytes; then scans whose heads say their own length."""
    wavelength = stated_lines(data.get("f", 190), data.get("f", 194), data.get("f", 198), data.text(188, 2))
    ranges, offset = [], 256
    for _ in range(data.integer("H", 4)):
        head, count = data.integer("H", offset), data.integer("H", offset + 2)
        counts = data.floats(offset + head, count)
        seconds, kelvin = data.get("f", offset + 8), data.integer("H", offset + 46)
        label = f"{kelvin} K" if kelvin else ""
        ranges.append(_Scan(data.get("f", offset + 16), data.get("f", offset + 12), counts, seconds, label=label))
        offset += head + 4 * count
        if data.cut:
            break
    return wavelength, ranges


def _version3(data: _Bytes) -> tuple[StatedWavelength | None, list[_Scan]]:
    """A head of 712 bytes; then scans with heads of 304 bytes and supplements."""
    wavelength = stated_lines(data.get("d", 624), data.get("d", 632), data.get("d", 648), data.text(608, 4))
    ranges, offset = [], 712
    for _ in range(min(data.integer("I", 12), _MAX_RANGES)):
        head, count = data.integer("I", offset), data.integer("I", offset + 4)
        supplement = data.integer("I", offset + 256)
        counts = data.floats(offset + head + supplement, count)
        seconds = data.get("f", offset + 192)
        ranges.append(_Scan(data.get("d", offset + 16), data.get("d", offset + 176), counts, seconds))
        offset += head + supplement + 4 * count
        if data.cut:
            break
    return wavelength, ranges


def _version4(data: _Bytes) -> tuple[StatedWavelength | None, list[_Scan]]:
    """A head of 61 bytes, then segments of a type and a length; types 0 and 160 are scans, 30 is the X-ray source."""
    wavelength, offset = None, 61
    ranges: list[_Scan] = []
    while offset + 8 <= len(data.data) and len(ranges) < _MAX_RANGES:
        kind, length = data.integer("I", offset), max(8, data.integer("I", offset + 4))
        if kind in (0, 160):
            found, offset = _version4_range(data, offset)
            ranges.append(found)
            if data.cut:
                break
            continue
        if kind == 30:
            kalpha1, kalpha2, ratio = (data.get("d", offset + at) for at in (80, 88, 104))
            wavelength = stated_lines(kalpha1, kalpha2, ratio, data.text(offset + 116, 4))
        offset += length
    return wavelength, ranges


def _version4_range(data: _Bytes, offset: int) -> tuple[_Scan, int]:
    """A scan at an offset, and the offset after it: a head of 160 bytes, its own segments, and the points.

    A point can hold more than its counts, such as the temperature; the counts come first.
    """
    count, size = data.integer("I", offset + 88), data.integer("I", offset + 136)
    points = offset + 160 + data.integer("I", offset + 140)
    if size < 4:
        raise data.truncated()
    counts = data.floats(points, count, size)
    start, step, seconds = data.get("d", offset + 72), data.get("d", offset + 80), data.get("f", offset + 92)
    found = _Scan(start, step, counts, seconds, data.text(offset + 32, 24))
    return found, points + count * size


_VERSIONS: tuple[tuple[bytes, Callable[[_Bytes], tuple[StatedWavelength | None, list[_Scan]]]], ...] = (
    (b"RAW4.00", _version4),
    (b"RAW1.01", _version3),
    (b"RAW2", _version2),
    (b"RAW ", _version1),
)
