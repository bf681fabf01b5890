"""Train one encoder of both spectra, and compare it on formulas held out with the same encoder of each alone.

    python -m xsearch.training.joint_encoder TABLE.parquet ... --properties FILE ... --index mp --out FOLDER

The networks that read a pattern and an edge are the shipped ones and stay as they are. Edges and patterns are hidden at
random, so that one encoder answers with either and with both. Two measurements of one material are brought together,
those of others with the same edge apart (InfoNCE, van den Oord et al., arXiv:1807.03748).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xsearch.data.splits import HELD_OUT_EVERY
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.models.joint_encoder import (
    NAME,
    JointEncoder,
    JointInput,
    composition_reading,
    save_joint_encoder,
    shipped_heads,
)
from xsearch.training.joint_recall import recall_of
from xsearch.training.joint_report import JointEncoderReport, card_of, report_of
from xsearch.training.joint_samples import Views, views_of, with_rows
from xsearch.training.loop import Schedule, train
from xsearch.training.property_samples import Samples
from xsearch.training.run_site import resumable
from xsearch.training.run_specfusion import held_out, read_samples
from xsearch.training.settings import JOINT
from xsearch.training.specfusion import loss as property_loss

SCHEDULE = Schedule(epochs=JOINT.epochs, batch=256, rate=2e-3, weight_decay=0.05, average=0.99)
"""How it is trained. Set by hand."""

PROPERTIES = ("band_gap_eV", "density_g_cm3", "formation_energy_eV_atom", "is_metal")
"""Those that SpecFusionNet answers as shipped."""


def make_joint_encoder(
    out: Path,
    tables: Sequence[Path],
    properties: Sequence[Path],
    index: str | Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> JointEncoderReport:
    """Train the encoder, save it with its card, and report its figures on formulas held out.

    Args:
        out: a folder for weights and card; what the networks read, and checkpoints, stand there until it is done.
        tables: Parquet tables of spectra.
        properties: Parquet tables of properties by `material_id`.
        index: holds the structures of the materials, by whose reflections patterns are measured.
        epochs: instead of the usual number.
        seed: of measurements, weights and order.
        say: called with one line of progress.

    Raises:
        SpectrumError: where there is too little to train on.
    """
    opened = Index.open(index)
    samples = with_rows(opened, read_samples(tables, properties)[0])
    with resumable(out):
        views = views_of(opened, samples, JOINT.draws, seed, out / f"{NAME}_views.npz", say)
        by_pattern = opened.columns.formula_group[views.rows] % HELD_OUT_EVERY == 0
        by_properties = held_out(samples.formula)
        training = ~by_pattern & ~by_properties
        if training.sum() < 2 or not by_pattern.any() or not by_properties.any():
            raise SpectrumError(f"{len(samples)} materials are too few to train on and test with.")
        systems = opened.columns.crystal_system[views.rows].astype(np.int64)
        schedule = replace(SCHEDULE, epochs=epochs or SCHEDULE.epochs, seed=seed)
        network = train_joint_encoder(
            views.take(training), samples.take(training), systems[training], schedule, out / f"{NAME}.checkpoint", say
        )
    save_joint_encoder(network, out)
    report = report_of(
        network, (views.take(by_pattern), samples.take(by_pattern), systems[by_pattern]),
        (views.take(by_properties), samples.take(by_properties)), recall_of(network, views, samples, by_pattern), out,
    )  # fmt: skip
    given = [f"$XSEARCH_DATA/{p.name}" for p in tables] + [f"--properties $XSEARCH_DATA/{p.name}" for p in properties]
    few = ["--epochs", str(epochs)] * bool(epochs)
    command = " ".join(
        ["xsearch train joint", *given, "--index", str(index), *few, "--seed", str(seed), "--out FOLDER"]
    )
    (out / f"{NAME}.md").write_text(card_of(report, int(training.sum()), opened, command), encoding="utf-8")
    for path in (out / f"{NAME}.checkpoint", out / f"{NAME}_views.npz"):
        path.unlink(missing_ok=True)
    return report


def train_joint_encoder(
    views: Views,
    samples: Samples,
    systems: np.ndarray,
    schedule: Schedule = SCHEDULE,
    checkpoint: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> JointEncoder:
    """Train it on some materials.

    Args:
        views: what the networks read of them.
        samples: the same materials with their labels.
        systems: (n,) codes of their crystal systems.
        schedule, checkpoint: see `xsearch.training.loop.train`.
        say: called with one line of progress.
    """
    torch.manual_seed(schedule.seed)
    heads = shipped_heads(PROPERTIES)
    readings = [
        torch.stack(one) for one in zip(*(composition_reading(x, heads) for x in amounts(samples)), strict=True)
    ]
    model = JointEncoder(heads)
    schedule = replace(schedule, batch=min(schedule.batch, max(8, len(samples) // 4)))
    truth = torch.from_numpy(systems)
    of_edge = edge_numbers(samples, views.has_edge.shape[1])

    def loss_of(net: nn.Module, rows: Tensor, generator: torch.Generator) -> Tensor:
        assert isinstance(net, JointEncoder)
        part = views.take(rows.numpy())
        draw = torch.randint(1, 1 + views.draws, (len(rows),), generator=generator)
        which = torch.multinomial(torch.tensor(JOINT.given), len(rows), replacement=True, generator=generator)
        composition, answer = (one[which, rows] for one in readings)
        no_pattern, no_edge = hidden_at_random(torch.from_numpy(part.has_edge), generator)
        drawn, stored = (
            part.input(place, composition, answer).hidden(no_pattern, no_edge)
            for place in (draw, torch.zeros(1).long())
        )
        logits, numbers, classes = net(drawn)
        outputs = torch.cat([*numbers.values(), *classes.values()], 1)
        system = nn.functional.cross_entropy(logits, truth[rows], label_smoothing=0.02)
        return (
            system
            + property_loss(net.heads_of, outputs, samples.labels, rows)
            + contrast(net, drawn, stored, of_edge[rows])
        )

    def report(epoch: int, lost: float, _: nn.Module) -> None:
        if say is not None:
            say(f"joint encoder: epoch {epoch + 1} of {schedule.epochs}, loss {lost:.4f}")

    trained = train(model, len(samples), loss_of, schedule, checkpoint, report)
    assert isinstance(trained, JointEncoder)
    return trained


def contrast(net: JointEncoder, drawn: JointInput, stored: JointInput, of_edge: Tensor) -> Tensor:
    """InfoNCE of measurements against materials as they are stored, among those with the same edge, where one is seen.

    Args:
        net: the encoder. drawn, stored: (b,) materials each.
        of_edge: (b, t) numbers of the edges.
    """
    there = drawn.has_pattern | drawn.has_edge.any(1)
    first = of_edge.gather(1, drawn.has_edge.float().argmax(1, keepdim=True))[:, 0]
    first = torch.where(drawn.has_edge.any(1), first, -1)
    cosine = net.vectors(drawn) @ net.vectors(stored).T / JOINT.temperature
    cosine = cosine.masked_fill(first[:, None] != first[None], -1e4)
    lost = nn.functional.cross_entropy(cosine, torch.arange(len(cosine)), reduction="none")
    return (lost * there).sum() / there.sum().clamp(min=1)


def hidden_at_random(has_edge: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which patterns (b,) and which edges (b, t) are hidden, never both of a material: some see one kind only."""
    kind = float(torch.rand((), generator=generator))
    no_pattern = torch.full(has_edge.shape[:1], kind < JOINT.pattern_hidden)
    if kind >= 1 - JOINT.edges_hidden:
        return no_pattern, torch.ones_like(has_edge)
    some = torch.rand(has_edge.shape, generator=generator)
    kept = (some * has_edge).argmax(1, keepdim=True)  # one edge of each stays
    no_edge = (torch.rand(has_edge.shape, generator=generator) < JOINT.edge_hidden).scatter(1, kept, False)
    return no_pattern, no_edge


def amounts(samples: Samples) -> tuple[Tensor, Tensor, Tensor]:
    """Each (n, COMPOSITION_FEATURES): where nothing is given of the materials, their elements, or their formulas."""
    return torch.zeros_like(samples.elements_only), samples.elements_only, samples.tokens.composition


def edge_numbers(samples: Samples, places: int) -> Tensor:
    """(n, places) one number for each absorber and edge."""
    tokens = samples.tokens
    return (16 * tokens.z + tokens.edge)[:, :places]


def main() -> None:
    """Train, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE.parquet")
    parser.add_argument("--properties", action="append", type=Path, required=True, metavar="FILE")
    parser.add_argument("--index", default="mp")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args()
    report = make_joint_encoder(
        a.out, a.tables, a.properties, a.index, epochs=a.epochs, seed=a.seed, say=lambda line: print(line, flush=True)
    )
    print(json.dumps(report.to_dict(), indent=1))


if __name__ == "__main__":
    main()
