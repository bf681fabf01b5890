"""`xsearch evaluate`: how often the right crystal is found, on labelled data."""

from pathlib import Path
from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import counting, give_figures, give_report
from xsearch.options import Compared, Conditioning, Given, Prior, Task

app = typer.Typer(help="Measure how often the right crystal is found.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure how often the right crystal is found."""


@app.command("pxrd")
def pxrd(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Measured patterns with their labels.")],
    index: options.IndexName = None,
    given: options.GivenElements = Given.NONE,
    measured_cells: options.MeasuredCells = True,
    prior: options.PriorChoice = Prior.KNOWN,
    leave_one_out: options.LeaveOneOut = True,
    ranking: options.RankingChoice = None,
    log: options.Log = None,
    json: options.Json = None,
) -> None:
    """Search every labelled pattern and count how often a right entry is at the top.

    Columns: label, single_phase, wavelength, two_theta, intensity, structure_json (the crystal, as pymatgen writes it),
    and sim_cosine if there is one. An entry is right when it has that crystal's formula and space group, or fits it.
    """
    from xsearch.evaluate.pxrd import evaluate as evaluate_pxrd

    with counting("patterns") as count:
        report = evaluate_pxrd(
            file,
            index,
            given=given,
            measured_cells=measured_cells,
            prior=prior,
            leave_out=leave_one_out,
            ranking=ranking,
            log=log,
            progress=lambda outcome: count(outcome.label),
        )
    give_report(report, json)


@app.command("simulated")
def simulated(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE.parquet", help="Only entries whose material_id this table lists.")
    ] = None,
    index: options.IndexName = None,
    task: Annotated[
        Task,
        typer.Option(
            "--task",
            help="Symmetry of entries held out at random (the published protocol), symmetry of compounds that the "
            "index does not hold, or the entry itself under all that measurement does.",
        ),
    ] = Task.STRONG,
    patterns: Annotated[int, typer.Option("--patterns", min=1, metavar="N", help="How many.")] = 200,
    ranking: options.RankingChoice = None,
    json: options.Json = None,
) -> None:
    """Search for simulated measurements of entries that no network was trained on."""
    from xsearch.evaluate.simulated import evaluate as evaluate_simulated

    with counting("patterns") as count:
        figures = evaluate_simulated(index, task, path=file, count=patterns, ranking=ranking, progress=count)
    give_figures(figures, "Simulated patterns", json)


@app.command("xanes")
def xanes(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Measured spectra with their compounds.")],
    index: options.IndexName = None,
    given: options.GivenElements = Given.NONE,
    prior: options.PriorChoice = Prior.KNOWN,
    compared: options.ComparedChoice = Compared.ALL,
    leave_one_out: options.LeaveOneOut = True,
    json: options.Json = None,
) -> None:
    """Search every measured XANES spectrum and count how often its compound is at the top.

    Columns: id, element, edge, formula, energy, mu_raw, source, and phase, usable_query and suspect if there are any.
    A hit is right when it has that reduced formula, and the phase's space group where its name tells one. Measured
    references of a query's own source, and itself, are left out of the index for it.
    """
    from xsearch.evaluate.xanes import evaluate_xanes

    with counting("spectra") as count:
        report = evaluate_xanes(
            file,
            index,
            given=given,
            prior=prior,
            compared=compared,
            leave_out=leave_one_out,
            progress=lambda outcome: count(outcome.label),
        )
    give_report(report, json)


@app.command("inference")
def inference(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Structures of compounds to be inferred.")],
    index: options.IndexName = None,
    limit: options.Limit = None,
    reported: Annotated[bool, typer.Option("--reported", help="Only compounds that an experiment reported.")] = False,
    uncertain: Annotated[
        int,
        typer.Option(
            "--uncertain",
            min=0,
            max=6,
            metavar="N",
            help="Give N elements that there may be, the compound's among them.",
        ),
    ] = 0,
    refusals: Annotated[
        int,
        typer.Option(
            "--refusals", min=0, metavar="N", help="Also try N patterns with wrong elements and N of nothing."
        ),
    ] = 0,
    log: options.Log = None,
    json: options.Json = None,
) -> None:
    """Infer compounds whose formula is left out of the index, from simulated patterns and their elements.

    The patterns are made from the structures, with strain, zero shift, texture, noise, humps and foreign lines.
    """
    from xsearch.evaluate.inference import evaluate as evaluate_inference

    with counting("compounds") as count:
        report = evaluate_inference(
            file, index, limit=limit, reported=reported, may=uncertain, refusals=refusals, log=log, progress=count
        )
    give_figures(report, "Inference", json)


@app.command("forward")
def forward(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Computed spectra of sites.")],
    json: options.Json = None,
) -> None:
    """Compare spectra predicted from structures with computed ones, on formulas that were not trained on."""
    from xsearch.evaluate.forward import evaluate as evaluate_forward

    give_figures(evaluate_forward(file), "Structure to XANES", json)


@app.command("descriptors")
def descriptors(
    file: Annotated[Path, typer.Argument(metavar="FILE.parquet", help="Computed spectra of sites.")],
    structures: options.Structures = None,
    labels: options.Labels = None,
    weights: options.Weights = None,
    given: options.GivenComposition = Conditioning.NONE,
    workers: options.Workers = None,
    json: options.Json = None,
) -> None:
    """Compare what is predicted from spectra of sites with what their structures say.

    Structures are taken from the column structure_json, else by material_id from mp_cells_of_xas.parquet beside the
    file. Formulas that the model was trained on are counted.
    """
    from xsearch.evaluate.descriptors import evaluate_descriptors

    report = evaluate_descriptors(file, labels, workers, weights=weights, structures=structures, given=given)
    give_report(report, json)
