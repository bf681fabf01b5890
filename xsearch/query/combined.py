"""Database hits and inferred candidates of one measurement in one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xsearch.answers import Combined, Inference, RankedCrystal, SearchResult
from xsearch.errors import NothingSearched, QueryError
from xsearch.indexes import Index
from xsearch.infer.engine import infer
from xsearch.infer.template_library import library_of
from xsearch.options import parse_elements
from xsearch.search import SearchIndex
from xsearch.spectra import PowderPattern, Xanes


def elements_of(only: str | None, exactly: str | None) -> str:
    """The elements that an inference starts from: those of `--exactly`, else all of `--only`.

    Raises:
        QueryError: where neither was given.
    """
    given = exactly or only
    if not given:
        raise QueryError("Inference needs the elements; give them with --exactly or --only, such as Ca,Mn,Al,O.")
    return given


def combine(result: SearchResult, inference: Inference) -> Combined:
    """Rank the hits of an index and inferred crystals together, the likeliest first.

    An inferred crystal stands on what the search left over: its probability is multiplied by one less the best hit's
    score, so that it goes before a hit only where the database does not explain the pattern. One that has the formula
    and the space group of a hit is nothing new, and never goes before that. On equal terms a hit goes first.

    Args:
        result: of the search in the index.
        inference: from the templates of the same index, for the same pattern.
    """
    left = 1.0 - max((hit.score for hit in result.hits), default=0.0)
    known: dict[tuple[str, int | None], float] = {}
    for hit in result.hits:
        crystal = (hit.formula, hit.material.space_group)
        known[crystal] = max(hit.score, known.get(crystal, 0.0))
    ranking = [RankedCrystal(0, hit, hit.score) for hit in result.hits]
    ranking += [
        RankedCrystal(0, one, min(left * one.probability, known.get((one.formula, one.space_group), 1.0)))
        for one in (() if inference.refused else inference.candidates)
    ]
    ranking.sort(key=lambda one: (-one.score, one.kind, one.id))
    return Combined(result, inference, tuple(replace(one, rank=rank) for rank, one in enumerate(ranking, start=1)))


def search_or_nothing(
    index: SearchIndex, pxrd: PowderPattern | None = None, xanes: Sequence[Xanes] = (), **asked: Any
) -> SearchResult:
    """What the index says, and where it holds nothing to compare with, an answer that says so.

    Without spectra of an edge the pattern alone is searched; without an entry with the elements there are no hits.

    Args:
        index: to search.
        pxrd, xanes, asked: as `SearchIndex.search` takes them.
    """
    try:
        return index.search(pxrd, xanes, **asked)
    except NothingSearched as error:
        told = str(error)
    if pxrd is not None and xanes:
        rest = search_or_nothing(index, pxrd, **asked)
        return replace(rest, notes=(*rest.notes, f"Searched by the pattern alone: {told}"))
    return SearchResult(pxrd, (), "no confident match", index.name, index.index.version, 0, notes=(told,))


def infer_beside(
    index: Index, result: SearchResult, elements: str, edges: Sequence[Xanes] = (), *, top: int = 10
) -> Combined:
    """Infer for an answer of a search, from the same spectra and the templates of the same index.

    Args:
        index: that was searched.
        result: the answer.
        elements: all of the compound, such as `Ca,Mn,Al,O`.
        edges: XANES spectra of the sample.
        top: how many candidates.

    Raises:
        QueryError: for elements that no template can hold.
    """
    return combine(
        result, infer(library_of(index), sorted(parse_elements(elements)), result.pattern, xanes=edges, top=top)
    )
