"""The tree of commands."""

from typing import Annotated

import typer

import xsearch
from xsearch.cli import build, cell, evaluate, index, infer, predict, query, serve, show, simulate, train
from xsearch.cli.errors import Commands

app = typer.Typer(
    name="xsearch",
    cls=Commands,
    help="Which crystal gave these spectra? Structure search from powder diffraction patterns and XANES.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"xsearch {xsearch.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Which crystal gave these spectra? Structure search from powder diffraction patterns and XANES."""


app.command("query")(query.query)
app.command("serve")(serve.serve)
app.command("show")(show.show)
app.command("cell")(cell.cell)
app.command("infer")(infer.infer)
app.command("predict")(predict.predict)
app.add_typer(build.app, name="build")
app.add_typer(index.app, name="index")
app.add_typer(simulate.app, name="simulate")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(train.app, name="train")
