"""What was read from a file, before anything is searched for: as a table, as plain values and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from xsearch.edge_names import parse_edge_file
from xsearch.errors import SpectrumError, WavelengthError
from xsearch.indexing.lines import find_lines
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import NormalizedXanes, normalize
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.report.file_plot import file_figure
from xsearch.report.hits_table import NOTE
from xsearch.report.json_text import head
from xsearch.report.rich_table import new_table, with_lines
from xsearch.spectra import PowderPattern, Xanes, read_each

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STAND_IN_A = 1.5406
"""A wavelength with which a pattern is read to be shown, where none is stated; its angles do not depend on it."""
LINES_LISTED = 12
"""Lines of a pattern that are listed, the first ones."""


@dataclass(frozen=True, slots=True, eq=False)
class FileContents:
    """What a file holds.

    Attributes:
        name: the file's.
        spectra: one or more, in the file's order.
        problems: what stands against a search with each of them; empty where nothing does.
    """

    name: str
    spectra: tuple[PowderPattern | Xanes, ...]
    problems: tuple[str, ...] = ()
    _normalised: dict[int, NormalizedXanes | str] = field(default_factory=dict, init=False, repr=False)

    def normalised(self, number: int) -> NormalizedXanes | str:
        """An edge with its step at one, or why that cannot be had; `number` counts from 0."""
        if number not in self._normalised:
            spectrum = self.spectra[number]
            assert isinstance(spectrum, Xanes)
            try:
                self._normalised[number] = normalize(spectrum)
            except SpectrumError as error:
                self._normalised[number] = str(error)
        return self._normalised[number]


def file_contents(
    path: str | Path,
    wavelength: str | float | None = None,
    absorber: str | None = None,
    edge: str | None = None,
    reading: Reading = AS_THE_FILE_SAYS,
) -> FileContents:
    """Read a file as a search would, and keep what was read to be looked at.

    Args:
        path: the file, as `FILE[#SPECTRUM][:ABSORBER[:EDGE]]`.
        wavelength, absorber, edge, reading: as `xsearch.read` takes them.

    Raises:
        SpectrumError: where nothing can be read. A missing wavelength is a problem that is shown.
    """
    file, stated_absorber, stated_edge = parse_edge_file(path)
    reader = partial(read_each, file, absorber=stated_absorber or absorber, edge=stated_edge or edge, reading=reading)
    try:
        return FileContents(file.name, reader(wavelength=wavelength))
    except WavelengthError as error:
        if wavelength is not None:
            raise
        return FileContents(file.name, reader(wavelength=STAND_IN_A), (str(error),))


def file_table(contents: FileContents) -> RenderableType:
    """A row a fact of a single spectrum; a row a spectrum where the file holds several."""
    spectra = contents.spectra
    parts: list[RenderableType] = [Text(f"{contents.name}: {_counted(spectra)}", style="bold")]
    notes: list[str] = list(contents.problems)
    if len(spectra) == 1:
        facts, said = facts_of(contents, 0)
        table = new_table(("", ""), ("",))
        table.show_header = False
        for name, value in facts.items():
            table.add_row(name, value)
        parts.append(table)
        notes += said
    else:
        parts.append(_several(contents))
        shared = set.intersection(*(set(one.notes) for one in spectra))
        notes += [note for note in spectra[0].notes if note in shared]
        notes.append(f"one is chosen by its number, as in {contents.name}#2; {contents.name}#all is the mean of all")
    return with_lines(parts, (f"{NOTE}{note}" for note in dict.fromkeys(notes)))


def file_record(contents: FileContents) -> dict[str, Any]:
    """What was read as plain values, with the numbers themselves."""
    return {
        **head("file"),
        "name": contents.name,
        "notes": list(contents.problems),
        "spectra": [_record(contents, number) for number in range(len(contents.spectra))],
    }


def contents_figure(contents: FileContents) -> Figure:
    """The spectra of the file: a pattern with its background, an edge with its E0 and normalised."""
    normalised = {
        number: contents.normalised(number) for number, one in enumerate(contents.spectra) if isinstance(one, Xanes)
    }
    return file_figure(contents.spectra, {k: v for k, v in normalised.items() if isinstance(v, NormalizedXanes)})


def _counted(spectra: Sequence[PowderPattern | Xanes]) -> str:
    patterns = sum(isinstance(one, PowderPattern) for one in spectra)
    kinds = [
        (patterns, "powder pattern", "powder patterns"),
        (len(spectra) - patterns, "XANES spectrum", "XANES spectra"),
    ]
    return " and ".join(f"{count} {one if count == 1 else many}" for count, one, many in kinds if count)


def facts_of(contents: FileContents, number: int) -> tuple[dict[str, str], list[str]]:
    """The facts of a spectrum by name, and its notes."""
    spectrum = contents.spectra[number]
    if isinstance(spectrum, PowderPattern):
        return _pattern_facts(contents, spectrum)
    return _edge_facts(contents, spectrum, number)


def _pattern_facts(contents: FileContents, pattern: PowderPattern) -> tuple[dict[str, str], list[str]]:
    two_theta, counts, notes = pattern.two_theta_deg, pattern.intensity, list(pattern.notes)
    facts = {
        "2θ": f"{two_theta[0]:.4g} to {two_theta[-1]:.5g}°, {len(two_theta):,} points, step {_step(two_theta):.3g}°",
        "intensity": f"{counts.min():.6g} to {counts.max():.6g}",
    }
    if contents.problems:  # the wavelength is not known
        notes = [note for note in notes if not note.startswith("Wavelength")]
    else:
        q = pattern.q_invA
        facts["wavelength"] = f"{pattern.wavelength_A:.6g} Å"
        facts["d"] = f"{_largest_d(q[0])} to {2 * np.pi / q[-1]:.4g} Å"
    try:
        lines = find_lines(net_pattern(pattern)).two_theta_deg
        listed = ", ".join(f"{angle:.2f}" for angle in lines[:LINES_LISTED])
        facts["lines"] = f"{len(lines)}: {listed}{' ...' if len(lines) > LINES_LISTED else ''}°"
    except SpectrumError as error:
        notes.append(str(error))
    return facts, notes


def _edge_facts(contents: FileContents, spectrum: Xanes, number: int) -> tuple[dict[str, str], list[str]]:
    energy = spectrum.energy_eV
    facts = {
        "edge": f"{spectrum.absorber} {spectrum.edge}",
        "energy": f"{energy[0]:.2f} to {energy[-1]:.2f} eV, {len(energy):,} points",
        "absorption": f"{spectrum.mu.min():.4g} to {spectrum.mu.max():.4g}",
    }
    found = contents.normalised(number)
    if isinstance(found, str):
        return facts, [*spectrum.notes, found]
    facts["E0"] = f"{found.e0_eV:.2f} eV, {found.e0_eV - found.tabulated_e0_eV:+.1f} from the tabulated edge"
    facts["edge step"] = f"{found.edge_step:.4g}"
    facts["normalisation"] = found.method
    return facts, list(found.notes)


def _several(contents: FileContents) -> Table:
    table = new_table(("#", "what", "axis", "points"), ("what",))
    for number, one in enumerate(contents.spectra, start=1):
        if isinstance(one, PowderPattern):
            what, axis = "powder pattern", f"{one.two_theta_deg[0]:.4g} to {one.two_theta_deg[-1]:.5g}°"
        else:
            what, axis = f"{one.absorber} {one.edge} edge", f"{one.energy_eV[0]:.1f} to {one.energy_eV[-1]:.1f} eV"
        table.add_row(str(number), f"{what} {_label(one)}".strip(), axis, f"{len(one):,}")
    return table


def _label(spectrum: PowderPattern | Xanes) -> str:
    """What the file calls one of several, from the note that says which it is."""
    first = next((note for note in spectrum.notes if note.startswith("Spectrum ")), "")
    return first.partition(", ")[2].strip(".'\"")


def _record(contents: FileContents, number: int) -> dict[str, Any]:
    spectrum = contents.spectra[number]
    if isinstance(spectrum, PowderPattern):
        return {
            "kind": "powder pattern",
            "source": spectrum.source,
            "wavelength_A": None if contents.problems else spectrum.wavelength_A,
            "two_theta_deg": spectrum.two_theta_deg.tolist(),
            "intensity": spectrum.intensity.tolist(),
            "notes": list(spectrum.notes),
        }
    found = contents.normalised(number)
    normalised = found if isinstance(found, NormalizedXanes) else None
    return {
        "kind": "xanes",
        "source": spectrum.source,
        "absorber": spectrum.absorber,
        "edge": spectrum.edge,
        "e0_eV": None if normalised is None else round(normalised.e0_eV, 3),
        "edge_step": None if normalised is None else normalised.edge_step,
        "normalisation": None if normalised is None else normalised.method,
        "energy_eV": spectrum.energy_eV.tolist(),
        "mu": spectrum.mu.tolist(),
        "normalised_mu": None if normalised is None else normalised.mu.tolist(),
        "notes": [*spectrum.notes, found] if isinstance(found, str) else list(found.notes),
    }


def _step(axis: Any) -> float:
    return float((axis[-1] - axis[0]) / (len(axis) - 1))


def _largest_d(q_invA: float) -> str:
    return f"{2 * np.pi / q_invA:.4g}" if q_invA > 0 else "any"
