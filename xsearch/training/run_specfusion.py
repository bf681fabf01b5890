"""Training of SpecFusionNet from tables or an index, with its card: `xsearch train specfusion`.

On formulas held out it is compared with what the composition alone says; a property is answered only where the spectrum
wins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from xsearch.data.xanes_sites import fold_of
from xsearch.data.xanes_tables import make_tables, read_spectra
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.property_composition import PropertyComposition, PropertyHeads
from xsearch.models.property_model import PropertyModel
from xsearch.models.specfusion import PUBLISHED, SpecFusion, SpecFusionConfig
from xsearch.spectra.xas import XasSpectrum
from xsearch.training.calibration import temperatures
from xsearch.training.loop import usable_device
from xsearch.training.property_samples import (
    Compositions,
    Samples,
    make_compositions,
    make_samples,
    properties_of,
    read_properties,
)
from xsearch.training.run_site import resumable
from xsearch.training.settings import CALIBRATION, PROPERTIES
from xsearch.training.specfusion import (
    COMPOSITION_SCHEDULE,
    SCHEDULE,
    Seen,
    composition_outputs,
    constant_losses,
    losses,
    outputs_of,
    train_composition,
    train_specfusion,
)

if TYPE_CHECKING:
    from rich.table import Table

CARD = """# SpecFusionNet: properties of a material from its edges and its elements or formula

- Data: {n:,} materials with spectra of {source};
  compositions of {compositions:,} materials. A label that a material lacks is masked.
- Split: one formula in {every} is held out of all training, that of the composition's part included (a hash); figures
  and calibration are of these {tested:,} materials. Seed {seed}.
- {kind} A property is answered where edges and formula beat the formula alone
  by {least:g} standard errors of the paired difference. Shipped: {shipped}.
- Command: `{command}`. sha256 {digest}.
- Gap and energies are those of semilocal DFT, magnetism that of collinear calculations of the database.

Numbers: mean absolute error. Classes: share that is wrong. Gain: of edges and formula over the formula alone, in
standard errors.

