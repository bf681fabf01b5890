"""An inference as people ask for it: texts and files in, an answer out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xsearch.answers import Inference
from xsearch.indexes import Index
from xsearch.infer.engine import infer
from xsearch.infer.relax import check_extra, relax_candidates
from xsearch.infer.template_library import library_of
from xsearch.options import parse_edge_file, parse_elements, parse_numbers
from xsearch.progress import open_progress
from xsearch.spectra import PowderPattern, Xanes, read


def read_edge(text: str) -> Xanes:
    """`Mn_K.dat:Mn:K`, or `Mn_K.dat` where the file tells absorber and edge, as a spectrum.

    Raises:
        SpectrumError: where the file cannot be read or is no absorption spectrum.
    """
    path, absorber, edge = parse_edge_file(text)
    spectrum = read(path, kind="xanes", absorber=absorber, edge=edge)
    assert isinstance(spectrum, Xanes)
    return spectrum


def ask(
    index: Index,
    elements: str,
    *,
    pxrd: str | Path | None = None,
    wavelength: str | None = None,
    xanes: Sequence[str] = (),
    system: str | None = None,
    oxidation: Sequence[str] = (),
    coordination: Sequence[str] = (),
    exclude: Sequence[str] = (),
    alloy: bool | None = None,
    top: int = 10,
    relax: int = 0,
    relax_seconds: float = 60.0,
) -> Inference:
    """Infer from texts and files, as the command line does.

    Args:
        index: whose templates are used.
        elements: such as `Ca,Mn,Al,O`.
        pxrd: a powder pattern.
        wavelength: of it, where the file does not tell.
        xanes: edges, each as `read_edge` takes it.
        system: a crystal system.
        oxidation: such as `Mn=3`; several numbers are equally likely.
        coordination: such as `Mn=4,6`.
        exclude: reduced formulas whose entries are not used.
        alloy: see `infer`.
        top: how many candidates.
        relax: how many of them, the best first, are relaxed with CHGNet.
        relax_seconds: how long that may take.

    Raises:
        QueryError, SpectrumError: in one line, for what cannot be understood or read.
        MissingExtra: where relaxation is asked for and CHGNet is not installed.
    """
    if relax:
        check_extra()
    pattern = None
    if pxrd is not None:
        found = read(pxrd, wavelength=wavelength, kind="pxrd")
        assert isinstance(found, PowderPattern)
        pattern = found
    states = parse_numbers(oxidation, "oxidation states")
    answer = infer(
        library_of(index),
        tuple(parse_elements(elements)),
        pattern,
        xanes=[read_edge(text) for text in xanes],
        system=system,
        oxidation={element: dict.fromkeys(numbers, 1.0) for element, numbers in states.items()},
        coordination=parse_numbers(coordination, "coordination numbers"),
        excluded=exclude,
        alloy=alloy,
        top=top,
    )
    if not relax:
        return answer
    with open_progress(True) as told:
        return relax_candidates(answer, relax, seconds=relax_seconds, told=told)
