"""Train the vectors of near edges, in some minutes on one core.

    python -m xsearch.training.xanes_encoder TABLE ... [--leave-out TABLE] [--labels FOLDER] [--out FILE]

The tables are of computed site spectra, such as `xas_library_sites.parquet` and `xas_feff9.parquet`. Each step takes
some materials of a few edges. Two spectra of a material, by different codes where there are, are augmented: one
lightly, as a library holds it, one as a measurement. Their vectors must agree, and differ from those of the
edge's other materials. One formula in eight is held out, and so are those of the table that is left out.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsearch.data.augmentation import Augmentation
from xsearch.data.site_mixtures import mixtures
from xsearch.data.xanes_sites import Examples, concatenate, fold_of
from xsearch.models.xanes_encoder import INPUTS, WEIGHTS_FILE, XanesEncoder, encoder_from, encoder_input
from xsearch.settings import setting
from xsearch.training.loop import Schedule
from xsearch.training.loop import train as train_network
from xsearch.training.run_site import formulas_of, read_sources
from xsearch.training.site_network import Inputs
from xsearch.training.xanes_recall import Recalled, recall_figures

BY_HAND = "set by hand"
LIBRARY = Augmentation(
    calibration_eV=0.0, misplaced_eV=0.4, self_absorption=0.0, sharpening=0.0, noise=0.005, broadening_eV=0.6,
    stretch=0.01, disorder_A2=0.004, white_line=0.05, scale=0.01, slope=0.01, crop_eV=(0.0, 0.0), probability=0.5,
)  # fmt: skip
"""How spectra of a library differ from one another. Set by hand."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """`xsearch.training.xanes_encoder`."""

    width: int = setting(256, "numbers", BY_HAND)
    blocks: int = setting(2, "blocks", BY_HAND)
    dimensions: int = setting(64, "numbers", f"{BY_HAND}: of a vector")
    dropout: float = setting(0.1, "1", BY_HAND)
    edges: int = setting(4, "edges", f"{BY_HAND}: of a step")
    materials: int = setting(64, "materials", f"{BY_HAND}: of an edge in a step, at most")
    steps: int = setting(1200, "steps", BY_HAND)
    every: int = setting(100, "steps", f"{BY_HAND}: of an epoch, after which a checkpoint is written")
    temperature: float = setting(0.07, "cosine", BY_HAND)
    folds: int = setting(8, "folds", f"{BY_HAND}: of formulas, one of which is held out")


ENCODER = EncoderSettings()


class Block(nn.Module):
    """A residual block: x + W max(V norm(x), 0)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.drop = nn.Dropout(ENCODER.dropout)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = x + self.second(self.drop(self.first(self.norm(x)).relu()))
        return found


