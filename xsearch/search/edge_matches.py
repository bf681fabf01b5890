"""The library spectra that give a candidate its evidence, with the curves that are drawn over the measured ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.edge_match import EdgeMatch, ExafsMatch, SpectrumMatch
from xsearch.preprocess.exafs import EXAFS, K_GRID_invA
from xsearch.preprocess.xanes import WINDOW_GRID_eV
from xsearch.search.xanes_stages import Candidates
from xsearch.xas.evidence import EdgeEvidence
from xsearch.xas.exafs_matching import ExafsMatches, shifted_k2_chi
from xsearch.xas.matching import broadened, hold_ends


def edge_matches(candidates: Candidates, place: int) -> tuple[SpectrumMatch, ...]:
    """For each edge the library spectrum that gives a candidate its evidence, where there is one."""
    return tuple(
        edge_match(edge, at, float(candidates.evidence[edge.name][place]))
        for edge in candidates.edges
        if (at := int(candidates.spectra[edge.name][place])) >= 0
    )


def edge_match(edge: EdgeEvidence, at: int, evidence: float) -> SpectrumMatch:
    """How a spectrum of the library agrees, and its curve over the measured one.

    Args:
        edge: near edge or EXAFS.
        at: place in the library.
        evidence: for the hit.
    """
    table, matches = edge.library.spectra, edge.matches
    common: dict[str, Any] = {
        "edge": edge.name,
        "spectrum_id": str(table.spectrum_id[at]),
        "kind": str(table.kind[at]),
        "level": str(table.level[at]),
        "code": str(table.code[at]),
        "source": str(table.source[at]),
        "formula": str(table.reduced_formula[at]),
        "correlation": float(matches.correlation[at]),
        "shift_eV": float(matches.shift_eV[at]),
        "log_evidence": evidence,
    }
    if isinstance(matches, ExafsMatches):
        return _exafs_match(edge, matches, at, common)
    query = edge.spectrum
    broadening, shift = float(matches.broadening_eV[at]), float(matches.shift_eV[at])
    held = hold_ends(table.values[at : at + 1], table.known[at : at + 1])[0]
    curve = broadened(held, broadening)
    library_eV = WINDOW_GRID_eV[table.known[at]] + query.tabulated_e0_eV + float(table.offset_eV[at]) + shift
    inside = (query.energy_eV >= library_eV[0]) & (query.energy_eV <= library_eV[-1])
    inside &= np.abs(query.energy_eV - query.centre_eV) <= WINDOW_GRID_eV[-1]
    energy = query.energy_eV[inside]
    mu = np.interp(energy, library_eV, curve[table.known[at]].astype(np.float64))
    return EdgeMatch(**common, broadening_eV=broadening, energy_eV=energy, mu=_scaled(mu, query.mu[inside]))


def _exafs_match(edge: EdgeEvidence, matches: ExafsMatches, at: int, common: dict[str, Any]) -> ExafsMatch:
    """The compared part of k²χ(k), the library's damped and scaled to the measured one."""
    assert edge.exafs is not None
    assert edge.library.exafs is not None
    low, high = EXAFS.transform_invA
    end = min(high, edge.exafs.k_end_invA, float(edge.library.exafs.k_end_invA[at]))
    inside = (K_GRID_invA >= low) & (K_GRID_invA <= end)
    added = float(matches.debye_waller_A2[at])
    measured = shifted_k2_chi(edge.exafs, matches.shift_eV[at : at + 1])[0, inside]
    k2_chi = (edge.library.exafs.k2_chi[at] * np.exp(-2 * added * K_GRID_invA**2))[inside]
    amplitude = float(measured @ k2_chi) / max(float(k2_chi @ k2_chi), 1e-12)
    return ExafsMatch(
        **common,
        debye_waller_A2=added,
        k_invA=K_GRID_invA[inside],
        measured_k2_chi=measured,
        k2_chi=max(amplitude, 0.0) * k2_chi,
    )


def _scaled(mu: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve times a factor and plus a constant, fitted to another."""
    if len(mu) < 3 or mu.std() < 1e-9:
        return mu
    slope, start = np.polyfit(mu, to, 1)
    return np.asarray(start + slope * mu) if slope > 0 else mu
