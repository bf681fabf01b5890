"""Spectra of Parquet tables as arrays to search or to train on, without an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from xsearch.chemistry.formula import parse_formula
from xsearch.data.xas_tables import XasTables, check_tables, spectrum_of_rows
from xsearch.errors import XSearchError
from xsearch.indexes.xanes_table import TEXTS, XanesTable
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xas import XasSpectrum

Failed = list[tuple[str, str]]
"""What could not be used: a spectrum's id and the reason."""


def read_spectra(*files: Path) -> tuple[list[XasSpectrum], Failed]:
    """The spectra of tables, and means over the sites of a material, see `XasTables`; and what could not be used.

    Raises:
        BuildError: where a file is no such table.
    """
    check_tables(files)
    spectra, failed = [], Failed()
    for spectrum_id, rows in XasTables(files).spectra():
        try:
            spectra.append(spectrum_of_rows(spectrum_id, rows))
        except XSearchError as error:
            failed.append((spectrum_id, str(error)))
    return spectra, failed


def read_labelled_edges(path: str | Path) -> Iterator[XasSpectrum]:
    """The usable measured spectra of a table whose compound is known.

    Raises:
        BuildError: where the file is no table of spectra.
    """
    for spectrum in read_spectra(Path(path))[0]:
        if spectrum.kind == "measured" and spectrum.reduced_formula:
            yield spectrum


def make_tables(spectra: Iterable[XasSpectrum]) -> tuple[list[XanesTable], Failed]:
    """Tables by absorber and edge, and what could not be used."""
    found: dict[tuple[str, str], list[tuple[XasSpectrum, XanesWindow, frozenset[str]]]] = {}
    failed = Failed()
    for spectrum in spectra:
        try:
            elements = frozenset(parse_formula(spectrum.reduced_formula))
            cut = window(normalize(spectrum.to_xanes()))
        except XSearchError as error:
            failed.append((spectrum.spectrum_id, str(error)))
            continue
        found.setdefault((spectrum.absorber, spectrum.edge), []).append((spectrum, cut, elements))
    return [_table(*edge, members) for edge, members in sorted(found.items())], failed


def _table(absorber: str, edge: str, members: Sequence[tuple[XasSpectrum, XanesWindow, frozenset[str]]]) -> XanesTable:
    spectra, windows, elements = zip(*members, strict=True)
    return XanesTable(
        absorber=absorber,
        edge=edge,
        values=np.stack([w.values for w in windows]),
        known=np.stack([w.known for w in windows]),
        offset_eV=np.array([w.offset_eV for w in windows], np.float32),
        elements=elements,
        **{name: np.array([getattr(s, name) or "" for s in spectra], object) for name in TEXTS},
    )
