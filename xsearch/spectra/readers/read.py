"""From a path to a spectrum."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.radiation import parse_wavelength
from xsearch.spectra.readers.powder_text import powder_from_table, strip_chi_heading
from xsearch.spectra.readers.scan import PowderScan, to_pattern
from xsearch.spectra.readers.source import SourceFile, load
from xsearch.spectra.readers.table import parse_table

Reader = Callable[[SourceFile], PowderScan]


def read_text(source: SourceFile) -> PowderScan:
    """A spectrum in columns of text."""
    return powder_from_table(parse_table(source.text(), source.name), source.name)


def read_chi(source: SourceFile) -> PowderScan:
    """A pattern as Fit2D writes it: four heading lines, then two columns."""
    return powder_from_table(parse_table(strip_chi_heading(source.text()), source.name), source.name)


READERS: dict[str, Reader] = {
    ".xy": read_text,
    ".xye": read_text,
    ".csv": read_text,
    ".txt": read_text,
    ".dat": read_text,
    ".chi": read_chi,
}
SIGNATURES: tuple[tuple[bytes, str], ...] = ()


def read(
    path: str | Path,
    *,
    wavelength: str | float | None = None,
    kind: Literal["pxrd", "xanes"] | None = None,
    absorber: str | None = None,
    edge: str | None = None,
) -> PowderPattern:
    """Read a measured spectrum.

    Args:
        path: the file; text may be gzipped.
        wavelength: of a powder pattern, as `parse_wavelength` takes it: `"CuKa"`, `0.7093`, `"17.48 keV"`. It goes
            before what the file says.
        kind: `"pxrd"` or `"xanes"`, where the file leaves it open.
        absorber: the absorbing element of an X-ray absorption spectrum, such as `"Fe"`.
        edge: its edge, such as `"K"`.

    Returns:
        A `PowderPattern` or a `Xanes`; all that was assumed or mended stands in its `notes`.

    Raises:
        WavelengthError: where a powder pattern comes without a wavelength.
        SpectrumError: where the file cannot be read, or holds nothing of use. The message is one line.
    """
    wavelength_A = None if wavelength is None else parse_wavelength(wavelength)
    source = load(path)
    reader = READERS.get(source.suffix, read_text)
    return to_pattern(reader(source), source.name, wavelength_A)
