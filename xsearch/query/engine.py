"""The answer to a question, from an index, from an inference, or from both in one ranking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xsearch.answers import Combined, Inference, SearchResult
from xsearch.errors import NothingSearched
from xsearch.options import Constraints
from xsearch.preprocess.xanes import deglitch
from xsearch.query.question import Question
from xsearch.search import SearchIndex
from xsearch.search.known import KnownCrystal, find_known
from xsearch.search.known_rest import take_off
from xsearch.search.scope import Scope
from xsearch.spectra.measurement import Measurement

Answer = SearchResult | Inference | Combined
"""What a question may be answered with."""


def answer(index: SearchIndex, question: Question) -> Answer:
    """Answer a question: the last of its `answers`."""
    for found in answers(index, question):
        last = found
    return last


def answers(index: SearchIndex, question: Question, checkpoint: Path | None = None) -> Iterator[Answer]:
    """Answer a question as far as it is answered: where crystals are inferred too, the hits of the index come first.

    Args:
        index: is searched, and its entries are the templates of an inference.
        question: what is to be found out.
        checkpoint: a folder of this question's own, in which an inference that was stopped goes on; None for none.

    Yields:
        The hits (with `phases`, of a mixture), the candidates, or where both were looked for, both in one ranking.

    Raises:
        SpectrumError: where the measurement cannot be used.
        QueryError: where nothing can be compared, or no template can hold the elements.
        MissingExtra: where crystals are to be relaxed and the potential is not installed.
    """
    if question.deglitch:
        edges = tuple(deglitch(edge) for edge in question.measurement.edges)
        question = replace(question, measurement=replace(question.measurement, edges=edges))
    if not question.infer:
        yield search(index, question)
    elif not question.search:
        yield infer_candidates(index, question, checkpoint)
    else:
        from xsearch.query.combined import combine

        yield (hits := search_or_nothing(index, question))
        yield combine(hits, infer_candidates(index, question, checkpoint))


def search(index: SearchIndex, question: Question) -> SearchResult:
    """The hits of an index, or the phases of a mixture."""
    scope = Scope(
        question.constraints, question.prior, question.measured_cells, question.conditions, range=question.range,
        known=known_phases(index, question), particle_size_um=question.particle_size_um,
    )  # fmt: skip
    if question.phases:
        return index.search_phases(question.measurement, scope, phases=question.phases)
    return index.search_measurement(question.measurement, scope, **_top(question))


def known_phases(index: SearchIndex, question: Question) -> tuple[KnownCrystal, ...]:
    """The crystals of the phases that a question states as known."""
    return find_known(index.index, question.known, question.standard)


def search_or_nothing(index: SearchIndex, question: Question) -> SearchResult:
    """The hits of an index; where it holds nothing to compare with, an answer without hits that says so.

    Without spectra of an edge the pattern alone is searched; without an entry with the elements there are no hits.
    """
    measurement = question.measurement
    try:
        return search(index, question)
    except NothingSearched as error:
        reason = str(error)
    if measurement.pattern is not None and measurement.edges:
        by_pattern = search_or_nothing(index, replace(question, measurement=replace(measurement, edges=())))
        return replace(by_pattern, notes=(*by_pattern.notes, f"Searched by the pattern alone: {reason}"))
    return SearchResult(
        measurement.pattern,
        (),
        "no confident match",
        index.name,
        index.index.version,
        0,
        notes=(reason,),
        constraints=question.constraints,
    )


def infer_candidates(index: SearchIndex, question: Question, checkpoint: Path | None = None) -> Inference:
    """The crystals inferred from a question's elements and spectra, relaxed where that is wished."""
    from xsearch.checkpoint import Checkpoint
    from xsearch.infer.element_sets import usable_sets
    from xsearch.infer.engine import infer
    from xsearch.infer.potentials import check_extra
    from xsearch.infer.relax import Relaxation
    from xsearch.infer.template_library import library_of
    from xsearch.query.predictions import predictions_of

    if question.relax:
        check_extra(question.potential)
    wish = Relaxation(question.relax, question.potential, question.relax_seconds) if question.relax else None
    measurement: Measurement = question.measurement
    notes: tuple[str, ...] = ()
    known = known_phases(index, question)
    if known and measurement.pattern is not None:
        rest = take_off(measurement.pattern, known, index.settings)
        measurement, notes = replace(measurement, pattern=rest.pattern), rest.notes
    constraints, library = question.constraints, library_of(index.index)
    if (condition := constraints.where) is None:
        templates = None
    else:
        templates = np.isin(library.rows, index.index.select(Constraints(where=condition)))
    predicted, remarks = predictions_of(index, replace(question, measurement=measurement))

    sets = usable_sets(constraints.alternatives, frozenset(edge.absorber for edge in measurement.edges))
    elements = sorted(frozenset().union(*sets))
    found = infer(
        library,
        elements,
        measurement.pattern,
        sets=sets,
        xanes=measurement.edges,
        system=constraints.system,
        space_group=constraints.space_group,
        templates=templates,
        oxidation={e: dict.fromkeys(states, 1.0) for e, states in measurement.oxidation.items() if e in elements},
        coordination={e: numbers for e, numbers in measurement.coordination.items() if e in elements},
        predicted=predicted,
        excluded=question.leave_out,
        alloy=question.alloy,
        formula=question.formula,
        solve_seconds=question.solve_seconds,
        relaxation=wish,
        disorder=question.disorder,
        kept=Checkpoint(checkpoint).part("-".join(elements)),
        **_top(question),
    )
    said = (f"Predicted {link}." for link in found.chain)
    return replace(found, notes=(*notes, *found.notes, *remarks, *said))


def _top(question: Question) -> dict[str, Any]:
    return {} if question.top is None else {"top": question.top}
