"""How often the structure of a compound in no database is inferred from its elements and its powder pattern."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from xsearch.chemistry.crystal import Crystal, lattice_from_parameters
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.chemistry.template import template_key
from xsearch.errors import CrystalError, QueryError, SpectrumError
from xsearch.evaluate.disturbed import disturbed_pattern
from xsearch.infer.engine import infer
from xsearch.infer.library import TemplateLibrary, library_of

NEEDED = ("material_id", "a", "b", "c", "alpha", "beta", "gamma", "species", "frac_coords", "crystal_system")
ELEMENT_COUNTS = (2, 3, 4, 5)
DEPTH = 5


@dataclass(frozen=True, slots=True, eq=False)
class Compound:
    """A compound whose structure is to be inferred.

    Attributes:
        material_id: its name.
        formula: reduced.
        crystal: the true one.
        crystal_system: as the file says.
    """

    material_id: str
    formula: str
    crystal: Crystal
    crystal_system: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one compound.

    Attributes:
        material_id, formula, n_elements: which compound.
        template_exists: whether the index holds its structure type for another formula.
        formula_right, system_right: of the first candidate.
        structure_rank: of the first candidate that StructureMatcher finds equal within `DEPTH`, or None.
        first: the first candidate's formula and space group, or the reason why there is none.
        verdict: of the inference.
        seconds: wall time of the answer.
    """

    material_id: str
    formula: str
    n_elements: int
    template_exists: bool
    formula_right: bool
    system_right: bool
    structure_rank: int | None
    first: str
    verdict: str
    seconds: float


