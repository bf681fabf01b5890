"""The parts of `make bench`: each a command that prints JSON, and what its figures were measured on.

To add one: let the command print one JSON object (or one a line) with `--json` or `--json -`, enter a `Part` here, and
run `python -m benchmarks run NAME`. Data are in the folder that `$XSEARCH_DATA` names; `mp` is an index of the
Materials Project (docs/materials-project.md).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One run of a command.

    Attributes:
        benchmark: file of the results.
        name: of the part within it.
        command: as in a shell, to be run in the repository.
        split: what is measured on, and what is held out.
        n: which figure says how many were counted.
    """

    benchmark: str
    name: str
    command: str
    split: str
    n: str = "n"


PATTERNS = (
    "pxrd_measured.parquet (RRUFF, published Rietveld data), single phases that the index holds; nothing chosen on it"
)
EDGES = "xas_measured.parquet (XAS Data Library, examples of Larch and Demeter); a query's own source left out"
SIMULATED = "simulated measurements of entries that no network was trained on"
CONDITIONS = "simulated from the half of the starter index's formulas that nothing was chosen on"
DEFECTS = (
    "reported entries of mp_structures.parquet, the half of the formulas that nothing was chosen on; entries of all "
    "end members left out of the index; patterns simulated"
)
RIGHT_LEFT_OUT = "mp_structures.parquet, all entries of each formula left out of the index; patterns simulated"
MEASURED_PXRD = "xsearch evaluate pxrd $XSEARCH_DATA/pxrd_measured.parquet --index mp --json -"
MEASURED_XANES = "xsearch evaluate xanes $XSEARCH_DATA/xas_measured.parquet --index mp --json -"
KNOWN = "xas_measured.parquet, compounds whose structures are known; no formula of them trained on"
FORWARD = "xas_feff9.parquet, xas_feff10_sites.parquet and the shipped sites; three of five folds by formula"

JOINT_DATA = (
    "$XSEARCH_DATA/xas_feff9.parquet $XSEARCH_DATA/xas_library_sites.parquet "
    "--properties $XSEARCH_DATA/mp_structures.parquet --properties $XSEARCH_DATA/mp_labels.parquet"
)

