"""The phases of a mixture: a beam search over fits of phases, each strained to what the others leave.

From the pattern, and from what the best fits leave of it, phases are recalled and matched as for a single phase.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from xsearch.fit.component_search import BeamSearch
from xsearch.fit.correlation import Matches
from xsearch.fit.le_bail import fitted_lines, free_profile
from xsearch.fit.multiphase import Component, Hypothesis, MixturePattern
from xsearch.fit.strained_lines import strained_profiles
from xsearch.indexes import Index
from xsearch.options import ANY, Constraints, Prior
from xsearch.preprocess.powder import NetPattern
from xsearch.search.rank import phases, weigh
from xsearch.search.selection import Selection
from xsearch.search.settings import DEFAULTS, PowderSettings

Phase = tuple[int, int]
"""Formula and space group."""


class PhaseSearch(BeamSearch[Component, Hypothesis, Phase]):
    """The search for the phases of a pattern.

    Args:
        selected: the rows to choose from.
        pattern: the net pattern.
        constraints: on the elements that the phases together must hold.
    """

    def __init__(self, selected: Selection, pattern: NetPattern, constraints: Constraints = ANY) -> None:
        super().__init__()
        settings = selected.settings
        self.selected, self.numbers = selected, settings.mixture
        self.width, self.rounds = self.numbers.beam_width, self.numbers.rounds
        self.target = MixturePattern(
            pattern, len(selected.rows), constraints, settings.multiphase, settings.correlation
        )

    def proposed(self, base: Hypothesis | None) -> list[Component]:
        """The phases for what a fit leaves and those for the whole pattern, but those that it holds."""
        if base is None:
            return self._first
        left = self.remainder(base)
        numbers = self.numbers
        later = [] if left is None else propose(self.selected, left, numbers.rows_later, numbers.proposed_later)
        return [one for one in (*later, *self._first) if not self.holds(base, self.identity(one.row))]

    def remainder(self, hypothesis: Hypothesis) -> NetPattern | None:
        """The pattern less the lines of phases with free intensities; None where nothing is left.

        Texture and large grains change intensities by more than a minor phase has, and free ones follow them. Each
        point keeps the share of its intensity that the lines do not reach: that keeps the measured line shapes, where a
        plain difference would leave a false line on each flank.
        """
        pattern, numbers = self.target.pattern, self.numbers
        reflections = [self.selected.index.reflections(one.row) for one in hypothesis.components]
        fits = [
            fitted_lines(of_phase, pattern, one.amplitudes)
            for of_phase, one in zip(reflections, hypothesis.components, strict=True)
        ]
        there = [one for one in fits if one is not None]
        if not there:  # none of the phases has a line in the measured range
            return pattern
        lines = free_profile(there, pattern, numbers.free_passes)
        kept = 1 - np.clip(numbers.forgiven * lines / np.maximum(pattern.net, 1e-9 * pattern.net.max()), 0, 1)
        return None if (pattern.net * kept).max() < numbers.least_left else pattern.scaled(kept)

    @cached_property
    def _first(self) -> list[Component]:
        numbers = self.numbers
        return propose(self.selected, self.target.pattern, numbers.rows_first, numbers.proposed_first)

    def fitted(self, components: tuple[Component, ...]) -> Hypothesis:
        """Phases with their amounts; each proposal is strained already."""
        return self.target.fit(components)

    def of_size(self, size: int) -> list[Hypothesis]:
        """The fits of so many phases, the best first; every phase in them has an amount above zero."""
        return [one for one in super().of_size(size) if (one.amounts > 0).all()]

    def identity(self, place: int) -> Phase:
        """The phase of a row."""
        columns = self.selected.index.columns
        return int(columns.formula_group[place]), int(columns.space_group[place])


def propose(selected: Selection, pattern: NetPattern, matched: int, proposed: int) -> list[Component]:
    """The best phases for a pattern, one entry each, the best first."""
    matches, evidence = selected.match(pattern, selected.recall(pattern, matched))
    found = phases(selected.index, matches, evidence.total, selected.settings.ranking)
    places = [group[0] for group in found[:proposed]]
    return components(selected.index, pattern, matches.take(places), selected.prior, selected.settings)


def components(
    index: Index, pattern: NetPattern, matches: Matches, prior: Prior, settings: PowderSettings = DEFAULTS
) -> list[Component]:
    """Matched rows as components of a joint fit."""
    ranking = settings.phase_ranking
    evidence = weigh(index, matches, np.zeros(len(matches.rows), np.float32), prior, settings, ranking=ranking)
    lines = evidence.lines + ranking.lines_weight * np.log(ranking.fewest_lines)
    known = evidence.prior - (settings.prior.known_bonus if prior is Prior.KNOWN else 0.0)
    apart = evidence.strain + evidence.shape + lines + known
    materials = index.materials(matches.rows)
    return [
        Component(
            row=int(row),
            amplitudes=matches.amplitudes[place],
            expected=float(matches.expected[place]),
            elements=frozenset(materials[place].elements),
            prior=float(apart[place]),
            profiles=strained_profiles(
                index.reflections(int(row)),
                pattern,
                matches.amplitudes[place],
                settings.correlation.scales_and_recall,
            ),
        )
        for place, row in enumerate(matches.rows)
    ]
