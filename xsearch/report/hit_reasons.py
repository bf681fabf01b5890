"""Why a hit stands where it does, in words: the terms of its evidence, its closest rival, and what would tell them."""

from __future__ import annotations

import math

from xsearch.answers.hit import Hit
from xsearch.chemistry.reference import Reference
from xsearch.report.typeset import signed

NARROW, WIDE = "correlation_0.0035", "correlation_0.014"

ORDINARY_STRAIN = 0.006
"""Departures from the expected strain below this are told as agreement."""

SMALL_SHAPE = 0.01
NOTEWORTHY_ZERO_DEG = 0.05
NEAR_HULL_EV = 0.03
CLEAR_MARGIN = 5.0
"""Where two phases are farther apart than this, nothing more is needed to tell them."""


def reasons(hit: Hit) -> tuple[str, ...]:
    """What speaks for a hit and against it, one line a term, the rival last."""
    pattern = (_fit(hit), _strain(hit), _zero(hit)) if hit.has_pattern else ()
    lines = (*pattern, *map(str, hit.edges), _known(hit), rival_line(hit))
    return tuple(line for line in lines if line)


def _fit(hit: Hit) -> str:
    text = f"explains {100 * (1 - hit.unexplained):.0f} % of the intensity"
    if NARROW in hit.evidence and WIDE in hit.evidence:
        text += f"; profiles correlate {hit.evidence[NARROW]:.2f} to {hit.evidence[WIDE]:.2f}, narrow to wide"
    if "ln_cell_misfit" in hit.evidence:
        cell, crystal = (math.exp(hit.evidence[name] / 2) for name in ("ln_cell_misfit", "ln_crystal_misfit"))
        text += f"; residual {cell:.2f} with free intensities in its cell, {crystal:.2f} of its own to the free ones"
    return text


def _strain(hit: Hit) -> str:
    expected = hit.evidence.get("expected_strain")
    if expected is None:
        return ""
    strain, expectation = f"{signed(100 * hit.strain, 1)} %", f"{signed(100 * expected, 1)} %"
    kind = "measured" if hit.evidence.get("measured_cell") else "computed"
    usual = abs(hit.strain - expected) < ORDINARY_STRAIN
    text = f"{kind} cell strained by {strain}, " + ("as" if usual else "where") + f" {expectation} is expected"
    shape = hit.evidence.get("shape_change", 0.0)
    return text + (f"; its shape changed by {100 * shape:.1f} %" if shape > SMALL_SHAPE else "")


def _zero(hit: Hit) -> str:
    shift = hit.zero_shift_deg
    return f"zero shift {signed(shift, 2)}°" if abs(shift) > NOTEWORTHY_ZERO_DEG else ""


def _known(hit: Hit) -> str:
    material = hit.material
    if isinstance(material, Reference) or material.is_measured or hit.matched_cell or material.is_theoretical is False:
        return "has been made"
    hull = material.energy_above_hull_eV
    above = f", {hull:.2f} eV above the hull" if hull is not None and hull > NEAR_HULL_EV else ""
    return f"known from calculation only{above}" if material.is_theoretical else above.removeprefix(", ")


def rival_line(hit: Hit) -> str:
    """The closest other phase, how far off, and what would tell the two apart; empty where there is none."""
    rival = hit.rival
    if rival is None:
        return ""
    place = "ahead of" if rival.margin >= 0 else "behind"
    text = f"{abs(rival.margin):.1f} {place} {rival.formula} ({rival.material_id})"
    if abs(rival.margin) > CLEAR_MARGIN:
        return text
    return text + "; to tell them: " + " and ".join(part for part in (_telling_lines(hit), _elements(hit)) if part)


def _telling_lines(hit: Hit) -> str:
    if hit.rival is None or not hit.rival.lines:
        return "" if hit.rival and set(hit.rival.elements) ^ set(hit.material.elements) else "another measurement"
    told = (
        f"{line.two_theta_deg:.2f}° ({100 * line.here:.0f} against {100 * line.there:.0f}, "
        f"measured {100 * line.measured:.0f})"
        for line in hit.rival.lines
    )
    return "lines at " + ", ".join(told)


def _elements(hit: Hit) -> str:
    if hit.rival is None:
        return ""
    here = sorted(set(hit.material.elements) - set(hit.rival.elements))
    there = sorted(set(hit.rival.elements) - set(hit.material.elements))
    if here and there:
        return f"elements ({', '.join(here)} against {', '.join(there)})"
    if here or there:
        return f"whether {', '.join(here or there)} {'is' if len(here or there) == 1 else 'are'} in it"
    return ""