class XanesNet(nn.Module):
    """The network of `XanesEncoder`, to be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(INPUTS, ENCODER.width)
        self.blocks = nn.ModuleList([Block(ENCODER.width) for _ in range(ENCODER.blocks)])
        self.last = nn.ModuleDict({"norm": nn.LayerNorm(ENCODER.width)})
        self.out = nn.Linear(ENCODER.width, ENCODER.dimensions)

    def forward(self, inputs: Tensor) -> Tensor:
        """(b, d) unit vectors of (b, INPUTS)."""
        x = self.enter(inputs)
        for block in self.blocks:
            x = block(x)
        return nn.functional.normalize(self.out(self.last["norm"](x)), dim=1)


class Pairs:
    """Spectra of materials, drawn by pairs.

    Args:
        examples: of single sites, and of materials.
    """

    def __init__(self, examples: Examples) -> None:
        self.inputs = Inputs.of(examples)
        rows: dict[tuple[int, str], dict[str, dict[str, list[int]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        keys = zip(examples.z.tolist(), examples.edge, examples.material, examples.code, strict=True)
        for row, (z, edge, material, code) in enumerate(keys):
            rows[z, edge][str(material)][str(code)].append(row)
        self.edges = [[list(codes.values()) for codes in found.values()] for found in rows.values() if len(found) > 1]
        size = torch.tensor([len(materials) for materials in self.edges], dtype=torch.float64)
        self.weight = size.sqrt()

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """(b,) rows of a first and of a second spectrum of some materials, and which edge each is of."""
        chosen = torch.multinomial(self.weight, min(ENCODER.edges, len(self.edges)), generator=generator)
        first: list[int] = []
        second: list[int] = []
        group: list[int] = []
        for edge in chosen.tolist():
            materials = self.edges[edge]
            order = torch.randperm(len(materials), generator=generator)[: ENCODER.materials]
            for material in order.tolist():
                codes = materials[material]
                for side in (first, second):
                    rows = codes[int(torch.randint(len(codes), (1,), generator=generator))]
                    side.append(rows[int(torch.randint(len(rows), (1,), generator=generator))])
                group.append(edge)
        return torch.tensor(first), torch.tensor(second), torch.tensor(group)

    def read(self, rows: Tensor, augment: Augmentation, generator: torch.Generator) -> Tensor:
        """(b, INPUTS) of rows, augmented."""
        at, inputs = rows.numpy(), self.inputs
        values, known, _ = augment(
            torch.from_numpy(inputs.values[at]), torch.from_numpy(inputs.known[at]),
            torch.from_numpy(inputs.offset_eV[at]), generator, torch.from_numpy(inputs.width_eV[at]),
        )  # fmt: skip
        return torch.from_numpy(encoder_input(values.numpy(), known.numpy(), inputs.context[at]))


def agreement_loss(first: Tensor, second: Tensor, group: Tensor) -> Tensor:
    """Symmetric InfoNCE of (b, d) vectors, whose rivals are those of their own group."""
    cosine = (first @ second.T / ENCODER.temperature).masked_fill(group[:, None] != group[None], -torch.inf)
    right = torch.arange(len(first))
    return (nn.functional.cross_entropy(cosine, right) + nn.functional.cross_entropy(cosine.T, right)) / 2


def of_materials(examples: Examples) -> Examples:
    """Single sites, and the means over the sites of materials that have several."""
    return concatenate([examples, mixtures(examples, None)])


def train(
    examples: Examples,
    steps: int = ENCODER.steps,
    seed: int = 0,
    checkpoint: Path | None = None,
    report: Callable[[int, float, nn.Module], None] | None = None,
) -> XanesEncoder:
    """Train on examples as `of_materials` gives them; the same seed gives the same weights."""
    pairs = Pairs(examples)
    augment = Augmentation(calibration_eV=0.0)

    def loss_of(net: nn.Module, _: Tensor, generator: torch.Generator) -> Tensor:
        first, second, group = pairs.draw(generator)
        vectors = net(torch.cat([pairs.read(first, LIBRARY, generator), pairs.read(second, augment, generator)]))
        one, other = vectors.chunk(2)
        return agreement_loss(one, other, group)

    torch.manual_seed(seed)
    schedule = Schedule(-(-steps // ENCODER.every), 1, 2e-3, weight_decay=0.05, average=0.995, seed=seed)
    net = train_network(XanesNet(), min(steps, ENCODER.every), loss_of, schedule, checkpoint, report)
    return XanesEncoder({name: tensor.numpy() for name, tensor in net.state_dict().items()})


def main() -> None:
    """Train, test on formulas held out, and write weights and card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", type=Path)
    parser.add_argument("--leave-out", type=Path, help="a table whose formulas take no part")
    parser.add_argument("--labels", type=Path, help="a folder that keeps the sites' labels")
    parser.add_argument("--steps", type=int, default=ENCODER.steps)
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE)
    given = parser.parse_args()
    left_out = formulas_of(given.leave_out) if given.leave_out else frozenset()
    everything = of_materials(read_sources(given.tables, None, work=given.labels))
    usable = everything.take(~np.isin(everything.formula, list(left_out)))
    held_out = np.array([fold_of(f"vectors {f}", ENCODER.folds) == 0 for f in usable.formula])
    checkpoint = given.out.with_suffix(".checkpoint.pt")
    encoder = train(
        usable.take(~held_out), given.steps, 0, checkpoint,
        lambda epoch, loss, _: print(f"{(epoch + 1) * ENCODER.every} steps, loss {loss:.3f}", flush=True),
    )  # fmt: skip
    write(encoder, given.out)
    figures = recall_figures(encoder_from(given.out), usable, held_out)
    given.out.with_suffix(".md").write_text(_card(given, usable, held_out, len(left_out), figures), encoding="utf-8")
    checkpoint.unlink()
    print(figures)


def write(encoder: XanesEncoder, path: Path) -> None:
    """Write an encoder's tensors in half precision."""
    from safetensors.numpy import save_file

    save_file({k: np.ascontiguousarray(v.astype(np.float16)) for k, v in encoder.tensors.items()}, path)


def _card(
    given: argparse.Namespace, usable: Examples, held_out: NDArray[np.bool_], left_out: int, figures: Recalled
) -> str:
    named = " ".join(f"$XSEARCH_DATA/{table.name}" for table in given.tables)
    beside = f" --leave-out $XSEARCH_DATA/{given.leave_out.name}" if given.leave_out else ""
    lines = "\n".join(
        f"- {kind}: " + ", ".join(f"{name} {value:g}" for name, value in found.items()) + "."
        for kind, found in figures.items()
    )
    return (
        f"# XanesEncoder: {ENCODER.dimensions} numbers of a near edge\n\n"
        f"- Data: {len(usable):,} spectra of {len(set(usable.formula)):,} formulas from "
        f"{', '.join(f'`{table.name}`' for table in given.tables)}, single sites and materials.\n"
        f"- Split: {int(held_out.sum()):,} spectra, one formula in {ENCODER.folds}, held out; {left_out} formulas of "
        "measured spectra take no part.\n"
        f"- {given.steps} steps. Seed 0. Command: `python -m xsearch.training.xanes_encoder {named}{beside}`.\n"
        f"- sha256 {hashlib.sha256(given.out.read_bytes()).hexdigest()}.\n"
        "- Recall of formulas held out among the spectra of their edge and one code, by vectors and, without any "
        f"learning, by correlation of the windows and their slopes:\n\n{lines}\n"
    )


if __name__ == "__main__":
    main()
