"""Options that several commands share, worded once."""

from typing import Annotated

import typer

from xsearch.options import Prior

IndexName = Annotated[
    str | None, typer.Option("--index", "-i", metavar="NAME", help="The index to search; by default the one in use.")
]
Wavelength = Annotated[
    str | None,
    typer.Option(
        "--wavelength",
        "-w",
        metavar="λ",
        help="Wavelength in Å, or a name such as CuKa, CuKa1, MoKa, or an energy such as '17.48 keV'; "
        "needed where the file does not tell.",
    ),
]
MeasuredCells = Annotated[
    bool,
    typer.Option(
        "--measured-cells/--no-measured-cells", help="Use the measured cells linked to computed entries, beside theirs."
    ),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, metavar="N", help="Worker processes; by default one a core.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Work on a Dask cluster, such as tcp://node1:8786, instead of this machine.",
    ),
]
NewName = Annotated[str, typer.Option("--name", "-n", metavar="NAME", help="The index to make or to replace.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


Deglitch = Annotated[
    bool, typer.Option("--deglitch", help="Replace single points that stand out of a XANES spectrum; it is noted.")
]
PriorChoice = Annotated[
    Prior, typer.Option("--prior", help="Prefer known and stable compounds, or none (for new phases).")
]
