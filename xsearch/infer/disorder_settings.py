"""The numbers that decide when sites are given as shared or partly empty."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting


@dataclass(frozen=True, slots=True)
class DisorderSettings:
    """When elements are put onto one site, and when a site is given as partly empty.

    Attributes:
        explained_misfit: misfit of the best ordered candidate up to which no disorder is tried unless always wished.
        least_lift: log lift of a pair of elements that may share a site.
        sets: of elements tried, those of the best ordered candidates, where the elements are not certain.
        usual_lift, lift_weight: a pair with a smaller lift costs what it lacks, times the weight.
        pairs: of elements tried, those that replace one another most readily first; and, where a formula is stated, of
            elements and occupancies, the fewest vacancies first.
        proposals: of each pair, that are simulated.
        fitted: of each pair, after screening.
        refined, alike: after the strain fits, in all and of one symmetry, formula and pair.
        refined_again: from the fractions that were found.
        mixed_sigma: expected change of a fraction from one half.
        stated_sigma: expected change of an occupancy from the one that a formula states.
        vacant_sigma: expected share of a site that is empty.
        vacancies_tried: ordered candidates whose sites may be emptied.
        most_orbits: kinds of site of a crystal whose occupancies are tried.
        least_fall: occupancy that must be missing, in standard uncertainties.
        least_gain: log-evidence that a vacancy must gain against the full crystal, per misfit of the better one.
        replacing_gain: the same from which the full crystal is left out.
        vacant_misfit: misfit up to which a vacancy is given; above, something else is wrong with the crystal.
        error_scale, error_floor: by which standard uncertainties of a refinement are too small, and what is added in
            quadrature.
        least_occupancy: of a partly empty site; with less the element is hardly there.
        mixed_cost, vacant_cost: taken from the log-evidence of a candidate beside ordered ones.
        least_stated: the same of a site whose occupancy a formula states.
        least_fraction: of the rarer element of a shared site; with less the pattern shows no mixture.
        same_ratio: relative difference of amounts that count as equal where a formula is stated.
    """

    explained_misfit: float = setting(
        0.8,
        "1",
        "develop half: ordered crystals explain none of 8 solid solutions below 0.8, and 2 of 7 ordered compounds",
    )
    least_lift: float = setting(
        -0.4, "ln", "set by hand: Mg and Fe have -0.3, Si and Ni, whose mixture explained a foreign pattern, -0.8"
    )
    usual_lift: float = setting(0.5, "ln", "set by hand: four pairs of elements in five have less")
    lift_weight: float = setting(2.0, "1", "set by hand")
    sets: int = setting(2, "1", "set by hand, for speed")
    pairs: int = setting(3, "1", "set by hand")
    proposals: int = setting(250, "1", "set by hand")
    fitted: int = setting(14, "1", "set by hand")
    refined: int = setting(5, "1", "set by hand, for speed")
    alike: int = setting(2, "1", "set by hand")
    refined_again: int = setting(2, "1", "set by hand, for speed")
    mixed_sigma: float = setting(0.3, "1", "physics: the standard deviation of a fraction that may have any value")
    stated_sigma: float = setting(0.05, "1", "set by hand: of an analysis")
    vacant_sigma: float = setting(0.25, "1", "set by hand")
    vacancies_tried: int = setting(3, "1", "set by hand")
    most_orbits: int = setting(10, "1", "set by hand")
    least_fall: float = setting(
        4.0,
        "standard uncertainties",
        "before `error_scale`; 23 ordered and 27 emptied simulated crystals, see `least_gain`",
    )
    least_gain: float = setting(
        6.0,
        "ln",
        "develop half of the formulas, right parents: no ordered crystal of 23 gains as much, 23 emptied ones of 27 do",
    )
    replacing_gain: float = setting(12.0, "ln", "as `least_gain`: twice that")
    vacant_misfit: float = setting(
        2.0, "1", "develop half: a right template gained 31 by an emptied site that is full, with a misfit of 2.2 left"
    )
    error_scale: float = setting(
        1.2, "1", "45 simulated solid solutions and 27 emptied crystals, right parents: 73 and 60 % are within it"
    )
    error_floor: float = setting(0.04, "1", "as `error_scale`")
    least_occupancy: float = setting(0.2, "1", "set by hand")
    least_stated: float = setting(0.3, "1", "set by hand")
    least_fraction: float = setting(0.04, "1", "set by hand")
    mixed_cost: float = setting(
        1.3,
        "ln",
        "develop half: of 8 solid solutions 5 come first, the closest by 1.4; of 7 ordered compounds one by 1.2",
    )
    vacant_cost: float = setting(1.8, "ln", "as `mixed_cost`: one of the 7 has a vacancy first, by 1.6")
    same_ratio: float = setting(0.01, "1", "set by hand")


DISORDER = DisorderSettings()
"""The shipped numbers."""
