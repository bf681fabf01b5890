"""Fit the weights by which inferred candidates are ranked.

    python -m xsearch.training.inference_ranking FILE --index mp --skip 3120 --limit 240 --work FOLDER

The compounds of FILE, a table of structures such as `mp_structures.parquet`, are inferred with their formulas left
out of the templates. Their evidence is kept in the work folder, so that the same command goes on where it stopped.
Measure on other compounds: `python -m benchmarks.inference`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from xsearch.chemistry.formula import parse_formula
from xsearch.data.compounds import Compound, read_compounds, unrelated_elements
from xsearch.data.simulated_measurements import augmented_pattern, random_lines
from xsearch.infer.evidence import (
    ANSWER_TERMS,
    MEASURED_TERMS,
    RANKING_FILE,
    RIETVELD_TERMS,
    STRAIN_FIT_TERMS,
    TERMS,
    answer_terms,
    fitted_shares,
    weights,
)
from xsearch.infer.pipeline import Comparison, compare
from xsearch.infer.proposals import propose
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_library import TemplateLibrary, library_of
from xsearch.infer.trial import RefinedCandidate, TrialCandidate, evidence_of
from xsearch.search import open_index
from xsearch.spectra import PowderPattern
from xsearch.training.settings import RANKING

Labelled = tuple[NDArray[np.float64], NDArray[np.float64]]


def main() -> None:
    """Gather the evidence, fit the weights, write them, and print how many they rank right in folds by formula."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--index", default=None, help="name or folder; the one in use by default")
    parser.add_argument("--limit", type=int, default=100, help="how many compounds")
    parser.add_argument("--skip", type=int, default=0, help="compounds to leave out at the start")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="where evidence is kept")
    parser.add_argument("--keep-strain-fit", action="store_true", help="fit all weights but those of the strain fits")
    parser.add_argument("--workers", type=int, default=1, help="processes that gather evidence")
    given = parser.parse_args()
    compounds = read_compounds(given.file, given.limit + given.skip)[given.skip :]
    gather(compounds, given.index, given.work, given.workers)
    fitted, refined, unanswerable = gathered(compounds, given.work)
    print(json.dumps(cross_validated(fitted, refined, weights("candidate"), given.keep_strain_fit), indent=2))
    table = fit_weights(fitted, refined, unanswerable, given.keep_strain_fit)
    about = (
        f"Fitted on {len(fitted)} compounds of {given.file.name} whose formulas were left out, and on "
        f"{len(unanswerable)} questions with wrong elements or random lines: python -m "
        f"xsearch.training.inference_ranking {given.file.name} --index {given.index} --skip {given.skip} --limit "
        f"{given.limit} --work FOLDER"
    )
    if given.keep_strain_fit:
        about += " --keep-strain-fit; strain_fit as fitted on 135 others, --skip 1000 --limit 135"
    RANKING_FILE.write_text(json.dumps({"about": about, **table}, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(table, indent=2))


def gather(compounds: Sequence[Compound], index: str | None, folder: Path, workers: int) -> None:
    """Keep the evidence for each compound in one file each; files with today's terms are kept.

    Args:
        compounds: to infer. index: to infer them from, their formulas left out.
        folder: for the files. Empty it after changes to the evidence itself.
        workers: processes, of one thread each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [k for k, compound in enumerate(compounds) if _read(folder, compound) is None]
    with ProcessPoolExecutor(workers, get_context("spawn"), _open, (index,)) as pool:
        jobs = []
        for k in missing:
            unrelated = unrelated_elements(compounds, k) if k % RANKING.unanswerable_every == 0 else None
            jobs.append(pool.submit(_keep, compounds[k], folder, unrelated))
        for n, job in enumerate(as_completed(jobs), start=1):
            print(f"{n} of {len(jobs)}: {job.result()}", flush=True)


def gathered(compounds: Sequence[Compound], folder: Path) -> tuple[list[Labelled], list[Labelled], list[Labelled]]:
    """The candidates' terms and how right each is, as kept by `gather`.

    Returns:
        Of the strain fits; of the refined candidates; and of the refined candidates for questions without an answer.
    """
    fitted, refined, unanswerable = [], [], []
    for compound in compounds:
        kept = _read(folder, compound)
        if kept is None:
            continue
        fitted.append((kept["fitted"], kept["fitted_right"]))
        refined.append((kept["refined"], kept["refined_right"]))
        unanswerable += [(kept[name], np.zeros(len(kept[name]))) for name in ("unrelated", "noise") if name in kept]
    return fitted, refined, unanswerable


def fit_weights(
    fitted: list[Labelled], refined: list[Labelled], unanswerable: list[Labelled], keep_strain_fit: bool = False
) -> dict[str, dict[str, float]]:
    """Weights of `STRAIN_FIT_TERMS`, `TERMS` and `ANSWER_TERMS` by maximum likelihood, shrunk towards zero.

    The right candidates of an answerable question are modelled by a conditional logit: first by the terms of the
    strain fits; then, among the refined ones, by what these weights make of chemistry and pattern, and by the terms of
    the Rietveld refinement. Whether the best of them is right is modelled by a logistic regression on `ANSWER_TERMS`.

    Args:
        fitted, refined, unanswerable: see `gathered`.
        keep_strain_fit: take the shipped weights of the strain fits instead of new ones.
    """
    by_fit, by_refinement = _fit_candidates(fitted, refined, keep_strain_fit)
    compared = [(evidence, right) for evidence, right in (*refined, *unanswerable) if len(evidence)]
    answer = _fit_answer(
        np.array([answer_terms(evidence, evidence @ by_refinement) for evidence, _ in compared]),
        np.array([right[np.argmax(evidence @ by_refinement)] > 0 for evidence, right in compared]),
    )
    return {
        "strain_fit": {name: round(float(w), 4) for name, w in zip(STRAIN_FIT_TERMS, by_fit, strict=True)},
        "candidate": {name: round(float(w), 4) for name, w in zip(TERMS, by_refinement, strict=True)},
        "answer": {name: round(float(w), 4) for name, w in zip(ANSWER_TERMS, answer, strict=True)},
    }


def cross_validated(
    fitted: list[Labelled], refined: list[Labelled], known: NDArray[np.float64], keep_strain_fit: bool = False
) -> dict[str, float]:
    """Share of compounds whose first candidate is right: with weights that are known, and refitted without each.

    Args:
        fitted, refined: see `gathered`; a formula occurs once, so that folds of compounds are folds of formulas.
        known: (len(TERMS),) to compare with.
        keep_strain_fit: see `fit_weights`.
    """
    fold = np.random.default_rng(0).permutation(len(refined)) % RANKING.folds
    hits = np.zeros(len(refined), np.bool_)
    for held in range(RANKING.folds):
        rest = np.flatnonzero(fold != held)
        _, worth = _fit_candidates([fitted[k] for k in rest], [refined[k] for k in rest], keep_strain_fit)
        for k in np.flatnonzero(fold == held):
            hits[k] = _first_is_right(refined[k], worth)
    before = np.array([_first_is_right(one, known) for one in refined])
    return {
        "n": len(refined),
        "right_among_candidates": round(float(np.mean([right.any() for _, right in refined])), 4),
        "right_first": round(float(before.mean()), 4),
        "right_first_refitted": round(float(hits.mean()), 4),
        "won": int((hits & ~before).sum()),
        "lost": int((before & ~hits).sum()),
    }


def _first_is_right(labelled: Labelled, worth: NDArray[np.float64]) -> bool:
    evidence, right = labelled
    return bool(len(evidence) and right[np.argmax(evidence @ worth)] > 0)


_library: TemplateLibrary | None = None
"""Of the index that this process was started with."""


def _open(index: str | None) -> None:
    global _library
    _library = library_of(open_index(index).index)


def _keep(compound: Compound, folder: Path, unrelated: set[str] | None) -> str:
    """Write one compound's evidence; the file appears when it is complete."""
    assert _library is not None
    pattern = augmented_pattern(compound.crystal, compound.seed)
    task, found = _compared(_library, compound.elements, pattern, [compound.formula])
    kept = {
        "terms": np.array(TERMS),
        "fitted": evidence_of(found.fitted, len(STRAIN_FIT_TERMS)),
        "fitted_right": _rightness(compound, task, found.fitted),
        "refined": task.evidence(found.refined),
        "refined_right": _rightness(compound, task, found.refined),
    }
    if unrelated is not None:
        noise = random_lines(compound.seed)
        for name, elements, measured in (("unrelated", unrelated, pattern), ("noise", compound.elements, noise)):
            task, found = _compared(_library, elements, measured)
            kept[name] = task.evidence(found.refined)
    aside = folder / f"{compound.material_id}.part.npz"
    np.savez(aside, **kept)  # type: ignore[arg-type]
    aside.rename(folder / f"{compound.material_id}.npz")
    return compound.formula


def _compared(
    library: TemplateLibrary, elements: set[str], pattern: PowderPattern, excluded: Sequence[str] = ()
) -> tuple[InferenceTask, Comparison]:
    """The stages of `infer` up to the ranking."""
    proposals = propose(library, sorted(elements), excluded=excluded)
    task = InferenceTask.prepare(library, proposals, pattern, threads=1)
    return task, compare(task)


def _read(folder: Path, compound: Compound) -> dict[str, NDArray] | None:
    """What was kept, or None where nothing was, or other terms."""
    path = folder / f"{compound.material_id}.npz"
    if not path.exists():
        return None
    with np.load(path) as kept:
        return dict(kept) if tuple(kept["terms"].tolist()) == TERMS else None


def _rightness(compound: Compound, task: InferenceTask, candidates: Sequence[TrialCandidate]) -> NDArray[np.float64]:
    """(k,) how right each candidate is: 0, `RANKING.other_structure` or 1."""
    from pymatgen.core.structure_matcher import StructureMatcher

    wanted = parse_formula(compound.formula)
    goal = tuple(wanted[element] for element in task.proposals.elements)
    same = [
        one.proposal.coefficients == goal and one.symmetry.crystal_system == compound.crystal_system
        for one in candidates
    ]
    right = np.where(np.array(same, np.bool_), RANKING.other_structure, 0.0)
    matcher, true = StructureMatcher(), compound.crystal.to_structure()
    order = np.argsort(-fitted_shares(candidates), kind="stable")
    for k in [k for k in order.tolist() if same[k]][: RANKING.most_matched]:
        one = candidates[k]
        crystal = one.refined.crystal if isinstance(one, RefinedCandidate) else one.symmetry.primitive
        if matcher.fit(true, crystal.to_structure()):
            right[k] = 1.0
    return right


def _fit_candidates(
    fitted: list[Labelled], refined: list[Labelled], keep_strain_fit: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(len(STRAIN_FIT_TERMS),) and (len(TERMS),) weights of conditional logits."""
    by_fit = weights("strain_fit") if keep_strain_fit else _fit_shares(fitted, RANKING.strain_fit_shrinkage)
    measured = np.array([name in MEASURED_TERMS for name in STRAIN_FIT_TERMS])
    parts = np.zeros((len(TERMS), 2 + len(RIETVELD_TERMS)))
    parts[: len(STRAIN_FIT_TERMS), 0], parts[: len(STRAIN_FIT_TERMS), 1] = by_fit * ~measured, by_fit * measured
    parts[len(STRAIN_FIT_TERMS) :, 2:] = np.eye(len(RIETVELD_TERMS))
    return by_fit, parts @ _fit_shares(
        [(evidence @ parts, right) for evidence, right in refined], RANKING.refined_shrinkage
    )


def _fit_shares(labelled: list[Labelled], shrinkage: float) -> NDArray[np.float64]:
    """(terms,) of a conditional logit over the candidates of each question that has a right one."""
    known = [(evidence, right) for evidence, right in labelled if right.any()]
    spread = np.sqrt(np.vstack([(e - e.mean(axis=0)) ** 2 for e, _ in known]).mean(axis=0)) + 1e-9

    def loss(worth: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = 0.0, np.zeros_like(worth)
        for evidence, right in known:
            z = evidence / spread
            total = z @ worth
            share = np.exp(total - total.max())
            share /= share.sum()
            good = share * right
            value -= np.log(good.sum() + 1e-300)
            slope -= z.T @ (good / (good.sum() + 1e-300) - share)
        return (
            value / len(known) + shrinkage * float(worth @ worth) / 2,
            slope / len(known) + shrinkage * worth,
        )

    found = minimize(loss, np.zeros(len(spread)), jac=True, method="L-BFGS-B").x
    return np.asarray(found / spread)


def _fit_answer(shown: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(answer terms,) of a logistic regression; all but the constant, which comes first, are shrunk towards zero."""
    mean, spread = shown[:, 1:].mean(axis=0), shown[:, 1:].std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(shown)), (shown[:, 1:] - mean) / spread])
    shrinkage = RANKING.answer_shrinkage * np.append(0.0, np.ones(len(mean)))

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = scaled @ w
        chance = 1 / (1 + np.exp(-z))
        value = float(np.logaddexp(0, np.where(right, -z, z)).sum() + (shrinkage * w) @ w / 2)
        return value, scaled.T @ (chance - right) + shrinkage * w

    w = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
    slopes = w[1:] / spread
    return np.append(w[0] - slopes @ mean, slopes)


if __name__ == "__main__":
    main()
