"""`xsearch train`: weights from one's own spectra and structures."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import train_pxrd
from xsearch.cli.options import JsonFlag, Workers
from xsearch.cli.screen import counting, print_report

app = typer.Typer(help="Train models on tables of spectra or on an index.", no_args_is_help=True)

Tables = Annotated[
    list[Path] | None, typer.Argument(metavar="[TABLE.parquet]...", help="Computed spectra of sites or materials.")
]
FromIndex = Annotated[
    str | None, typer.Option("--index", "-i", metavar="NAME", help="Also the spectra and structures of this index.")
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where weights and card go.")]
Structures = Annotated[
    Path | None, typer.Option("--structures", metavar="FILE", help="Cells of spectra that carry none.")
]
Labels = Annotated[
    Path | None, typer.Option("--labels", metavar="FILE", help="Keep the labels of the table here between calls.")
]
Folds = Annotated[
    int | None, typer.Option("--folds", min=2, metavar="K", help="Of the cross-validation by formula; by default 4.")
]
Tested = Annotated[
    int | None, typer.Option("--tested", min=1, metavar="N", help="Test so many of the folds only, to save time.")
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Of each network.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same weights.")]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="Such as cpu or cuda.")]


@app.callback()
def train() -> None:
    """Train models on tables of spectra or on an index. An interrupted training goes on with the same command."""


app.command("pxrd")(train_pxrd.pxrd)


def _site_command(kind: str, told: str) -> None:
    """Enter the command that trains one kind of site model."""

    @app.command(kind, help=told)
    def command(
        tables: Tables = None,
        *,
        out: Out,
        index: FromIndex = None,
        structures: Structures = None,
        labels: Labels = None,
        workers: Workers = None,
        folds: Folds = None,
        tested: Tested = None,
        epochs: Epochs = None,
        seed: Seed = 0,
        device: Device = "cpu",
        json: JsonFlag = False,
    ) -> None:
        from xsearch.training.run_site import make_site_model

        with counting("steps") as count:
            report = make_site_model(
                out,
                tables or [],
                index,
                kind,
                structures=structures,
                labels_cache=labels,
                processes=workers,
                folds=folds,
                tested=tested,
                epochs=epochs,
                seed=seed,
                device=device,
                say=count,
            )
        print_report(report, json)


_site_command("spt", "Train SPT: from a spectrum to all descriptors of its absorber's site.")
_site_command("xastruct", "Train XAStruct, spectrum to structure: gated networks and forests.")
_site_command("site", "Train what the package ships: SPT, XAStruct and forests, blended by cross-validation.")


@app.command("specfusion")
def specfusion(
    tables: Tables = None,
    *,
    out: Out,
    properties: Annotated[
        list[Path] | None,
        typer.Option("--properties", metavar="FILE", help="Properties by material_id; may be given again."),
    ] = None,
    index: FromIndex = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    device: Device = "cpu",
    json: JsonFlag = False,
) -> None:
    """Train SpecFusionNet: from a material's edges and elements to its properties."""
    from xsearch.training.run_specfusion import make_specfusion

    with counting("epochs") as count:
        report = make_specfusion(
            out, tables or [], properties or [], index, epochs=epochs, seed=seed, device=device, say=count
        )
    print_report(report, json)