| property | N | edges and formula | formula alone | gain | edges and elements | elements alone | one constant answer |
|---|---|---|---|---|---|---|---|
{rows}
"""

FORMULA, ELEMENTS = Seen(), Seen(amounts=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """How wrong answers to one property are, in the mean over formulas held out; see `specfusion.losses`."""

    name: str
    n: int
    edges_and_formula: float
    formula_alone: float
    gain: float
    edges_and_elements: float
    elements_alone: float
    constant: float

    @property
    def wins(self) -> bool:
        """Whether the spectrum adds to the formula."""
        return self.gain > PROPERTIES.least_gain

    def values(self) -> tuple[float, ...]:
        """All but name and number, in order."""
        return (
            self.edges_and_formula, self.formula_alone, self.gain, self.edges_and_elements, self.elements_alone,
            self.constant,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PropertyReport:
    """Figures on formulas that were held out, and where the weights are."""

    figures: tuple[Figure, ...]
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        heads = ("edges_and_formula", "formula_alone", "gain", "edges_and_elements", "elements_alone", "constant")
        rows = {
            f.name: {"n": f.n, "shipped": f.wins, **dict(zip(heads, f.values(), strict=True))} for f in self.figures
        }
        return {**rows, "folder": str(self.folder)}

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title="Formulas held out: mean absolute errors, shares of wrong classes")
        for heading in (
            "property",
            "N",
            "edges and formula",
            "formula",
            "gain",
            "edges, elements",
            "elements",
            "constant",
        ):
            shown.add_column(heading, justify="left" if heading == "property" else "right")
        for one in self.figures:
            shown.add_row(one.name, f"{one.n:,}", *(f"{value:.3f}" for value in one.values()))
        shown.caption = f"Weights and card are in {self.folder}."
        return shown


def make_specfusion(
    out: Path,
    tables: Sequence[Path] = (),
    properties: Sequence[Path] = (),
    index: str | Path | None = None,
    *,
    epochs: int | None = None,
    published: bool = False,
    seed: int = 0,
    device: str = "cpu",
    say: Callable[[str], None] | None = None,
) -> PropertyReport:
    """Train SpecFusionNet, compare it in folds with the composition alone, calibrate, and save what wins with a card.

    Args:
        out: where weights and card go; checkpoints too, until the training is done.
        tables: Parquet tables of spectra.
        properties: Parquet tables of properties by `material_id`; a later one fills in what an earlier one lacks.
        index: an index whose spectra and properties are taken as well.
        epochs: of the model, instead of the usual number.
        published: the network of the paper, which does not begin with the composition's answer.
        seed: of weights, order and augmentation.
        device: where it is trained, such as `cuda`.
        say: called with one line of progress.

    Raises:
        SpectrumError: where there is nothing to train on, or no property is answered better with spectra.
    """
    usable_device(device)
    samples, known, edges = read_samples(tables, properties, index)
    held, known_held = (held_out(one.formula) for one in (samples, known))
    training, test = samples.take(~held), samples.take(held)
    heads = training.labels.heads()
    if not heads.numbers and not heads.classes:
        raise SpectrumError("No property has enough labels among the materials with spectra.")
    if len(test) == 0:
        raise SpectrumError(f"{len(samples)} materials are too few to train on and test with.")
    made = maker(training, known.take(~known_held), out, epochs, seed, device, say)
    composition, model = made(heads, PUBLISHED if published else SpecFusionConfig())
    figures = compared(model, composition, test)
    winners = [one.name for one in figures if one.wins]
    if not winners:
        raise SpectrumError("No property is answered better with these spectra than without; nothing is written.")
    shipped = PropertyModel(model, {**calibrated(model, test), "edges": edges, "seed": seed, "shipped": winners})
    shipped.save(out)
    names = [p.name for p in (*tables, *properties)]
    source = ", ".join([*(f"`{name}`" for name in names), *([f"index `{index}`"] if index else [])])
    given = [f"$XSEARCH_DATA/{p.name}" for p in tables] + [f"--properties $XSEARCH_DATA/{p.name}" for p in properties]
    given += [f"--index {index}"] if index else []
    few = ["--epochs", str(epochs)] * bool(epochs) + ["--published"] * published
    card = CARD.format(
        n=len(training),
        compositions=int((~known_held).sum()),
        every=PROPERTIES.held_out_every,
        tested=len(test),
        least=PROPERTIES.least_gain,
        shipped=", ".join(winners),
        source=source,
        kind="The network of the paper." if published else "It begins with the answer of the composition.",
        seed=seed,
        command=" ".join(["xsearch train specfusion", *given, *few, "--seed", str(seed), "--out FOLDER"]),
        digest=hashlib.sha256((out / "specfusion.safetensors").read_bytes()).hexdigest(),
        rows="\n".join(f"| {f.name} | {f.n} | " + " | ".join(f"{v:.3f}" for v in f.values()) + " |" for f in figures),
    )
    (out / "specfusion.md").write_text(card, encoding="utf-8")
    for path in out.glob("specfusion_*.checkpoint"):
        path.unlink()
    return PropertyReport(figures, out)


def held_out(formulas: np.ndarray) -> np.ndarray:
    """(n,) whether each formula is held out of training."""
    return np.array([fold_of(str(formula), PROPERTIES.held_out_every) == 0 for formula in formulas], bool)


def maker(
    samples: Samples,
    known: Compositions,
    out: Path,
    epochs: int | None,
    seed: int,
    device: str,
    say: Callable[[str], None] | None,
) -> Callable[[PropertyHeads, SpecFusionConfig], tuple[PropertyComposition, SpecFusion]]:
    """What trains the composition's part and the whole, in a folder where an interrupted training goes on."""
    few = max(8, len(samples) // 16)  # so that there are steps enough of few materials
    schedule = replace(SCHEDULE, epochs=epochs or SCHEDULE.epochs, batch=min(SCHEDULE.batch, few), seed=seed)
    usual = COMPOSITION_SCHEDULE.epochs
    composition_schedule = replace(COMPOSITION_SCHEDULE, epochs=min(usual, epochs or usual), seed=seed)

    def report(epoch: int, loss: float, trained: nn.Module) -> None:
        if say is not None:
            part = "edges" if isinstance(trained, SpecFusion) else "compositions"
            say(f"{part}: epoch {epoch + 1}, loss {loss:.4f}")

    def checkpoint(part: str, *shape: object) -> Path:
        """Named by data and schedule, so that no checkpoint is taken up by another training."""
        words = (schedule, composition_schedule, shape, len(known), tuple(samples.material_id))
        return out / f"specfusion_{part}_{hashlib.sha256(repr(words).encode()).hexdigest()[:12]}.checkpoint"

    def made(heads: PropertyHeads, config: SpecFusionConfig) -> tuple[PropertyComposition, SpecFusion]:
        with resumable(out):
            composition = train_composition(
                known, heads, composition_schedule, checkpoint("compositions", heads), report, device
            )
            kept = checkpoint("edges", heads, config)
            return composition, train_specfusion(samples, heads, composition, schedule, kept, report, device, config)

    return made


def compared(model: SpecFusion, composition: PropertyComposition, test: Samples) -> tuple[Figure, ...]:
    """The figures of all properties on formulas held out."""
    heads, labels = model.heads, test.labels
    wrong = {
        "edges_and_formula": losses(heads, outputs_of(model, test, FORMULA), labels),
        "edges_and_elements": losses(heads, outputs_of(model, test, ELEMENTS), labels),
        "formula_alone": losses(heads, composition_outputs(composition, test, FORMULA), labels),
        "elements_alone": losses(heads, composition_outputs(composition, test, ELEMENTS), labels),
    }
    constant = constant_losses(heads, labels)
    found = []
    for name in (*heads.numbers, *heads.classes):
        known = np.isfinite(wrong["formula_alone"][name])
        if not known.any():
            continue
        means = {which: float(values[name][known].mean()) for which, values in wrong.items()}
        gain = paired_gain(wrong["formula_alone"][name][known], wrong["edges_and_formula"][name][known])
        found.append(Figure(name, int(known.sum()), gain=gain, constant=constant[name], **means))
    return tuple(found)


def paired_gain(before: np.ndarray, after: np.ndarray) -> float:
    """By how many standard errors of the paired difference the second is less wrong than the first."""
    difference = before.astype(np.float64) - after
    error = difference.std() / np.sqrt(max(len(difference), 1))
    return float(difference.mean() / error) if error > 0 else 0.0


def calibrated(model: SpecFusion, test: Samples) -> dict[str, dict[str, float]]:
    """On formulas held out, the `scale` of each number's uncertainty and the `temperature` of each class."""
    heads = model.heads
    numbers, classes = heads.split(outputs_of(model, test, FORMULA))
    scale, temperature = {}, {}
    for name, (usual, spread) in heads.numbers.items():
        truth = (test.labels.numbers[name] - usual) / spread
        known = torch.isfinite(truth)
        errors = (numbers[name][known, 0] - truth[known]).abs() / numbers[name][known, 1].clamp(-5, 3).exp()
        scale[name] = float(errors.quantile(CALIBRATION.share_within)) if known.any() else 1.0
    for name in heads.classes:
        truth = test.labels.classes[name]
        lost = {
            t: float(nn.functional.cross_entropy(classes[name] / t, truth, ignore_index=-1)) for t in temperatures()
        }
        temperature[name] = min(lost, key=lambda t: lost[t]) if (truth >= 0).any() else 1.0
    return {"scale": scale, "temperature": temperature}


def read_samples(
    tables: Sequence[Path], properties: Sequence[Path], index: str | Path | None = None
) -> tuple[Samples, Compositions, list[str]]:
    """Materials with spectra and properties, all whose composition and properties are known, and the edges.

    Of codes that give one site several spectra only the one with the longest is taken, so that no material counts
    twice.

    Raises:
        SpectrumError: where nothing is given, or no material has both spectra and properties.
    """
    if index is None and not (tables and properties):
        raise SpectrumError("Nothing to train on: name tables of spectra and --properties, or an index with --index.")
    spectra = [s for s in read_spectra(*tables)[0] if s.material_id and s.reduced_formula]
    found: list[XanesTable] = make_tables(_longest(spectra))[0]
    labels = read_properties(properties)
    if index is not None:
        opened = Index.open(index)
        found += [t.take(t.kind == "simulated") for t in opened.xanes.values()]
        labels |= properties_of(opened)
    samples = make_samples(found, labels)
    formulas = dict(zip(samples.material_id, samples.formula, strict=True))
    for material, formula in formulas.items():
        labels[material].setdefault("reduced_formula", formula)
    return samples, make_compositions(labels), sorted({f"{t.absorber} {t.edge}" for t in found if len(t)})


def _longest(spectra: Sequence[XasSpectrum]) -> list[XasSpectrum]:
    """Of each material and edge the spectra of the one code whose window reaches farthest."""
    reach: dict[tuple[str | None, str, str], dict[str, float]] = {}
    for s in spectra:
        mine = reach.setdefault((s.material_id, s.absorber, s.edge), {})
        span = float(np.ptp(s.energy_eV))
        mine[s.code] = max(mine.get(s.code, 0.0), span)
    best = {key: max(sorted(codes), key=lambda code: codes[code]) for key, codes in reach.items()}
    return [s for s in spectra if s.code == best[s.material_id, s.absorber, s.edge]]
