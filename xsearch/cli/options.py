"""Every option that more than one command has, and every one that states something about a sample: worded once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from xsearch.options import (
    Compared,
    Conditioning,
    CrystalSystem,
    Given,
    Potential,
    Prior,
    Range,
    Ranking,
    parse_phases,
)
from xsearch.reading import Axis


def elements(flag: str, meaning: str) -> Any:
    """An option that takes elements, in any case: `Fe,O` or `fe o`."""
    return typer.Option(flag, metavar="ELEMENTS", help=meaning)


def number_of_phases(text: str) -> int:
    """`parse_phases` with the command line's own error."""
    from xsearch.errors import QueryError

    try:
        return parse_phases(text)
    except QueryError as error:
        raise typer.BadParameter(str(error)) from None


# What was measured.

XANES_FILE = "FILE[:ABSORBER[:EDGE]]"

Xanes = Annotated[
    list[str] | None,
    typer.Option(
        "--xanes",
        metavar=XANES_FILE,
        help="A XANES spectrum of the same sample, such as Fe_K.dat:Fe:K; give it once for each edge.",
    ),
]
WAVELENGTH = typer.Option(
    "--wavelength",
    "-w",
    metavar="λ",
    help="Wavelength in Å, a name such as CuKa, CuKa1 or MoKa, or an energy such as '17.48 keV'.",
)
Wavelength = Annotated[str | None, WAVELENGTH]
ABSORBER = typer.Option("--absorber", "-a", metavar="ELEMENT", help="The absorbing element, such as Fe.")
Absorber = Annotated[str | None, ABSORBER]
EDGE = typer.Option("--edge", metavar="EDGE", help="Such as K or L3.")
EdgeName = Annotated[str | None, EDGE]
Deglitch = Annotated[
    bool, typer.Option("--deglitch", help="Replace single points that stand out of a XANES spectrum; it is noted.")
]

Known = Annotated[
    str | None,
    typer.Option(
        "--known",
        metavar="PHASE,...",
        help="Phases that are there: formulas, ids or CIF files, such as Si,Al2O3,mp-134,film.cif. They are fitted "
        "first; hits and verdict are about the rest.",
    ),
]
StandardName = Annotated[
    str | None,
    typer.Option(
        "--standard",
        metavar="NAME",
        help="A certified standard in the sample, such as Si640, LaB6_660 or corundum_676; it fixes the angles too.",
    ),
]

# How a file is read.

Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="ROLE=COLUMN,...",
        help="Which columns are meant, by name or number, such as energy=Energy,i0=I0,it=I1 or 2theta=1,intensity=3; "
        "FF1:FF8 is the sum of several.",
    ),
]
AxisName = Annotated[
    Axis | None, typer.Option("--axis", help="What the axis of a powder pattern is, where the file does not say it.")
]
EdgeEnergy = Annotated[
    float | None,
    typer.Option("--e0", metavar="eV", help="The edge energy; it is added where a file's energies are relative to it."),
]
PreEdge = Annotated[
    str | None,
    typer.Option("--pre", metavar="LOW:HIGH", help="Range of the pre-edge line, such as -150:-30 eV from E0."),
]
PostEdge = Annotated[
    str | None,
    typer.Option("--post", metavar="LOW:HIGH", help="Range of the post-edge curve, such as 50:600 eV from E0."),
]

# Constraints on the elements.

Only = Annotated[str | None, elements("--only", "These elements and no others, such as Fe,O,Ti.")]
Must = Annotated[str | None, elements("--must", "All of these elements, and perhaps others.")]
May = Annotated[str | None, elements("--may", "Beside those of --must, these elements and no others.")]
Not = Annotated[str | None, elements("--not", "None of these elements.")]
Any_ = Annotated[str | None, elements("--any", "At least one of these elements, such as Mg,Fe,Ca.")]
Exactly = Annotated[str | None, elements("--exactly", "All of these elements and no others.")]
AllElements = Annotated[str | None, elements("--elements", "All elements of the sample.")]
Formula = Annotated[
    str | None,
    typer.Option(
        "--formula",
        metavar="FORMULA",
        help="The compound's formula, instead of its elements; with fractions, as Li0.5CoO2, where sites are mixed or "
        "partly empty.",
    ),
]

# Constraints on symmetry and metadata.

System = Annotated[
    CrystalSystem | None, typer.Option("--system", help="Only crystals of this system, found or inferred.")
]
SpaceGroup = Annotated[
    str | None,
    typer.Option(
        "--space-group",
        metavar="GROUP",
        help="Only crystals of this space group, found or inferred; a number or a symbol such as Fd-3m.",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Only entries whose metadata meet an SQL condition, as hits and as templates, such as 'band_gap > 1'.",
    ),
]

# Conditions of an inference.

Oxidation = Annotated[
    list[str] | None,
    typer.Option(
        "--oxidation", metavar="ELEMENT=STATES", help="Known oxidation states, such as Mn=3 or Mn=3,4; repeatable."
    ),
]
Coordination = Annotated[
    list[str] | None,
    typer.Option(
        "--coordination", metavar="ELEMENT=NUMBERS", help="Known coordination numbers, such as Mn=4,6; repeatable."
    ),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option("--leave-out", metavar="FORMULA", help="Use no entry of this formula as a template; repeatable."),
]
Alloy = Annotated[
    bool | None,
    typer.Option(
        "--alloy/--ionic", help="Infer without charge balance, or with it; by default as the elements suggest."
    ),
]
Relax = Annotated[
    int,
    typer.Option("--relax", min=0, metavar="N", help="Relax the first N inferred crystals, by an extra."),
]
PotentialChoice = Annotated[
    Potential,
    typer.Option("--potential", help="Interatomic potential that relaxes; each is an extra with its weights."),
]
Solve = Annotated[
    str | None,
    typer.Option(
        "--solve",
        metavar="TIME",
        help="Also solve crystals from the pattern without a template, for so long, such as 10m.",
    ),
]
Disorder = Annotated[
    bool,
    typer.Option(
        "--disorder",
        help="Also infer mixed and partly empty sites where an ordered crystal explains the pattern.",
    ),
]
RelaxSeconds = Annotated[
    float, typer.Option("--relax-seconds", min=1.0, metavar="S", help="How long all relaxations may take, in seconds.")
]

