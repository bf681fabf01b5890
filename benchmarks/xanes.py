"""Figures of the XANES side: `python -m benchmarks.xanes [PART ...] [--json]`.

Parts: descriptors, baseline, robustness, retrieval, codes, measured, references, joint, speed, learning. The data are
found through XSEARCH_DATA; what is computed from them once (labels) is kept in the platform's cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.xanes_models import baseline, descriptors, learning, robustness, speed

DATA = Path(os.environ.get("XSEARCH_DATA", "data"))
Figures = dict[str, Any]


def labels_cache() -> Path:
    """The file that keeps the labels of the site spectra."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("XSEARCH_LABELS", user_cache_path("xsearch", appauthor=False) / "labels_feff9.parquet"))


def retrieval() -> Figures:
    """Disturbed simulated site spectra among all of their element: shift, noise of 0.02, broadening."""
    from xsearch.builders.xanes import read_parquet
    from xsearch.evaluate.retrieval import evaluate_retrieval

    spectra = [s for s in read_parquet(DATA / "xas_feff9.parquet") if s.level == "site" and s.code == "FEFF9"]
    reports = [r.to_dict() for r in evaluate_retrieval(spectra, queries=100)]
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
    """Measured edges against simulated libraries, with and without the prior for known compounds."""
    from xsearch.builders.xanes import make_tables, read_parquet, read_stability
    from xsearch.evaluate.xanes import evaluate_xanes

    spectra = [s for name in ("xas_feff9", "xas_feff10") for s in read_parquet(DATA / f"{name}.parquet")]
    kept = [s for s in spectra if not s.code.startswith("VASP")]
    tables = {(t.absorber, t.edge): t for t in make_tables(kept, read_stability(DATA / "mp_structures.parquet"))[0]}
    found = {}
    for elements in ("none", "subset", "exact"):
        for prior in (True, False):
            report = evaluate_xanes(DATA / "xas_measured.parquet", tables, elements, prefer_known=prior).to_dict()
            report.pop("details")
            found[f"{elements}, prior {'known' if prior else 'none'}"] = report
    return found


def references() -> Figures:
    """Measured edges against measured references of other sources; nothing but the absorber is known."""
    from xsearch.builders.xanes import make_tables, read_parquet
    from xsearch.evaluate.xanes import evaluate_xanes

    path = DATA / "xas_measured.parquet"
    tables = {(t.absorber, t.edge): t for t in make_tables(read_parquet(path))[0]}
    report = evaluate_xanes(path, tables, "none", leave_out_source=True).to_dict()
    report.pop("details")
    return report


def joint() -> Figures:
    """Edge and powder pattern together, noisy simulated pairs of copper compounds."""
    import pandas as pd

    from xsearch.builders import build_parquet
    from xsearch.builders.xanes import read_parquet
    from xsearch.evaluate.joint import evaluate_joint
    from xsearch.indexes import Index

    spectra = read_parquet(DATA / "xas_feff9.parquet")
    spectra = [s for s in spectra if s.level == "material" and s.code.startswith("FEFF9.9")]
    with tempfile.TemporaryDirectory() as home:
        os.environ["XSEARCH_HOME"] = home
        structures = pd.read_parquet(DATA / "mp_structures.parquet")
        path = Path(home) / "copper.parquet"
        structures[structures.material_id.isin({s.material_id for s in spectra})].to_parquet(path)
        build_parquet([path], "copper", measured_cells=False, workers=1, progress=False)
        return evaluate_joint(Index.open("copper"), spectra, 80).to_dict()


PARTS: dict[str, Callable[[], Figures]] = {
    f.__name__: f
    for f in (descriptors, baseline, robustness, retrieval, codes, measured, references, joint, speed, learning)
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
