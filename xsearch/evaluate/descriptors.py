"""How well descriptors are read off spectra: labels from the structures, simple answers beside the model's."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.data.site_labels import labels_of, read_site_spectra
from xsearch.data.xanes_sites import Examples, formula_hashes, join
from xsearch.models.site_model import SiteModel, shipped_site_model
from xsearch.models.tasks import CLASSES, NUMBERS, class_indices
from xsearch.options import Conditioning, parse_choice
from xsearch.training.site_model import evaluate_examples

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

ASKED = ("cn_accuracy", "cn_macro_f1", "os_accuracy", "mnnd_mae", "mnnd_r2", "nnrs_r2", "mood_r2")
FREQUENT = 10
"""Classes with fewer sites than this tell more of chance than of a model."""


@dataclass(frozen=True, slots=True)
class DescriptorReport:
    """Figures over all spectra of a table that could be normalised and described.

    Attributes:
        n: spectra. `n_formulas_in_training` of their formulas were in the model's training data.
        cn_accuracy, cn_macro_f1, os_accuracy, os_macro_f1: coordination number and oxidation state. Macro-F1 is the
            mean over the classes that occur, however rare.
        cn_accuracy_clear: over the sites whose coordination number CrystalNN is sure of; `ambiguous` share are not.
        cn_macro_f1_frequent: over the coordination numbers that at least ten sites have.
        n_os: sites with an oxidation state: a whole number, by bond valence, else by composition.
        os_accuracy_clear: over the sites where both give the same; `os_disputed` share of those with both do not.
        mnnd_mae, mnnd_r2: mean neighbour distance, in Å.
        nnrs_r2, mood_r2: spread of the neighbour distances; least O-O distance. `_clear`: over the sites whose
            coordination number CrystalNN is sure of; elsewhere it is a matter of taste which atoms are neighbours.
        neighbor_accuracy, ocn_accuracy: neighbour element, oxygen neighbours.
        majority: the same for one constant answer, the commonest class or the median.
        note: one line on the training data.
    """

    n: int
    n_formulas: int
    n_formulas_in_training: int
    cn_accuracy: float
    cn_macro_f1: float
    cn_accuracy_clear: float
    cn_macro_f1_frequent: float
    os_accuracy: float
    os_accuracy_clear: float
    os_macro_f1: float
    mnnd_mae: float
    mnnd_r2: float
    nnrs_r2: float
    mood_r2: float
    nnrs_r2_clear: float
    mood_r2_clear: float
    neighbor_accuracy: float
    ocn_accuracy: float
    ambiguous: float
    n_os: int
    os_disputed: float
    majority: dict[str, float]
    note: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title=f"{self.n:,} spectra of {self.n_formulas:,} formulas")
        for heading in ("figure", "model", "one constant answer"):
            shown.add_column(heading, justify="left" if heading == "figure" else "right")
        for name, constant in self.majority.items():
            shown.add_row(name, f"{getattr(self, name):.3f}", f"{constant:.3f}")
        shown.caption = self.note
        return shown


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is done to every spectrum before it is read: robustness is measured from the file on, not on windows.

    Attributes:
        shift_eV: the energy scale is off by a random amount up to this.
        noise: standard deviation in edge steps.
        seed: of the chance.
    """

    shift_eV: float = 3.0
    noise: float = 0.05
    seed: int = 0

    def __call__(self, spectra: pd.DataFrame) -> pd.DataFrame:
        """The same table with disturbed `energy` and `mu`."""
        chance = np.random.default_rng(self.seed)
        energies, values = [], []
        for energy, mu in zip(spectra.energy, spectra.mu, strict=True):
            step = float(np.median(mu[len(mu) // 2 :]))
            energies.append(np.asarray(energy) + chance.uniform(-self.shift_eV, self.shift_eV))
            values.append(np.asarray(mu) + chance.normal(0, self.noise * step, len(mu)))
        return spectra.assign(energy=energies, mu=values)


def evaluate_descriptors(
    path: Path,
    labels_cache: Path | None = None,
    processes: int | None = None,
    model: SiteModel | None = None,
    disturbance: Disturbance | None = None,
    structures: Path | None = None,
    weights: Path | None = None,
    given: Conditioning | str = Conditioning.NONE,
) -> DescriptorReport:
    """Figures of a model on a table of site spectra; labels are computed from the structures.

    Args:
        path: such as `xas_feff9.parquet`; cells may stand beside it in `mp_cells_of_xas.parquet`.
        labels_cache: a file that keeps the labels between calls.
        processes: for the labels; one a core if None.
        model: the shipped one if None.
        disturbance: none if None.
        structures: a table of cells, where it does not stand beside the file.
        weights: a folder to load the model from.
        given: what the model is given of each compound: `none`, its `elements`, or its `formula`.

    Raises:
        XSearchError: for another word, or where the file, its structures or the weights cannot be used.
    """
    conditioning = parse_choice(Conditioning, given, "choice of what is given")
    if weights is not None:
        model = SiteModel.load(weights)
    spectra = read_site_spectra(path)
    labels = labels_of(path, labels_cache, processes or os.cpu_count() or 1, structures)
    if disturbance is not None:
        spectra = disturbance(spectra[spectra.id.isin(set(labels.id))])
    return report_on(join(spectra, labels), model or shipped_site_model(), conditioning)


def report_on(examples: Examples, model: SiteModel, told: Conditioning = Conditioning.NONE) -> DescriptorReport:
    """Figures of a model on examples, where so much is told of their compounds."""
    seen = np.isin(formula_hashes(examples.formula), model.formulas)
    answers = model.blend(evaluate_examples(model, examples, told), told)
    report = report_of(examples, *answers, formulas_seen=int(seen.sum()))
    measured = model.settings.get("cross_validation", {}).get(told)
    if report.n_formulas_in_training and measured:
        figures = ", ".join(f"{name} {measured[name]:.3f}" for name in ASKED if measured[name] is not None)
        note = f"{report.note} On formulas that it never saw it has (N = {measured['n']:,}): {figures}."
        report = replace(report, note=note)
    return report


def report_of(
    examples: Examples,
    classes: dict[str, NDArray[np.float32]],
    numbers: dict[str, NDArray[np.float32]],
    formulas_seen: int = 0,
) -> DescriptorReport:
    """Figures of answers to examples, as `xsearch.models.site_model.blend` gives them; tasks may be missing."""
    formulas = set(examples.formula)
    note = (
        f"{formulas_seen:,} of {len(formulas):,} formulas were among the model's training data: those figures flatter "
        "it."
        if formulas_seen
        else "None of the formulas was among the model's training data."
    )
    agrees = examples.labels["oxidation_agrees"]
    return DescriptorReport(
        n=len(examples),
        n_formulas=len(formulas),
        n_formulas_in_training=formulas_seen,
        ambiguous=float(examples.ambiguous.mean()),
        n_os=int(np.isfinite(examples.labels["oxidation_state"]).sum()),
        os_disputed=float(1 - np.nanmean(agrees)) if np.isfinite(agrees).any() else float("nan"),
        majority=_figures(examples, *_constant(examples)),
        note=note,
        **_figures(examples, classes, numbers),
    )


def _figures(
    examples: Examples, classes: dict[str, NDArray[np.float32]], numbers: dict[str, NDArray[np.float32]]
) -> dict[str, float]:
    unknown = np.full(len(examples), np.nan, np.float32)
    nothing = np.full(len(examples), -1)
    found = {t: classes[t].argmax(1) if t in classes else nothing for t in CLASSES}
    truth = {t: class_indices(t, examples.labels[t]) if t in classes else nothing for t in CLASSES}
    labels, means = examples.labels, {t: numbers[t][:, 0] if t in numbers else unknown for t in NUMBERS}
    clear, agreed = ~examples.ambiguous, labels["oxidation_agrees"] == 1
    state, true_state = found["oxidation_state"], truth["oxidation_state"]
    return {
        "cn_accuracy": _accuracy(found["cn"], truth["cn"]),
        "cn_accuracy_clear": _accuracy(found["cn"][clear], truth["cn"][clear]),
        "cn_macro_f1": _macro_f1(found["cn"], truth["cn"]),
        "cn_macro_f1_frequent": _macro_f1(found["cn"], truth["cn"], least=FREQUENT),
        "os_accuracy": _accuracy(state, true_state),
        "os_accuracy_clear": _accuracy(state[agreed], true_state[agreed]),
        "os_macro_f1": _macro_f1(state, true_state),
        "mnnd_mae": _mae(means["mnnd_A"], labels["mnnd_A"]),
        "mnnd_r2": _r2(means["mnnd_A"], labels["mnnd_A"]),
        "nnrs_r2": _r2(means["nnrs_A"], labels["nnrs_A"]),
        "mood_r2": _r2(means["mood_A"], labels["mood_A"]),
        "nnrs_r2_clear": _r2(means["nnrs_A"][clear], labels["nnrs_A"][clear]),
        "mood_r2_clear": _r2(means["mood_A"][clear], labels["mood_A"][clear]),
        "neighbor_accuracy": _accuracy(found["neighbor_z"], truth["neighbor_z"]),
        "ocn_accuracy": _accuracy(found["ocn"], truth["ocn"]),
    }


def _constant(examples: Examples) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Answers that do not look at the spectrum."""
    n = len(examples)
    classes, numbers = {}, {}
    for task, values in CLASSES.items():
        truth = class_indices(task, examples.labels[task])
        counts = np.bincount(truth[truth >= 0], minlength=len(values))
        classes[task] = np.tile((counts / max(counts.sum(), 1)).astype(np.float32), (n, 1))
    for task in NUMBERS:
        told = examples.labels[task][np.isfinite(examples.labels[task])]
        numbers[task] = np.tile(np.array([[np.median(told) if len(told) else 0.0, 0.0]], np.float32), (n, 1))
    return classes, numbers


def _accuracy(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    known = truth >= 0
    return float((found == truth)[known].mean()) if known.any() else float("nan")


def _macro_f1(found: NDArray[np.int64], truth: NDArray[np.int64], least: int = 1) -> float:
    """Mean F1 over the classes that occur at least so often, each counting alike."""
    found, truth = found[truth >= 0], truth[truth >= 0]
    scores = []
    for value, count in zip(*np.unique(truth, return_counts=True), strict=True):
        if count < least:
            continue
        hit = float(((found == value) & (truth == value)).sum())
        scores.append(2 * hit / ((found == value).sum() + (truth == value).sum()))
    return float(np.mean(scores)) if scores else float("nan")


def _mae(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    errors = np.abs(found - truth)
    return float(np.nanmean(errors)) if np.isfinite(errors).any() else float("nan")


def _r2(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    known = np.isfinite(truth)
    if not known.any() or not np.isfinite(found[known]).all():
        return float("nan")
    residual = float(((found - truth)[known] ** 2).sum())
    return 1 - residual / max(float(((truth[known] - truth[known].mean()) ** 2).sum()), 1e-12)
