"""The search for the compounds that together gave an edge, put together from its stages."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.answers import Hit, LcfResult
from xsearch.answers.explanations import best_hits
from xsearch.errors import QueryError
from xsearch.options import Range
from xsearch.preprocess.xanes import window
from xsearch.progress import timed
from xsearch.search.lcf_hits import Compared, make_lcf
from xsearch.search.scope import Scope
from xsearch.search.selection import condition_notes, rows_with
from xsearch.search.verdict import verdict
from xsearch.search.xanes_search import Opened, without_spectrum
from xsearch.search.xanes_stages import prepare, with_absorbers
from xsearch.settings import settings_record
from xsearch.spectra import Xanes
from xsearch.xas.lcf import LcfTarget
from xsearch.xas.lcf_search import CompoundSearch
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.settings import DEFAULTS, XasSettings


def search_lcf(
    opened: Opened, xanes: Xanes, scope: Scope, *, phases: int, settings: XasSettings = DEFAULTS
) -> LcfResult:
    """Find what together gave an edge; see `SearchIndex.search_mixture`."""
    if scope.range is Range.EXAFS:
        raise QueryError("A linear combination fits the near edge; leave --range exafs or --phases out.")
    index, timings = opened.index, dict[str, float]()
    with threadpool_limits(opened.threads, user_api="blas"):
        with timed(timings, "prepare"):
            (spectrum,) = prepare([xanes])
            each = with_absorbers(scope.constraints.of_each_phase(), [spectrum])
            library = opened.libraries.select(spectrum.absorber, spectrum.edge, each, (), scope.leave_out_spectra)
        with timed(timings, "mixture"):
            is_entry = library.row >= 0
            target = LcfTarget.of(index, window(spectrum), library, scope.prior, settings)
            explored = CompoundSearch(target)
            best = explored.search(phases)
            entries = len(set(library.row[is_entry].tolist()))
            references = {target.compounds[at].formula for at in np.flatnonzero(~is_entry).tolist()}
            choices = rows_with(index, each, measured_cells=False)
            compared = Compared(index, spectrum, entries + len(references), len(choices))
            mixtures = tuple(make_lcf(compared, one, explored) for one in best)
    hits = best_hits(mixtures)
    return LcfResult(
        pattern=None,
        hits=hits,
        verdict=verdict(sorted(hit.score for hit in hits), opened.powder.verdict, rivals=compared.compared - len(hits)),
        index_name=index.name,
        index_version=index.version,
        n_searched=compared.compared,
        settings={"xas": settings_record(settings)},
        constraints=each,
        options={"prior": scope.prior.value, "phases": phases},
        notes=(
            *condition_notes(index, each),
            *spectrum.notes,
            *_assumptions(library, hits),
            *without_spectrum(index, library.row, choices, [library.name]),
        ),
        timings_ms=timings,
        spectra=(spectrum,),
        mixtures=mixtures,
    )


def _assumptions(library: EdgeLibrary, hits: tuple[Hit, ...]) -> tuple[str, ...]:
    """What an edge cannot show, and for which entries references stand."""
    notes = [
        f"A linear combination of {library.name} spectra: compounds without {library.spectra.absorber} leave no trace "
        "in it."
    ]
    for hit in hits:
        (match,) = hit.edges
        if match.kind == "measured" and match.spectrum_id != hit.material_id:
            notes.append(
                f"A measured reference of {match.formula} ({match.source}) stands for the likeliest entry of that "
                "formula, or of the phase that it names."
            )
    return tuple(notes)
