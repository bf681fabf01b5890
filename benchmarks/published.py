"""The published experiments beside ours, each on the published protocol and on formulas held out.

    python -m benchmarks.published [PART ...] [--again] [--index mp] [--json]

Parts: `samples`, `ca2mnalo5` and `attribution` are run here, one sample after the other, and kept in
`benchmarks/results/published_samples.json`; what is there is not run again. The other figures are those that the
benchmarks named beside them keep (`python -m benchmarks.run NAME`). What cannot be shown says why. XANES and PXRD: Wang
et al., Chem. Sci. (2026), https://doi.org/10.1039/d6sc00651e; XAStruct: arXiv:2506.11908; SPT: arXiv:2603.27684.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from benchmarks import _published_samples as published_samples
from benchmarks.results import keep, load


@dataclass(frozen=True, slots=True)
class Row:
    """One experiment.

    Attributes:
        experiment: what is measured.
        published: the paper's figure, as printed there.
        theirs: ours on the published protocol: benchmark, part and figure, one minus which if it begins with a `-`.
        grouped: the same on formulas held out; several figures stand one after the other.
        command: what measures it.
        why_not: what cannot be compared, and why.
        count: the figure that says how many were counted, where that is not said of the whole part.
    """

    experiment: str
    published: str
    theirs: str = ""
    grouped: str = ""
    command: str = ""
    why_not: str = ""
    count: str = ""


ROWS = (
    Row(
        "crystal system of a pattern, network",
        "0.81",
        "pxrd_simulated/published/network_system_accuracy",
        "pxrd_simulated/formula/network_system_accuracy",
        "xsearch evaluate simulated --index mp --task published",
    ),
    Row(
        "crystal system of a pattern, answer with all evidence",
        "-",
        "pxrd_simulated/published/crystal_system_accuracy",
        "pxrd_simulated/formula/crystal_system_accuracy",
        "xsearch evaluate simulated --index mp --task published",
    ),
    *(
        Row(
            f"formula and crystal system, {n} elements, pattern",
            "above 0.80",
            "",
            f"inference/mp/formula_system_top1_by_elements/{n}",
            "xsearch evaluate inference",
            "The published split is not known to us; all entries of the formula are left out here.",
            f"inference/mp/n_by_elements/{n}",
        )
        for n in (2, 3, 4, 5)
    ),
    Row(
        "formula and crystal system, pattern and edges",
        "above 0.80",
        "",
        "chain/mp/chain",
        "python -m benchmarks.chain",
    ),
    Row(
        "Ca2MnAlO5 by its spectra, place of formula and system",
        "inferred",
        "",
        "published_samples/ca2mnalo5/place",
        "python -m benchmarks.published ca2mnalo5",
    ),
    Row(
        "eight experimental samples, formula and system first",
        "validated on eight",
        "",
        "published_samples/samples/right",
        "python -m benchmarks.published samples",
        "How many are first in the paper is not known to us. Cu2O and TiO2, a mixture there, are inferred one by one.",
    ),
    Row(
        "gap from transition metals' edges alone; error, eV",
        "as all edges",
        "",
        "specfusion/ablation/transition_metals_alone/band_gap_eV",
        "python -m benchmarks.specfusion",
    ),
    Row(
        "gap from all edges; error, eV",
        "-",
        "",
        "specfusion/ablation/all/band_gap_eV",
        "python -m benchmarks.specfusion",
    ),
    Row(
        "Y2TiO5: share of the gap's attribution that lies on the Ti edge",
        "-",
        "",
        "published_samples/attribution/Ti",
        "python -m benchmarks.published attribution",
        "The paper shows a picture.",
    ),
    *(
        Row(
            f"SPT, {kind}: {what}, {way}",
            "F1 0.969 (Co-Li-Mn-Ni-O)" if (figure, way) == ("os_macro_f1", "noise") else "-",
            "",
            f"spt/feff9/{name}/{way}/{figure}",
            "python -m benchmarks.spt",
            "No SPT weights are shipped; `xsearch train` makes them." if way == "noise" else "",
        )
        for kind, name in (("folded as published", "spt-folded"), ("simple", "spt"))
        for figure, what in (
            ("os_macro_f1", "oxidation state, macro-F1"),
            ("cn2_r2", "atoms in the second shell, R²"),
            ("nnosm_r2", "neighbours' mean oxidation state, R²"),
            ("psgo_accuracy", "order of the point group"),
        )
        for way in ("clean", "noise")
    ),
    *(
        Row(
            f"SPT, {kind}: periods of its bands, eV",
            "-",
            "",
            " ".join(f"spt/feff9/{name}/band_{place}_eV" for place in range(1, 5)),
            "python -m benchmarks.spt",
        )
        for kind, name in (("folded as published", "spt-folded"), ("simple", "spt"))
    ),
    Row(
        "XAStruct: spectrum from a structure, mean absolute error",
        "0.0537",
        "",
        "forward_model/Cu_K/error",
        "python -m benchmarks.forward",
        "Copper K here. Ablations: `python -m benchmarks.forward gates` and `features`.",
    ),
)


def value_of(name: str) -> tuple[float, int] | None:
    """A kept figure `benchmark/part/figure`, and N; None where there is none."""
    benchmark, part, key = name.split("/", 2)
    found = load(benchmark).get(part)
    if found is None or key not in found.figures:
        return None
    return found.figures[key], found.n


def shown(name: str, count: str = "") -> str:
    """A figure as in the table."""
    if not name:
        return "-"
    found = [value_of(one) for one in name.split()]
    values = [one[0] for one in found if one is not None]
    if len(values) < len(found) or found[0] is None:
        return "not run"
    counted = value_of(count) if count else None
    n = found[0][1] if counted is None else int(counted[0])
    return f"{', '.join(f'{value:.3g}' for value in values)} (N {n})"


def run_part(name: str, run: Callable[[], tuple[dict[str, float], int]], split: str) -> None:
    """Run one of the parts of this benchmark and keep it."""
    figures, n = run()
    keep("published_samples", name, figures, command=f"python -m benchmarks.published {name}", n=n, split=split)


def main() -> int:
    """Run what is missing of the parts that are named, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="samples, ca2mnalo5 or attribution")
    parser.add_argument("--again", action="store_true", help="also what was kept before")
    parser.add_argument("--index", default="mp")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    runs = {
        "samples": (
            partial(published_samples.samples, arguments.index),
            "simulated patterns; measured edges where there are any, else predicted; formula left out of the templates",
        ),
        "ca2mnalo5": (
            partial(published_samples.ca2mnalo5, arguments.index),
            "simulated pattern, predicted edges; formula left out of the templates",
        ),
        "attribution": (published_samples.attribution, "predicted edges of Y2TiO5"),
    }
    if unknown := set(arguments.parts) - set(runs):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(runs)}")
    for name in arguments.parts:
        if arguments.again or name not in load("published_samples"):
            try:
                run_part(name, *runs[name])
            except published_samples.NotThere as problem:
                print(f"{name}: {problem}", file=sys.stderr)
    if arguments.json:
        kept = {
            row.experiment: {**asdict(row), "ours": shown(row.grouped, row.count), "as_theirs": shown(row.theirs)}
            for row in ROWS
        }
        print(json.dumps(kept, indent=1))
        return 0
    print("| experiment | published | ours, published protocol | ours, formulas held out | by |\n|---|---|---|---|---|")
    for row in ROWS:
        by = f"`{row.command}` {row.why_not}" if row.command else row.why_not
        ours = shown(row.grouped, row.count)
        print(f"| {row.experiment} | {row.published} | {shown(row.theirs)} | {ours} | {by} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
