"""What predictions from spectra add to an inference from a pattern, and the weights that they earn.

    python -m benchmarks.chain [--index mp] [--limit N] [--log FILE] [--json]

Compounds of 2 to 5 elements with computed edges (`xas_library_sites.parquet`, `xas_feff9.parquet` in `$XSEARCH_DATA`)
whose formulas the site model that comes with xsearch was not trained on: those with the most edges first, numbers of
elements in turn; structures of `mp_structures.parquet`. Entries of each formula are left out of the templates. Pattern
and edges are simulated measurements. A compound takes some ten seconds and a line of the log, from which the same
command goes on; the weights of coordination numbers and crystal system are fitted on the log, in folds by formula.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks._data import data_file, log_line, logged_lines
from xsearch.chemistry.formula import reduced_formula
from xsearch.data.compounds import Compound, read_compounds
from xsearch.data.simulated_measurements import augmented_pattern
from xsearch.data.xanes_sites import fold_of, formula_hashes
from xsearch.data.xanes_tables import read_spectra
from xsearch.errors import QueryError, SpectrumError
from xsearch.evaluate.retrieval import EdgeErrors
from xsearch.infer.evidence import totals
from xsearch.infer.pipeline import compare
from xsearch.infer.predictions import NOTHING, Links, Predictions
from xsearch.infer.proposals import propose
from xsearch.infer.settings import INFERENCE_SETTINGS
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_library import TemplateLibrary, library_of
from xsearch.models.site_model import shipped_site_model
from xsearch.query.predictions import of_edges, of_pattern
from xsearch.search import SearchIndex, open_index
from xsearch.spectra import PowderPattern, Xanes

SPECTRA = ("xas_library_sites.parquet", "xas_feff9.parquet")
KEPT = 60
"""Candidates of a compound in the log, the likeliest ones."""

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0)
"""That are tried."""

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Candidates:
    """Refined candidates of one compound, one place each.

    Attributes:
        right: whether formula and crystal system are.
        total: log-evidence without what coordination numbers and the crystal system are predicted to be.
        coordination, system: log-probability of what it has.
    """

    right: tuple[bool, ...]
    total: tuple[float, ...]
    coordination: tuple[float, ...]
    system: tuple[float, ...]

    def first_is_right(self, coordination: float = 0.0, system: float = 0.0) -> bool:
        """Whether the first one is, with such weights."""
        if not self.right:
            return False
        score = np.array(self.total) + coordination * np.array(self.coordination) + system * np.array(self.system)
        return self.right[int(score.argmax())]


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
    hints = Links(elements, predicted).hints
    proposals = propose(library, list(elements), excluded=[compound.formula], oxidation=hints)
    task = InferenceTask.prepare(library, proposals, pattern)
    refined = compare(task).refined
    if not refined:
        return Candidates((), (), (), ())
    total = totals(task.evidence(refined))
    kept = np.argsort(-total, kind="stable")[:KEPT]
    chosen = [refined[place] for place in kept]
    crystals = [one.refined.crystal for one in chosen]
    coordination = sum(links.of_crystals(crystals).values(), np.zeros(len(chosen)))
    system = sum(links.of_groups(np.array([one.symmetry.number for one in chosen])).values(), np.zeros(len(chosen)))
    right = [
        reduced_formula(one.refined.crystal.composition) == compound.formula
        and one.symmetry.crystal_system == compound.crystal_system
        for one in chosen
    ]
    return Candidates(*(tuple(np.asarray(column).tolist()) for column in (right, total[kept], coordination, system)))


def line_of(compound: Compound, edges: Sequence[Xanes], opened: SearchIndex, library: TemplateLibrary) -> dict:
    """What is logged of a compound."""
    chance = np.random.default_rng(compound.seed)
    pattern = augmented_pattern(compound.crystal, compound.seed)
    elements = sorted(compound.elements)
    measured = [EdgeErrors()(edge, chance) for edge in edges]
    oxidation, coordination, _ = of_edges(measured, elements)
    systems = of_pattern(opened, pattern, [compound.formula])
    whole = replace(INFERENCE_SETTINGS.links, coordination_weight=1.0, system_weight=1.0)
    links = Links(tuple(elements), Predictions(oxidation, coordination, systems), settings=whole)
    runs = {"pattern": NOTHING, "edges": Predictions(oxidation)}
    return {
        "material_id": compound.material_id,
        "formula": compound.formula,
        "n_elements": len(elements),
        "n_edges": len(edges),
        "system_right": max(systems, key=lambda one: systems[one]) == compound.crystal_system,
        **{name: asdict(candidates(compound, library, pattern, said, links)) for name, said in runs.items()},
    }


def figures(lines: Sequence[dict]) -> dict:
    """Shares right by pattern alone, with oxidation states, and with the weights fitted in folds."""
    read = {
        name: [Candidates(**{key: tuple(value) for key, value in line[name].items()}) for line in lines]
        for name in ("pattern", "edges")
    }
    folds = np.array([fold_of(line["formula"], FOLDS) for line in lines])

    def right(name: str, coordination: float = 0.0, system: float = 0.0) -> np.ndarray:
        return np.array([one.first_is_right(coordination, system) for one in read[name]], float)

    grid = {weights: right("edges", *weights) for weights in product(WEIGHTS, WEIGHTS)}
    of_pattern_alone = {weight: right("pattern", 0.0, weight) for weight in WEIGHTS}
    fitted = {"chain": _out_of_fold(grid, folds), "pattern_and_system": _out_of_fold(of_pattern_alone, folds)}
    best = max(grid, key=lambda weights: grid[weights].mean())
    return {
        "n": len(lines),
        "n_several_edges": sum(line["n_edges"] > 1 for line in lines),
        "pattern": float(right("pattern").mean()),
        "pattern_and_oxidation_states": float(right("edges").mean()),
        "pattern_and_system_in_folds": float(fitted["pattern_and_system"].mean()),
        "chain_in_folds": float(fitted["chain"].mean()),
        "crystal_system_predicted": float(np.mean([line["system_right"] for line in lines])),
        "right_among_candidates": float(np.mean([any(one.right) for one in read["edges"]])),
        "coordination_weight": best[0],
        "system_weight": best[1],
    }


def _out_of_fold(grid: dict, folds: np.ndarray) -> np.ndarray:
    """(n,) whether each is right with the weights that are best on the other folds."""
    found = np.zeros(len(folds))
    for fold in np.unique(folds):
        others = folds != fold
        best = max(grid, key=lambda weights: grid[weights][others].mean() if others.any() else 0.0)
        found[folds == fold] = grid[best][folds == fold]
    return found


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
    for name, value in found.items():
        print(f"{name:32s} {value:.3f}" if isinstance(value, float) else f"{name:32s} {value}")


if __name__ == "__main__":
    main()
