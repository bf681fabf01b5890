"""The spectra of one sample, as a person names them: `sample.xrdml`, `Fe_K.dat:Fe:K`."""

from __future__ import annotations

from collections.abc import Iterable

from xsearch.options import parse_edge_file
from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.readers.read import read
from xsearch.spectra.xanes import Xanes


def read_sample(text: str, wavelength: str | float | None = None) -> tuple[PowderPattern | None, list[Xanes]]:
    """Read a file whose kind is recognised; `file:Fe:K` says that it is a XANES spectrum, and of what.

    Returns:
        A pattern and no spectrum, or no pattern and a spectrum.

    Raises:
        SpectrumError: where the file cannot be read, or its edge is not recognised.
    """
    path, absorber, edge = parse_edge_file(text)
    found = read(path, wavelength=wavelength, absorber=absorber, edge=edge)
    return (None, [found]) if isinstance(found, Xanes) else (found, [])


def read_edges(texts: Iterable[str]) -> list[Xanes]:
    """Read XANES spectra, each named as `file`, `file:Fe` or `file:Fe:K`.

    Raises:
        SpectrumError: as above, and where a file is a powder pattern.
    """
    spectra = []
    for text in texts:
        path, absorber, edge = parse_edge_file(text)
        found = read(path, kind="xanes", absorber=absorber, edge=edge)
        if isinstance(found, Xanes):
            spectra.append(found)
    return spectra
