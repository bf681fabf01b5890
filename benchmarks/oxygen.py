"""What is predicted from the oxygen K edges that come with the package, which no network was trained on.

    python -m benchmarks.oxygen [--json]

Spectra of sites are read as a query is. Their truth is what the structures of the package say. The network is not asked
where it was not trained: answers are those of the composition, which knows oxides and has read some of these structures
too, and of the composition with the compounds of other formulas whose spectra agree.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from xsearch.chemistry.descriptors import SiteDescriptors, describe_sites
from xsearch.chemistry.formula import parse_formula
from xsearch.data.shipped_library import SITES, STRUCTURES
from xsearch.data.site_labels import read_cells
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.elements import SYMBOLS
from xsearch.models.site_blend import SiteAnswer
from xsearch.models.site_model import shipped_site_model
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.xas.labelled_edges import with_known_compounds

GIVEN = ("none", "elements", "formula")


def edges() -> list[tuple[Xanes, str, SiteDescriptors]]:
    """Each oxygen edge of a site, its formula, and its surroundings."""
    rows = [
        found for _, found in XasTables((SITES,)).spectra() if (found[0]["absorber"], found[0]["edge"]) == ("O", "K")
    ]
    sites = [row for found in rows for row in found if len(found) == 1 and row["site"] is not None]
    cells = read_cells(STRUCTURES, {row["material_id"] for row in sites})
    found = {}
    for row in sites:
        key = (row["material_id"], row["site"])
        if key not in found:
            spectrum = spectrum_of_rows(str(key), (row,))
            (truth,) = describe_sites(cells[row["material_id"]], [int(row["site"])])
            found[key] = (spectrum.to_xanes(), row["reduced_formula"], truth)
    return list(found.values())


def right(answer: SiteAnswer, truth: SiteDescriptors) -> dict[str, float]:
    """Whether each first answer is right, and the error of the distance in Å; NaN where the truth is not known."""
    best = {task: found[0][0] for task, found in answer.classes.items()}
    state = truth.oxidation_state
    distance, uncertainty = answer.numbers["mnnd_A"]
    error = abs(distance - truth.mnnd_A)
    return {
        "cn": float(best["cn"] == truth.cn),
        "oxidation_state": np.nan if state is None or state % 1 else float(best["oxidation_state"] == state),
        "neighbor": float(SYMBOLS[best["neighbor_z"] - 1] == truth.neighbor),
        "distance_mae_A": error,
        "distance_within_uncertainty": float(error < uncertainty),
    }


def figures() -> Mapping[str, Any]:
    """Means over the sites, by what answers and what is given of a compound."""
    model, examples = shipped_site_model(), edges()
    found: dict[str, Any] = {"n": len(examples), "formulas": len({formula for _, formula, _ in examples})}
    for given in GIVEN:
        alone, heard = [], []
        for spectrum, formula, truth in examples:
            amounts = parse_formula(formula)
            elements = () if given == "none" else tuple(amounts)
            stated = amounts if given == "formula" else None
            read = window(normalize(spectrum))
            answer = model.predict([read], elements, stated)[0]
            alone.append(right(answer, truth))
            heard.append(right(with_known_compounds(answer, read, elements, stated, (formula,))[0], truth))
        for name, answers in (("composition", alone), ("known compounds", heard)):
            means = {task: round(float(np.nanmean([one[task] for one in answers])), 4) for task in answers[0]}
            found.setdefault(name, {})[given] = means
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = figures()
    print(json.dumps(found) if given.json else "\n".join(f"{name:12s}{value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
