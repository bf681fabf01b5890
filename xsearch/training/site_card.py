"""What a training of a site model gave: figures by cross-validation, as a table and as the model card."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.data.descriptor_scores import DescriptorReport, report_of
from xsearch.data.xanes_sites import Examples
from xsearch.models.site_blend import COMPOSITION
from xsearch.models.site_model import KNOWN_SITES, SiteModel
from xsearch.models.tasks import class_indices
from xsearch.options import Conditioning
from xsearch.training.held_out import OutOfFold
from xsearch.training.mixed_shares import mixed_shares
from xsearch.training.site_model import Recipe

if TYPE_CHECKING:
    from rich.table import Table

HEADLINES = (
    "cn_accuracy", "cn_accuracy_clear", "cn_macro_f1", "cn_macro_f1_frequent", "os_accuracy", "os_accuracy_clear",
    "os_macro_f1", "mnnd_mae", "mnnd_r2", "nnrs_r2", "nnrs_r2_clear", "mood_r2", "mood_r2_clear", "neighbor_accuracy",
    "ocn_accuracy", "site_symmetry_accuracy", "psgo_accuracy", "cn2_r2", "nnosm_r2",
)  # fmt: skip

HEADINGS = {
    Conditioning.NONE: "spectrum alone",
    Conditioning.ELEMENTS: "elements known",
    Conditioning.FORMULA: "formula known",
}

CARD = """# Site model: what surrounds the absorber of a XANES spectrum

{parts}, blended per task, with calibrated probabilities.

- Data: {spectra:,} site spectra of {formulas:,} formulas from {source};
  codes {codes}; absorbers {edges}.
- Labels: computed from the structures by `xsearch.chemistry.descriptors`. CrystalNN is unsure of the coordination
  number of {ambiguous:.0%}; bond valence and composition give different oxidation states for {disputed:.0%} of the
  sites that have both. An oxygen atom that is not bonded to another one counts as -2; elements, metals and
  intermetallics are 0.
- `composition` is trained on {sites:,} sites of known structures without spectra: what a formula, the elements or the
  absorber alone make likely. With a formula it also reads the coordination numbers in known compounds of the same
  proportions whose elements replace those of the formula readily; a formula is never its own analogue. Its answer is
  read beside every spectrum. `charges` are the states that balance a formula.
- In training, networks are given the compound's elements, or its formula, for some spectra and nothing for the others,
  so that one model answers with and without. Figures are given for each. Parts are weighed on simulated measurements
  (noise, broadening, narrowed lines, self-absorption, short ranges, wrong steps and energies) and on sums over the
  kinds of sites of a material; the figures below are of clean computed spectra.
- {split}
  N = {n:,} ({n_os:,} with an oxidation state).
- Seed: {seed}. Command: `{command}`.
- Not for: absorbers outside that list (the answer says so), anything but the near edge.

| by cross-validation | {heads} |
|---|{rule}|
{figures}

{by_code}

{mixed}

Right answers, and how probable they were called, coordination number: {reliability}.

