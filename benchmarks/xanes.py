"""Figures of the XANES side: `python -m benchmarks.xanes [PART ...] [--json]`.

Parts: descriptors, robustness, retrieval, codes, measured, references, joint, speed, learning. The data are found
through XSEARCH_DATA; what is computed from them once (labels) is kept in the platform's cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(os.environ.get("XSEARCH_DATA", "data"))
Figures = dict[str, Any]


def labels_cache() -> Path:
    """The file that keeps the labels of the site spectra."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("XSEARCH_LABELS", user_cache_path("xsearch", appauthor=False) / "labels_feff9.parquet"))


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
    home = labels_cache().parent / "bench-xanes"
    os.environ["XSEARCH_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    with suppress(MissingIndex):
        return open_index("xanes", threads=1)
    tables = [DATA / f"xas_{name}.parquet" for name in ("feff9", "feff10", "feff10_sites", "measured")]
    structures = pd.read_parquet(DATA / "mp_structures.parquet")
    known = {m for path in tables[:3] for m in pd.read_parquet(path, columns=["material_id"]).material_id}
    formulas = set(structures[structures.material_id.isin(known)].reduced_formula)
    path = home / "structures.parquet"
    structures[structures.reduced_formula.isin(formulas)].to_parquet(path)
    build_parquet([path, *tables], "xanes", progress=sys.stderr.isatty())
    return open_index("xanes", threads=1)


def test_examples() -> Any:
    """Examples of the fold that the shipped model never saw."""
    from xsearch.training.xanes_data import read_examples, split

    return split(read_examples(DATA / "xas_feff9.parquet", labels_cache(), 2))[2]


def descriptors() -> Figures:
    """The shipped model on formulas it never saw, by code, with one constant answer beside it."""
    from xsearch.evaluate.descriptors import report_on
    from xsearch.models.site_model import shipped_site_model

    examples = test_examples()
    return {c: report_on(examples.take(examples.code == c), shipped_site_model()).to_dict() for c in set(examples.code)}


def robustness() -> Figures:
    """The same formulas with the energy scale off by up to 3 eV and noise of 0.05, disturbed before normalisation."""
    from xsearch.evaluate.descriptors import Disturbance, report_on
    from xsearch.models.site_model import shipped_site_model
    from xsearch.training.xanes_data import join
    from xsearch.training.xanes_labels import labels_of, read_site_spectra

    path = DATA / "xas_feff9.parquet"
    test = test_examples()
    spectra = read_site_spectra(path)
    spectra = spectra[spectra.id.isin(set(test.ids[test.code == "FEFF9"]))]
    labels = labels_of(path, labels_cache())
    disturbances = {
        "none": None,
        "shift": Disturbance(3, 0),
        "noise": Disturbance(0, 0.05),
        "both": Disturbance(3, 0.05),
    }
    return {
        name: report_on(join(spectra if d is None else d(spectra), labels), shipped_site_model()).to_dict()
        for name, d in disturbances.items()
    }


def retrieval() -> Figures:
    """Disturbed simulated site spectra among all of their element: shift, noise of 0.02, broadening."""
    from xsearch.builders.xanes import read_parquet
    from xsearch.evaluate.retrieval import evaluate_retrieval

    spectra = [s for s in read_parquet(DATA / "xas_feff9.parquet") if s.level == "site" and s.code == "FEFF9"]
    reports = [r.to_dict() for r in evaluate_retrieval(spectra, queries=25)]
    n = sum(r["n"] for r in reports)
    total = {k: sum(r[k] * r["n"] for r in reports) / n for k in ("top1", "top10", "cosine_top1", "cosine_top10")}
    return {"all": {"n": n, **total}, "by element": reports}


def codes() -> Figures:
    """VASP spectra asked of a FEFF library."""
    from dataclasses import replace

    from xsearch.builders.xanes import make_tables, read_parquet
    from xsearch.evaluate.codes import evaluate_codes
    from xsearch.spectra.xanes import Xanes

    found = {}
    spectra = [s for s in read_parquet(DATA / "xas_feff9.parquet") if s.level == "site"]
    for absorber in ("Cu", "Ti"):
        mine = [s for s in spectra if s.xanes.absorber == absorber]
        end = max(s.xanes.energy_eV[-1] for s in mine if s.code.startswith("VASP"))
        cropped = []
        for s in mine:
            keep = s.xanes.energy_eV <= end
            named = s.reduced_formula if s.reduced_formula not in ("nan", "") else "H"
            xanes = Xanes(s.xanes.energy_eV[keep], s.xanes.mu[keep], absorber, s.xanes.edge)
            cropped.append(replace(s, xanes=xanes, reduced_formula=named))
        (table,), _ = make_tables(cropped)
        is_vasp = np.array([c.startswith("VASP") for c in table.code])
        library, further = table.take(table.code == "FEFF9"), table.take(~is_vasp & (table.code != "FEFF9"))
        report = evaluate_codes(table.take(is_vasp), library, further if len(further) else None)
        found[absorber] = report.to_dict()
    return found


def measured() -> Figures:
    """Measured edges against simulated spectra, by what is told of the elements, with and without the prior."""
    from xsearch.evaluate.xanes import evaluate_xanes

    index = opened()
    found = {}
    for elements in ("none", "subset", "exact"):
        for prior in ("known", "none"):
            report = evaluate_xanes(
                DATA / "xas_measured.parquet",
                index,
                elements,
                prior=prior,
                compared="simulated",
                removed=prior == "known",
            )
            found[f"{elements}, prior {prior}"] = in_short(report.to_dict())
    return found


def references() -> Figures:
    """Measured edges against measured references of other sources, alone and with the simulated spectra beside them."""
    from xsearch.evaluate.xanes import evaluate_xanes

    asked = (("none", "measured"), ("none", "all"), ("subset", "all"))
    return {
        f"{elements}, {compared}": in_short(
            evaluate_xanes(DATA / "xas_measured.parquet", opened(), elements, compared=compared).to_dict()
        )
        for elements, compared in asked
    }


def in_short(report: Figures) -> Figures:
    """A report without its single spectra."""
    return {key: value for key, value in report.items() if key not in ("spectra", "refused", "doubtful")}


def joint() -> Figures:
    """Edge and powder pattern together against each alone: noisy simulated pairs of copper, and measured pairs."""
    from xsearch.evaluate.joint import evaluate_joint, measured_pairs, simulated_pairs

    index = opened()
    measured = measured_pairs(index, DATA / "pxrd_measured.parquet", DATA / "xas_measured.parquet")
    return {
        "simulated": evaluate_joint(index, simulated_pairs(index, "Cu", "K", 40), prior="none").to_dict(),
        "measured": evaluate_joint(index, measured).to_dict(),
    }


def speed() -> Figures:
    """`predict` warm, one spectrum at a time and many at once, normalisation included."""
    from xsearch.builders.xanes import read_parquet
    from xsearch.search.predict import predict

    spectra = [s.xanes for s in read_parquet(DATA / "xas_feff9.parquet")[:1000]]
    predict(spectra[:2])
    single, busy = [], []
    for xanes in spectra[:100]:
        start, start_busy = time.perf_counter(), time.process_time()
        predict([xanes])
        single.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_busy)
    start, start_busy = time.perf_counter(), time.process_time()
    predict(spectra)
    elapsed, used = time.perf_counter() - start, time.process_time() - start_busy
    return {
        "single_ms": 1e3 * float(np.median(single)),
        "single_cpu_ms": 1e3 * float(np.median(busy)),
        "batch_per_s": len(spectra) / elapsed,
        "batch_per_cpu_s": len(spectra) / used,
    }


