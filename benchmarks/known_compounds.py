"""What is predicted from measured edges of compounds whose structures are known.

    python -m benchmarks.known_compounds [truth|known|library|conditions|distances|mixed ...] [--json]

truth: what is true. known: how often answers are right and sure, with nothing, the elements and the formula
given, by the site model alone. library: the same with the compounds whose shipped spectra agree. conditions: that as
other beamlines measure. distances: the first one by near edge and EXAFS. The data are `xas_measured.parquet` and
`mp_structures.parquet` in `$XSEARCH_DATA`; described sites are kept in the platform's cache folder. No measured
formula was trained on. mixed: simulated spectra of fifty compounds with several kinds of sites, of formulas that the
site model has not seen; the forward model predicts their spectra.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks._data import KEPT, data_file
from xsearch.data.measured_truth import Truth, truth_table
from xsearch.data.mixed_compounds import MixedCompound, mixed_compounds
from xsearch.evaluate.beamline_conditions import conditions
from xsearch.evaluate.first_shell import evaluate_first_shell
from xsearch.evaluate.known_compounds import (
    evaluate_known,
    known_table,
    other_compounds,
    other_sources,
    read_known,
)
from xsearch.evaluate.mixed_sites import evaluate_mixed, usual_shift_eV
from xsearch.models.site_model import shipped_site_model
from xsearch.options import Conditioning
from xsearch.spectra.xanes import Xanes
from xsearch.training.run_site import formulas_of

COMPARED = {"other compounds": other_compounds, "other sources": other_sources}
"""Shipped spectra that a spectrum is compared with: of other compounds only, or of its own too, by other sources."""

PARTS = ("truth", "known", "library", "conditions", "distances", "mixed")


def known_spectra() -> list[tuple[Truth, Xanes]]:
    """The measured spectra with what is true of them."""
    cache = KEPT / "measured_sites.parquet"
    return read_known(data_file("xas_measured.parquet"), data_file("mp_structures.parquet"), cache)


def mixed_spectra(count: int) -> list[MixedCompound]:
    """Simulated spectra of unseen compounds with several kinds of sites; no measured formula is among them."""
    left_out = formulas_of(data_file("xas_measured.parquet"))
    structures, cache = data_file("mp_structures.parquet"), KEPT / "mixed_sites.parquet"
    return mixed_compounds(structures, cache, shipped_site_model(), usual_shift_eV, count, left_out=left_out)


def main() -> None:
    """Print the parts that are named, all without."""
    from rich.console import Console

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=PARTS, help="all if none is named")
    parser.add_argument("--json", action="store_true", help="one line of JSON a part")
    parser.add_argument("--compounds", type=int, default=50, help="of several kinds of sites")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    known = known_spectra() if set(parts) - {"mixed"} else []
    console = Console(width=160)
    for part in parts:
        if part == "truth":
            truths = [truth for truth, _ in known]
            if not arguments.json:
                console.print(truth_table(truths))
            found: dict[str, Any] = {"truth": [truth.to_dict() for truth in truths]}
        elif part == "known":
            reports = [evaluate_known(known, given) for given in Conditioning]
            if not arguments.json:
                console.print(known_table(reports))
            found = {"known": {report.given: report.to_dict() for report in reports}}
        elif part == "library":
            found = {"library": {}}
            for name, left_out in COMPARED.items():
                reports = [evaluate_known(known, given, left_out=left_out) for given in Conditioning]
                if not arguments.json:
                    console.print(name, known_table(reports))
                found["library"][name] = {report.given: report.to_dict() for report in reports}
        elif part == "mixed":
            found = {"mixed": evaluate_mixed(mixed_spectra(arguments.compounds))}
            if not arguments.json:
                console.print(found)
        elif part == "distances":
            found = {"distances": evaluate_first_shell(known)}
            if not arguments.json:
                console.print(found)
        else:
            found = {"conditions": condition_figures(known)}
            if not arguments.json:
                for name, figures in found["conditions"].items():
                    console.print(name, figures)
        if arguments.json:
            print(json.dumps(found), flush=True)


def condition_figures(known: list[tuple[Truth, Xanes]]) -> dict[str, dict[str, float]]:
    """Shares of right answers as measured and under each condition, nothing and the formula given; of n spectra."""
    found: dict[str, dict[str, float]] = {}
    for name, change in {"as measured": None, **conditions()}.items():
        found[name] = {}
        for given in (Conditioning.NONE, Conditioning.FORMULA):
            judged = evaluate_known(known, given, change=change, left_out=other_sources)
            found[name]["n"] = judged.n
            for task in ("oxidation_state", "cn"):
                found[name][f"{task}, given {given}"] = round(getattr(judged, task), 4)
    return found


if __name__ == "__main__":
    main()