PARTS = (
    *(
        Part("pxrd_measured", name, f"{MEASURED_PXRD} {options}", PATTERNS, "answerable")
        for name, options in (
            ("blind", "--no-measured-cells"),
            ("subset", "--no-measured-cells --given subset"),
            ("exact", "--no-measured-cells --given exact"),
            ("blind_cells", ""),
        )
    ),
    *(
        Part(
            "pxrd_simulated",
            task,
            f"xsearch evaluate simulated --index mp --task {task} --patterns {n} --json -",
            SIMULATED,
        )
        for task, n in (("strong", 1000), ("formula", 200), ("published", 200))
    ),
    Part(
        "pxrd_mixtures",
        "elements",
        "python -m benchmarks.pxrd_mixtures --index mp --json",
        "mixtures of pxrd_measured.parquet, elements given",
        "2_phases/n",
    ),
    *(
        Part(
            "pxrd_conditions",
            name,
            f"python -m benchmarks.conditions --patterns {n} --only '{only}' --json",
            CONDITIONS,
            f"{first}/n",
        )
        for name, n, only, first in (
            ("good", 200, "plain,displaced -0.3,displaced +0.3,needles 1.8,plates 0.45", "plain"),
            ("humps", 200, "capillary 1,glass 1,glass 3", "capillary_1"),
            ("poor", 40, "100 counts,kapton 1,8 nm,5 nm,3 nm,2 nm,0.12", "100_counts"),
        )
    ),
    Part(
        "pxrd_recall",
        "mp",
        "python -m benchmarks.pxrd_recall --index mp --patterns 400 --json",
        SIMULATED,
        "measured_cells/n",
    ),
    Part(
        "pxrd_backends",
        "mp",
        "python -m benchmarks.pxrd_backends --index mp --patterns 100 --json",
        "simulated measurements of random rows",
        "patterns",
    ),
    Part(
        "pxrd_reflections",
        "mp",
        "python -m benchmarks.pxrd_reflections --n 200 --json",
        "random structures of mp_structures.parquet",
    ),
    *(
        Part("xanes_measured", name, f"{MEASURED_XANES} {options}", EDGES, "answerable")
        for name, options in (
            ("simulated_subset", "--given subset --compared simulated"),
            ("references", "--compared measured"),
            ("both_subset", "--given subset"),
            ("both_absorber", ""),
        )
    ),
    *(
        Part("xanes", name, f"python -m benchmarks.xanes {name} --json", split, n)
        for name, split, n in (
            ("starter", EDGES, "exact_all/answerable"),
            ("conditions", EDGES, "exact_as_measured/answerable"),
            ("exafs", EDGES, "n"),
            ("retrieval", "xas_feff9.parquet, augmented, among all of their element", "all/n"),
            ("codes", "xas_feff9.parquet, folds by formula", "Cu/n"),
            ("joint", "simulated pairs of copper; measured pairs of both tables", "simulated/n"),
            ("mixtures", "sums of two spectra of xas_measured.parquet", "scans_2_of_two_measured_elements_subset/n"),
            ("vectors", EDGES, "simulated/n"),
        )
    ),
    Part("known_compounds", "known", "python -m benchmarks.known_compounds known --json", KNOWN, "none/n"),
    Part(
        "known_compounds",
        "library",
        "python -m benchmarks.known_compounds library --json",
        "xas_measured.parquet, known structures; shipped spectra of other sources, or of other compounds too",
        "other_sources/none/n",
    ),
    Part(
        "known_compounds",
        "conditions",
        "python -m benchmarks.known_compounds conditions --json",
        KNOWN,
        "as_measured/n",
    ),
    Part("known_compounds", "distances", "python -m benchmarks.known_compounds distances --json", KNOWN),
    Part(
        "known_compounds",
        "mixed",
        "python -m benchmarks.known_compounds mixed --json",
        "mp_structures.parquet, reported compounds that the site model has not seen; spectra of the forward model",
        "none/n",
    ),
    Part(
        "forward",
        "copper",
        "python -m benchmarks.forward --json",
        "xas_feff9.parquet, 12 % of the formulas held out, twice",
        "40/n",
    ),
    Part(
        "forward",
        "features",
        "python -m benchmarks.forward features --share 0.2 --json",
        f"a fifth of the formulas of {FORWARD}",
        "kernel_surroundings/n",
    ),
    Part(
        "forward",
        "gates",
        "python -m benchmarks.forward gates --share 0.5 --json",
        f"half of the formulas of {FORWARD}",
        "gated/n",
    ),
    Part(
        "oxygen",
        "composition",
        "python -m benchmarks.oxygen --json",
        "oxygen K edges that come with the package; no network was trained on one, the composition on oxides",
    ),
    Part(
        "inference",
        "now",
        "xsearch evaluate inference $XSEARCH_DATA/mp_structures.parquet --index mp --limit 100 --refusals 50 --json -",
        RIGHT_LEFT_OUT,
    ),
    Part(
        "inference",
        "may",
        "xsearch evaluate inference $XSEARCH_DATA/mp_structures.parquet --index mp --limit 24 --uncertain 6 --json -",
        f"{RIGHT_LEFT_OUT}; six elements given that there may be, two to five of them the compound's",
    ),
    Part(
        "indexing",
        "measured",
        "python -m benchmarks.indexing measured --json",
        "pxrd_measured.parquet, single phases with paired structures; nothing chosen on it",
    ),
    Part(
        "indexing",
        "simulated",
        "python -m benchmarks.indexing simulated --patterns 100 --json",
        "pxrd_no_template.parquet, the half of the formulas that nothing was chosen on",
    ),
    Part(
        "indexing",
        "simulated_formula",
        "python -m benchmarks.indexing simulated --patterns 100 --formula --json",
        "pxrd_no_template.parquet, the half of the formulas that nothing was chosen on; formula given",
    ),
    Part(
        "indexing",
        "laboratory",
        "python -m benchmarks.indexing laboratory --index mp --patterns 40 --json",
        "simulated under laboratory conditions; formulas that nothing was chosen on",
    ),
    Part(
        "solving",
        "report",
        "python -m benchmarks.solving --patterns 66 --json",
        "pxrd_no_template.parquet, the half of the formulas that nothing was chosen on; no entry of an index used",
    ),
    *(
        Part("defects", kind, f"python -m benchmarks.defects {kind} --index mp --limit {n} --json", DEFECTS)
        for kind, n in (("mixed", 16), ("vacant", 8), ("ordered", 16), ("wrong", 16))
    ),
    Part(
        "potentials",
        "cells",
        "python -m benchmarks.potentials cells --crystals 24 --log cells.jsonl --json",
        "cod_structures.parquet and paired structures of pxrd_measured.parquet, measured compounds of up to 16 atoms",
        "chgnet-r2scan/n",
    ),
    Part(
        "potentials",
        "solved",
        "python -m benchmarks.potentials solved --patterns 18 --only chgnet-r2scan --log solved.jsonl --json",
        "pxrd_no_template.parquet, the half of the formulas that nothing was chosen on; no entry of an index used",
        "chgnet-r2scan/n",
    ),
    Part(
        "specfusion",
        "ablation",
        "python -m benchmarks.specfusion --json",
        "xas_feff9.parquet and xas_library_sites.parquet, one formula in five held out",
    ),
    Part(
        "joint_vectors",
        "mp",
        "python -m benchmarks.joint_vectors --index mp --json",
        "simulated measurements, formulas that the powder network has not seen; half of them choose the weight",
    ),
    Part(
        "joint_vectors",
        "joint",
        "python -m benchmarks.joint_vectors --index mp --joint joint_encoder --json",
        "simulated measurements, formulas that the powder network has not seen; half of them choose the weight",
    ),
    Part(
        "joint_encoder",
        "mp",
        f"xsearch train joint {JOINT_DATA} --index mp --seed 0 --out joint_encoder --json -",
        "simulated measurements; system and recall of formulas that the powder networks have not seen, properties of "
        "those that SpecFusionNet has not",
        "n_system",
    ),
    Part(
        "spt",
        "feff9",
        "python -m benchmarks.spt --sites 5000 --epochs 15 --json",
        "xas_feff9.parquet, sites of formulas in the order of their hashes, one formula in four held out",
    ),
    Part(
        "chain",
        "mp",
        "python -m benchmarks.chain --index mp --limit 154 --log chain.jsonl --json",
        "simulated patterns and computed edges, formulas that the site model and the templates have not seen",
    ),
    Part("edges_alone", "mp", "python -m benchmarks.edges_alone --index mp --json", KNOWN),
    Part(
        "mp_client",
        "server",
        "python -m benchmarks.mp_client --materials 20000 --json",
        "a local server of the real client",
        "materials",
    ),
    Part(
        "cell_shapes",
        "mp",
        "python -m benchmarks.cell_shapes --json",
        "computed entries with linked measured cells, cubic ones left out; predicted for formulas that took no part",
    ),
    Part("page", "starter", "python -m benchmarks.page --json", "examples/spectra/rutile.xy, as a new file each time"),
    Part("kills", "server", "python -m benchmarks.kills --kills 50 --json", "random moments, seed 7", "kills"),
    Part(
        "index_build",
        "mp",
        "python -m benchmarks.index_build --workers 2 --json",
        "starter index; mp_structures.parquet",
        "snapshot/entries",
    ),
)


def chosen(names: list[str]) -> list[Part]:
    """The parts of these names, each a benchmark or `benchmark/part`; all without names.

    Raises:
        KeyError: there is none of a name.
    """
    found = [part for part in PARTS if not names or {part.benchmark, f"{part.benchmark}/{part.name}"} & set(names)]
    known = {name for part in PARTS for name in (part.benchmark, f"{part.benchmark}/{part.name}")}
    if unknown := set(names) - known:
        raise KeyError(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return found
