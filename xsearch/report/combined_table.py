"""Hits and inferred crystals in one ranking: as a table for the terminal, as plain values and as CIF files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from xsearch.answers.combined import Combined, RankedCrystal
from xsearch.answers.inference import Candidate
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.hits_table import LEFT, NOTE, heading, percent
from xsearch.report.inference_table import inference_record, replacements, write_candidate_cifs
from xsearch.report.json_text import plain
from xsearch.report.rich_table import new_table, with_lines
from xsearch.report.search_record import search_record
from xsearch.report.structures import write_hit_cifs

INFERRED = "inferred"
"""Name of the sub-folder into which CIF files of inferred crystals go."""


def combined_table(combined: Combined, top: int | None = None) -> RenderableType:
    """The combined ranking; inferred crystals are marked as such and in italics."""
    table = new_table(("#", "kind", "formula", "id", "space group", "score", "unexplained %", "Rwp %"), ("kind", *LEFT))
    table.add_column("template and substitution", overflow="fold")
    for one in combined.ranking[:top]:
        number, crystal = one.space_group, one.crystal
        template = ""
        if isinstance(crystal, Candidate):
            template = crystal.origin if crystal.solved else f"{crystal.origin}, {replacements(crystal.substitution)}"
        table.add_row(
            str(one.rank),
            one.kind,
            one.formula,
            one.id,
            f"{space_group_symbol(number)} ({number})" if number else "?",
            f"{one.score:.2f}",
            percent(one.unexplained),
            f"{100 * one.refined.residuals.r_wp:.0f}" if one.refined else "",
            template,
            style="italic" if one.kind == "inferred" else "",
        )
    notes = [f"inference: {combined.inference.verdict}", *combined.inference.notes, *combined.search.notes]
    return with_lines([heading(combined.search), table], (f"{NOTE}{note}" for note in dict.fromkeys(notes)))


def combined_record(combined: Combined) -> dict[str, Any]:
    """The search's answer as plain values, with `ranking` and `inference` added."""
    return {
        **search_record(combined.search, "combined"),
        "ranking": plain([ranked_record(one) for one in combined.ranking]),
        "inference": inference_record(combined.inference),
    }


def ranked_record(one: RankedCrystal) -> dict[str, Any]:
    """One row of the ranking; for an inferred crystal with its template and substitution."""
    record: dict[str, Any] = {
        "rank": one.rank,
        "kind": one.kind,
        "id": one.id,
        "formula": one.formula,
        "space_group": one.space_group,
        "crystal_system": one.crystal_system,
        "score": one.score,
        "unexplained": one.unexplained,
    }
    if one.refined is not None:
        record["log_evidence"] = one.refined.log_evidence
        record |= asdict(one.refined.residuals)
    if isinstance(one.crystal, Candidate):
        record["source_id"] = one.crystal.source_id
        record["source_formula"] = one.crystal.source_formula
        record["substitution"] = one.crystal.substitution
        record["assumptions"] = list(one.crystal.assumptions)
    return record


def write_combined_cifs(combined: Combined, folder: str | Path, top: int | None = None) -> list[Path]:
    """The hits' CIF files into the folder, those of inferred crystals into its sub-folder `inferred`.

    Crystals that explain nothing are not in the ranking, and are not written.
    """
    target = Path(folder)
    inference = combined.inference
    inferred = [] if inference.refused else write_candidate_cifs(inference, target / INFERRED, top)
    return [*write_hit_cifs(combined.search, target, top), *inferred]
