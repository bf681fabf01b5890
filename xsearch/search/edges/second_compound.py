"""Whether a sum of two compounds meets an edge better than one compound does."""

from __future__ import annotations

from xsearch.indexes import Index
from xsearch.preprocess.xanes import XanesWindow
from xsearch.search.edges.compounds import edge_target
from xsearch.search.edges.library import EdgeLibrary
from xsearch.search.edges.mixture import CompoundSearch
from xsearch.search.prior import Prior


def second_compound_notes(index: Index, window: XanesWindow, library: EdgeLibrary, prior: Prior) -> tuple[str, ...]:
    """A note where the best sum of two has more evidence than the best single compound.

    Of measured edges of one compound that is so in 1 of 100, see `evaluate.edge_sums.stay_one`.
    """
    target, kinds = edge_target(index, window, library, prior)
    best = CompoundSearch(target, kinds).search(2)
    if len(best) < 2 or best[1].evidence <= best[0].evidence:
        return ()
    names = " and ".join(kinds[place][0] for place in best[1].places)
    return (
        f"A sum of {names} meets the {library.name} edge better than one compound does (r {best[1].correlation:.4f}, "
        f"not {best[0].correlation:.4f}): perhaps a mixture; try --phases auto.",
    )
