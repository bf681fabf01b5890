"""Stoe RAW: binary in blocks of 512 bytes. The layout was worked out by others from files whose patterns they knew."""

import struct

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.headers import stated_lines
from xsearch.spectra.readers.ranges import Range, scans_of
from xsearch.spectra.readers.scan import PowderScan
from xsearch.spectra.readers.source import SourceFile

MARK = b"RAW_1."
_BLOCK = 512
"""Bytes of a block."""
_WAVELENGTHS = 0x142
"""Where Kα1 and Kα2 stand, 4-byte floats."""
_COUNT, _ANGLES, _BOUNDS = -0x1DE, -0x1D4, -0x188
"""Where a range is described in the block before its counts."""
_LARGEST_ANGLE_DEG = 180.0
"""Of 2θ."""


def read_stoe(source: SourceFile) -> tuple[PowderScan, ...]:
    """The ranges of a Stoe RAW file, each found by a description that agrees with its counts.

    Raises:
        SpectrumError: where there is none.
    """
    data = source.data
    kalpha1, kalpha2 = struct.unpack_from("<2f", data.ljust(_WAVELENGTHS + 8, b"\0"), _WAVELENGTHS)
    wavelength = stated_lines(kalpha1 if kalpha1 < 5 else None, kalpha2 if kalpha2 < 5 else None, None, None)
    ranges: list[Range] = []
    offset = _BLOCK
    while offset < len(data):
        found = _range_at(data, offset)
        if found is None:
            offset += _BLOCK
            continue
        two_theta_deg, counts = found
        ranges.append(Range(two_theta_deg, counts, None, wavelength))
        offset += -(-4 * len(counts) // _BLOCK) * _BLOCK
    if not ranges:
        raise SpectrumError(
            f"{source.name}: a Stoe RAW file whose range is not where it is expected; export it as text of two columns."
        )
    return scans_of(ranges, source.name, "ranges")


def _range_at(data: bytes, offset: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Angles and counts of the range whose counts begin at an offset; None where its description does not fit them."""
    if offset + 4 > len(data):
        return None
    count = struct.unpack_from("<H", data, offset + _COUNT)[0]
    start, _, end, _, step, _ = struct.unpack_from("<6f", data, offset + _ANGLES)
    if not count or offset + 4 * count > len(data) or not (0 < step < end - start) or not (-20 < start < end):
        return None
    if end > _LARGEST_ANGLE_DEG or abs(round((end - start) / step) + 1 - count) > 1:
        return None
    counts = np.frombuffer(data, dtype="<u4", count=count, offset=offset).astype(float)
    lowest, highest = struct.unpack_from("<2I", data, offset + _BOUNDS)
    if highest and (counts.min() != lowest or counts.max() != highest):
        return None
    return np.linspace(start, end, count), counts
