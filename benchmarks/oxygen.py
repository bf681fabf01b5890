"""What is predicted from oxygen K edges of formulas that the site model was not trained on.

    python -m benchmarks.oxygen [--json]

Spectra of sites that come with the package are read as a query is. Their truth is what the structures of the package
say. Answers are those of the composition alone, of the site model, and of the model with the compounds of other
formulas whose spectra agree. The composition has read some of these structures too.
"""

import argparse
import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from xsearch.chemistry.descriptors import SiteDescriptors, describe_sites
from xsearch.chemistry.formula import parse_formula
from xsearch.data.shipped_library import SITES, STRUCTURES
from xsearch.data.site_labels import read_cells
from xsearch.data.xanes_sites import formula_hashes
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.elements import SYMBOLS
from xsearch.models.site_blend import SiteAnswer
from xsearch.models.site_model import SiteModel, shipped_site_model
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.xas.labelled_edges import joined, shipped_surroundings

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


def composition_alone(model: SiteModel) -> SiteModel:
    """A model that takes no oxygen edge for one that it was trained on."""
    alone = copy.copy(model)
    alone.settings = {**model.settings, "edges": {e: n for e, n in model.settings["edges"].items() if e != "O K"}}
    return alone


def figures() -> Mapping[str, Any]:
    """Means over the sites, by what answers and what is given of a compound."""
    model = shipped_site_model()
    examples = [one for one in edges() if not np.isin(formula_hashes(np.array([one[1]], object)), model.formulas)[0]]
    found: dict[str, Any] = {"n": len(examples), "formulas": len({formula for _, formula, _ in examples})}
    for name, chosen in (("composition", composition_alone(model)), ("model", model), ("known compounds", model)):
        found[name] = {}
        for given in GIVEN:
            answers = []
            for spectrum, formula, truth in examples:
                amounts = parse_formula(formula)
                elements = () if given == "none" else tuple(amounts)
                stated = amounts if given == "formula" else None
                read = window(normalize(spectrum))
                answer = chosen.predict([read], elements, stated)[0]
                said = None
                if name == "known compounds":
                    said = shipped_surroundings(read, elements, stated, (formula,))
                answers.append(right(answer if said is None else joined(answer, said), truth))
            means = {task: round(float(np.nanmean([one[task] for one in answers])), 4) for task in answers[0]}
            found[name][given] = means
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
