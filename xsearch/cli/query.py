"""`xsearch query`: from files to ranked crystals."""

from __future__ import annotations

from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.errors import FAILURE, complain
from xsearch.cli.output import STDOUT, save_answers, show
from xsearch.cli.starter import open_or_build
from xsearch.options import POTENTIAL, Prior, Range
from xsearch.reading import Reading


def query(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Measured powder patterns or XANES spectra; the kind is recognised."),
    ],
    xanes: options.Xanes = None,
    wavelength: options.Wavelength = None,
    columns: options.Columns = None,
    axis: options.AxisName = None,
    e0: options.EdgeEnergy = None,
    pre: options.PreEdge = None,
    post: options.PostEdge = None,
    index: options.IndexName = None,
    only: options.Only = None,
    must: options.Must = None,
    may: options.May = None,
    exclude: options.Not = None,
    exactly: options.Exactly = None,
    any_of: options.Any_ = None,
    system: options.System = None,
    space_group: options.SpaceGroup = None,
    where: options.Where = None,
    known: options.Known = None,
    standard: options.StandardName = None,
    top: options.Top = None,
    phases: options.Phases = None,
    particle_size: options.ParticleSize = None,
    prior: options.PriorChoice = Prior.KNOWN,
    conditions: options.Conditions = None,
    measured_cells: options.MeasuredCells = True,
    range: options.RangeChoice = Range.AUTO,
    deglitch: options.Deglitch = False,
    infer: Annotated[
        bool, typer.Option("--infer", help="Infer crystals in no database too, from the elements of the constraints.")
    ] = False,
    oxidation: options.Oxidation = None,
    coordination: options.Coordination = None,
    leave_out: options.LeaveOut = None,
    alloy: options.Alloy = None,
    formula: options.Formula = None,
    solve: options.Solve = None,
    disorder: options.Disorder = False,
    relax: options.Relax = 0,
    potential: options.PotentialChoice = POTENTIAL,
    relax_seconds: options.RelaxSeconds = 60.0,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Show duplicates of a phase in rows of their own.")
    ] = False,
    json: options.Json = None,
    plot: options.Plot = None,
    cifs: options.Cifs = None,
    html: options.Html = None,
    refine: options.Refine = None,
) -> None:
    """Find the crystals that gave a measured powder pattern, XANES spectra, or both.

    The wavelength must be given where the file does not state it. With several files each is searched for on its own,
    and what is written carries each file's name; spectra of one sample go under --xanes, beside its pattern or its
    first spectrum. Without any index, the starter index of measured crystals is built first.
    """
    from xsearch import report
    from xsearch.progress import open_progress
    from xsearch.query import answer_each, question_of
    from xsearch.report.files import check_picture
    from xsearch.report.series_table import series_table

    if plot:
        check_picture(plot)
    question = question_of(
        only=only, must=must, may=may, exclude=exclude, exactly=exactly, any_of=any_of,
        system=system, space_group=space_group, where=where, oxidation=oxidation, coordination=coordination,
        infer=infer, phases=phases, particle_size_um=particle_size, top=top, prior=prior, conditions=conditions,
        measured_cells=measured_cells, range=range,
        deglitch=deglitch, leave_out=leave_out or (), alloy=alloy, relax=relax, potential=potential,
        relax_seconds=relax_seconds, formula=formula, solve=solve, disorder=disorder, known=known, standard=standard,
    )  # fmt: skip
    reading = Reading.parse(columns, axis, e0, pre, post)
    results, series = [], []
    with open_progress(json != STDOUT) as progress:
        for answer, in_series in answer_each(
            open_or_build(index), question, files, xanes or (), wavelength, complain, reading, progress
        ):
            results.append(answer)
            if in_series:
                series.append(answer)
            elif json != STDOUT:
                show(report.table(answer, duplicates=duplicates or None))
    if series and json != STDOUT:
        show(series_table(series))
    save_answers(
        results, json=json, plot=plot, cifs=cifs, html=html, refine=refine, batch=max(len(files), len(results)) > 1
    )
    if len(results) < len(files):
        raise typer.Exit(FAILURE)
