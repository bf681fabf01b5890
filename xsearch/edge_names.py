"""Absorbers and edges as people and headers write them, and files of which they are stated."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from xsearch.elements import ATOMIC_NUMBERS, EDGES
from xsearch.errors import SpectrumError


def parse_absorber(text: str) -> str:
    """An element's symbol from what a person or a header wrote.

    Raises:
        SpectrumError: where it is no element.
    """
    symbol = text.strip().capitalize()
    if symbol not in ATOMIC_NUMBERS:
        raise SpectrumError(f"Unknown absorber {text!r}; give an element symbol such as Fe.")
    return symbol


def parse_edge(text: str) -> str:
    """The name of an edge from what a person or a header wrote: `k`, `L3`, `LIII`, `L23`, `Fe K`'s `K-edge`.

    Raises:
        SpectrumError: where it is no edge.
    """
    squeezed = re.sub(r"[\s_\-]|EDGE", "", text.strip().upper())
    squeezed = squeezed.replace("III", "3").replace("II", "2").replace("IV", "4").replace("I", "1").replace("V", "5")
    squeezed = {"L23": "L2,3", "L32": "L2,3", "L3,2": "L2,3", "1S": "K", "2P3/2": "L3", "2P1/2": "L2"}.get(
        squeezed, squeezed
    )
    if squeezed not in EDGES:
        raise SpectrumError(f"Unknown edge {text!r}; one of {', '.join(EDGES)} is expected.")
    return squeezed


def parse_edges(text: str) -> tuple[str, ...]:
    """Names of edges out of text such as `K,L3`; `L2,3` is one edge.

    Raises:
        SpectrumError: naming the first word that is not an edge.
    """
    return tuple(parse_edge(word) for word in re.findall(r"[Ll]2,3|[^\s,]+", text))


class EdgeFile(NamedTuple):
    """A file, and the absorber and edge that were stated for it; None where they were not."""

    path: Path
    absorber: str | None = None
    edge: str | None = None


def parse_edge_file(text: str | Path) -> EdgeFile:
    """`FILE[:ABSORBER[:EDGE]]`, such as `Fe_K.dat:Fe:K`.

    A file that has the colons in its own name goes before, and so does a drive letter.

    Raises:
        SpectrumError: where what follows the file's name is no element or no edge.
    """
    whole = str(text)
    if Path(whole).expanduser().exists() or ":" not in whole:
        return EdgeFile(Path(whole))
    head, _, last = whole.rpartition(":")
    before, _, middle = head.rpartition(":")
    if len(before) > 1:
        return EdgeFile(Path(before), parse_absorber(middle), parse_edge(last))
    if len(head) < 2:
        return EdgeFile(Path(whole))
    try:
        return EdgeFile(Path(head), parse_absorber(last))
    except SpectrumError:
        raise SpectrumError(
            f"{whole}: after the file's name an absorber and an edge are expected, such as {head}:Fe:K."
        ) from None
