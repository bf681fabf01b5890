"""Fine-tuning of a trained site model on few spectra: a warm start, with all but the last layers frozen."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyarrow import parquet

from xsearch.data.scores import accuracy, mean_absolute_error
from xsearch.data.site_mixtures import with_common_energies
from xsearch.data.xanes_sites import (
    Examples,
    concatenate,
    edge_counts,
    fold_of,
    formula_hashes,
    read_examples,
    read_labelled,
)
from xsearch.errors import SpectrumError
from xsearch.models.site_blend import COMPOSITION
from xsearch.models.site_model import SiteModel, shipped_site_model
from xsearch.models.tasks import class_indices
from xsearch.options import Conditioning
from xsearch.training.held_out import evaluate_examples
from xsearch.training.loop import Schedule
from xsearch.training.run_site import formulas_of
from xsearch.training.site_model import learn_usual
from xsearch.training.site_network import sampling_weights, train_network

if TYPE_CHECKING:
    from rich.table import Table
    from torch import nn

SHIPPED = "shipped"
"""In place of a folder: the weights that come with the package."""

TRAINED = {
    "spt": ("mix.", "heads."),
    "spt_folded": ("mix.", "heads."),
    "xastruct": ("blocks.2.", "blocks.3.", "heads."),
}
"""Parameters of each network that are trained; the others stay as they are."""

SCHEDULE = Schedule(epochs=40, batch=32, rate=5e-4, weight_decay=0.0, average=0.9)
"""How: slow, since there is little to learn from. Set by hand."""

MIXED = Schedule(epochs=4, batch=128, rate=5e-4, weight_decay=0.0, average=0.98)
"""How, where spectra that the model knows are mixed in. Set by hand."""

PER_EDGE = 400
"""Of the known spectra of one edge that are mixed in. Set by hand."""

NEW_SHARE = 0.3
"""Of what is drawn in training, the new spectra; the others are known ones. Set by hand."""

FOLDS = 4
"""Of the cross-validation by formula. Set by hand."""

LEAST_FORMULAS = 3
"""With fewer, nothing says whether anything was gained."""


@dataclass(frozen=True, slots=True)
class FineTuning:
    """What fine-tuning gained, on formulas that were left out of it.

    Attributes:
        n: spectra, of `n_formulas`.
        before, after: figures of the model as it was and fine-tuned: `cn`, `oxidation_state`, `neighbor_z` (shares
            right) and `mnnd_mae` (Å), with nothing given of the compounds, and `_formula` with the formula given.
        composition: the same of what the composition alone says.
        folder: where the weights are.
    """

    n: int
    n_formulas: int
    before: dict[str, float]
    after: dict[str, float]
    composition: dict[str, float]
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"folder": str(self.folder)}

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title=f"By cross-validation: {self.n} spectra, {self.n_formulas} formulas")
        for heading in ("figure", "before", "fine-tuned", "composition alone"):
            shown.add_column(heading)
        for name in self.before:
            columns = (self.before, self.after, self.composition)
            shown.add_row(name, *(f"{one[name]:.3f}" if name in one else "-" for one in columns))
        shown.caption = f"Weights are in {self.folder}."
        return shown


def fine_tune_tables(
    out: Path,
    tables: Sequence[Path],
    start: str | Path = SHIPPED,
    *,
    beside: Sequence[Path] = (),
    left_out: Path | None = None,
    structures: Path | None = None,
    processes: int = 1,
    say: Callable[[str], None] | None = None,
) -> FineTuning:
    """Fine-tune on tables: of measured spectra with their descriptors (`read_labelled`), or computed ones of sites.

    Args:
        out: a folder for the weights.
        tables: Parquet tables.
        start: a folder of weights, or `shipped` for those of the package.
        beside: tables of spectra that the model was trained on, which are mixed in so that it keeps what it knows.
        left_out: a table with a column `formula`: no spectrum of one of these formulas is trained on.
        structures: a table of cells for computed spectra that carry none.
        processes: for the labels of computed spectra.
        say: called with one line of progress.

    Raises:
        XSearchError: where there is nothing to train on, or no such weights.
    """
    if not tables:
        raise SpectrumError("Nothing to fine-tune on: name Parquet tables of spectra.")
    parts = [_read(path, structures, processes) for path in (*tables, *beside)]
    examples = _with_common_energies(concatenate(parts))
    is_new = np.arange(len(examples)) < sum(len(part) for part in parts[: len(tables)])
    usable = ~np.isin(examples.formula, list(formulas_of(left_out) if left_out is not None else ()))
    new, known = examples.take(usable & is_new), examples.take(usable & ~is_new)
    model = shipped_site_model() if str(start) == SHIPPED else SiteModel.load(Path(start))
    return fine_tune(model, new, out, MIXED if beside else SCHEDULE, known if beside else None, say)


def _read(path: Path, structures: Path | None, processes: int) -> Examples:
    if not path.exists():
        raise SpectrumError(f"{path}: no such file; a Parquet table of spectra is expected.")
    if "material_id" in parquet.read_schema(path).names:
        return read_examples(path, None, processes, structures)
    return read_labelled(path)


def _with_common_energies(examples: Examples) -> Examples:
    """Computed spectra as `with_common_energies` moves them, all together; measured ones stay where they are."""
    rows = np.flatnonzero(examples.code != "measured")
    offset = examples.offset_eV.copy()
    if len(rows):
        offset[rows] = with_common_energies(examples.take(rows)).offset_eV
    return replace(examples, offset_eV=offset)


def fine_tune(
    model: SiteModel,
    examples: Examples,
    out: Path,
    schedule: Schedule = SCHEDULE,
    beside: Examples | None = None,
    say: Callable[[str], None] | None = None,
) -> FineTuning:
    """Fine-tune a model, save it, and report what it gained by cross-validation.

    Args:
        model: it stays as it is.
        examples: the few spectra.
        out: a folder for the weights.
        schedule: see there.
        beside: known spectra, see `tuned_model`.
        say: called with one line of progress.

    Raises:
        SpectrumError: where there are too few formulas.
    """
    formulas = sorted(set(examples.formula))
    if len(formulas) < LEAST_FORMULAS:
        raise SpectrumError(
            f"{len(formulas)} formulas are too few to fine-tune on; spectra of {LEAST_FORMULAS} or more are needed."
        )
    fold = np.array([fold_of(str(f), FOLDS) for f in examples.formula])
    if len(set(fold.tolist())) < 2:  # a hash that brings few formulas together
        fold = np.array([formulas.index(f) % 2 for f in examples.formula])
    before, after, composition = [], [], []
    for k in sorted(set(fold.tolist())):
        if say is not None:
            say(f"fold {k + 1} of {FOLDS}")
        tuned = tuned_model(model, examples.take(fold != k), schedule, beside)
        held_out = examples.take(fold == k)
        before.append(_right(model, held_out))
        after.append(_right(tuned, held_out))
        composition.append(_right(model, held_out, COMPOSITION))
    if say is not None:
        say("all spectra")
    tuned_model(model, examples, schedule, beside).save(out)
    return FineTuning(len(examples), len(formulas), _means(before), _means(after), _means(composition), out)


def tuned_model(
    model: SiteModel, examples: Examples, schedule: Schedule = SCHEDULE, beside: Examples | None = None
) -> SiteModel:
    """A copy of a model whose last layers were trained on some examples.

    Args:
        model: it stays as it is.
        examples: the new spectra.
        schedule: see there.
        beside: spectra that the model knows. Some of every edge are mixed in: without them it forgets what it knew.
    """
    seen, drawn = (examples, None) if beside is None else _mixed(examples, beside)
    networks: dict[str, nn.Module] = {}
    for name, network in model.networks.items():
        start = copy.deepcopy(network)
        for key, parameter in start.named_parameters():
            parameter.requires_grad_(key.startswith(TRAINED[name]))
        networks[name] = train_network(name, seen, model.composition, schedule, start=start, drawn=drawn)
        networks[name].requires_grad_(True)
    edges = Counter(model.settings["edges"]) + Counter(edge_counts(examples))
    settings = model.settings | {"edges": dict(sorted(edges.items()))}
    settings.pop("cross_validation", None)
    formulas = np.union1d(model.formulas, formula_hashes(examples.formula))
    tuned = SiteModel(model.composition, networks, model.forests, settings, model.centre, model.whitening, formulas)
    if beside is not None:
        learn_usual(tuned, seen, schedule.seed)
    return tuned


def _mixed(new: Examples, beside: Examples) -> tuple[Examples, NDArray[np.float64]]:
    """New and some of the known examples, and how often each is drawn."""
    edges = np.array([f"{z} {edge}" for z, edge in zip(beside.z, beside.edge, strict=True)])
    order = np.random.default_rng(0).permutation(len(edges))
    rows = np.concatenate([order[edges[order] == edge][:PER_EDGE] for edge in np.unique(edges)])
    known = beside.take(rows)
    drawn = [NEW_SHARE * sampling_weights(new), (1 - NEW_SHARE) * sampling_weights(known)]
    return concatenate([new, known]), np.concatenate(drawn)


def _right(model: SiteModel, examples: Examples, part: str | None = None) -> dict[str, tuple[float, int]]:
    """Each figure of a model, or of one of its parts alone, with how many spectra it is of.

    Figures of answers to a spectrum whose formula is given end with `_formula`.
    """
    found: dict[str, tuple[float, int]] = {}
    for given, ending in ((Conditioning.NONE, ""), (Conditioning.FORMULA, "_formula")):
        answers = evaluate_examples(model, examples, given)
        classes, numbers = model.blend(answers, given)
        if part is not None:
            classes = numbers = answers.parts[part]
        for task in ("cn", "oxidation_state", "neighbor_z"):
            truth = class_indices(task, examples.labels[task])
            found[task + ending] = accuracy(classes[task].argmax(1), truth), int((truth >= 0).sum())
        if "mnnd_A" in numbers:
            distance = examples.labels["mnnd_A"]
            error = mean_absolute_error(numbers["mnnd_A"][:, 0], distance)
            found[f"mnnd_mae{ending}"] = error, int(np.isfinite(distance).sum())
    return found


def _means(folds: Sequence[dict[str, tuple[float, int]]]) -> dict[str, float]:
    """Figures of all folds together."""
    means = {}
    for name in folds[0]:
        pairs = [fold[name] for fold in folds if fold[name][1]]
        total = sum(n for _, n in pairs)
        means[name] = sum(value * n for value, n in pairs) / total if total else float("nan")
    return means
