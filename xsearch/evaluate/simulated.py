"""Searches for simulated measurements of an index's rows that no network was trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.data.simulated_measurements import pattern_for_task
from xsearch.data.splits import halves, listed_rows, split_rows
from xsearch.errors import SpectrumError
from xsearch.options import Task, parse_choice
from xsearch.preprocess.powder import net_pattern
from xsearch.search import SearchIndex, open_index
from xsearch.search.nearest_neighbours import network_logits, parse_ranking

DEPTHS = (1, 5, 10)
"""Of a ranking, at which a right answer is counted."""


def evaluate(
    index: str | SearchIndex | None = None,
    task: Task | str = Task.STRONG,
    *,
    path: str | Path | None = None,
    count: int = 200,
    ranking: str | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Search for simulated measurements and count what is right.

    Args:
        index: an opened index or its name; the one in use by default.
        task: see `xsearch.options.Task`.
        path: a Parquet table with the column material_id, if only entries that it lists are to be searched for.
        count: how many patterns.
        ranking: as in `SearchIndex.search`.
        seed: of rows and patterns.
        progress: called with the material's id.

    Returns:
        `n`; `crystal_system_accuracy` and `space_group_accuracy` of the answer's symmetry, those of the network alone
        where its weights are there, `majority` of the commonest system; and for `strong` the shares `top1`, `top5`,
        `top10` of patterns with an entry of the same formula and space group among the first hits.

    Raises:
        SpectrumError: where the table cannot be used.
    """
    task = parse_choice(Task, task, "task")
    opened = index if isinstance(index, SearchIndex) else open_index(index)
    columns, split = opened.index.columns, split_rows(opened.index)
    pool = split.random if task is Task.PUBLISHED else halves(opened.index, split.formulas)[1]
    pool = pool[columns.cell_of[pool] < 0]
    if path is not None:
        pool = pool[np.isin(pool, listed_rows(opened.index, path))]
    random = np.random.default_rng(seed)
    ranks: list[int] = []
    right: list[tuple[bool, bool, bool, bool]] = []
    truth: list[int] = []
    for row in random.permutation(pool).tolist():
        if len(truth) == count:
            break
        pattern = pattern_for_task(opened.index, row, task, random)
        kin = columns.formula_group == columns.formula_group[row]
        hidden = {Task.PUBLISHED: [row], Task.FORMULA: np.flatnonzero(kin).tolist(), Task.STRONG: []}[task]
        try:
            result = opened.search(
                pattern, top=max(DEPTHS), measured_cells=False, leave_out_rows=hidden, ranking=ranking
            )
        except SpectrumError:
            continue
        code, group = int(columns.crystal_system[row]), int(columns.space_group[row])
        truth.append(code)
        said = result.symmetry
        network = network_logits(net_pattern(pattern))
        right.append(
            (
                said is not None and said.crystal_system == CRYSTAL_SYSTEMS[code],
                said is not None and said.space_group == group,
                network is not None and int(network[0].argmax()) == code,
                network is not None and int(network[1].argmax()) + 1 == group,
            )
        )
        formula = opened.index.material(row).reduced_formula
        same = [
            h.rank for h in result.hits if h.material.reduced_formula == formula and h.material.space_group == group
        ]
        ranks.append(min(same, default=max(DEPTHS) + 1))
        if progress:
            progress(opened.index.material(row).material_id)
    shares = np.array(right, float).reshape(-1, 4).mean(axis=0) if right else np.zeros(4)
    names = ("crystal_system_accuracy", "space_group_accuracy", "network_system_accuracy", "network_group_accuracy")
    figures: dict[str, Any] = {
        "task": task.value,
        "index": opened.name,
        "ranking": parse_ranking(ranking, opened.index).value,
        "n": len(truth),
        **dict(zip(names, shares.tolist(), strict=True)),
        "majority": float(np.bincount(truth).max() / len(truth)) if truth else 0.0,
    }
    if task is Task.STRONG:
        figures |= {f"top{depth}": float(np.mean(np.array(ranks) <= depth)) for depth in DEPTHS}
    return figures
