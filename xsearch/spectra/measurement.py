"""What was measured of one sample, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xsearch.options import parse_edge_file
from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.readers.read import read
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
    file: str | Path | None = None, xanes: Iterable[str | Path] = (), wavelength: str | float | None = None
) -> Measurement:
    """Read the spectra of one sample.

    Args:
        file: a powder pattern or a XANES spectrum; the kind is recognised. `FILE:ABSORBER:EDGE` says that it is a
            spectrum, and of what.
        xanes: further XANES spectra, each as `FILE[:ABSORBER[:EDGE]]`.
        wavelength: of the pattern, as `read` takes it.

    Raises:
        SpectrumError: where a file cannot be read, is of another kind, or its edge cannot be determined.
    """
    edges = [read_edge(text) for text in xanes]
    if file is None:
        return Measurement(edges=tuple(edges))
    path, absorber, edge = parse_edge_file(file)
    found = read(path, wavelength=wavelength, absorber=absorber, edge=edge)
    if isinstance(found, Xanes):
        return Measurement(edges=(found, *edges))
    return Measurement(found, tuple(edges))


def read_edge(text: str | Path, absorber: str | None = None, edge: str | None = None) -> Xanes:
    """Read a XANES spectrum that is named as `FILE[:ABSORBER[:EDGE]]`.

    Args:
        text: the file, and what is stated of it.
        absorber, edge: the same stated apart; what stands beside the file goes before.

    Raises:
        SpectrumError: where the file cannot be read, is no XANES spectrum, or its edge cannot be determined.
    """
    path, stated_absorber, stated_edge = parse_edge_file(text)
    found = read(path, kind="xanes", absorber=stated_absorber or absorber, edge=stated_edge or edge)
    assert isinstance(found, Xanes)
    return found
