"""XANES and powder diffraction together against each alone, on noisy simulated pairs of one absorber's compounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.xanes import Spectrum, make_tables
from xsearch.errors import SpectrumError
from xsearch.evaluate.retrieval import Trial
from xsearch.indexes import Index
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import normalize, window
from xsearch.search.joint_spectra import PATTERN_WEIGHT, SIMULATED_WEIGHT, combine, edge_evidence
from xsearch.search.match import match as match_pattern
from xsearch.search.prior import Prior
from xsearch.search.rank import weigh
from xsearch.search.recall import recall
from xsearch.search.xanes_match import match as match_edge
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern

KS = (1, 2, 3, 5, 10)
TWO_THETA_deg = np.arange(15.0, 75.0, 0.02)
CU_KALPHA1_A = 1.5406


@dataclass(frozen=True, slots=True)
class JointTrial:
    """How a pair is made worse: each axis of the cell strained by up to `strain`, counts with `background` under
    them, lines `fwhm_deg` wide, and the edge by `xanes`."""

    strain: float = 0.02
    background: float = 3.0
    counts: float = 60.0
    fwhm_deg: float = 0.6
    xanes: Trial = field(default_factory=lambda: Trial(shift_eV=3.0, broadening_eV=1.5, noise=0.05))


@dataclass(frozen=True, slots=True)
class JointReport:
    """Share of pairs whose material is among the first k, for the edge alone, the pattern alone, and both."""

    n: int
    candidates: int
    xanes: dict[int, float]
    pxrd: dict[int, float]
    joint: dict[int, float]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def evaluate_joint(
    index: Index, spectra: Sequence[Spectrum], pairs: int = 100, seed: int = 0, trial: JointTrial | None = None
) -> JointReport:
    """Ask pairs of a disturbed edge and a disturbed pattern of the same material.

    Every material of the index that has a spectrum competes; nothing but the absorber is known of the elements.

    Args:
        index: with reflections.
        spectra: material-level spectra of one absorber and edge.
        pairs: how many.
        seed: of the choice and the disturbances.
        trial: the usual one if None.
    """
    trial = trial or JointTrial()
    rows = {m.material_id: row for row, m in enumerate(index.materials(range(len(index))))}
    mine = [s for s in spectra if s.material_id in rows and len(index.reflections(rows[s.material_id]))]
    (table,), _ = make_tables(mine)
    originals = {s.spectrum_id: s.xanes for s in mine}
    candidates = sorted(set(table.material_id))
    searched = np.array([rows[m] for m in candidates])
    profiles = index.profiles[searched].astype(np.float32)
    names = dict(zip(searched.tolist(), candidates, strict=True))
    chance = np.random.default_rng(seed)
    ranks: dict[str, list[int]] = {"xanes": [], "pxrd": [], "joint": []}
    for number in chance.choice(len(table), min(pairs, len(table)), replace=False):
        own = str(table.material_id[number])
        try:
            edge = window(normalize(trial.xanes(originals[table.spectrum_id[number]], chance)))
            pattern = net_pattern(_disturbed_pattern(index, rows[own], trial, chance))
        except SpectrumError:
            continue
        compared = match_edge(edge, table, is_simulation=True, prefer_known=False)
        of_edge = edge_evidence(compared, table, SIMULATED_WEIGHT)
        recalled = recall(index, profiles, pattern, searched, exact=True)
        matches = match_pattern(index, pattern, recalled.rows, 1)
        evidence = weigh(index, matches, recalled.score, Prior("none")).total
        of_pattern = {names[int(row)]: float(e) for row, e in zip(matches.rows, evidence, strict=True)}
        for name, parts in (
            ("xanes", {"edge": of_edge}),
            ("pxrd", {"pxrd": of_pattern}),
            ("joint", {"edge": of_edge, "pxrd": of_pattern}),
        ):
            ranking = combine(parts, candidates, {"pxrd": PATTERN_WEIGHT})
            ranks[name].append(int(np.flatnonzero(ranking.material_id == own)[0]))
    found = {name: {k: float((np.array(r) < k).mean()) for k in KS} for name, r in ranks.items()}
    return JointReport(len(ranks["joint"]), len(candidates), found["xanes"], found["pxrd"], found["joint"])


def _disturbed_pattern(index: Index, row: int, trial: JointTrial, chance: np.random.Generator) -> PowderPattern:
    """A short, broad-lined, noisy pattern of a strained cell."""
    reflections = index.reflections(row)
    cell: NDArray[np.float64] = np.array(reflections.cell)
    lengths = _allowed_strain(reflections.crystal_system, chance.uniform(-trial.strain, trial.strain, 3))
    cell[:3] *= 1 + lengths
    curve = pattern_curve(reflections, cell, TWO_THETA_deg, CU_KALPHA1_A, trial.fwhm_deg)
    expected = trial.background + trial.counts * curve / max(float(curve.max()), 1e-12)
    return PowderPattern(TWO_THETA_deg, chance.poisson(expected).astype(float), CU_KALPHA1_A, "simulated")


def _allowed_strain(system: str, strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strains of a, b and c that keep the crystal system."""
    a, b, c = strain
    if system == "cubic":
        return np.array([a, a, a])
    return np.array([a, a, c]) if system in ("tetragonal", "hexagonal", "trigonal") else np.array([a, b, c])
