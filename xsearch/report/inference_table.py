"""Inferred crystals as a table for the terminal, as plain values, as a data frame and as CIF files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from xsearch.answers.inference import Candidate, Inference
from xsearch.report.hits_table import percent
from xsearch.report.json_text import head, plain
from xsearch.report.material_record import cell_record
from xsearch.report.rich_table import new_table
from xsearch.report.search_record import fit_columns, pattern_fit_record

if TYPE_CHECKING:
    import pandas as pd


LEFT = ("formula", "space group", "system", "template", "substitution")
DISORDER = "disorder"
"""Column of shared and partly empty sites, where any candidate has one."""


def inference_table(inference: Inference, top: int | None = None) -> Table:
    """The candidates, one row each."""
    shown = inference.candidates[:top]
    more = (DISORDER,) if any(c.disorder for c in shown) else ()
    table = new_table(("rank", *LEFT[:3], "probability", *LEFT[3:], *more, "unexplained %"), (*LEFT, DISORDER))
    table.title = f"Inferred crystals ({inference.verdict}); in no database"
    for c in shown:
        table.add_row(
            str(c.rank), c.formula, str(c.space_group), c.crystal_system, f"{c.probability:.2f}",
            c.origin, "" if c.solved else replacements(c.substitution),
            *(["; ".join(sites_in_words(c))] if more else []),
            percent(None if c.pattern_fit is None else c.pattern_fit.unexplained),
        )  # fmt: skip
    return table


def inference_record(inference: Inference) -> dict[str, Any]:
    """The complete answer as plain values."""
    return plain(
        {
            **head("inference"),
            "elements": list(inference.elements),
            "verdict": inference.verdict,
            "n_proposed": inference.n_proposed,
            "n_screened": inference.n_screened,
            "n_fitted": inference.n_fitted,
            "notes": list(inference.notes),
            "chain": [link.to_dict() for link in inference.chain],
            "options": inference.options,
            "settings": inference.settings,
            "timings_ms": inference.timings_ms,
            "candidates": [candidate_record(candidate) for candidate in inference.candidates],
        }
    )


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """One candidate as plain values, the crystal as lists."""
    facts = {
        name: getattr(candidate, name)
        for name in (
            "rank", "formula", "space_group", "crystal_system", "template", "source_id", "source_formula",
            "substitution", "probability", "members", "evidence", "xanes_agreement", "assumptions",
        )
    }  # fmt: skip
    crystal = candidate.crystal
    return {
        "id": candidate.inferred_id,
        "inferred": True,
        **facts,
        "disorder": [{"text": one.text, "caveat": one.caveat, **asdict(one)} for one in candidate.disorder],
        "cell": cell_record(candidate.cell),
        "pattern_fit": None if candidate.pattern_fit is None else pattern_fit_record(candidate.pattern_fit),
        "crystal": {
            "lattice_A": crystal.lattice_A,
            "elements": list(crystal.elements),
            "frac_coords": crystal.frac_coords,
            "occupancies": crystal.occupancies,
        },
    }


def candidates_frame(inference: Inference) -> pd.DataFrame:
    """One row a candidate; the terms of the evidence are columns."""
    import pandas as pd

    rows = []
    for c in inference.candidates:
        row = candidate_record(c)
        del row["crystal"], row["pattern_fit"]
        row.update(row.pop("cell"))
        row.update(fit_columns(c.pattern_fit))
        row.update({f"evidence_{k}": v for k, v in row.pop("evidence").items()})
        row["disorder"] = "; ".join(sites_in_words(c))
        rows.append({**row, "substitution": replacements(c.substitution), "assumptions": "; ".join(c.assumptions)})
    return pd.DataFrame(rows)


def write_candidate_cifs(inference: Inference, folder: str | Path, top: int | None = None) -> list[Path]:
    """One CIF file a candidate; returns their paths."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    return [
        write_candidate_cif(c, target / f"{c.rank:02d}_inferred_{c.formula.replace('(', '').replace(')', '')}.cif")
        for c in inference.candidates[:top]
    ]


def write_candidate_cif(candidate: Candidate, path: Path) -> Path:
    """Write the crystal, with its origin in comments; returns the path."""
    from pymatgen.io.cif import CifWriter

    lines = [f"# {candidate.inferred_id}: inferred by xsearch, in no database"]
    lines += [f"# {assumption}" for assumption in candidate.assumptions]
    path.write_text("\n".join([*lines, str(CifWriter(candidate.structure, symprec=0.1))]), encoding="utf-8")
    return path


def sites_in_words(candidate: Candidate) -> list[str]:
    """Its shared and partly empty sites, a text each."""
    return [one.text for one in candidate.disorder]


def replacements(substitution: Mapping[str, str]) -> str:
    """The elements that were replaced, in words."""
    changed = [f"{new} for {old}" for old, new in substitution.items() if new != old]
    return ", ".join(changed) if changed else "none"