# How an index is searched.

IndexName = Annotated[
    str | None,
    typer.Option(
        "--index", "-i", metavar="NAME", help="An index; by default, where one is needed, that of `xsearch index use`."
    ),
]
TOP = typer.Option("--top", min=1, metavar="N", help="How many to give at most.")
Top = Annotated[int | None, TOP]
Phases = Annotated[
    int | None,
    typer.Option(
        "--phases",
        parser=number_of_phases,
        metavar="N|auto",
        help="Find a mixture of up to N phases, or auto (up to 4); how many there are is decided by the evidence.",
    ),
]
ParticleSize = Annotated[
    float | None,
    typer.Option(
        "--particle-size",
        min=0.01,
        max=1000.0,
        metavar="UM",
        help="Diameter of the particles in µm: weights of --phases are corrected for their absorption (Brindley).",
    ),
]
PriorChoice = Annotated[
    Prior, typer.Option("--prior", help="Prefer known and stable compounds, or none (for new phases).")
]
Conditions = Annotated[
    str | None,
    typer.Option(
        "--conditions",
        metavar="TEXT",
        help="Pressure and temperature of the sample, such as '5 GPa, 600 K'; ambient where none is given.",
    ),
]
MeasuredCells = Annotated[
    bool,
    typer.Option(
        "--measured-cells/--no-measured-cells", help="Use the measured cells linked to computed entries, beside theirs."
    ),
]
RangeChoice = Annotated[
    Range,
    typer.Option(
        "--range",
        help="The near edge (xanes), the extended fine structure (exafs), or both where there is EXAFS (auto).",
    ),
]
ShippedSpectra = Annotated[
    bool,
    typer.Option(
        "--shipped-spectra/--no-shipped-spectra",
        help="Add the XANES spectra that come with xsearch: measured references, and computed ones of entries.",
    ),
]
RankingChoice = Annotated[
    Ranking | None,
    typer.Option(
        "--ranking",
        help="Recall and rank by physics, by the network's vectors alone, or recall by both and rank by physics; "
        "by default the last, where the index has vectors.",
    ),
]

# Where answers go.

Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON; - prints it instead.")
]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write comma-separated values; - prints them.")]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="FILE", help="Write a picture: .png, .svg or .pdf.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a self-contained page.")]
Cifs = Annotated[
    Path | None, typer.Option("--cifs", metavar="FOLDER", help="Write CIF files: of hits as stored and as strained.")
]
Refine = Annotated[
    tuple[str, Path] | None,
    typer.Option(
        "--refine",
        metavar="PROGRAM FOLDER",
        help="Refine the phases of the answer a few cycles with rietx (an extra), and write a project of rietx, gsas2, "
        "topas, fullprof or bgmn.",
    ),
]
Xy = Annotated[Path | None, typer.Option("--xy", metavar="FILE", help="Write the curve as columns of text.")]

# Evaluation and training.

GIVEN = "What is given of a sample's composition: nothing, or so much."
GivenElements = Annotated[Given, typer.Option("--given", help=GIVEN)]
GivenComposition = Annotated[Conditioning, typer.Option("--given", help=GIVEN)]
ComparedChoice = Annotated[
    Compared, typer.Option("--compared", help="Compare with all spectra of the index, or those of one kind.")
]
LeaveOneOut = Annotated[
    bool,
    typer.Option(
        "--leave-one-out/--no-leave-one-out", help="Search again with the right entries left out of the index."
    ),
]
Log = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="Keep outcomes here; a later call goes on from them.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many, to try it out.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="PATH", help="Where what is made goes.")]
Weights = Annotated[
    Path | None, typer.Option("--weights", metavar="PATH", help="Weights that `xsearch train` made, instead of ours.")
]
Structures = Annotated[
    Path | None,
    typer.Option(
        "--structures",
        metavar="FILE",
        help="A table of structures, for what carries none; by default the one beside the file.",
    ),
]
Labels = Annotated[
    Path | None, typer.Option("--labels", metavar="FILE", help="Keep the labels of the table here between calls.")
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, metavar="N", help="Of each network.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same weights.")]
Device = Annotated[str, typer.Option("--device", metavar="NAME", help="Such as cpu or cuda.")]

# Builds.

NEW_NAME = typer.Option("--name", "-n", metavar="NAME", help="The index to make or to replace.")
NewName = Annotated[str, NEW_NAME]
Licence = Annotated[str, typer.Option("--licence", metavar="TEXT", help="Of what is added; it is stated on every hit.")]
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

# Spectra that are calculated.

Absorbers = Annotated[
    str | None, elements("--absorbers", "Whose edges, such as Fe,Mn; by default all that can be calculated.")
]
Edges = Annotated[
    str | None, typer.Option("--edges", metavar="K,L3", help="Only spectra of these edges; by default the usual ones.")
]

Hours = Annotated[
    float | None, typer.Option("--hours", min=0.0, metavar="N", help="Begin no site after so many hours.")
]
SiteTimeout = Annotated[
    float, typer.Option("--timeout", min=1.0, metavar="S", help="Give up a site after so many seconds.")
]
