"""From elements and spectra to crystals that are in no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Inference, Verdict
from xsearch.checkpoint import NOTHING_KEPT, Checkpoint
from xsearch.chemistry.formula import whole_amounts
from xsearch.chemistry.space_groups import groups_of
from xsearch.chemistry.valence import OxidationHint, check_elements
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import QueryError
from xsearch.indexing.thorough import ranked_cells
from xsearch.infer.by_chemistry import by_chemistry
from xsearch.infer.description import refined_candidate
from xsearch.infer.disorder import Disorder, with_disorder
from xsearch.infer.element_sets import elements_note, propose_sets, settings_of_sets, usable_sets
from xsearch.infer.pipeline import compare
from xsearch.infer.predictions import NOTHING, Links, Predictions
from xsearch.infer.ranking import rank
from xsearch.infer.relax import Relaxation
from xsearch.infer.relaxed_candidates import relax_candidates
from xsearch.infer.relaxed_refinement import relax_refined, relaxed_notes
from xsearch.infer.settings import INFERENCE_SETTINGS, InferenceSettings
from xsearch.infer.solving import likely_formulas, solved_candidates, solved_note
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_library import TemplateLibrary
from xsearch.progress import timed
from xsearch.settings import settings_record
from xsearch.spectra import PowderPattern, Xanes

SPARE = 3
"""Candidates that are made for each that is given, so that edges may bring others forward."""


def infer(
    library: TemplateLibrary,
    elements: Sequence[str],
    pattern: PowderPattern | None = None,
    *,
    sets: Sequence[Collection[str]] = (),
    xanes: Sequence[Xanes] = (),
    system: str | None = None,
    space_group: int | None = None,
    templates: NDArray[np.bool_] | None = None,
    oxidation: Mapping[str, OxidationHint] | None = None,
    coordination: Mapping[str, Sequence[int]] | None = None,
    predicted: Predictions = NOTHING,
    excluded: Iterable[str] = (),
    alloy: bool | None = None,
    must_balance: bool = False,
    formula: Mapping[str, float] | None = None,
    solve_seconds: float = 0.0,
    relaxation: Relaxation | None = None,
    disorder: bool = False,
    top: int = 10,
    threads: int = 2,
    settings: InferenceSettings = INFERENCE_SETTINGS,
    kept: Checkpoint = NOTHING_KEPT,
) -> Inference:
    """Infer crystals of some elements from the templates of an index.

    Args:
        library: the templates, from `library_of(index)`.
        elements: all elements of the compound, or all that it may hold.
        pattern: a measured powder pattern; without it, candidates are ranked by chemistry alone.
        sets: where it is not certain which of the elements there are: the sets that are tried.
        xanes: measured K edges of some of the elements, used to order the candidates where the forward model knows
            the absorber.
        system, space_group: of every candidate.
        templates: (m,) which entries of the library may be used; all by default.
        oxidation: oxidation states that are known, as numbers or with probabilities.
        coordination: coordination numbers that an element may have, such as `{"Mn": (4, 6)}`.
        predicted: what spectra say; it shifts the odds and rules nothing out, and what is known goes before it.
        excluded: reduced formulas whose entries must not be used.
        alloy: True to leave charge balance out, False to score it always, None to decide by the elements.
        must_balance: drop what no allowed oxidation states balance.
        formula: atoms of each element in the formula, where it is known; fractions stand for shared or partly empty
            sites.
        solve_seconds: how long crystals are solved from the pattern, without a template; 0 for not at all.
        relaxation: how many of the best are relaxed, and by what; in the cells that the pattern gave, where there is
            one.
        disorder: try shared and partly empty sites even where an ordered crystal explains the pattern.
        top: how many candidates to give.
        threads: for the fits.
        settings: the numbers that decide each stage.
        kept: what the stages of the same inference found before it was stopped.

    Raises:
        QueryError: for unknown elements, systems or options that leave nothing.
        SpectrumError: where the pattern shows no line or too short a range.
        MissingExtra: where crystals are to be relaxed and the potential is not installed.
    """
    excluded = tuple(excluded)
    tried = usable_sets(sets or [elements], [] if formula is None else formula)
    if formula is not None:
        tried = [one for one in tried if one == set(formula)] or tried
    chosen = check_elements(sorted(frozenset().union(*tried)), len(ATOMIC_NUMBERS))
    for one in tried:
        check_elements(sorted(one))
    if formula is not None and tried != [set(formula)]:
        raise QueryError(f"The formula holds {', '.join(formula)}, the elements given are {', '.join(chosen)}.")
    whole = None if formula is None else whole_amounts(formula)
    if solve_seconds and formula is not None and whole is None:
        raise QueryError("A crystal is solved for whole numbers of atoms; leave --solve out, or the fractions.")
    settings = settings_of_sets(settings, len(tried))
    if formula is not None and whole is None and pattern is None:
        raise QueryError("A formula with fractions is inferred from a powder pattern; give one, or a whole formula.")
    if solve_seconds and pattern is None:
        raise QueryError("A crystal is solved from a powder pattern; give one, or leave --solve out.")
    if top < 1:
        raise QueryError(f"top = {top} leaves no candidate; give 1 or more.")
    for element in (*(oxidation or {}), *(coordination or {})):
        if element not in chosen:
            raise QueryError(f"{element} is not among the elements given ({', '.join(chosen)}).")
    timings: dict[str, float] = {}
    notes = [elements_note(tried)]
    links = Links(chosen, predicted, oxidation, alloy, settings.links)
    with timed(timings, "propose"):
        proposals = propose_sets(
            library, tried, excluded=excluded, oxidation=links.hints, alloy=alloy, must_balance=must_balance,
            templates=templates, log_systems=links.log_systems(), settings=settings.proposals,
        )  # fmt: skip
        groups = groups_of(system, space_group)
        if groups is not None:
            proposals = proposals.take(np.flatnonzero(np.isin(proposals.space_group, sorted(groups))))
        if formula is not None:
            stated = np.array([whole[element] if whole else 0 for element in chosen])
            proposals = proposals.take(np.flatnonzero((proposals.coefficients == stated).all(axis=1)))
    known = Disorder(
        tuple(tried), amounts=formula, always=disorder, excluded=excluded, oxidation=links.hints, alloy=alloy,
        templates=templates,
    )  # fmt: skip
    without_template = formula is not None and pattern is not None and (solve_seconds or disorder or known.certain)
    if len(proposals) == 0 and not without_template:
        raise QueryError(
            f"No template of the index can hold {', '.join(chosen)}"
            + (f" in a {system} cell" if system else "")
            + (f" in space group {space_group}" if space_group else "")
            + "; loosen the conditions or use a larger index."
        )
    n_screened = n_fitted = 0
    verdict: Verdict = "tentative"
    if pattern is None:
        with timed(timings, "build"):
            candidates, chain = by_chemistry(
                library, proposals, links, top=top, coordination=coordination or {}, groups=groups,
                settings=settings.links,
            )  # fmt: skip
        notes.append(
            "No pattern was given: the order is that of formulas, by chemistry"
            + (" and the predictions from spectra" if chain else " alone")
            + "; each stands once, with its likeliest crystal."
        )
    else:
        task = InferenceTask.prepare(
            library, proposals, pattern, coordination=coordination, groups=groups, threads=threads, settings=settings
        )
        found = compare(task, kept)
        refined = found.refined
        with timed(timings, "disorder"):
            refined = with_disorder(task, refined, known, kept)
        if solve_seconds:
            cells = kept.stage("solve_cells", lambda: ranked_cells(task.prepared.net))
            formulas = likely_formulas(task, whole, cells, settings.solving)
            refined = refined + solved_candidates(
                task, formulas, cells, solve_seconds, kept, oxidation=links.hints, alloy=alloy
            )
            notes.append(solved_note(task, formulas, solve_seconds))
        if relaxation is not None:
            with timed(timings, "relaxation"):
                refined = relax_refined(task, refined, relaxation, settings.relaxation)
            notes += relaxed_notes(refined, relaxation)
        with timed(timings, "ranking"):
            verdict, ranked, chain = rank(task, refined, links)
        candidates = [
            refined_candidate(library, one, place) for place, one in enumerate(ranked[: SPARE * top], start=1)
        ]
        n_screened, n_fitted = found.n_screened, found.n_fitted
        timings |= found.timings_ms
    if verdict == "no confident match":
        notes.append(
            "No substituted template explains the pattern; check the elements. Its type may not be indexed. "
            "The candidates are the best tries, no answer."
            + ("" if solve_seconds else " Crystals are solved without a template by --solve 10m.")
        )
    if xanes:
        from xsearch.infer.absorbers import reorder_by_xanes

        with timed(timings, "xanes"):
            candidates, more = reorder_by_xanes(candidates, xanes, settings.edges)
        notes += more
    options = {
        "system": system,
        "space_group": space_group,
        "oxidation": {e: (dict(h) if isinstance(h, Mapping) else h) for e, h in (oxidation or {}).items()},
        "coordination": {e: list(c) for e, c in (coordination or {}).items()},
        "excluded": sorted(excluded),
        "must_balance": must_balance,
        "formula": None if formula is None else dict(formula),
        "solve_seconds": solve_seconds,
        "relaxed": 0 if relaxation is None else relaxation.most,
        "potential": None if relaxation is None else relaxation.potential.value,
        "disorder": disorder,
        "top": top,
    }
    read = [*(() if pattern is None else pattern.notes), *(note for one in xanes for note in one.notes)]
    answer = Inference(
        chosen, tuple(candidates[:top]), verdict, pattern, len(proposals), n_screened, n_fitted,
        tuple(dict.fromkeys([*read, *notes])), options, timings, settings={"inference": settings_record(settings)},
        chain=chain,
    )  # fmt: skip
    if relaxation is None or pattern is not None:
        return answer
    return relax_candidates(answer, relaxation, settings.relaxation)