def read_compounds(path: str | Path, limit: int | None = None) -> list[Compound]:
    """Compounds of 2 to 5 elements from a table of structures, in an order that does not depend on the file's.

    With a limit, as many of each number of elements as there are, one formula at most once.

    Raises:
        SpectrumError: where columns are missing or nothing is left.
    """
    file = Path(path)
    if not file.exists():
        raise SpectrumError(f"{file}: no such file; a Parquet table of structures is expected.")
    table = pd.read_parquet(file)
    if missing := [name for name in NEEDED if name not in table.columns]:
        raise SpectrumError(f"{file.name}: the columns {', '.join(missing)} are missing.")
    counts = np.array([len(set(species)) for species in table.species])
    order = np.argsort([zlib.crc32(str(name).encode()) for name in table.material_id], kind="stable")
    share = None if limit is None else -(-limit // len(ELEMENT_COUNTS))
    chosen: list[Compound] = []
    for n in ELEMENT_COUNTS:
        seen: set[str] = set()
        for place in order[counts[order] == n].tolist():
            if share is not None and len(seen) >= share:
                break
            row = table.iloc[place]
            compound = _compound(row)
            if compound.formula not in seen:
                seen.add(compound.formula)
                chosen.append(compound)
    if not chosen:
        raise SpectrumError(f"{file.name}: holds no compound of 2 to 5 elements.")
    return chosen if limit is None else _interleaved(chosen)[:limit]


def evaluate(
    path: str | Path,
    index: str | Path | None = None,
    *,
    limit: int | None = None,
    library: TemplateLibrary | None = None,
    progress: Callable[[Outcome], None] | None = None,
) -> dict[str, Any]:
    """Infer compounds as if no entry of their formula were in the index.

    The pattern of each is simulated from its structure and strongly disturbed; its elements are given, nothing else.

    Args:
        path: a Parquet file with the columns of `mp_structures.parquet`.
        index: name or folder of the index; the one in use by default.
        limit: how many compounds, evenly over 2 to 5 elements.
        library: instead of an index's own.
        progress: called with each outcome.

    Returns:
        The figures of `figures`, the settings, and one line a compound under `compounds`.
    """
    if library is None:
        from xsearch.search import open_index

        library = library_of(open_index(index).index)
    outcomes = []
    for outcome in outcomes_of(read_compounds(path, limit), library):
        outcomes.append(outcome)
        if progress is not None:
            progress(outcome)
    return {**figures(outcomes), "compounds": [_line(outcome) for outcome in outcomes]}


def outcomes_of(compounds: list[Compound], library: TemplateLibrary) -> Iterator[Outcome]:
    """One outcome a compound."""
    if compounds:
        # the first answer would otherwise bear the compilation of the kernels
        _one(compounds[0], library)
    for compound in compounds:
        yield _one(compound, library)


def figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """Shares over all compounds; those of structures over the compounds whose template exists."""
    exists = [o for o in outcomes if o.template_exists]

    def both(of: list[Outcome]) -> float | None:
        return _share([o.formula_right and o.system_right for o in of])

    return {
        "n": len(outcomes),
        "formula_system_top1": both(outcomes),
        "formula_top1": _share([o.formula_right for o in outcomes]),
        "structure_top1": _share([o.structure_rank == 1 for o in exists]),
        "structure_top5": _share([o.structure_rank is not None for o in exists]),
        "template_exists": _share([o.template_exists for o in outcomes]),
        "seconds_p95": round(float(np.percentile([o.seconds for o in outcomes], 95)), 3) if outcomes else None,
        "seconds_p50": round(float(np.percentile([o.seconds for o in outcomes], 50)), 3) if outcomes else None,
        "refused": _share([o.verdict == "no confident match" for o in outcomes]),
        "formula_system_top1_where_template_exists": both(exists),
        "formula_system_top1_by_elements": {
            str(n): both([o for o in outcomes if o.n_elements == n])
            for n in ELEMENT_COUNTS
            if any(o.n_elements == n for o in outcomes)
        },
        "n_by_elements": {str(n): sum(o.n_elements == n for o in outcomes) for n in ELEMENT_COUNTS},
    }


def _one(compound: Compound, library: TemplateLibrary) -> Outcome:
    from pymatgen.core.structure_matcher import StructureMatcher

    pattern = disturbed_pattern(compound.crystal, zlib.crc32(compound.material_id.encode()))
    elements = sorted(set(compound.crystal.elements))
    exists = _template_exists(compound, library)
    start = perf_counter()
    try:
        answer = infer(library, elements, pattern, excluded=[compound.formula], top=DEPTH)
    except (QueryError, SpectrumError) as error:
        return Outcome(
            compound.material_id, compound.formula, len(elements), exists, False, False, None, str(error),
            "no confident match", perf_counter() - start,
        )  # fmt: skip
    seconds = perf_counter() - start
    rank = None
    matcher, true = StructureMatcher(), compound.crystal.to_structure()
    for candidate in answer.candidates:
        if candidate.formula == compound.formula and matcher.fit(true, candidate.structure):
            rank = candidate.rank
            break
    best = answer.candidates[0] if answer.candidates else None
    return Outcome(
        compound.material_id,
        compound.formula,
        len(elements),
        exists,
        best is not None and best.formula == compound.formula,
        best is not None and best.crystal_system == compound.crystal_system,
        rank,
        f"{best.formula} {best.space_group}" if best else answer.notes[-1],
        answer.verdict,
        seconds,
    )


def _template_exists(compound: Compound, library: TemplateLibrary) -> bool:
    try:
        key = template_key(compound.crystal, find_symmetry(compound.crystal))
    except CrystalError:
        return False
    place = int(np.searchsorted(library.keys, key))
    if place >= len(library.keys) or library.keys[place] != key:
        return False
    return bool(library.members([compound.formula])[place] > 0)


def _compound(row: pd.Series) -> Compound:
    crystal = Crystal.ordered(
        lattice_from_parameters(*(float(row[name]) for name in ("a", "b", "c", "alpha", "beta", "gamma"))),
        np.asarray(row.frac_coords, np.float64).reshape(-1, 3),
        [str(s) for s in row.species],
    )
    return Compound(str(row.material_id), reduced_formula(crystal.composition), crystal, str(row.crystal_system))


def _interleaved(compounds: list[Compound]) -> list[Compound]:
    groups = [[c for c in compounds if len(set(c.crystal.elements)) == n] for n in ELEMENT_COUNTS]
    longest = max(len(group) for group in groups)
    return [group[i] for i in range(longest) for group in groups if i < len(group)]


def _line(outcome: Outcome) -> dict[str, Any]:
    return {
        "material_id": outcome.material_id,
        "formula": outcome.formula,
        "template_exists": outcome.template_exists,
        "right": outcome.formula_right and outcome.system_right,
        "structure_rank": outcome.structure_rank,
        "first": outcome.first,
        "verdict": outcome.verdict,
        "seconds": round(outcome.seconds, 2),
    }


def _share(values: list[bool]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
