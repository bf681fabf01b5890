"""Bruker and Siemens RAW: binary, in four versions that have little in common.

Version 1 begins `RAW `, version 2 `RAW2`, version 3 `RAW1.01`, version 4 `RAW4.00`. All numbers are little-endian. The
layouts of the first three are in the manual of Bruker's XCH; the fourth, a chain of segments, was worked out by others.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.scan import PowderScan, StatedWavelength
from xsearch.spectra.readers.source import SourceFile

_MAX_RANGES = 10_000
"""Ranges beyond which a header is taken for a damaged one."""
_V4_COUPLED = ("Locked Coupled", "Unlocked Coupled", "Detector Scan", "2Theta", "TwoTheta")


@dataclass(frozen=True, slots=True)
class Range:
    """One scan of a file.

    Attributes:
        start_deg: its first 2θ.
        step_deg: its step.
        counts: (n,) counts.
        axis: the name of what moved, empty where the format has none.
    """

    start_deg: float
    step_deg: float
    counts: NDArray[np.float64]
    axis: str = ""

    @property
    def is_full(self) -> bool:
        """Whether it is a scan along 2θ that is long enough."""
        along = not self.axis or self.axis in _V4_COUPLED
        return along and len(self.counts) >= MIN_POINTS and self.step_deg > 0


class _Bytes:
    """A file's bytes with typed access at an offset; what lies past the end is an error with a clear message."""

    def __init__(self, source: SourceFile) -> None:
        self.name, self.data = source.name, source.data

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
        """`count` 4-byte floats, one every `stride` bytes."""
        if offset < 0 or count < 0 or offset + count * stride > len(self.data):
            raise self.truncated()
        block = np.frombuffer(self.data, dtype=np.uint8, count=count * stride, offset=offset)
        with np.errstate(invalid="ignore"):  # signalling NaN in altered files
            return block.reshape(count, stride)[:, :4].copy().view("<f4")[:, 0].astype(float)

    def truncated(self) -> SpectrumError:
        return SpectrumError(f"{self.name}: the RAW file ends before its last scan; it is truncated or altered.")


def read_raw(source: SourceFile) -> PowderScan:
    """The first full scan along 2θ of a RAW file of any version.

    Raises:
        SpectrumError: where the file is of another kind, truncated, or holds no such scan.
    """
    data = _Bytes(source)
    if source.data.startswith(b"RAW4.00"):
        wavelength, ranges = _version4(data)
    elif source.data.startswith(b"RAW1.01"):
        wavelength, ranges = _version3(data)
    elif source.data.startswith(b"RAW2"):
        wavelength, ranges = _version2(data)
    elif source.data.startswith(b"RAW "):
        wavelength, ranges = _version1(data)
    else:
        raise SpectrumError(
            f"{source.name}: a .raw file that is none of Bruker's; export it as two-column text (.xy) from the "
            "instrument's program."
        )
    full = [scan for scan in ranges if scan.is_full]
    if not full:
        raise SpectrumError(
            f"{source.name}: no scan along 2θ of {MIN_POINTS} points or more in it ({len(ranges)} scans)."
        )
    chosen = full[0]
    two_theta_deg = chosen.start_deg + chosen.step_deg * np.arange(len(chosen.counts), dtype=np.float64)
    notes = (f"The file holds {len(ranges)} scans; the first full one was read.",) if len(ranges) > 1 else ()
    return PowderScan(two_theta_deg, chosen.counts, wavelength=wavelength, notes=notes)


def _version1(data: _Bytes) -> tuple[StatedWavelength | None, list[Range]]:
    """Each scan has a head of 156 bytes, whose last number says how many scans follow."""
    ranges: list[Range] = []
    offset = 0
    wavelength = stated_lines(data.get("f", 72), data.get("f", 76), None, None)
    while len(ranges) < _MAX_RANGES:
        # Early programs wrote the mark only once, at the head of the file.
        start = offset if data.data[offset : offset + 4] == b"RAW " else offset - 4
        count = data.integer("I", start + 4)
        ranges.append(Range(data.get("f", start + 24), data.get("f", start + 12), data.floats(start + 156, count)))
        offset = start + 156 + 4 * count
        if data.integer("I", start + 152) == 0:
            break
    return wavelength, ranges


def _version2(data: _Bytes) -> tuple[StatedWavelength | None, list[Range]]:
    """A head of 256 bytes; then scans whose heads say their own length."""
    wavelength = stated_lines(data.get("f", 190), data.get("f", 194), data.get("f", 198), data.text(188, 2))
    ranges, offset = [], 256
    for _ in range(data.integer("H", 4)):
        head, count = data.integer("H", offset), data.integer("H", offset + 2)
        counts = data.floats(offset + head, count)
        ranges.append(Range(data.get("f", offset + 16), data.get("f", offset + 12), counts))
        offset += head + 4 * count
    return wavelength, ranges


def _version3(data: _Bytes) -> tuple[StatedWavelength | None, list[Range]]:
    """A head of 712 bytes; then scans with heads of 304 bytes and supplements."""
    wavelength = stated_lines(data.get("d", 624), data.get("d", 632), data.get("d", 648), data.text(608, 4))
    ranges, offset = [], 712
    for _ in range(min(data.integer("I", 12), _MAX_RANGES)):
        head, count = data.integer("I", offset), data.integer("I", offset + 4)
        supplement = data.integer("I", offset + 256)
        counts = data.floats(offset + head + supplement, count)
        ranges.append(Range(data.get("d", offset + 16), data.get("d", offset + 176), counts))
        offset += head + supplement + 4 * count
    return wavelength, ranges


def _version4(data: _Bytes) -> tuple[StatedWavelength | None, list[Range]]:
    """A head of 61 bytes, then segments of a type and a length; types 0 and 160 are scans, 30 is the X-ray source."""
    wavelength, offset = None, 61
    ranges: list[Range] = []
    while offset + 8 <= len(data.data) and len(ranges) < _MAX_RANGES:
        kind, length = data.integer("I", offset), max(8, data.integer("I", offset + 4))
        if kind in (0, 160):
            found, offset = _version4_range(data, offset)
            ranges.append(found)
            continue
        if kind == 30:
            kalpha1, kalpha2, ratio = (data.get("d", offset + at) for at in (80, 88, 104))
            wavelength = stated_lines(kalpha1, kalpha2, ratio, data.text(offset + 116, 4))
        offset += length
    return wavelength, ranges


def _version4_range(data: _Bytes, offset: int) -> tuple[Range, int]:
    """A scan at an offset, and the offset after it: a head of 160 bytes, its own segments, and the points.

    A point can hold more than its counts, such as the temperature; the counts come first.
    """
    count, size = data.integer("I", offset + 88), data.integer("I", offset + 136)
    points = offset + 160 + data.integer("I", offset + 140)
    if size < 4:
        raise data.truncated()
    counts = data.floats(points, count, size)
    found = Range(data.get("d", offset + 72), data.get("d", offset + 80), counts, data.text(offset + 32, 24))
    return found, points + count * size
