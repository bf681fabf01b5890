"""Scores of descriptors predicted from spectra, beside those of one constant answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.data.scores import accuracy, macro_f1, mean_absolute_error, r_squared
from xsearch.data.xanes_sites import Examples
from xsearch.models.tasks import CLASSES, NUMBERS, class_indices

if TYPE_CHECKING:
    from rich.table import Table

FREQUENT = 10
"""Classes with fewer sites than this say more about chance than about a model."""


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
        site_symmetry_accuracy, psgo_accuracy: order of the site's symmetry group, and of the crystal's point group;
            NaN where no part answers.
        cn2_r2, nnosm_r2: atoms in the second shell; the neighbours' mean oxidation state.
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
    site_symmetry_accuracy: float
    psgo_accuracy: float
    cn2_r2: float
    nnosm_r2: float
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
        "cn_accuracy": accuracy(found["cn"], truth["cn"]),
        "cn_accuracy_clear": accuracy(found["cn"][clear], truth["cn"][clear]),
        "cn_macro_f1": macro_f1(found["cn"], truth["cn"]),
        "cn_macro_f1_frequent": macro_f1(found["cn"], truth["cn"], least=FREQUENT),
        "os_accuracy": accuracy(state, true_state),
        "os_accuracy_clear": accuracy(state[agreed], true_state[agreed]),
        "os_macro_f1": macro_f1(state, true_state),
        "mnnd_mae": mean_absolute_error(means["mnnd_A"], labels["mnnd_A"]),
        "mnnd_r2": r_squared(means["mnnd_A"], labels["mnnd_A"]),
        "nnrs_r2": r_squared(means["nnrs_A"], labels["nnrs_A"]),
        "mood_r2": r_squared(means["mood_A"], labels["mood_A"]),
        "nnrs_r2_clear": r_squared(means["nnrs_A"][clear], labels["nnrs_A"][clear]),
        "mood_r2_clear": r_squared(means["mood_A"][clear], labels["mood_A"][clear]),
        "neighbor_accuracy": accuracy(found["neighbor_z"], truth["neighbor_z"]),
        "ocn_accuracy": accuracy(found["ocn"], truth["ocn"]),
        "site_symmetry_accuracy": accuracy(found["site_symmetry_order"], truth["site_symmetry_order"]),
        "psgo_accuracy": accuracy(found["psgo"], truth["psgo"]),
        "cn2_r2": r_squared(means["cn2"], labels["cn2"]),
        "nnosm_r2": r_squared(means["nnosm"], labels["nnosm"]),
    }


def _constant(examples: Examples) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Constant answers, whatever the spectrum."""
    n = len(examples)
    classes, numbers = {}, {}
    for task, values in CLASSES.items():
        truth = class_indices(task, examples.labels[task])
        counts = np.bincount(truth[truth >= 0], minlength=len(values))
        classes[task] = np.tile((counts / max(counts.sum(), 1)).astype(np.float32), (n, 1))
    for task in NUMBERS:
        known = examples.labels[task][np.isfinite(examples.labels[task])]
        numbers[task] = np.tile(np.array([[np.median(known) if len(known) else 0.0, 0.0]], np.float32), (n, 1))
    return classes, numbers
