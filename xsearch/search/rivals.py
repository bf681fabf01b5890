"""For each of the first hits the other phase that comes closest, and where the two fitted patterns differ."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import DiscriminatingReflection, Hit, Rival
from xsearch.fit.correlation import Matches
from xsearch.fit.strained_lines import strained_profiles
from xsearch.indexes import Index
from xsearch.preprocess.axis import MATCH_AXIS, highest_bins
from xsearch.preprocess.powder import NetPattern
from xsearch.preprocess.profile import best_scale
from xsearch.search.settings import DEFAULTS, RivalSettings


def with_rivals(
    hits: tuple[Hit, ...],
    shown: list[list[int]],
    index: Index,
    pattern: NetPattern,
    matches: Matches,
    total: NDArray[np.float64],
    groups: list[list[int]],
    settings: RivalSettings = DEFAULTS.rivals,
) -> tuple[Hit, ...]:
    """The same hits, the first few with their rivals.

    Args:
        hits: the best first.
        shown: the places of `matches` that each hit was made of.
        index, pattern, matches: of the search.
        total: (k,) summed evidence of the matches.
        groups: places of `matches` grouped into phases, the best phase first.
        settings: of rivals.
    """
    if len(groups) < 2:
        return hits
    first, second = groups[0][0], groups[1][0]
    measured = pattern.profile(MATCH_AXIS, matches.settings.scales[0])
    fitted: dict[int, NDArray[np.float64]] = {}

    def profile(place: int) -> NDArray[np.float64]:
        if place not in fitted:
            fitted[place] = _fitted(index, pattern, measured, matches, place)
        return fitted[place]

    def one(hit: Hit, place: int) -> Hit:
        other = second if place in groups[0] else first
        row = int(matches.rows[other])
        owner = int(index.columns.cell_of[row])
        material = index.materials([row if owner < 0 else owner])[0]
        rival = Rival(
            material_id=material.material_id,
            formula=material.reduced_formula,
            elements=material.elements,
            margin=float(total[place] - total[other]),
            discriminating_reflections=discriminating_reflections(
                pattern, measured, profile(place), profile(other), matches.settings.scales[0], settings
            ),
        )
        return replace(hit, rival=rival)

    first_hits = [one(hit, places[0]) for hit, places in zip(hits[: settings.hits], shown, strict=False)]
    return (*first_hits, *hits[settings.hits :])


def discriminating_reflections(
    pattern: NetPattern,
    measured: NDArray[np.float64],
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    width: float,
    settings: RivalSettings = DEFAULTS.rivals,
) -> tuple[DiscriminatingReflection, ...]:
    """Where two fitted profiles differ most.

    Args:
        pattern: gives the wavelength and the range.
        measured, here, there: (bins,) profiles on the match's axis, on one scale.
        width: of their lines in ln q.
        settings: of rivals.
    """
    first, last = pattern.window(MATCH_AXIS)
    highest = float(measured[first:last].max())
    if highest <= 0:
        return ()
    left = np.abs(here - there) / highest
    left[:first] = left[last:] = 0
    reach = int(np.ceil(settings.apart * width / MATCH_AXIS.step))
    return tuple(
        DiscriminatingReflection(
            two_theta_deg=MATCH_AXIS.two_theta_deg(place, pattern.wavelength_A),
            hit=float(here[place] / highest),
            rival=float(there[place] / highest),
            measured=float(measured[place] / highest),
        )
        for place in islice(highest_bins(left, settings.least_difference, reach), settings.most_reflections)
    )


def _fitted(
    index: Index, pattern: NetPattern, measured: NDArray[np.float64], matches: Matches, place: int
) -> NDArray[np.float64]:
    """(bins,) profile of a match on the narrowest scale, scaled to the measured one by least squares."""
    first, last = pattern.window(MATCH_AXIS)
    reflections = index.reflections(int(matches.rows[place]))
    calculated = strained_profiles(reflections, pattern, matches.amplitudes[place], matches.settings.scales[:1])[0]
    return calculated * best_scale(measured[first:last], calculated[first:last])
