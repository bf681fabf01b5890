"""`xsearch train pxrd`: the network of powder patterns."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli.options import IndexName
from xsearch.cli.screen import say


def pxrd(
    index: IndexName = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write the weights and, beside, their card.")
    ] = Path("out/powder.safetensors"),
    minutes: Annotated[
        float, typer.Option("--minutes", min=0, help="Of training in all, earlier runs from the checkpoint included.")
    ] = 90,
    leave_out: Annotated[
        Path | None,
        typer.Option("--leave-out", metavar="FILE.parquet", help="Labelled patterns whose formulas take no part."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="Training goes on from it; by default beside the weights."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of weights and patterns.")] = 0,
    device: Annotated[str, typer.Option("--device", help="Where to compute: cpu or cuda.")] = "cpu",
) -> None:
    """Train the network of powder patterns on simulated measurements of an index.

    It gives a vector by which like crystals are found, the crystal system and the space group. One formula in ten is
    held out. The same command goes on from the last checkpoint.
    """
    from xsearch.training.run_powder import train_powder

    card = train_powder(
        index, out, minutes=minutes, leave_out=leave_out, checkpoint=checkpoint, seed=seed, device=device,
        report=lambda progress: say(str(progress)),
    )  # fmt: skip
    say(f"{out} and {card} are written.")
