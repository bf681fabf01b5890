"""Whether two compounds fit an edge better than one does."""

from __future__ import annotations

from xsearch.indexes import Index
from xsearch.options import Prior
from xsearch.preprocess.xanes import window
from xsearch.xas.evidence import EdgeEvidence
from xsearch.xas.lcf import LcfTarget
from xsearch.xas.lcf_search import CompoundSearch
from xsearch.xas.settings import DEFAULTS, XasSettings


def second_compound_notes(
    index: Index, edge: EdgeEvidence, prior: Prior, settings: XasSettings = DEFAULTS
) -> tuple[str, ...]:
    """A note where the best fit of two compounds has more evidence than the best single one.

    Of measured edges of one compound that is so in 1 of 100, see `evaluate.lcf.stay_one`.
    """
    target = LcfTarget.of(index, window(edge.spectrum), edge.library, prior, settings)
    best = CompoundSearch(target, settings.second_compound).search(2)
    if len(best) < 2 or best[1].evidence <= best[0].evidence:
        return ()
    names = " and ".join(target.compounds[place].formula for place in best[1].places)
    return (
        f"A linear combination of {names} fits the {edge.name} edge better than one compound does (r "
        f"{best[1].correlation:.4f}, not {best[0].correlation:.4f}): perhaps a mixture; try --phases auto.",
    )
