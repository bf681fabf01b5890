"""What was measured of one sample, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xsearch.edge_names import parse_edge_file
from xsearch.errors import QueryError, SpectrumError
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.readers.read import read, read_each
from xsearch.spectra.xanes import Xanes

Numbers = Mapping[str, tuple[int, ...]]
"""Whole numbers by element, such as `{"Mn": (3, 4)}`."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What was measured of one sample, and what is known of it; any of it may be missing.

    Attributes:
        pattern: a powder pattern.
        edges: XANES spectra, one for each absorber and edge.
        oxidation: known oxidation states by element; several of one element are equally likely.
        coordination: known coordination numbers by element.
    """

    pattern: PowderPattern | None = None
    edges: tuple[Xanes, ...] = ()
    oxidation: Numbers = field(default_factory=dict)
    coordination: Numbers = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured."""
        return self.pattern is None and not self.edges


def read_measurement(
    file: str | Path | None = None,
    xanes: Iterable[str | Path] = (),
    wavelength: str | float | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> Measurement:
    """Read the spectra of one sample.

    Args:
        file: a powder pattern or a XANES spectrum; the kind is recognised. `FILE:ABSORBER:EDGE` says that it is a
            spectrum, and of what.
        xanes: further XANES spectra, each as `FILE[:ABSORBER[:EDGE]]`.
        wavelength: of the pattern, as `read` takes it.
        reading: of every file; each takes from it what belongs to its kind.

    Raises:
        SpectrumError: where a file cannot be read, is of another kind, or its edge cannot be determined.
        QueryError: where one edge energy is given for several edges.
    """
    found = []
    if file is not None:
        path, absorber, edge = parse_edge_file(file)
        found.append(read(path, wavelength=wavelength, absorber=absorber, edge=edge, reading=reading))
    return _measurement(found, _edges(xanes, reading), reading)


def read_samples(
    file: str | Path,
    wavelength: str | float | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> tuple[Measurement, ...]:
    """Read a file whose scans are samples of their own: each pattern of a series or of a map.

    Args:
        file, wavelength, reading: as `read_measurement` takes them.

    Raises:
        SpectrumError: as `read` does; several absorption spectra are no series, and one of them must be chosen.
    """
    path, absorber, edge = parse_edge_file(file)
    found = read_each(path, wavelength=wavelength, absorber=absorber, edge=edge, reading=reading)
    if len(found) > 1 and isinstance(found[0], Xanes):
        return (read_measurement(file, (), wavelength, reading),)  # which says how to choose
    return tuple(_measurement([one], [], reading) for one in found)


def read_edge(
    text: str | Path, absorber: str | None = None, edge: str | None = None, reading: Reading = AS_THE_FILE_SAYS
) -> Xanes:
    """Read a XANES spectrum that is named as `FILE[:ABSORBER[:EDGE]]`.

    Args:
        text: the file, and what is stated of it.
        absorber, edge: the same stated apart; what stands beside the file goes before.
        reading: its columns, and how it is normalised.

    Raises:
        SpectrumError: where the file cannot be read, is no XANES spectrum, or its edge cannot be determined.
    """
    path, stated_absorber, stated_edge = parse_edge_file(text)
    found = read(path, kind="xanes", absorber=stated_absorber or absorber, edge=stated_edge or edge, reading=reading)
    assert isinstance(found, Xanes)
    return found


def _edges(xanes: Iterable[str | Path], reading: Reading) -> list[Xanes]:
    return [read_edge(text, reading=reading) for text in xanes]


def _measurement(found: list[PowderPattern | Xanes], edges: list[Xanes], reading: Reading) -> Measurement:
    all_edges = (*(one for one in found if isinstance(one, Xanes)), *edges)
    if reading.e0_eV is not None and len(all_edges) > 1:
        raise QueryError(f"--e0 belongs to one edge, and {len(all_edges)} were given.")
    pattern = next((one for one in found if isinstance(one, PowderPattern)), None)
    return Measurement(pattern, all_edges)


def measurement_of(pxrd: PowderPattern | Xanes | None, xanes: Xanes | Sequence[Xanes] | None) -> Measurement:
    """A pattern and edges, whatever argument they came by.

    Raises:
        SpectrumError: where the pattern is no powder pattern.
    """
    edges = (xanes,) if isinstance(xanes, Xanes) else tuple(xanes or ())
    if isinstance(pxrd, Xanes):
        return Measurement(edges=(pxrd, *edges))
    if pxrd is not None and not isinstance(pxrd, PowderPattern):
        raise SpectrumError(f"{type(pxrd).__name__} is no powder pattern; give one as `pxrd`, such as `read` gives it.")
    return Measurement(pxrd, edges)
