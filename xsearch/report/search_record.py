"""The answer of a search as plain values: for JSON, and for a data frame."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from xsearch.answers.edge_match import SpectrumMatch
from xsearch.answers.evidence import Evidence
from xsearch.answers.hit import Hit
from xsearch.answers.symmetry import Symmetry
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.errors import SpectrumError
from xsearch.fit.pattern_fit import PatternFit
from xsearch.preprocess.amorphous import amorphous_humps
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import NormalizedXanes
from xsearch.report.hit_reasons import reasons
from xsearch.report.json_text import head, plain
from xsearch.report.lines import lines_in_range, reflections_in_range
from xsearch.report.material_record import cell_record, material_record
from xsearch.report.provenance import attributions
from xsearch.report.settings import SETTINGS
from xsearch.simulate.powder import spacings
from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    import pandas as pd

    from xsearch.answers.result import SearchResult

FIT_COLUMNS = ("strain", "zero_shift_deg", "fwhm_deg", "unexplained")
"""Columns of a data frame for the fit to the pattern."""

EDGE_FACTS = ("correlation", "shift_eV", "broadening_eV", "kind", "code", "spectrum_id")
"""Columns of a data frame for each edge."""


def search_record(result: SearchResult, kind: str = "search") -> dict[str, Any]:
    """The complete answer as plain values, see docs/json.md."""
    sources = [material for hit in result.hits for material in (hit.material, hit.matched)]
    return plain(
        {
            **head(kind),
            "question": {
                "pattern": None if result.pattern is None else pattern_record(result.pattern),
                "edges": [spectrum_record(one) for one in result.spectra],
                "constraints": asdict(result.constraints),
                "options": result.options,
            },
            "settings": result.settings,
            "index": {"name": result.index_name, "version": result.index_version, "searched": result.n_searched},
            "verdict": result.verdict,
            "confident": result.confident,
            "twins": asdict(result.twins) if result.twins else None,
            "symmetry": symmetry_record(result.symmetry) if result.symmetry else None,
            "known": [{**asdict(one), "cell": cell_record(one.cell)} for one in result.known],
            "hits": [hit_record(hit, result) for hit in result.hits],
            "notes": list(result.notes),
            "timings_ms": result.timings_ms,
            "attributions": attributions(sources),
        }
    )


def pattern_record(pattern: PowderPattern) -> dict[str, Any]:
    """What was searched for, in short."""
    return {
        "source": pattern.source,
        "wavelength_A": pattern.wavelength_A,
        "points": len(pattern),
        "two_theta_deg": [pattern.two_theta_deg[0], pattern.two_theta_deg[-1]],
        "amorphous": amorphous_record(pattern),
    }


def amorphous_record(pattern: PowderPattern) -> list[dict[str, float]]:
    """The amorphous humps of a pattern."""
    try:
        return [asdict(hump) for hump in amorphous_humps(net_pattern(pattern))]
    except SpectrumError:
        return []


def spectrum_record(spectrum: NormalizedXanes) -> dict[str, Any]:
    """A measured edge, and how it was normalised."""
    return {
        "source": spectrum.source,
        "absorber": spectrum.absorber,
        "edge": spectrum.edge,
        "e0_eV": spectrum.e0_eV,
        "tabulated_e0_eV": spectrum.tabulated_e0_eV,
        "edge_step": spectrum.edge_step,
        "normalisation": spectrum.method,
        "points": len(spectrum.energy_eV),
        "energy_eV": [spectrum.energy_eV[0], spectrum.energy_eV[-1]],
    }


def hit_record(hit: Hit, result: SearchResult) -> dict[str, Any]:
    """One hit as plain values; its duplicates in short."""
    fit = hit.pattern_fit
    return {
        "rank": hit.rank,
        "material_id": hit.material_id,
        "formula": hit.formula,
        "name": hit.name,
        "score": hit.score,
        "evidence": evidence_record(hit.evidence),
        "reasons": list(reasons(hit)),
        "rival": asdict(hit.rival) if hit.rival else None,
        "pattern_fit": None if fit is None else pattern_fit_record(fit),
        "edges": [edge_match_record(match) for match in hit.edges],
        "stored_cell": cell_record(hit.reflections.cell),
        "material": material_record(hit.material),
        "matched_cell": material_record(hit.matched_cell) if hit.matched_cell else None,
        "reflections": None if fit is None else reflection_columns(hit, result),
        "duplicates": [
            {
                "material_id": twin.material_id,
                "formula": twin.formula,
                "score": twin.score,
                "strain": None if twin.pattern_fit is None else twin.pattern_fit.strain,
            }
            for twin in hit.duplicates
        ],
    }


def evidence_record(evidence: Evidence) -> dict[str, Any]:
    """The terms that were weighed, those of edges in a mapping."""
    return {name: value for name, value in asdict(evidence).items() if value is not None}


def fit_columns(fit: PatternFit | None) -> dict[str, float | None]:
    """The columns of a data frame for a fit; empty without one."""
    return {name: None if fit is None else getattr(fit, name) for name in FIT_COLUMNS}


def pattern_fit_record(fit: PatternFit) -> dict[str, Any]:
    """How a crystal fits the pattern."""
    return {
        **asdict(fit),
        "cell": cell_record(fit.cell),
        "correlations": [{"width_ln_q": width, "correlation": value} for width, value in fit.correlations.items()],
    }


def edge_match_record(match: SpectrumMatch) -> dict[str, Any]:
    """How an edge agrees with a library spectrum, the curve included."""
    facts = asdict(match)
    return {name: np.round(value, 4) if isinstance(value, np.ndarray) else value for name, value in facts.items()}


def symmetry_record(symmetry: Symmetry) -> dict[str, Any]:
    """Probabilities of crystal systems and space groups."""
    groups = [
        {"number": number, "symbol": space_group_symbol(number), "probability": chance}
        for number, chance in symmetry.space_groups.items()
    ]
    return {"crystal_systems": symmetry.crystal_systems, "space_groups": groups}


def reflection_columns(hit: Hit, result: SearchResult) -> dict[str, Any]:
    """The lines of the strained cell in the pattern's range, where the instrument sees them (zero shift added)."""
    pattern = result.powder
    reflections = reflections_in_range(hit, pattern)
    seen_deg, intensity, which = lines_in_range(hit.fitted, reflections, pattern, SETTINGS.faintest_line)
    return {
        "hkl": reflections.hkl[which],
        "multiplicity": reflections.multiplicity[which],
        "d_A": np.round(spacings(reflections.hkl, np.array(hit.cell))[which], 5),
        "two_theta_deg": np.round(seen_deg, 4),
        "intensity": np.round(intensity, 4),
    }


def hits_frame(result: SearchResult) -> pd.DataFrame:
    """One row a hit, ready for a notebook; the terms of the evidence are columns."""
    import pandas as pd

    return pd.DataFrame([hit_row(hit) for hit in result.hits])


def hit_row(hit: Hit) -> dict[str, Any]:
    """The numbers of one hit, flat."""
    number = hit.material.space_group
    return {
        "rank": hit.rank,
        "material_id": hit.material_id,
        "formula": hit.formula,
        "name": hit.name,
        "space_group": number,
        "space_group_symbol": space_group_symbol(number) if number else None,
        "crystal_system": hit.material.crystal_system,
        "score": hit.score,
        **fit_columns(hit.pattern_fit),
        **cell_record(hit.cell),
        "matched_cell": hit.matched_cell.material_id if hit.matched_cell else None,
        "duplicates": len(hit.duplicates),
        "energy_above_hull_eV": hit.material.energy_above_hull_eV,
        "is_theoretical": hit.material.is_theoretical,
        "source": hit.material.source,
        "licence": hit.material.licence,
        **{f"evidence_{term}": value for term, value in hit.evidence.terms().items()},
        **{f"{fact} {one.edge}": getattr(one, fact) for one in hit.edges for fact in EDGE_FACTS},
    }
