"""At which stage inference loses the right answer: one line a compound, and counts by stage.

python -m benchmarks.inference_losses [FILE] --index mp --skip 1000 --limit 60
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks._data import data_file
from xsearch.chemistry.formula import parse_formula
from xsearch.data.compounds import Compound, read_compounds
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.infer.evidence import answer_probability, shares, totals
from xsearch.infer.pipeline import compare
from xsearch.infer.proposals import propose
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_library import TemplateLibrary, library_of
from xsearch.infer.trial import TrialCandidate
from xsearch.search import open_index

STAGES = (
    "formula not proposed",
    "formula proposed too late for screening",
    "formula lost in screening",
    "formula fitted in other crystal systems alone",
    "lost before the final refinement",
    "another formula put first",
    "another crystal system put first",
    "right, but refused",
    "right",
)


def stage_of(compound: Compound, library: TemplateLibrary) -> tuple[str, str]:
    """The stage of `STAGES` at which a compound's formula and crystal system are lost, and what was put first.

    Args:
        compound: the entries of its formula are left out.
        library: the templates.
    """
    wanted = parse_formula(compound.formula)
    proposals = propose(library, list(wanted), excluded=[compound.formula])
    goal = np.array([wanted[element] for element in proposals.elements])
    proposed = np.flatnonzero((proposals.coefficients == goal).all(axis=1))
    if not len(proposed):
        return STAGES[0], ""
    task = InferenceTask.prepare(library, proposals, augmented_pattern(compound.crystal, compound.seed))
    if proposed[0] >= task.settings.screening.most:
        return STAGES[1], ""
    found = compare(task)
    right_formula, right_system = _right(compound, goal, found.refined)
    if not (right_formula & right_system).any():
        formulas, systems = _right(compound, goal, found.fitted)
        if (formulas & systems).any():
            return STAGES[4], ""
        return STAGES[3 if formulas.any() else 2], ""
    evidence = task.evidence(found.refined)
    total = totals(evidence)
    share = shares(total)
    first = int(np.argmax(share))
    best = found.refined[first]
    counts = dict(zip(proposals.elements, best.proposal.coefficients, strict=True))
    rank = int((share > share[right_formula & right_system].max()).sum()) + 1
    text = f"first {counts} in {best.symmetry.number}; the right one is number {rank}"
    if not right_formula[first]:
        return STAGES[5], text
    if not right_system[first]:
        return STAGES[6], text
    return STAGES[8 if answer_probability(evidence, total) > task.settings.verdict.refused_up_to else 7], text


def _right(
    compound: Compound, goal: NDArray[np.integer], candidates: Sequence[TrialCandidate]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(k,) and (k,) whether each candidate has the right formula, and the right crystal system."""
    formulas = [one.proposal.coefficients == tuple(goal.tolist()) for one in candidates]
    systems = [one.symmetry.crystal_system == compound.crystal_system for one in candidates]
    return np.array(formulas, np.bool_), np.array(systems, np.bool_)


def main() -> None:
    """Print where each compound is lost, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="default: mp_structures.parquet in $XSEARCH_DATA")
    parser.add_argument("--index", default=None)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the counts alone")
    given = parser.parse_args()
    file = given.file or data_file("mp_structures.parquet")
    library = library_of(open_index(given.index).index)
    lost: Counter[str] = Counter()
    for compound in read_compounds(file, given.limit + given.skip)[given.skip :]:
        stage, text = stage_of(compound, library)
        lost[stage] += 1
        if not given.json:
            print(f"{compound.formula} {compound.crystal_system}: {stage}", text, sep="; " if text else "", flush=True)
    if given.json:
        print(json.dumps({stage: lost[stage] for stage in STAGES}))
        return
    for stage in STAGES:
        print(f"{lost[stage]:4d}  {stage}")


if __name__ == "__main__":
    main()
