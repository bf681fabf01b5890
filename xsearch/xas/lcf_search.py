"""The compounds of a mixture by its edge: a beam search over linear combinations of library spectra.

A scan proposes the spectra that go best with what the best fits leave; the shifts and broadenings of each fit are
refined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from xsearch.fit.component_search import BeamSearch
from xsearch.xas.compounds import Compound
from xsearch.xas.lcf import Component, LcfFit, LcfTarget
from xsearch.xas.lcf_scan import LcfScan
from xsearch.xas.settings import LcfSettings


class CompoundSearch(BeamSearch[Component, LcfFit, Compound]):
    """The search for the compounds of an edge.

    Args:
        target: the edge and its library.
        settings: of the search; those of the target if None.
    """

    def __init__(self, target: LcfTarget, settings: LcfSettings | None = None) -> None:
        super().__init__()
        self.target = target
        self.settings = settings or target.settings.lcf
        self.width, self.rounds = self.settings.beam_width, self.settings.rounds
        self._scan = LcfScan(target, np.arange(len(target.library)))
        self._alone = self._scan.best()

    def is_same(self, one: Compound, other: Compound) -> bool:
        """Whether two spectra may be of one compound, so that a fit does not hold both."""
        return one.may_be(other)

    def proposed(self, base: LcfFit | None) -> list[Component]:
        """The spectra that go best with a fit, each at its best shift on the grid, none of the compounds in it."""
        scan = self._scan if base is None else self._narrowed
        number = self.settings.proposed_alone if base is None else self.settings.proposed_with_others
        value, shift_eV = scan.best(base) if base else self._alone
        least = self._least_value(base) if base else -np.inf
        chosen: list[Component] = []
        count: dict[Compound, int] = {}
        for at in np.argsort(-value, kind="stable").tolist():
            if len(chosen) == number or not value[at] > least:
                break
            compound = self.identity(int(scan.rows[at]))
            count[compound] = count.get(compound, 0) + 1
            if count[compound] <= self.settings.proposed_of_compound and not (base and self.holds(base, compound)):
                chosen.append(scan.component(at, shift_eV[at]))
        return chosen

    def _least_value(self, base: LcfFit) -> float:
        """What the scan must give a fit with one more spectrum to be worth a refinement.

        The evidence of the best compound alone, less what a refinement may bring beyond the scan.
        """
        enough = self.of_size(1)[0].evidence - self.settings.scan_margin
        return enough - self.target.prior_of(base.components) + self.target.component_cost

    @cached_property
    def _narrowed(self) -> LcfScan:
        """The spectra that are closest to the edge and to what the best single one leaves, and all measured."""
        scan, kept = self._scan, self.settings.scanned
        if len(scan.rows) <= 2 * kept:
            return scan
        values = (self._alone[0], scan.best(self.of_size(1)[0])[0])
        closest = [scan.rows[np.argsort(-value, kind="stable")[:kept]] for value in values]
        measured = np.flatnonzero(self.target.is_measured)
        return LcfScan(self.target, np.unique(np.concatenate([*closest, measured])))

    def fitted(self, components: tuple[Component, ...]) -> LcfFit:
        """Spectra with their weights, shifted and broadened as they are."""
        return self.target.fit(components)

    def refined(self, components: tuple[Component, ...]) -> LcfFit:
        """Spectra with their weights, shifts and broadenings."""
        return refined(self.target, components, self.settings.shift_steps_eV)

    def of_size(self, size: int) -> list[LcfFit]:
        """The fits of so many compounds, the best first, of the same compounds the best one."""
        best: dict[frozenset[Compound], LcfFit] = {}
        for one in super().of_size(size):
            best.setdefault(frozenset(self.identity(place) for place in one.places), one)
        return list(best.values())

    def identity(self, place: int) -> Compound:
        """The compound of a spectrum."""
        return self.target.compounds[place]


def refined(target: LcfTarget, components: tuple[Component, ...], steps_eV: tuple[float, ...]) -> LcfFit:
    """A fit with the best shifts and broadenings, by steps of the shift one after the other."""
    best = target.fit(components)
    for step in steps_eV:
        improved = True
        while improved:
            before = best.evidence
            for which, shift_eV in _shifts(target, best, step):
                new = target.fit(_shifted(best.components, which, shift_eV))
                while new.evidence > best.evidence:
                    best, new = new, target.fit(_shifted(new.components, which, shift_eV))
            for changed in _broadenings(target, best):
                new = target.fit(changed)
                best = new if new.evidence > best.evidence else best
            improved = best.evidence > before + 1e-3
    return best


def _shifts(target: LcfTarget, now: LcfFit, step_eV: float) -> Iterator[tuple[list[int], float]]:
    """Which components to shift and by how much: the measured ones together, and each alone."""
    measured = [place for place, one in enumerate(now.components) if target.is_measured[one.place]]
    groups = [*([measured] if len(measured) > 1 else []), *([place] for place in range(len(now.components)))]
    return ((group, sign * step_eV) for group in groups for sign in (-1, 1))


def _shifted(components: tuple[Component, ...], which: list[int], shift_eV: float) -> tuple[Component, ...]:
    """The components, some of them shifted."""
    return tuple(
        replace(one, shift_eV=one.shift_eV + shift_eV) if place in which else one
        for place, one in enumerate(components)
    )


def _broadenings(target: LcfTarget, now: LcfFit) -> Iterator[tuple[Component, ...]]:
    """The components with another broadening of one of them."""
    settings = target.settings.matching
    for place, one in enumerate(now.components):
        is_measured = target.is_measured[one.place]
        for broadening in settings.measured_broadenings_eV if is_measured else settings.simulated_broadenings_eV:
            if broadening != one.broadening_eV:
                changed = replace(one, broadening_eV=broadening)
                yield (*now.components[:place], changed, *now.components[place + 1 :])
