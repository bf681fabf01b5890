"""The spectra of one sample, as a person names them: `sample.xrdml`, `Fe_K.dat:Fe:K`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xsearch.errors import SpectrumError
from xsearch.spectra.edges import parse_absorber, parse_edge
from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.readers.read import read
from xsearch.spectra.xanes import Xanes


def read_sample(text: str, wavelength: str | float | None = None) -> tuple[PowderPattern | None, list[Xanes]]:
    """Read a file whose kind is recognised; `file:Fe:K` says that it is a XANES spectrum, and of what.

    Returns:
        A pattern and no spectrum, or no pattern and a spectrum.

    Raises:
        SpectrumError: where the file cannot be read, or its edge cannot be told.
    """
    path, absorber, edge = split_edge(text)
    found = read(path, wavelength=wavelength, absorber=absorber, edge=edge)
    return (None, [found]) if isinstance(found, Xanes) else (found, [])


def read_edges(texts: Iterable[str]) -> list[Xanes]:
    """Read XANES spectra, each named as `file`, `file:Fe` or `file:Fe:K`.

    Raises:
        SpectrumError: as above, and where a file is a powder pattern.
    """
    spectra = []
    for text in texts:
        path, absorber, edge = split_edge(text)
        found = read(path, kind="xanes", absorber=absorber, edge=edge)
        if isinstance(found, Xanes):
            spectra.append(found)
    return spectra


def split_edge(text: str) -> tuple[Path, str | None, str | None]:
    """The path, and the absorber and edge where they follow it after colons.

    A file that has the colons in its own name goes before, and so does a drive letter.

    Raises:
        SpectrumError: where what follows is no element or no edge.
    """
    if Path(text).expanduser().exists() or ":" not in text:
        return Path(text), None, None
    head, _, last = text.rpartition(":")
    before, _, middle = head.rpartition(":")
    if before and len(before) > 1:
        return Path(before), parse_absorber(middle), parse_edge(last)
    if len(head) < 2:
        return Path(text), None, None
    try:
        return Path(head), parse_absorber(last), None
    except SpectrumError:
        raise SpectrumError(
            f"{text}: after the file's name an absorber and an edge are expected, such as {head}:Fe:K."
        ) from None
