"""Why a hit has its rank, in words: the terms of its evidence, its closest rival, and what discriminates the two."""

from __future__ import annotations

import math

from xsearch.answers.hit import Hit
from xsearch.answers.rival import Rival
from xsearch.chemistry.reference import Reference
from xsearch.fit.pattern_fit import PatternFit
from xsearch.report.settings import SETTINGS, ReportSettings
from xsearch.report.typeset import signed


def reasons(hit: Hit, settings: ReportSettings = SETTINGS) -> tuple[str, ...]:
    """What supports a hit and what does not, one line a term, the rival last."""
    fit = hit.pattern_fit
    pattern = () if fit is None else (_agreement(fit), _strain(hit, fit, settings), _zero_shift(fit, settings))
    lines = (*pattern, *map(str, hit.edges), _known(hit, settings), rival_line(hit, settings))
    return tuple(line for line in lines if line)


def _agreement(fit: PatternFit) -> str:
    text = f"explains {100 * (1 - fit.unexplained):.0f} % of the intensity"
    if fit.correlations:
        narrow, wide = min(fit.correlations), max(fit.correlations)
        text += (
            f"; profile correlation {fit.correlations[narrow]:.2f} at a width of {narrow:g} in ln q, "
            f"{fit.correlations[wide]:.2f} at {wide:g}"
        )
    if fit.le_bail is not None:
        free, calculated = math.sqrt(fit.le_bail.cell), math.sqrt(fit.le_bail.crystal)
        text += f"; residual {free:.2f} with free intensities, {calculated:.2f} between these and the calculated ones"
    return text


def _strain(hit: Hit, fit: PatternFit, settings: ReportSettings) -> str:
    if fit.expected_strain is None:
        return ""
    strain, expectation = f"{signed(100 * fit.strain, 1)} %", f"{signed(100 * fit.expected_strain, 1)} %"
    kind = "measured" if hit.matched_entry.is_measured else "computed"
    usual = abs(fit.strain - fit.expected_strain) < settings.ordinary_strain
    text = f"{kind} cell strained by {strain}, " + ("as" if usual else "where") + f" {expectation} is expected"
    change = fit.shape_change or 0.0
    return text + (f"; its shape changed by {100 * change:.1f} %" if change > settings.small_shape_change else "")


def _zero_shift(fit: PatternFit, settings: ReportSettings) -> str:
    shift = fit.zero_shift_deg
    return f"zero shift {signed(shift, 2)}°" if abs(shift) > settings.small_zero_shift_deg else ""


def _known(hit: Hit, settings: ReportSettings) -> str:
    material = hit.material
    if isinstance(material, Reference) or material.is_measured or hit.matched_cell or material.is_theoretical is False:
        return "experimentally reported"
    hull = material.energy_above_hull_eV
    above = f", {hull:.2f} eV above the hull" if hull is not None and hull > settings.near_hull_eV else ""
    return f"known from calculation only{above}" if material.is_theoretical else above.removeprefix(", ")


def rival_line(hit: Hit, settings: ReportSettings = SETTINGS) -> str:
    """The closest other phase, the difference in log-evidence, and what discriminates; empty where there is none."""
    rival = hit.rival
    if rival is None:
        return ""
    text = f"log-evidence {signed(rival.margin, 1)} against {rival.formula} ({rival.material_id})"
    if abs(rival.margin) > settings.clear_margin:
        return text
    if abs(rival.margin) < math.log(settings.least_bayes_factor):
        text += ", not distinguishable"
    found = [part for part in (_reflections(rival), _elements(hit, rival)) if part]
    return f"{text}; {'; '.join(found) or 'another measurement is needed to discriminate'}"


def _reflections(rival: Rival) -> str:
    listed = ", ".join(
        f"{line.two_theta_deg:.2f}° (calculated {100 * line.hit:.0f} and {100 * line.rival:.0f}, "
        f"measured {100 * line.measured:.0f})"
        for line in rival.discriminating_reflections
    )
    return f"discriminating reflections: {listed}" if listed else ""


def _elements(hit: Hit, rival: Rival) -> str:
    here = sorted(set(hit.material.elements) - set(rival.elements))
    there = sorted(set(rival.elements) - set(hit.material.elements))
    if here and there:
        return f"discriminating elements: {', '.join(here)} or {', '.join(there)}"
    return f"discriminating elements: with or without {', '.join(here or there)}" if here or there else ""
