"""Database hits and inferred candidates in one list, never confused."""

from __future__ import annotations

from typing import Any

from xsearch.infer.candidate import Inference
from xsearch.results import SearchResult


def one_list(result: SearchResult, inference: Inference) -> list[dict[str, Any]]:
    """Hits of an index and inferred crystals, the likeliest first.

    An inferred crystal stands on what the search left over: its probability is multiplied by one less the best hit's
    score, so that it goes before a hit only where the database does not explain the pattern. On equal terms a hit
    goes first.

    Args:
        result: of the search in the index.
        inference: from the templates of the same index, for the same pattern.

    Returns:
        One dictionary a row: `rank`, `kind` (`database` or `inferred`), `id`, `formula`, `space_group`,
        `crystal_system`, `score`, `unexplained`, and for inferred ones `made_from`, `substitution`, `assumptions`.
    """
    left = 1.0 - max((hit.score for hit in result.hits), default=0.0)
    rows: list[dict[str, Any]] = [
        {
            "kind": "database",
            "id": hit.material_id,
            "formula": hit.formula,
            "space_group": hit.material.space_group,
            "crystal_system": hit.material.crystal_system,
            "score": hit.score,
            "unexplained": hit.unexplained,
        }
        for hit in result.hits
    ]
    rows += [
        {
            "kind": "inferred",
            "id": candidate.inferred_id,
            "formula": candidate.formula,
            "space_group": candidate.space_group,
            "crystal_system": candidate.crystal_system,
            "score": left * candidate.probability,
            "unexplained": candidate.unexplained,
            "made_from": f"{candidate.source_formula} ({candidate.source_id})",
            "substitution": candidate.substitution,
            "assumptions": list(candidate.assumptions),
        }
        for candidate in inference.candidates
    ]
    rows.sort(key=lambda row: (-row["score"], row["kind"], row["id"]))
    return [{"rank": rank, **row} for rank, row in enumerate(rows, start=1)]
