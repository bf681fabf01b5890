"""What a reader takes from a file of X-ray absorption, and how it becomes a spectrum."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.edge_names import parse_absorber, parse_edge
from xsearch.elements import SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.spectra.edges import identify_edge
from xsearch.spectra.mend import mend_axis
from xsearch.spectra.normalisation import UNSTATED, Normalisation
from xsearch.spectra.xanes import Xanes

MOST_KEV, _MOST_EV = 200.0, 400_000.0
"""An axis without a unit that ends below the first is in keV; one that goes beyond the second is no energy."""
_EDGE_WORDS = re.compile(r"\b(?P<absorber>[A-Z][a-z]?)[\s_-]+(?P<edge>K|L(?:[123]|I{1,3}|2,?3)|M[45])[\s_-]*edge\b")
_ELEMENT_EDGE = re.compile(r"\b(?P<absorber>(?!In|At|As|No|He|Be)[A-Z][a-z])[\s_-]+edge\b")
"""`Fe edge`; symbols that are English words too are none."""
_FEFF_ABSORBER = re.compile(
    r"\bAbs\s+Z=\s*(?P<z>\d{1,3})\b.*?\b(?P<edge>K|L[123]|M[1-5])\s+(?:shell|edge|hole)", re.IGNORECASE
)
"""How FEFF names the absorber in the head of xmu.dat: `Abs   Z=29 Rmt= 1.1 Rnm= 1.3 K  shell`."""
_SYMBOL_LINE = re.compile(
    r"^(?:element\.symbol|absorb(?:er|ing[ _]element)|element)\s*[:=]\s*(?P<value>[A-Za-z]{1,2})\s*$", re.I
)
_EDGE_LINE = re.compile(r"^(?:element\.edge|edge|absorption[ _]edge)\s*[:=]\s*(?P<value>[KLM][\w,]{0,3})\s*$", re.I)


@dataclass(frozen=True, slots=True)
class XasScan:
    """An absorption spectrum as a file holds it.

    Attributes:
        energy: (n,) in eV or keV.
        mu: (n,) absorption.
        absorber: what the file says, or None.
        edge: what the file says, or None.
        unit: `"eV"`, `"keV"`, or None where the file does not say.
        notes: what the reader assumed or passed over.
        label: what the file calls it, where it holds several; or empty.
        normalisation: what the file says of edge energy and ranges.
    """

    energy: NDArray[np.float64]
    mu: NDArray[np.float64]
    absorber: str | None = None
    edge: str | None = None
    unit: str | None = None
    notes: tuple[str, ...] = ()
    label: str = ""
    normalisation: Normalisation = UNSTATED


def find_absorber(header: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The absorber and edge that the words above a table state, each None where they do not."""
    absorber = edge = None
    for line in header:
        if match := _SYMBOL_LINE.match(line):
            absorber = absorber or _or_none(parse_absorber, match["value"])
        elif match := _EDGE_LINE.match(line):
            edge = edge or _or_none(parse_edge, match["value"])
        elif match := _EDGE_WORDS.search(line):
            absorber = absorber or _or_none(parse_absorber, match["absorber"])
            edge = edge or _or_none(parse_edge, match["edge"])
        elif (match := _FEFF_ABSORBER.search(line)) and int(match["z"]) in range(1, len(SYMBOLS) + 1):
            absorber = absorber or SYMBOLS[int(match["z"]) - 1]
            edge = edge or _or_none(parse_edge, match["edge"])
        elif match := _ELEMENT_EDGE.search(line):
            absorber = absorber or _or_none(parse_absorber, match["absorber"])
    return absorber, edge


def to_xanes(
    scan: XasScan, name: str, absorber: str | None, edge: str | None, reading: Reading = AS_THE_FILE_SAYS
) -> Xanes:
    """Mend a scan, bring it to eV, and settle its absorber and edge.

    Args:
        scan: what the reader found.
        name: the file's name.
        absorber: what the user says; it goes before the file.
        edge: what the user says; it goes before the file.
        reading: what the user says of edge energy and ranges; it goes before the file too.

    Raises:
        SpectrumError: where the scan cannot be used, or its edge is not recognised.
    """
    energy, mu, mended = mend_axis(scan.energy, scan.mu, name, "energy")
    notes = [*scan.notes, *mended]
    if np.ptp(mu) == 0:
        raise SpectrumError(f"{name}: the absorption is {mu[0]:g} at every energy; there is no edge in it.")
    if energy[0] <= 0 and reading.e0_eV is not None:
        energy = energy + reading.e0_eV
        notes.append(f"The energies are relative to the edge; E0 {reading.e0_eV:g} eV as given was added.")
    if energy[0] <= 0:
        raise SpectrumError(
            f"{name}: energies run from {energy[0]:g} to {energy[-1]:g}; absolute photon energies in eV or keV are "
            "expected (of a powder pattern, 2θ in degrees). Where they are relative to the edge, give its energy with "
            "--e0."
        )
    # No edge lies below 50 eV, and no K edge in use above 200 keV, so the numbers show the unit.
    if scan.unit == "keV" or (scan.unit is None and energy[-1] < MOST_KEV):
        energy = energy * 1000.0
        notes.append("The energies are in keV; they were converted to eV.")
    elif scan.unit == "eV" and energy[-1] < 50:
        energy = energy * 1000.0
        notes.append("The energies are said to be in eV, but are so low that they were read as keV.")
    if energy[-1] > _MOST_EV:
        raise SpectrumError(
            f"{name}: energies run to {energy[-1]:g} eV, beyond all absorption edges; photon energies in eV or keV are "
            "expected."
        )
    stated = scan.absorber, scan.edge
    chosen = absorber or scan.absorber, edge or scan.edge if absorber in (None, scan.absorber) else edge
    if absorber and scan.absorber and absorber != scan.absorber:
        notes.append(f"Absorber {absorber} as given; the file's own ({scan.absorber}) is overridden.")
    if edge and scan.edge and edge != scan.edge:
        notes.append(f"Edge {edge} as given; the file's own ({scan.edge}) is overridden.")
    found, said = identify_edge(energy, mu, name, *chosen)
    if not said and stated[0] and stated[1] and absorber is None and edge is None:
        said = (f"Absorber and edge {found} from the file.",)
    given = Normalisation(reading.e0_eV, reading.pre_edge_eV, reading.post_edge_eV)
    for stated_here, source in ((scan.normalisation, "as the file states"), (given, "as given")):
        if stated_here != UNSTATED:
            notes.append(f"{stated_here}, {source}.")
    ranges = Normalisation(
        given.e0_eV or scan.normalisation.e0_eV,
        given.pre_edge_eV or scan.normalisation.pre_edge_eV,
        given.post_edge_eV or scan.normalisation.post_edge_eV,
    )
    return Xanes(energy, mu, found.absorber, found.edge, name, (*notes, *said), ranges)


def _or_none(parse, text: str) -> str | None:  # type: ignore[no-untyped-def]
    try:
        value: str = parse(text)
    except SpectrumError:
        return None
    return value