| file | bytes | sha256 |
|---|---|---|
{files}
"""

CROSS_VALIDATED = """The weights were trained on all of these formulas. The figures are by {folds}-fold
  cross-validation, grouped by reduced formula (a hash), over {tested} of the folds: each is tested with a model of the
  same recipe that was not trained on its formulas, blended with weights learned on others."""

HELD_OUT = """One fold of {folds}, grouped by reduced formula (a hash), took no part in the training of these weights.
  The figures are of its formulas, each half of them blended with weights learned on the other half."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training gave.

    Attributes:
        given: scores by cross-validation of the whole model, for each amount that it may be given of a compound.
        parts: of each part alone.
        folder: where the weights are.
    """

    given: dict[Conditioning, DescriptorReport]
    parts: dict[str, DescriptorReport]
    folder: Path

    @property
    def report(self) -> DescriptorReport:
        """Of the spectrum alone."""
        return self.given[Conditioning.NONE]

    def columns(self) -> dict[str, DescriptorReport]:
        """All figures under the headings of a table."""
        columns = {HEADINGS[given]: report for given, report in self.given.items()}
        return columns | {f"{name} alone": report for name, report in self.parts.items()}

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        alone = {name: {k: getattr(part, k) for k in HEADLINES} for name, part in self.parts.items()}
        given = {given: {k: getattr(report, k) for k in HEADLINES} for given, report in self.given.items()}
        return {**self.report.to_dict(), "given": given, "parts": alone, "folder": str(self.folder)}

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title=f"By cross-validation: {self.report.n:,} spectra, {self.report.n_formulas:,} formulas")
        for heading in ("figure", *self.columns(), "constant"):
            shown.add_column(heading, justify="left" if heading == "figure" else "right")
        for name in HEADLINES:
            values = [getattr(r, name) for r in self.columns().values()] + [self.report.majority[name]]
            shown.add_row(name, *(f"{v:.3f}" for v in values))
        shown.caption = f"Weights and card are in {self.folder}."
        return shown


def card_of(
    model: SiteModel,
    recipe: Recipe,
    examples: Examples,
    held_out: OutOfFold,
    found: TrainingReport,
    source: str,
    command: str,
) -> str:
    """The model card."""
    columns = found.columns()
    rows = [
        f"| {name} | " + " | ".join(_number(getattr(r, name)) for r in columns.values())
        + f" | {found.report.majority[name]:.4f} |"
        for name in HEADLINES
    ]  # fmt: skip
    names = {f"{n}.safetensors" for n in (*model.networks, COMPOSITION)}
    paths = sorted(p for p in found.folder.iterdir() if p.name in names)
    paths += [
        p
        for name in (KNOWN_SITES, "site_forests.safetensors", "site_model.json")
        if (p := found.folder / name).exists()
    ]
    tested = held_out.examples
    codes = sorted(set(tested.code))
    by_code = []
    for given in Conditioning:
        classes, numbers = held_out.blended(given)
        by_code += [_line(code, given, _only(tested, classes, numbers, tested.code == code)) for code in codes]
    classes, _ = held_out.blended()
    forests = ["forests"] if model.forests else []
    split = (HELD_OUT if recipe.hold_out else CROSS_VALIDATED).format(
        folds=recipe.folds, tested=len(set(held_out.fold.tolist()))
    )
    return CARD.format(
        split=split,
        parts=", ".join([*model.networks, *forests]),
        spectra=len(examples),
        formulas=len(set(examples.formula)),
        n=len(tested),
        n_os=found.report.n_os,
        ambiguous=found.report.ambiguous,
        disputed=found.report.os_disputed,
        source=source,
        codes=", ".join(codes),
        edges=", ".join(model.settings["edges"]),
        seed=recipe.seed,
        command=command,
        heads=" | ".join([*columns, "one constant answer"]),
        rule="|".join(["---"] * (len(columns) + 1)),
        figures="\n".join(rows),
        by_code="\n".join(by_code),
        sites=model.settings["training"]["sites"],
        mixed="\n".join(_mixed_line(held_out, given) for given in Conditioning),
        reliability=_reliability(classes["cn"], tested.labels["cn"]) if "cn" in classes else "not predicted",
        files="\n".join(
            f"| {p.name} | {p.stat().st_size:,} | {hashlib.sha256(p.read_bytes()).hexdigest()} |" for p in paths
        ),
    )


def _mixed_line(held_out: OutOfFold, given: Conditioning) -> str:
    found = mixed_shares(held_out, given)
    return (
        f"- Compounds with several kinds of sites, simulated measurements, {HEADINGS[given]}, N = {found.n:,}: all "
        f"shares within 0.15 for the oxidation state {found.oxidation_state:.0%}, the coordination number "
        f"{found.cn:.0%}, both {found.both:.0%}; where bond valences and composition agree on the states "
        f"{found.oxidation_state_clear:.0%} of {found.n_agreed}, where CrystalNN is sure of the coordination "
        f"{found.cn_clear:.0%} of {found.n_sure}; several kinds noticed {found.noticed:.0%}, falsely "
        f"{found.false_alarms:.1%}."
    )


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "-"


def _only(
    examples: Examples,
    classes: dict[str, NDArray[np.float32]],
    numbers: dict[str, NDArray[np.float32]],
    rows: NDArray[np.bool_],
) -> DescriptorReport:
    some_classes = {task: a[rows] for task, a in classes.items()}
    some_numbers = {task: a[rows] for task, a in numbers.items()}
    return report_of(examples.take(rows), some_classes, some_numbers)


def _line(code: str, given: Conditioning, some: DescriptorReport) -> str:
    return (
        f"- {code}, {HEADINGS[given]}, {some.n:,} spectra: CN {some.cn_accuracy:.3f} "
        f"({some.cn_accuracy_clear:.3f} where CrystalNN is sure; macro-F1 {some.cn_macro_f1:.3f}, "
        f"{some.cn_macro_f1_frequent:.3f} over those that ten sites have), "
        f"oxidation state {some.os_accuracy:.3f} ({some.os_accuracy_clear:.3f} where both sources agree), distance MAE "
        f"{some.mnnd_mae:.4f} Å (R² {some.mnnd_r2:.3f}), NNRS R² {some.nnrs_r2:.3f}, MOOD R² {some.mood_r2:.3f}."
    )


def _reliability(probabilities: NDArray[np.float32], truth: NDArray[np.float32]) -> str:
    """Mean probability of the first answer and share of right ones, by probability."""
    right = probabilities.argmax(1) == class_indices("cn", truth)
    called = probabilities.max(1)
    bins = [(0.0, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01)]
    inside = [(called >= low) & (called < high) for low, high in bins]
    return "; ".join(
        f"{right[t].mean():.0%} right where {called[t].mean():.0%} said (N = {t.sum():,})" for t in inside if t.any()
    )
