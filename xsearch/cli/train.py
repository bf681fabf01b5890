"""`xsearch train`: make the weights of the learned models."""

import typer

from xsearch.cli import train_pxrd

app = typer.Typer(help="Train the learned models.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train the learned models; each command goes on where it was stopped."""


app.command("pxrd")(train_pxrd.pxrd)
