"""The stages in which proposals are compared with a pattern, from screening to symmetry lowering."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.checkpoint import NOTHING_KEPT, Checkpoint
from xsearch.infer.final_refinement import refine_best
from xsearch.infer.refinement import refine_by_strain
from xsearch.infer.screening import screen_templates
from xsearch.infer.symmetry_lowering import with_lower_symmetries
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_placement import place_templates
from xsearch.infer.trial import RefinedCandidate, TrialCandidate
from xsearch.infer.trial_cells import trial_cells
from xsearch.progress import timed


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What the stages found.

    Attributes:
        fitted: candidates after the strain fits in the templates' own cells.
        refined: candidates after the final refinement, those of template placement and symmetry lowering among them.
        n_screened, n_fitted: crystals simulated, and fitted by strain, for templates in their own cells and in others.
        timings_ms: wall time of each stage in milliseconds.
    """

    fitted: list[TrialCandidate]
    refined: list[RefinedCandidate]
    n_screened: int
    n_fitted: int
    timings_ms: dict[str, float]


def compare(task: InferenceTask, kept: Checkpoint = NOTHING_KEPT) -> Comparison:
    """Screen proposals, refine the best, and try what lies between and beside the templates.

    Args:
        task: the proposals and the pattern.
        kept: what stages found before is taken from there.
    """
    if not len(task.proposals):
        return Comparison([], [], 0, 0, {})
    settings = task.settings
    timings: dict[str, float] = {}
    with timed(timings, "screening"):
        starts, n_screened = kept.stage("screening", lambda: screen_templates(task))
    with timed(timings, "refinement"):
        fitted = kept.stage("refinement", lambda: refine_by_strain(task, starts))
    with timed(timings, "final_refinement"):
        most = settings.final_refinement.most
        refined = kept.stage("final_refinement", lambda: refine_best(task, fitted, most))
    n_fitted = len(fitted)
    if not any(candidate.refined.misfit <= settings.placement.explained_misfit for candidate in refined):
        with timed(timings, "template_placement"):
            placed_at, n_placed = kept.stage(
                "template_placement", lambda: place_templates(task, trial_cells(task, refined))
            )
            placed = kept.stage("placed_refinement", lambda: refine_by_strain(task, placed_at))
            n_screened, n_fitted = n_screened + n_placed, n_fitted + len(placed)
            most = settings.placement.most_refined
            refined += kept.stage("placed_final_refinement", lambda: refine_best(task, placed, most, refined))
    with timed(timings, "symmetry_lowering"):
        refined = with_lower_symmetries(task, refined)
    return Comparison(fitted, refined, n_screened, n_fitted, timings)
