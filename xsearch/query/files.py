"""Several files of one sample, each read in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xsearch.errors import QueryError
from xsearch.reading import AsRead
from xsearch.spectra import PowderPattern, Xanes
from xsearch.spectra.measurement import Measurement
from xsearch.spectra.readers.read import read, read_each


def measurement_of_files(files: Sequence[tuple[str | Path, AsRead]]) -> Measurement:
    """The spectra of one sample: a powder pattern, any number of edges.

    Args:
        files: each with how it is to be read.

    Raises:
        SpectrumError: where a file cannot be read.
        QueryError: where there are several patterns, which are a series and no sample.
    """
    found = [
        read(path, wavelength=how.wavelength, absorber=how.absorber, edge=how.edge, reading=how.reading)
        for path, how in files
    ]
    patterns = [one for one in found if isinstance(one, PowderPattern)]
    edges = tuple(one for one in found if isinstance(one, Xanes))
    if len(patterns) > 1:
        raise QueryError(f"{len(patterns)} powder patterns are a series; one sample has one pattern.")
    return Measurement(patterns[0] if patterns else None, edges)


def series_of_files(files: Sequence[tuple[str | Path, AsRead]]) -> list[tuple[str, PowderPattern]]:
    """The patterns of a series with their names: those of several files, or all those of each.

    Raises:
        SpectrumError: where a file cannot be read.
        QueryError: where one of them holds an absorption spectrum.
    """
    series = []
    for path, how in files:
        spectra = read_each(path, wavelength=how.wavelength, reading=how.reading)
        for number, one in enumerate(spectra, start=1):
            if not isinstance(one, PowderPattern):
                raise QueryError(f"{Path(path).name}: a series is of powder patterns; take the absorption spectra out.")
            series.append((f"{Path(path).name}#{number}" if len(spectra) > 1 else Path(path).name, one))
    return series
