"""Accuracy and speed of XANES search, prediction and mixtures.

    python -m benchmarks.xanes [PART ...] [--json]

Parts: descriptors, baseline, robustness, retrieval, codes, measured, references, vectors, starter, conditions, exafs,
predicted, mixtures, joint, speed, learning.
Data are found through XSEARCH_DATA; what is computed from them once (labels) is kept in the platform's cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._data import KEPT, data_file
from benchmarks._xanes_models import baseline, descriptors, learning, robustness, speed

Figures = dict[str, Any]


@cache
def opened() -> Any:
    """An index of the compounds with a computed spectrum, and all tables of spectra; made once and then kept.

    `XSEARCH_BENCH_INDEX` names another one, such as one of the whole Materials Project with those tables added.
    """
    import pandas as pd

    from xsearch.builders import build_parquet
    from xsearch.errors import MissingIndex
    from xsearch.search import open_index

    if named := os.environ.get("XSEARCH_BENCH_INDEX"):
        return open_index(named, threads=1)
    home = KEPT / "bench-xanes"
    os.environ["XSEARCH_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    with suppress(MissingIndex):
        return open_index("xanes", threads=1)
    tables = [data_file(f"xas_{name}.parquet") for name in ("feff9", "feff10", "feff10_sites", "measured")]
    structures = pd.read_parquet(data_file("mp_structures.parquet"))
    known = {m for path in tables[:3] for m in pd.read_parquet(path, columns=["material_id"]).material_id}
    formulas = set(structures[structures.material_id.isin(known)].reduced_formula)
    path = home / "structures.parquet"
    structures[structures.reduced_formula.isin(formulas)].to_parquet(path)
    build_parquet([path, *tables], "xanes", shipped_spectra=False, progress=sys.stderr.isatty())
    return open_index("xanes", threads=1)


def retrieval() -> Figures:
    """Simulated site spectra with errors among all of their element: shift, noise of 0.02, broadening."""
    from xsearch.data.xanes_tables import read_spectra
    from xsearch.evaluate.retrieval import evaluate_retrieval

    spectra = [s for s in read_spectra(data_file("xas_feff9.parquet"))[0] if s.level == "site" and s.code == "FEFF9"]
    reports = [r.to_dict() for r in evaluate_retrieval(spectra, queries=25)]
    n = sum(r["n"] for r in reports)
    total = {k: sum(r[k] * r["n"] for r in reports) / n for k in ("top1", "top10", "cosine_top1", "cosine_top10")}
    return {"all": {"n": n, **total}, "by element": reports}


def codes() -> Figures:
    """VASP spectra searched in a FEFF library."""
    from dataclasses import replace

    from xsearch.data.xanes_tables import make_tables, read_spectra
    from xsearch.evaluate.codes import evaluate_codes

    found = {}
    spectra = [s for s in read_spectra(data_file("xas_feff9.parquet"))[0] if s.level == "site"]
    for absorber in ("Cu", "Ti"):
        mine = [s for s in spectra if s.absorber == absorber]
        end = max(s.energy_eV[-1] for s in mine if s.code.startswith("VASP"))
        cropped = []
        for s in mine:
            keep = s.energy_eV <= end
            named = s.reduced_formula or "H"
            cropped.append(replace(s, energy_eV=s.energy_eV[keep], mu=s.mu[keep], reduced_formula=named))
        (table,), _ = make_tables(cropped)
        is_vasp = np.array([c.startswith("VASP") for c in table.code])
        library, further = table.take(table.code == "FEFF9"), table.take(~is_vasp & (table.code != "FEFF9"))
        report = evaluate_codes(table.take(is_vasp), library, further if len(further) else None)
        found[absorber] = report.to_dict()
    return found


def measured() -> Figures:
    """Measured edges against simulated spectra, by what is given of the elements, with and without the prior."""
    from xsearch.evaluate.xanes import evaluate_xanes

    index = opened()
    found = {}
    for elements in ("none", "subset", "exact"):
        for prior in ("known", "none"):
            report = evaluate_xanes(
                data_file("xas_measured.parquet"),
                index,
                elements,
                prior=prior,
                compared="simulated",
                leave_out=prior == "known",
            )
            found[f"{elements}, prior {prior}"] = in_short(report.to_dict())
    return found


def references() -> Figures:
    """Measured edges against measured references of other sources, alone and with the simulated spectra beside them."""
    from xsearch.evaluate.xanes import evaluate_xanes

    cases = (("none", "measured"), ("none", "all"), ("subset", "all"))
    return {
        f"{elements}, {compared}": in_short(
            evaluate_xanes(data_file("xas_measured.parquet"), opened(), elements, compared=compared).to_dict()
        )
        for elements, compared in cases
    }


def vectors() -> Figures:
    """Measured edges among all spectra of their edge: recall by learned vectors, by correlation, and by matching."""
    from xsearch.evaluate.xanes_recall import evaluate_recall
    from xsearch.options import Compared

    index, path = opened(), data_file("xas_measured.parquet")
    return {kind.value: evaluate_recall(path, index, kind).to_dict() for kind in (Compared.SIMULATED, Compared.ALL)}


def starter_index() -> Any:
    """The starter index, built where there is none."""
    from xsearch.builders import ensure_starter
    from xsearch.search import open_index

    if "XSEARCH_HOME" not in os.environ:
        os.environ["XSEARCH_HOME"] = str(KEPT / "bench-starter")
    ensure_starter(progress=sys.stderr.isatty())
    return open_index("starter", threads=1)


def starter() -> Figures:
    """What the starter index holds, and measured edges against it, the sample's elements known, sources apart.

    `rivals` are other phases of these elements with a spectrum of the edge: a query without any is right by default, so
    that the figures are given for those with one and more and two and more as well.
    """
    from xsearch.evaluate.xanes import evaluate_xanes

    index = starter_index()
    by_edge = index.index.spectra_by_edge()
    found: Figures = {"edges": len(by_edge)}
    for kind in ("measured", "simulated by FEFF10"):
        held = [counts[kind] for counts in by_edge.values() if kind in counts]
        found[kind] = {"edges": len(held), "spectra": sum(held), "median of an edge": float(np.median(held))}
    for elements in ("exact", "subset"):
        for compared in ("all", "measured", "simulated"):
            report = evaluate_xanes(
                data_file("xas_measured.parquet"), index, elements, compared=compared, leave_out=compared == "all"
            )
            found[f"{elements}, {compared}"] = {**in_short(report.to_dict()), "by rivals": by_rivals(report)}
    return found


def conditions() -> Figures:
    """The same edges against the starter as other beamlines measure them; the same spectra under each condition."""
    from xsearch.evaluate.beamline_conditions import conditions as changes
    from xsearch.evaluate.xanes import evaluate_xanes

    index = starter_index()
    found: Figures = {}
    for elements in ("exact", "subset"):
        for name, change in {"as measured": None, **changes()}.items():
            report = evaluate_xanes(data_file("xas_measured.parquet"), index, elements, leave_out=False, change=change)
            found[f"{elements}, {name}"] = in_short(report.to_dict())
    return found


def exafs() -> Figures:
    """Measured edges against measured ones of other sources: near edge, EXAFS, and both."""
    from xsearch.evaluate.exafs import evaluate_exafs

    return evaluate_exafs(data_file("xas_measured.parquet"))


def by_rivals(report: Any) -> Figures:
    """Shares of right answers among edges with one and two rivals and more, and among those with fewer than two."""
    shares = {}
    for name, least, below in (("one and more", 1, 99), ("two and more", 2, 99), ("fewer", 0, 2)):
        ranks = [
            o.rank for o, n in zip(report.clean, report.rivals, strict=True) if o.answerable and least <= n < below
        ]
        shares[name] = {
            "n": len(ranks),
            **{f"top{k}": float(np.mean([r is not None and r <= k for r in ranks])) for k in (1, 5) if ranks},
        }
    return shares


def predicted() -> Figures:
    """Measured edges against predicted spectra alone and against simulated ones alone, the sample's elements known.

    The entries are all of the elements of a measured sample. Only edges are counted whose compound has a simulated
    spectrum too. Most of these compounds were among those that the forward model learned from.
    """
    import pandas as pd

    from xsearch.builders import build_parquet
    from xsearch.builders.predicted import add_predicted
    from xsearch.chemistry.formula import parse_formula
    from xsearch.data.xanes_tables import read_labelled_edges
    from xsearch.evaluate.xanes import evaluate_xanes
    from xsearch.models.forward import forward_ensemble
    from xsearch.search import open_index

    learned = set(forward_ensemble().absorbers)
    queries = [
        q for q in read_labelled_edges(data_file("xas_measured.parquet")) if q.absorber in learned and q.edge == "K"
    ]
    samples = {frozenset(parse_formula(q.reduced_formula)) for q in queries}
    structures = pd.read_parquet(data_file("mp_structures.parquet"))
    mine = [bool(learned & set(e)) and any(set(e) <= sample for sample in samples) for e in structures.elements]
    outcomes = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["XSEARCH_HOME"] = home
        path = Path(home) / "structures.parquet"
        structures[mine].to_parquet(path)
        tables = [data_file(f"xas_{name}.parquet") for name in ("feff9", "feff10", "feff10_sites")]
        build_parquet([path], "predicted", measured_cells=False, shipped_spectra=False, progress=False)
        add_predicted("predicted", progress=False)
        build_parquet([path, *tables], "simulated", measured_cells=False, shipped_spectra=False, progress=False)
        for name in ("predicted", "simulated"):
            report = evaluate_xanes(
                data_file("xas_measured.parquet"), open_index(name), "subset", compared="simulated", leave_out=False
            )
            outcomes[name] = {o.label: o for o in report.clean if o.answerable}
    formulas = {q.spectrum_id: q.reduced_formula for q in queries}

    def shares_of(name: str, labels: set[str]) -> Figures:
        ranks = [outcomes[name][label].rank for label in sorted(labels)]
        shares = {f"top{k}": float(np.mean([r is not None and r <= k for r in ranks])) for k in (1, 5)}
        return {"n": len(ranks), "compounds": len({formulas[label] for label in labels}), **shares}

    alone = formulas.keys() & outcomes["predicted"].keys()
    both = alone & outcomes["simulated"].keys()
    return {
        "predicted": shares_of("predicted", alone),
        "where both are": {name: shares_of(name, both) for name in ("predicted", "simulated")},
    }


def in_short(report: Figures) -> Figures:
    """A report without its single spectra."""
    return {key: value for key, value in report.items() if key not in ("spectra", "refused", "doubtful")}


def mixtures() -> Figures:
    """Sums of two measured compounds taken apart again, and measured edges of one compound that must stay one."""
    from xsearch.evaluate.lcf import Seen, evaluate_sums, measured_sums, stay_one
    from xsearch.options import Given

    index, path = opened(), data_file("xas_measured.parquet")
    found: Figures = {}
    for seen, references in ((Seen.SCANS, 2), (Seen.SOURCES, 2), (Seen.SOURCES, 1), (Seen.SOURCES, 0)):
        for elements in (Given.SUBSET, Given.NONE)[: references or 1]:
            sums = measured_sums(index, path, seen, 120, references)
            name = f"{seen.value}, {references} of two measured, elements {elements.value}"
            found[name] = evaluate_sums(index, sums, elements).to_dict()
    for elements in (Given.SUBSET, Given.NONE):
        found[f"one compound, elements {elements.value}"] = stay_one(index, path, elements)
    return found


def joint() -> Figures:
    """Edge and powder pattern combined against each alone: noisy simulated pairs of copper, and measured pairs."""
    from xsearch.evaluate.joint import evaluate_joint, measured_pairs, simulated_pairs

    index = opened()
    measured = measured_pairs(index, data_file("pxrd_measured.parquet"), data_file("xas_measured.parquet"))
    return {
        "simulated": evaluate_joint(index, simulated_pairs(index, "Cu", "K", 120), prior="none").to_dict(),
        "measured": evaluate_joint(index, measured).to_dict(),
    }


PARTS: dict[str, Callable[[], Figures]] = {
    f.__name__: f
    for f in (
        descriptors, baseline, robustness, retrieval, codes, measured, references, vectors, starter, conditions, exafs,
        predicted, mixtures, joint, speed, learning,
    )
}  # fmt: skip


def main() -> int:
    """Print the figures of the parts that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=[], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if unknown := [p for p in given.parts if p not in PARTS]:
        print(f"Unknown part {unknown[0]!r}; one of {', '.join(PARTS)} is expected.", file=sys.stderr)
        return 2
    for name in given.parts or PARTS:
        figures = PARTS[name]()
        print(json.dumps({name: figures}, default=float) if given.json else f"{name}\n{json.dumps(figures, indent=1)}")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
