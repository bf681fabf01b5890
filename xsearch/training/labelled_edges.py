"""How much compounds whose spectra agree say beside the site model, on simulated measurements of unseen formulas.

    python -m xsearch.training.labelled_edges --weights FOLDER

The folder holds a site model that a part of the shipped materials' formulas took no part in (`xsearch train site
--hold-out`). Their computed spectra are measured as in `xsearch.data.simulated_edges`, and compared with libraries of
their edge: half of them hold the compound, a quarter only other crystals of its formula, if there are any, a quarter
neither. The settings are likeliest on one half of the formulas and judged on the other, both ways; printed are those
of all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.data.simulated_edges import SimulatedSearch, simulated_search
from xsearch.data.xanes_sites import fold_of, formula_hashes
from xsearch.models.site_model import SiteModel
from xsearch.options import Conditioning
from xsearch.preprocess.xanes import window
from xsearch.xas.labelled_edges import (
    Agreement,
    LabelledEdges,
    agreement,
    joined_distance,
    labelled_edges,
    meeting,
    pooled,
    probabilities_of,
    said_by,
)
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.settings import DEFAULTS, LabelledEdgeSettings

DRAWS = 3
"""Measurements of each spectrum. Set by hand."""

TASKS = ("cn", "oxidation_state", "neighbor_z")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A simulated measurement.

    Attributes:
        formula: of the compound.
        present: whether the library held it.
        model: task to (classes,) probabilities of the site model, what is given obeyed.
        truth: task to (classes,) true shares; zero where unknown.
        mnnd_A: mean neighbour distance by the site model, and the true one.
        agreement: of the library's compounds; None where none met what was given.
    """

    formula: str
    present: bool
    model: dict[str, NDArray[np.float64]]
    truth: dict[str, NDArray[np.float64]]
    mnnd_A: tuple[float, float]
    agreement: Agreement | None


def cases(model: SiteModel, given: Conditioning, seed: int = 0, draws: int = DRAWS) -> Iterator[Case]:
    """Measurements of the shipped materials that a model has not seen."""
    random = np.random.default_rng(seed)
    for whole in labelled_edges().values():
        computed = whole.take(whole.spectra.kind == "simulated")
        table = computed.spectra
        library = EdgeLibrary(table, np.arange(len(table)), np.full(len(table), "", object))
        unseen = [not np.isin(formula_hashes(np.array([f], object)), model.formulas)[0] for f in table.reduced_formula]
        places = {str(name): place for place, name in enumerate(table.spectrum_id)}
        for place in np.flatnonzero(unseen).tolist() * draws:
            search = simulated_search(library, place, random)
            present = bool(random.random() < 0.5)
            found = search.library if present else _without(search, str(table.material_id[place]), random)
            at = np.array([places[str(n).removeprefix("reference of ")] for n in found.spectra.spectrum_id], np.int64)
            labelled = LabelledEdges(
                found.spectra, {task: s[at] for task, s in computed.shares.items()}, computed.mnnd_A[at]
            )
            amounts = parse_formula(search.formula)
            elements = () if given is Conditioning.NONE else sorted(amounts)
            stated = amounts if given is Conditioning.FORMULA else None
            read = window(search.query)
            answer = model.predict([read], elements, stated)[0]
            yield Case(
                search.formula,
                present,
                {task: probabilities_of(task, answer.classes[task]) for task in TASKS},
                {task: computed.shares[task][place] for task in TASKS},
                (answer.numbers["mnnd_A"][0], float(computed.mnnd_A[place])),
                agreement(read, meeting(labelled, elements, stated), elements),
            )


def _without(search: SimulatedSearch, material: str, random: np.random.Generator) -> EdgeLibrary:
    """The library without the compound, in half of the cases with other crystals of its formula."""
    if random.random() < 0.5:
        return search.without_right()
    table = search.library.spectra
    own = (table.material_id == material) | ((table.material_id == "") & (table.reduced_formula == search.formula))
    return search.library.take(~own)


def judged(some: Sequence[Case], given: Conditioning, settings: LabelledEdgeSettings | None) -> dict[str, float]:
    """Mean losses and shares of right answers; of the model alone where no settings are given."""
    found: dict[str, list[float]] = {}
    for case in some:
        said = None if settings is None or case.agreement is None else said_by(case.agreement, given, settings)
        for task in TASKS:
            truth = case.truth[task]
            if truth.sum() < 0.5:
                continue
            p = case.model[task] if said is None else pooled(case.model[task], said.classes.get(task), said.weight)
            found.setdefault(f"{task} loss", []).append(float(-(truth * np.log(np.maximum(p, 1e-3))).sum()))
            if truth.max() > 0.9:
                found.setdefault(f"{task} right", []).append(float(p.argmax() == truth.argmax()))
        value, true_A = case.mnnd_A
        value = value if said is None else joined_distance((value, 0.0), said)[0]
        found.setdefault("distance error, Å", []).append(abs(value - true_A))
    return {name: float(np.mean(values)) for name, values in found.items()} | {"n": len(some)}


def fitted(some: Sequence[Case], given: Conditioning) -> LabelledEdgeSettings:
    """Settings at which the truth is likeliest, for so much given."""
    place = list(Conditioning).index(given)

    def settings(at: NDArray[np.float64]) -> LabelledEdgeSettings:
        numbers = DEFAULTS.labelled_edges
        none, most = np.array(numbers.none_of_them), np.array(numbers.most)
        none[place], most[place] = at[1], 1 / (1 + np.exp(-at[2]))
        return LabelledEdgeSettings(float(np.exp(at[0])), tuple(none.tolist()), tuple(most.tolist()))

    def loss(at: NDArray[np.float64]) -> float:
        found = judged(some, given, settings(at))
        return sum(found[f"{task} loss"] for task in TASKS) + 1e-3 * float(at[0] ** 2)

    starts = [np.array([np.log(0.5), none, 0.5]) for none in (9.0, 14.0)]
    ends = [scipy.optimize.minimize(loss, start, method="Nelder-Mead", options={"maxfev": 120}) for start in starts]
    return settings(min(ends, key=lambda end: end.fun).x)


def main() -> None:
    """Print the settings, and figures of each half of the formulas with the settings of the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="of a site model with a fold held out")
    model = SiteModel.load(parser.parse_args().weights)
    for given in Conditioning:
        everything = list(cases(model, given))
        half = np.array([fold_of(f"half {case.formula}", 2) for case in everything])
        for k in (0, 1):
            learned = [c for c, h in zip(everything, half, strict=True) if h != k]
            own = [c for c, h in zip(everything, half, strict=True) if h == k]
            settings = fitted(learned, given)
            for name, some in (
                ("held", [c for c in own if c.present]),
                ("not held", [c for c in own if not c.present]),
            ):
                alone, both = judged(some, given, None), judged(some, given, settings)
                print(json.dumps({"given": given, "half": k, "library": name, "model": alone, "with library": both}))
        settings = fitted(everything, given)
        print(given, settings.sharpness, settings.none_of_them, settings.most, flush=True)


if __name__ == "__main__":
    main()
