"""`xsearch train pxrd`: the network of powder patterns."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import say


def pxrd(
    index: options.IndexName = None,
    out: options.Out = Path("out/powder.safetensors"),
    minutes: Annotated[
        float, typer.Option("--minutes", min=0, help="Of training in all, earlier runs from the checkpoint included.")
    ] = 90,
    held_out: Annotated[
        Path | None,
        typer.Option("--held-out", metavar="FILE.parquet", help="Labelled patterns whose formulas take no part."),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="FILE", help="Training goes on from it; by default beside the weights."),
    ] = None,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
) -> None:
    """Train the network of powder patterns on simulated measurements of an index.

    It gives a vector by which like crystals are found, the crystal system and the space group. One formula in ten is
    held out. The same command goes on from the last checkpoint.
    """
    from xsearch.training.run_powder import train_powder

    card = train_powder(
        index, out, minutes=minutes, held_out=held_out, checkpoint=checkpoint, seed=seed, device=device,
        report=lambda progress: say(str(progress)),
    )  # fmt: skip
    say(f"{out} and {card} are written.")