def learning() -> Figures:
    """How the figures of the forests grow with the number of training formulas."""
    from dataclasses import replace

    from xsearch.evaluate.descriptors import report_on
    from xsearch.training.loop import Schedule
    from xsearch.training.site_model import Recipe, assemble, train_forests
    from xsearch.training.site_network import train_network
    from xsearch.training.xanes_data import read_examples, split

    training, validation, test = split(read_examples(DATA / "xas_feff9.parquet", labels_cache(), 2))
    formulas = np.array(sorted(set(training.formula)), object)
    np.random.default_rng(0).shuffle(formulas)
    found = {}
    for share in (0.125, 0.25, 0.5, 1.0):
        part = training.take(np.isin(training.formula, formulas[: int(share * len(formulas))]))
        epochs = round(15 / share**0.5)
        network = train_network("xastruct", part, Schedule(epochs=epochs, weight_decay=0.05))
        forests = train_forests(part, replace(Recipe(), trees=25, copies=0))
        report = report_on(test, assemble({"xastruct": network}, forests, part, validation, 0)).to_dict()
        found[str(len(set(part.formula)))] = {k: v for k, v in report.items() if isinstance(v, float)}
    return found


PARTS: dict[str, Callable[[], Figures]] = {
    f.__name__: f
    for f in (descriptors, robustness, retrieval, codes, measured, references, joint, speed, learning)
}  # fmt: skip


def main() -> int:
    """Print the figures of the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not (DATA / "xas_feff9.parquet").exists():
        print("XSEARCH_DATA does not name a folder with xas_feff9.parquet.", file=sys.stderr)
        return 1
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
