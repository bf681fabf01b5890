"""The search for the compounds that together gave an edge, put together from its stages."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.answers import Hit, LcfResult
from xsearch.answers.explanations import best_hits
from xsearch.chemistry.element_query import ElementQuery
from xsearch.indexes.prior import Prior
from xsearch.preprocess.xanes import window
from xsearch.progress import timed
from xsearch.search.lcf_hits import Compared, make_lcf
from xsearch.search.selection import rows_with
from xsearch.search.verdict import verdict
from xsearch.search.xanes_search import Opened, missing
from xsearch.search.xanes_stages import prepare, with_absorbers
from xsearch.spectra import Xanes
from xsearch.xas.compounds import edge_target
from xsearch.xas.lcf_search import CompoundSearch
from xsearch.xas.library import EdgeLibrary


def search_lcf(
    opened: Opened,
    xanes: Xanes,
    query: ElementQuery,
    prior: Prior,
    *,
    phases: int,
    without_spectra: Collection[str] = (),
) -> LcfResult:
    """Find what together gave an edge; see `SearchIndex.search_mixture`."""
    index, timings = opened.index, dict[str, float]()
    with threadpool_limits(opened.threads, user_api="blas"):
        with timed(timings, "prepare"):
            (spectrum,) = prepare([xanes])
            each = with_absorbers(ElementQuery(only=query.allowed, exclude=query.exclude), [spectrum])
            library = opened.libraries.select(spectrum.absorber, spectrum.edge, each, (), without_spectra)
        with timed(timings, "mixture"):
            is_entry = library.row >= 0
            target, kinds = edge_target(index, window(spectrum), library, prior)
            explored = CompoundSearch(target, kinds)
            best = explored.search(phases)
            entries = len(set(library.row[is_entry].tolist()))
            compared = entries + len({kinds[at][0] for at in np.flatnonzero(~is_entry).tolist()})
            choices = len(rows_with(index, each, measured_cells=False))
            against = Compared(index, spectrum, compared, choices)
            mixtures = tuple(make_lcf(against, one, explored) for one in best)
    hits = best_hits(mixtures)
    return LcfResult(
        pattern=None,
        hits=hits,
        verdict=verdict(sorted(hit.score for hit in hits)),
        index_name=index.name,
        index_version=index.version,
        n_searched=compared,
        options={"elements": str(each), "prior": prior.value, "phases": phases},
        notes=(*spectrum.notes, *_assumptions(library, hits), *missing(compared, choices)),
        timings_ms=timings,
        spectra=(spectrum,),
        mixtures=mixtures,
    )


def _assumptions(library: EdgeLibrary, hits: tuple[Hit, ...]) -> tuple[str, ...]:
    """What an edge cannot tell, and for which entries references speak."""
    said = [f"A sum of {library.name} spectra: compounds without {library.spectra.absorber} leave no trace in it."]
    for hit in hits:
        (match,) = hit.edges
        if match.kind == "measured" and match.spectrum_id != hit.material_id:
            said.append(
                f"A measured reference of {match.formula} ({match.source}) speaks for the likeliest entry of that "
                "formula, or of the phase that it names."
            )
    return tuple(said)
