"""`xsearch train`: weights from one's own spectra and structures."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import options, train_pxrd
from xsearch.cli.output import counting, give_report

app = typer.Typer(help="Train models on tables of spectra or on an index.", no_args_is_help=True)

Tables = Annotated[
    list[Path] | None, typer.Argument(metavar="TABLE.parquet", help="Computed spectra of sites or materials.")
]
Folds = Annotated[
    int | None, typer.Option("--folds", min=2, metavar="K", help="Of the cross-validation by formula; by default 4.")
]
Start = Annotated[
    str | None,
    typer.Option("--from", metavar="WEIGHTS", help="Fine-tune the last layers of these: shipped, or a folder."),
]
Chemistry = Annotated[
    Path | None,
    typer.Option("--chemistry", metavar="FILE", help="Structures, without spectra, that say what formulas mean."),
]
LeaveOutTable = Annotated[
    Path | None,
    typer.Option("--leave-out-table", metavar="FILE", help="Train on none of the formulas of this table."),
]
Beside = Annotated[
    list[Path] | None,
    typer.Option(
        "--beside",
        metavar="FILE",
        help="With --from: spectra that the model was trained on, mixed in so that it keeps what it knows. Repeatable.",
    ),
]
Tested = Annotated[
    int | None, typer.Option("--tested", min=1, metavar="N", help="Test so many of the folds only, to save time.")
]

Properties = Annotated[
    list[Path] | None,
    typer.Option("--properties", metavar="FILE", help="Properties by material_id; may be given again."),
]

HoldOut = Annotated[
    bool,
    typer.Option("--hold-out", help="Keep a fold out of the weights too: half the time, figures of these weights."),
]


@app.callback()
def train() -> None:
    """Train models on tables of spectra or on an index. An interrupted training goes on with the same command."""


app.command("pxrd")(train_pxrd.pxrd)


def _site_command(kind: str, meaning: str) -> None:
    """Enter the command that trains one kind of site model."""

    @app.command(kind, help=meaning)
    def command(
        tables: Tables = None,
        *,
        out: options.Out,
        index: options.IndexName = None,
        structures: options.Structures = None,
        start: Start = None,
        beside: Beside = None,
        chemistry: Chemistry = None,
        leave_out_table: LeaveOutTable = None,
        labels: options.Labels = None,
        workers: options.Workers = None,
        folds: Folds = None,
        tested: Tested = None,
        hold_out: HoldOut = False,
        epochs: options.Epochs = None,
        seed: options.Seed = 0,
        device: options.Device = "cpu",
        json: options.Json = None,
    ) -> None:
        if start is not None:
            from xsearch.training.fine_tune import fine_tune_tables

            with counting("folds") as count:
                tuned = fine_tune_tables(
                    out,
                    tables or [],
                    start,
                    beside=beside or [],
                    left_out=leave_out_table,
                    structures=structures,
                    processes=workers or 1,
                    say=count,
                )
            give_report(tuned, json)
            return
        from xsearch.training.run_site import make_site_model

        with counting("steps") as count:
            report = make_site_model(
                out,
                tables or [],
                index,
                kind,
                structures=structures,
                chemistry=chemistry,
                left_out=leave_out_table,
                labels_cache=labels,
                processes=workers,
                folds=folds,
                tested=tested,
                hold_out=hold_out,
                epochs=epochs,
                seed=seed,
                device=device,
                say=count,
            )
        give_report(report, json)


_site_command("spt", "Train SPT: from a spectrum to all descriptors of its absorber's site.")
_site_command("spt-folded", "Train SPT after its paper: spectra folded by learned periods.")
_site_command("xastruct", "Train XAStruct, spectrum to structure: gated networks.")
_site_command("site", "Train what the package ships: XAStruct and chemistry, blended.")


@app.command("specfusion")
def specfusion(
    tables: Tables = None,
    *,
    out: options.Out,
    properties: Properties = None,
    index: options.IndexName = None,
    epochs: options.Epochs = None,
    published: Annotated[
        bool, typer.Option("--published", help="The network of the paper, instead of the one that is shipped.")
    ] = False,
    seed: options.Seed = 0,
    device: options.Device = "cpu",
    json: options.Json = None,
) -> None:
    """Train SpecFusionNet: from a material's edges, and its elements or formula, to its properties."""
    from xsearch.training.run_specfusion import make_specfusion

    with counting("epochs") as count:
        report = make_specfusion(
            out,
            tables or [],
            properties or [],
            index,
            epochs=epochs,
            published=published,
            seed=seed,
            device=device,
            say=count,
        )
    give_report(report, json)


@app.command("joint")
def joint(
    tables: Tables = None,
    *,
    out: options.Out,
    properties: Properties = None,
    index: options.IndexName = None,
    epochs: options.Epochs = None,
    seed: options.Seed = 0,
    json: options.Json = None,
) -> None:
    """Train one encoder of edges and pattern: crystal system, properties, and a vector of both."""
    from xsearch.training.joint_encoder import make_joint_encoder

    with counting("steps") as count:
        report = make_joint_encoder(
            out, tables or [], properties or [], index or "mp", epochs=epochs, seed=seed, say=count
        )
    give_report(report, json)
