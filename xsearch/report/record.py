"""An answer as plain values: for JSON, and for a data frame."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import xsearch
from xsearch.answers.hit import Hit
from xsearch.chemistry import Crystal, Material
from xsearch.chemistry.crystal import cell_parameters
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.preprocess.xanes import NormalizedXanes
from xsearch.report.files import with_folder
from xsearch.report.lines import lines_in_range, reflections_in_range
from xsearch.report.provenance import attribution, attributions
from xsearch.simulate.powder import spacings
from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    import pandas as pd

    from xsearch.answers.result import SearchResult

FORMAT = 1
"""Raised whenever a key of the JSON document changes its meaning."""

FAINTEST_LINE = 0.002
"""Lines below this share of the strongest are left out of the record."""

EDGE_FACTS = ("correlation", "shift_eV", "broadening_eV", "kind", "code", "spectrum_id")
"""What a data frame tells of each edge."""

_NUMBERS = re.compile(r"\[\n\s*((?:-?[\d.]+(?:e[+-]?\d+)?,\n\s*)*-?[\d.]+(?:e[+-]?\d+)?)\n\s*\]")

CELL_KEYS = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")


def result_record(result: SearchResult) -> dict[str, Any]:
    """The complete answer as plain values."""
    sources = [material for hit in result.hits for material in (hit.material, hit.matched)]
    return plain(
        {
            "format": FORMAT,
            "xsearch": xsearch.__version__,
            "pattern": None if result.pattern is None else pattern_record(result.pattern),
            "spectra": [spectrum_record(one) for one in result.spectra],
            "index": {"name": result.index_name, "version": result.index_version, "searched": result.n_searched},
            "options": result.options,
            "verdict": result.verdict,
            "confident": result.confident,
            "symmetry": result.symmetry.to_dict() if result.symmetry else None,
            "hits": [hit_record(hit, result) for hit in result.hits],
            "notes": list(result.assumptions),
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
    }


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
    """One hit as plain values; its duplicates are told in short."""
    return {
        "rank": hit.rank,
        "material_id": hit.material_id,
        "formula": hit.formula,
        "name": hit.name,
        "score": hit.score,
        "strain": hit.strain,
        "zero_shift_deg": hit.zero_shift_deg,
        "fwhm_deg": hit.fwhm_deg,
        "unexplained": hit.unexplained,
        "evidence": hit.evidence,
        "edges": [match.to_dict() for match in hit.edges],
        "cell_strained": dict(zip(CELL_KEYS, hit.cell, strict=True)) if hit.has_pattern else None,
        "why": list(hit.why),
        "rival": asdict(hit.rival) if hit.rival else None,
        "cell_database": dict(zip(CELL_KEYS, hit.reflections.cell.tolist(), strict=True)),
        "material": material_record(hit.material),
        "matched_cell": material_record(hit.matched_cell) if hit.matched_cell else None,
        "lines": line_columns(hit, result) if hit.has_pattern else None,
        "duplicates": [
            {"material_id": twin.material_id, "formula": twin.formula, "score": twin.score, "strain": twin.strain}
            for twin in hit.duplicates
        ],
    }


def material_record(material: Material | Reference) -> dict[str, Any]:
    """An entry as plain values, with its provenance; of a measured reference, what is known."""
    if isinstance(material, Reference):
        return {**asdict(material), "attribution": attribution(material), "crystal": None}
    number = material.space_group
    return {
        "material_id": material.material_id,
        "source": material.source,
        "licence": material.licence,
        "attribution": attribution(material),
        "reference": material.reference,
        "name": material.name,
        "formula": material.formula,
        "reduced_formula": material.reduced_formula,
        "anonymous_formula": material.anonymous_formula,
        "elements": list(material.elements),
        "space_group": number,
        "space_group_symbol": space_group_symbol(number) if number else None,
        "crystal_system": material.crystal_system,
        "template": material.template,
        "symprec_A": material.symprec_A,
        "is_measured": material.is_measured,
        "functional": material.functional,
        "temperature_K": material.temperature_K,
        "pressure_GPa": material.pressure_GPa,
        "cell_of": material.cell_of,
        "is_theoretical": material.is_theoretical,
        "energy_above_hull_eV": material.energy_above_hull_eV,
        "duplicate_of": material.duplicate_of,
        "properties": material.properties,
        "crystal": crystal_record(material.crystal),
    }


def crystal_record(crystal: Crystal) -> dict[str, Any]:
    """A crystal as plain values."""
    return {
        "cell": dict(zip(CELL_KEYS, cell_parameters(crystal.lattice_A), strict=True)),
        "lattice_A": crystal.lattice_A.tolist(),
        "elements": list(crystal.elements),
        "frac_coords": crystal.frac_coords.tolist(),
        "occupancies": crystal.occupancies.tolist(),
    }


def line_columns(hit: Hit, result: SearchResult) -> dict[str, Any]:
    """The lines of the strained cell in the pattern's range, where the instrument sees them (zero shift added)."""
    pattern = result.powder
    reflections = reflections_in_range(hit, pattern)
    seen_deg, intensity, which = lines_in_range(hit, reflections, pattern, FAINTEST_LINE)
    return {
        "hkl": reflections.hkl[which],
        "multiplicity": reflections.multiplicity[which],
        "d_A": np.round(spacings(reflections.hkl, np.array(hit.cell))[which], 5),
        "two_theta_deg": np.round(seen_deg, 4),
        "intensity": np.round(intensity, 4),
    }


def hits_frame(result: SearchResult) -> pd.DataFrame:
    """One row a hit, ready for a notebook; the terms of the evidence are columns of their own."""
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
        "strain": hit.strain,
        "zero_shift_deg": hit.zero_shift_deg,
        "fwhm_deg": hit.fwhm_deg,
        "unexplained": hit.unexplained,
        **dict(zip(CELL_KEYS, hit.cell, strict=True)),
        "matched_cell": hit.matched_cell.material_id if hit.matched_cell else None,
        "duplicates": len(hit.duplicates),
        "energy_above_hull_eV": hit.material.energy_above_hull_eV,
        "is_theoretical": hit.material.is_theoretical,
        "source": hit.material.source,
        "licence": hit.material.licence,
        **{f"evidence_{term}": value for term, value in hit.evidence.items()},
        **{f"{fact} {one.edge}": getattr(one, fact) for one in hit.edges for fact in EDGE_FACTS},
    }


def plain(value: Any) -> Any:
    """Values that JSON knows: numpy numbers become Python's, and what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def to_json(document: Any, path: str | Path | None = None) -> str:
    """JSON text of plain values, lists of numbers on one line each, also written to `path` if given."""
    text = json.dumps(plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)
    if path is not None:
        with_folder(Path(path)).write_text(text, encoding="utf-8")
    return text
