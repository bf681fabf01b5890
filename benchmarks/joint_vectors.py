"""Recall of materials by the learned vectors of a pattern, of an edge, and of both, over all absorbers.

    python -m benchmarks.joint_vectors [--index mp] [--pairs N] [--joint FOLDER] [--json]

A pair is a simulated measurement of a pattern and of a computed edge (`xas_feff9.parquet` and two more tables in
`$XSEARCH_DATA`) of one material of the index. It is compared with all materials of which there is a computed spectrum
of that edge. The vector of both is the two vectors side by side, so that its cosine is a weighted mean; the weight is
chosen on half of the formulas and judged on the other half.
`joint` is the vector of the joint encoder in a folder that `xsearch train joint` wrote.
No formula of a query was trained on by the powder network; those of `both_unseen` by neither network.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._data import data_file
from benchmarks.results import flat
from xsearch.data.simulated_measurements import drawn_conditions, measured_row
from xsearch.data.splits import split_rows
from xsearch.data.xanes_sites import fold_of
from xsearch.data.xanes_tables import read_spectra
from xsearch.errors import SpectrumError, XSearchError
from xsearch.evaluate.retrieval import EdgeErrors
from xsearch.indexes import Index
from xsearch.indexes.views import clean_views
from xsearch.models import powder_symmetry, powder_vectors, xanes_encoder
from xsearch.models.joint_encoder import JointEncoder, JointInput, load_joint_encoder, reading_of
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import normalize, window
from xsearch.search import open_index
from xsearch.spectra.xas import XasSpectrum

SPECTRA = ("xas_library_sites.parquet", "xas_feff9.parquet", "xas_feff10.parquet")
DEPTHS = (1, 3, 10, 50)
WEIGHTS = tuple(np.round(np.linspace(0, 1, 11), 2).tolist())
"""Of the pattern's cosine; the edge's has the rest."""

LEAST = 10
"""Materials of an edge, below which nothing is recalled from it."""

ENCODER_FOLDS = 8
"""The XANES encoder holds out the first of so many folds of formulas."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A pattern and an edge of one material, compared with all materials that have a computed spectrum of that edge.

    Attributes:
        formula: of the material.
        unseen: whether the XANES encoder was not trained on it.
        pattern, edge: (n,) cosines of the materials' vectors with those of the pair; the right material stands first.
        joint: (n,) the same of the vectors of a joint encoder; empty without one.
    """

    formula: str
    unseen: bool
    pattern: NDArray[np.floating]
    edge: NDArray[np.floating]
    joint: NDArray[np.floating]


def spectra_by_edge(index: Index) -> dict[tuple[str, str], list[tuple[int, XasSpectrum]]]:
    """Computed spectra of whole materials that the index holds, with their rows."""
    spectra, _ = read_spectra(*(data_file(name) for name in SPECTRA))
    rows = {material_id: row for row, material_id in enumerate(index.catalog["material_id"].to_pylist())}
    found: dict[tuple[str, str], list[tuple[int, XasSpectrum]]] = {}
    for one in spectra:
        if one.level != "site" and one.material_id in rows:
            found.setdefault((one.absorber, one.edge), []).append((rows[one.material_id], one))
    return {edge: some for edge, some in found.items() if len(some) >= LEAST}


def pairs_of(index: Index, count: int, seed: int = 0, joint: JointEncoder | None = None) -> list[Pair]:
    """Pairs of formulas that the powder network has not seen."""
    pattern_vectors, edge_vectors = powder_vectors.load(), xanes_encoder.load()
    if edge_vectors is None:
        raise XSearchError("The weights of the XANES encoder are missing.")
    chance = np.random.default_rng(seed)
    unseen = set(split_rows(index).formulas.tolist())
    libraries = spectra_by_edge(index)
    queries = [
        (edge, place) for edge in sorted(libraries) for place, (row, _) in enumerate(libraries[edge]) if row in unseen
    ]
    chosen = [queries[i] for i in chance.permutation(len(queries))[:count]]
    found = []
    for edge in sorted({edge for edge, _ in chosen}):
        windows, rows = [], []
        for row, spectrum in libraries[edge]:
            try:
                windows.append(window(normalize(spectrum.to_xanes())))
                rows.append(row)
            except SpectrumError:
                continue
        of_rows = np.array(rows)
        values, known = (np.stack([getattr(one, name) for one in windows]) for name in ("values", "known"))
        of_edges = edge_vectors.vectors(values, known, *edge)
        strain = index.columns.expected_strain[of_rows]
        of_patterns = pattern_vectors.of_rows(clean_views(index, of_rows), index.profiles[of_rows], strain)
        joined = (
            None if joint is None else joint_vectors(joint, clean_views(index, of_rows), of_patterns, of_edges, edge)
        )
        for row, spectrum in (libraries[edge][place] for one, place in chosen if one == edge):
            try:
                cut = window(normalize(EdgeErrors()(spectrum.to_xanes(), chance)))
                pattern = net_pattern(measured_row(index, row, drawn_conditions(index, row, chance), chance))
            except SpectrumError:
                continue
            of_pattern = pattern_vectors.of_pattern(pattern)
            of_edge = edge_vectors.vectors(cut.values[None], cut.known[None], *edge)
            by = [of_patterns @ of_pattern, of_edges @ of_edge[0]]
            if joint is not None and joined is not None:
                by.append(
                    joined @ joint_vectors(joint, network_input(pattern)[None], of_pattern[None], of_edge, edge)[0]
                )
            best = {one: tuple(scores[of_rows == one].max() for scores in by) for one in {*rows}}
            ranked = [best.pop(row), *best.values()]
            formula = index.catalog["reduced_formula"][row].as_py()
            new = fold_of(f"vectors {formula}", ENCODER_FOLDS) == 0
            columns = [np.array(column) for column in zip(*ranked, strict=True)]
            found.append(Pair(formula, new, columns[0], columns[1], columns[2] if joint else np.zeros(0)))
    return found


@torch.inference_mode()
def joint_vectors(
    joint: JointEncoder, views: NDArray[np.float32], patterns: NDArray[np.float32], edges: NDArray[np.float32],
    edge: tuple[str, str],
) -> NDArray[np.float32]:  # fmt: skip
    """(n, d) joint vectors of patterns and of one edge, by the vectors of each and what the powder networks see."""
    reading = reading_of(powder_symmetry.load().read(views))
    found: NDArray[np.float32] = joint.vectors(JointInput.of_one_edge(patterns, reading, edges, *edge)).numpy()
    return found


def places(pairs: list[Pair], weight: float) -> NDArray[np.int64]:
    """(n,) how many materials stand before the right one."""
    scores = [weight * pair.pattern + (1 - weight) * pair.edge for pair in pairs]
    return np.array([int((score[1:] >= score[0]).sum()) for score in scores])


def shares(pairs: list[Pair], weight: float) -> dict[str, float]:
    """Shares of pairs whose material is among the first."""
    before = places(pairs, weight)
    return {f"top{k}": float(np.mean(before < k)) for k in DEPTHS}


def main() -> None:
    """Print shares of pairs whose material is among the first ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--pairs", type=int, default=800, help="at most; the index and the tables have some 400")
    parser.add_argument("--joint", type=Path, metavar="FOLDER", help="of a joint encoder")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    joint = None if arguments.joint is None else load_joint_encoder(arguments.joint)
    found = pairs_of(open_index(arguments.index).index, arguments.pairs, joint=joint)
    chosen_on = [pair for pair in found if fold_of(pair.formula, 2) == 0]
    judged = [pair for pair in found if fold_of(pair.formula, 2)]
    weight = max(WEIGHTS, key=lambda one: (-float(np.log1p(places(chosen_on, one)).mean()), -abs(one - 0.5)))
    unseen = [pair for pair in judged if pair.unseen]
    figures = {
        "n": len(judged),
        "library": float(np.mean([len(pair.edge) for pair in judged])),
        "weight": weight,
        "edge": shares(judged, 0.0),
        "pattern": shares(judged, 1.0),
        "both": shares(judged, weight),
        "both_even": shares(judged, 0.5),
        **({} if joint is None else {"joint": shares([replace(one, pattern=one.joint) for one in judged], 1.0)}),
        "both_unseen": {"n": len(unseen), "edge": shares(unseen, 0.0), "both": shares(unseen, weight)}
        if unseen
        else {},
    }
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in flat(figures).items():
        print(f"{name:24s} {value:.3f}")


if __name__ == "__main__":
    main()
