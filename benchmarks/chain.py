"""What predictions from spectra add to an inference from a pattern, and the weights that they earn.

    python -m benchmarks.chain [--index mp] [--limit N] [--log FILE] [--json]

Compounds of 2 to 5 elements with computed edges (`xas_library_sites.parquet`, `xas_feff9.parquet` in `$XSEARCH_DATA`)
whose formulas the site model that comes with xsearch was not trained on: those with the most edges first, numbers of
elements in turn; structures of `mp_structures.parquet`. Entries of each formula are left out of the templates. Pattern
and edges are simulated measurements. A compound takes some ten seconds and a line of the log, from which the same
command goes on; the weights of predictions are fitted to one half of the formulas and judged on the other, both ways.
SpecFusionNet was trained on four in five of the formulas, which flatters its properties: `unseen_properties` are
figures of the others alone.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from benchmarks._data import data_file, log_line, logged_lines
from benchmarks.results import flat
from xsearch.chemistry.formula import reduced_formula
from xsearch.data.compounds import Compound, read_compounds
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.data.xanes_sites import fold_of, formula_hashes
from xsearch.data.xanes_tables import read_spectra
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.retrieval import EdgeErrors
from xsearch.infer.evidence import TERMS, totals, weights
from xsearch.infer.pipeline import compare
from xsearch.infer.predictions import NOTHING, Links, Predictions
from xsearch.infer.property_links import PROPERTY_LINKS
from xsearch.infer.proposals import propose
from xsearch.infer.settings import INFERENCE_SETTINGS
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_library import TemplateLibrary, library_of
from xsearch.models.site_model import shipped_site_model
from xsearch.query.predictions import of_edges, of_pattern
from xsearch.search import SearchIndex, open_index
from xsearch.spectra import PowderPattern, Xanes
from xsearch.training.run_specfusion import held_out

SPECTRA = ("xas_library_sites.parquet", "xas_feff9.parquet")
KEPT = 60
"""Candidates of a compound in the log, the likeliest ones."""

LINKS = (
    "oxidation", "coordination", "distance", "system", "extinction", "neighbour", *PROPERTY_LINKS,
)  # fmt: skip
"""What is predicted, as `Links` names it, of which each has a weight; oxidation states count already in the total."""

OF_PATTERN = ("system", "extinction")
"""Those that the pattern gives."""

RIDGE = 0.02
"""Of the squares of the weights, against the mean of the log-likelihood; set by hand, some compounds are few."""


CHOSEN_ON = 35
"""Compounds, the first ones, that the weights of the settings were chosen on."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Refined candidates of one compound, one place each.

    Attributes:
        right: whether formula and crystal system are.
        total: log-evidence; charges are balanced by some predictions, and nothing else that was predicted counts.
        links: by `LINKS`, log-probability of what the candidate has; of oxidation states, what they are worth in
            `total`.
    """

    right: tuple[bool, ...]
    total: tuple[float, ...]
    links: Mapping[str, tuple[float, ...]]

    def score(self, weights: Mapping[str, float]) -> np.ndarray:
        """(k,) log-evidence with links of such weights."""
        added = (weight * np.array(self.links[name]) for name, weight in weights.items())
        return np.array(self.total) + sum(added, np.zeros(len(self.total)))

    def lost(self, weights: Mapping[str, float]) -> float:
        """-ln of the share of the right candidates, of which there must be one."""
        score = self.score(weights)
        return float(logsumexp(score) - logsumexp(score[np.array(self.right)]))

    def first_is_right(self, weights: Mapping[str, float]) -> bool:
        """Whether the first one is, with such weights."""
        return bool(self.right) and self.right[int(self.score(weights).argmax())]


def compounds(limit: int | None) -> list[tuple[Compound, list[Xanes]]]:
    """Compounds that the site model has not seen, with their edges."""
    edges: dict[str, dict[tuple[str, str], Xanes]] = {}
    spectra, _ = read_spectra(*(data_file(name) for name in SPECTRA))
    for one in spectra:
        if one.material_id and one.level != "site":
            edges.setdefault(one.material_id, {}).setdefault((one.absorber, one.edge), one.to_xanes())
    listed = read_compounds(data_file("mp_structures.parquet"), material_ids=edges)
    known = set(shipped_site_model().formulas.tolist())
    unseen = [int(formula_hashes(np.array([compound.formula], object))[0]) not in known for compound in listed]
    found = [
        (compound, list(edges[compound.material_id].values()))
        for compound, is_unseen in zip(listed, unseen, strict=True)
        if is_unseen
    ]
    taken: dict[tuple[int, int], int] = {}
    order = []
    for compound, several in found:
        key = len(several), len(compound.elements)
        taken[key] = taken.get(key, 0) + 1
        order.append((-len(several), taken[key], len(compound.elements)))
    return [found[place] for place in sorted(range(len(found)), key=lambda place: order[place])][:limit]


def candidates(
    compound: Compound, library: TemplateLibrary, pattern: PowderPattern, predicted: Predictions, links: Links
) -> Candidates:
    """Infer a compound, charges balanced by some predictions, and weigh the candidates by others."""
    elements = tuple(sorted(compound.elements))
    balanced = Links(elements, predicted)
    proposals = propose(library, list(elements), excluded=[compound.formula], oxidation=balanced.hints)
    task = InferenceTask.prepare(library, proposals, pattern)
    refined = compare(task).refined
    if not refined:
        return Candidates((), (), dict.fromkeys(LINKS, ()))
    total = totals(task.evidence(refined))
    kept = np.argsort(-total, kind="stable")[:KEPT]
    chosen = [refined[place] for place in kept]
    crystals = [one.refined.crystal for one in chosen]
    groups = np.array([one.symmetry.number for one in chosen])
    worth = dict(zip(TERMS, weights("candidate").tolist(), strict=True))
    charges = balanced.of_formulas(np.array([one.proposal.coefficients for one in chosen])).values()
    logs = {
        "oxidation": (worth["log_formula"] + worth["log_charge"]) * sum(charges, np.zeros(len(chosen))),
        **{
            name: sum(links.log_probabilities(name, crystals, groups).values(), np.zeros(len(chosen)))
            for name in LINKS[1:]
        },
    }
    right = [
        reduced_formula(one.refined.crystal.composition) == compound.formula
        and one.symmetry.crystal_system == compound.crystal_system
        for one in chosen
    ]
    return Candidates(tuple(right), tuple(total[kept].tolist()), {name: tuple(log) for name, log in logs.items()})


def line_of(compound: Compound, edges: Sequence[Xanes], opened: SearchIndex, library: TemplateLibrary) -> dict:
    """What is logged of a compound."""
    chance = np.random.default_rng(compound.seed)
    pattern = augmented_pattern(compound.crystal, compound.seed)
    elements = sorted(compound.elements)
    said, _ = of_edges([EdgeErrors()(edge, chance) for edge in edges], elements)
    systems, extinction = of_pattern(opened, pattern, [compound.formula])
    links = Links(tuple(elements), replace(said, systems=systems, extinction=extinction))
    runs = {"pattern": NOTHING, "edges": Predictions(said.oxidation)}
    return {
        "material_id": compound.material_id,
        "formula": compound.formula,
        "n_elements": len(elements),
        "n_edges": len(edges),
        "properties_unseen": bool(held_out(np.array([compound.formula], object))[0]),
        "system_right": max(systems, key=lambda one: systems[one]) == compound.crystal_system,
        **{name: asdict(candidates(compound, library, pattern, one, links)) for name, one in runs.items()},
    }


def fitted(cases: Sequence[Candidates], names: Sequence[str]) -> dict[str, float]:
    """Weights of links, none below zero, by which the right candidates are likeliest among those of their compounds."""
    usable = [case for case in cases if any(case.right) and not all(case.right)]
    if not usable or not names:
        return dict.fromkeys(names, 0.0)
    most = max(len(case.right) for case in usable)  # one array of all, with places that nothing fills at the end
    total, links = np.full((len(usable), most), -np.inf), np.zeros((len(usable), most, len(names)))
    of_right = total.copy()
    for place, case in enumerate(usable):
        total[place, : len(case.total)] = case.total
        of_right[place, : len(case.total)] = np.where(case.right, 0.0, -np.inf)
        links[place, : len(case.total)] = np.transpose([case.links[name] for name in names])

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        """The mean of `Candidates.lost`, and its slopes."""
        score = total + links @ values
        lost = logsumexp(score, axis=1) - logsumexp(score + of_right, axis=1)
        shares = softmax(score, axis=1) - softmax(score + of_right, axis=1)
        slopes = np.einsum("ck,ckn->n", shares, links) / len(usable)
        return RIDGE * float(values @ values) + float(lost.mean()), 2 * RIDGE * values + slopes

    found = minimize(loss, np.full(len(names), 0.1), jac=True, bounds=[(0, 2)] * len(names), method="L-BFGS-B").x
    return {name: round(float(weight), 3) for name, weight in zip(names, found, strict=True)}


def figures(lines: Sequence[dict]) -> dict:
    """Shares right of each half of the formulas with weights fitted to the other, without each link, and with one.

    `settings` takes the weights of the settings, which were chosen on the first `CHOSEN_ON` of them; `settings_apart`
    does so of the others.
    `lost` is the mean of -ln of the right candidates' share, over compounds that have one among their candidates.
    """
    read = {
        name: [
            Candidates(tuple(line[name]["right"]), tuple(line[name]["total"]), line[name]["links"]) for line in lines
        ]
        for name in ("pattern", "edges")
    }
    half = np.array([fold_of(line["formula"], 2) for line in lines])
    unseen = np.array([line.get("properties_unseen", False) for line in lines])

    def judged(
        run: str, links: Sequence[str], fixed: Mapping[str, float] | None = None, of: np.ndarray | None = None
    ) -> tuple[float, float]:
        """Share right and the loss, of some lines."""
        chosen = np.flatnonzero(np.ones(len(lines), bool) if of is None else of)
        right, lost = [], []
        for this in (0, 1):
            others = [read[run][place] for place in chosen if half[place] != this]
            weights = {**fitted(others, links), **(fixed or {})}
            own = [read[run][place] for place in chosen if half[place] == this]
            right += [case.first_is_right(weights) for case in own]
            lost += [case.lost(weights) for case in own if any(case.right)]
        return float(np.mean(right)), float(np.mean(lost)) if lost else 0.0

    names = [name for name in LINKS[1:] if all(name in line["edges"]["links"] for line in lines)]
    several = [place for place, line in enumerate(lines) if line["n_edges"] > 1]
    found = {
        "pattern": judged("pattern", ()),
        "pattern_and_symmetry": judged("pattern", OF_PATTERN),
        "pattern_and_oxidation_states": judged("edges", ()),
        "chain": judged("edges", names),
    }
    properties = [name for name in names if name in PROPERTY_LINKS] if unseen.any() else []
    shipped = {name: weight for name, weight in INFERENCE_SETTINGS.links.with_pattern.items() if weight}

    def plain(first: int) -> dict[str, dict[str, float] | float]:
        """The weights of the settings as they are, of the compounds from one on."""
        runs: tuple[tuple[str, str, dict[str, float]], ...] = (
            ("pattern", "pattern", {}), ("pattern_and_system", "pattern", shipped), ("shipped", "edges", shipped)
        )  # fmt: skip
        kept = {name: [(case, weights) for case in read[run][first:]] for name, run, weights in runs}
        return {
            "n": len(lines[first:]),
            **{name: float(np.mean([case.first_is_right(w) for case, w in cases])) for name, cases in kept.items()},
            "lost": {
                name: float(np.mean([case.lost(w) for case, w in cases if any(case.right)] or 0.0))
                for name, cases in kept.items()
            },
        }

    return {
        "n": len(lines),
        "n_several_edges": len(several),
        "settings": plain(0),
        **({"settings_apart": plain(CHOSEN_ON)} if len(lines) > CHOSEN_ON else {}),
        **{name: right for name, (right, _) in found.items()},
        "lost": {name: lost for name, (_, lost) in found.items()},
        "right_among_candidates": float(np.mean([any(case.right) for case in read["edges"]])),
        "crystal_system_predicted": float(np.mean([line["system_right"] for line in lines])),
        "weight": fitted(read["edges"], names),
        "weight_of_symmetry_alone": fitted(read["pattern"], OF_PATTERN),
        "lost_without": {name: judged("edges", [one for one in names if one != name])[1] for name in names}
        | {"oxidation": judged("edges", names, {"oxidation": -1.0})[1]},
        "lost_with_one": {name: judged("edges", [name])[1] for name in names},
        "unseen_properties": {"n": int(unseen.sum())}
        | {f"lost_with_{name}": judged("edges", [name], of=unseen)[1] for name in properties}
        | ({"lost_without": judged("edges", (), of=unseen)[1]} if properties else {}),
    }


def main() -> None:
    """Print shares of compounds whose formula and crystal system are right first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--log", type=Path, help="keep a line a compound here, and go on from what is there")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    opened = open_index(arguments.index)
    library = library_of(opened.index)
    done = {line["material_id"]: line for line in logged_lines(arguments.log)}
    for compound, edges in compounds(arguments.limit):
        if compound.material_id in done:
            continue
        try:
            line = line_of(compound, edges, opened, library)
        except (QueryError, SpectrumError):  # no template holds the elements, or the pattern shows no line
            continue
        done[compound.material_id] = line
        log_line(arguments.log, line)
    found = figures(list(done.values()))
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    for name, value in flat({name: value for name, value in found.items() if value is not None}).items():
        print(f"{name:32s} {value:.3f}")


if __name__ == "__main__":
    main()
