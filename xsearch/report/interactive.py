"""An answer as an interactive page draws it: curves as numbers, and the parts of the page in HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.answers import Candidate, Combined, Hit, Inference, LcfResult, MixtureResult, SearchResult
from xsearch.answers.edge_match import ExafsMatch, SpectrumMatch
from xsearch.chemistry import Crystal
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError, SpectrumError
from xsearch.fit.pattern_fit import PatternFit
from xsearch.preprocess.powder import background_under
from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_eV
from xsearch.report.crystal_picture import crystal_picture
from xsearch.report.fragments import (
    MOODS,
    Answer,
    credits_html,
    crystal_html,
    crystals_html,
    crystals_of,
    notes_html,
    search_of,
    verdict_html,
    verdict_of,
)
from xsearch.report.lines import BEYOND, SMALLEST_D_A, reflections_in_range
from xsearch.report.overlay import Overlay, best_profile, overlay_of
from xsearch.report.typeset import formula_html, formula_text
from xsearch.simulate import Reflections
from xsearch.simulate.powder import simulate_reflections
from xsearch.spectra import PowderPattern

MOST_POINTS = 12_000
"""Points of a pattern that are drawn; of longer ones every second, third and so on is left out."""


@dataclass(eq=False)
class InteractiveAnswer:
    """An answer, and what is worked out of it once to draw any of its crystals."""

    answer: Answer

    @cached_property
    def pattern(self) -> PowderPattern | None:
        """The powder pattern, thinned where it has very many points."""
        search = search_of(self.answer)
        pattern = self.answer.pattern if search is None and isinstance(self.answer, Inference) else None
        pattern = search.pattern if search is not None else pattern
        if pattern is None or len(pattern) <= MOST_POINTS:
            return pattern
        every = -(-len(pattern) // MOST_POINTS)
        sigma = None if pattern.sigma is None else pattern.sigma[::every]
        return replace(
            pattern, two_theta_deg=pattern.two_theta_deg[::every], intensity=pattern.intensity[::every], sigma=sigma
        )

    @cached_property
    def background(self) -> NDArray[np.float64]:
        """(n,) under the pattern."""
        assert self.pattern is not None
        return background_under(self.pattern)

    @cached_property
    def unit(self) -> float:
        """Factor that makes the highest net intensity 100."""
        assert self.pattern is not None
        net = self.pattern.intensity - self.background
        return 100 / max(float(net.max()), np.finfo(float).tiny)

    def record(self) -> dict[str, Any]:
        """What a page shows of the whole answer."""
        answer, search = self.answer, search_of(self.answer)
        return {
            "kind": KINDS[type(answer)],
            "verdict": verdict_of(answer),
            "mood": MOODS[verdict_of(answer)],
            "html": {
                "verdict": verdict_html(answer),
                "crystals": crystals_html(answer),
                "notes": notes_html(answer),
                "credits": credits_html(answer),
            },
            "pattern": self._pattern_record(),
            "edges": [] if search is None else [edge_record(one) for one in search.spectra],
            "crystals": [
                {"text": formula_text(one.formula), "label": formula_html(one.formula), "id": _id(one)}
                for one in crystals_of(answer)
            ],
            "mixture": self.mixture_record(),
            "timings_ms": search.timings_ms if search is not None else getattr(answer, "timings_ms", {}),
        }

    def _pattern_record(self) -> dict[str, Any] | None:
        return None if self.pattern is None else drawn_pattern(self.pattern, self.background, self.unit)

    def mixture_record(self) -> dict[str, Any] | None:
        """The part of each phase of a mixture in the pattern, or of each compound in an edge; None where there is none.

        The parts of a pattern are scaled to it together, by least squares.
        """
        answer = self.answer
        if isinstance(answer, LcfResult) and answer.hits:
            best = answer.best
            return {
                "energy_eV": best.energy_eV,
                "measured": np.round(best.measured, 5),
                "calculated": np.round(best.mu, 5),
                "parts": [np.round(one.hit.near_edges[0].mu, 5) for one in best.components],
            }
        if not isinstance(answer, MixtureResult) or not answer.hits or self.pattern is None:
            return None
        pattern, background = self.pattern, self.background
        net = pattern.intensity - background
        profiles = np.array(
            [best_profile(hit.fitted, reflections_in_range(hit, pattern), pattern, net) for hit in answer.best.hits]
        )
        amounts, _ = scipy.optimize.nnls(profiles.T, net)
        parts = amounts[:, None] * profiles * self.unit
        return {
            "calculated": np.round(background * self.unit + parts.sum(axis=0), 3),
            "parts": list(np.round(parts, 3)),
        }

    def crystal_record(self, place: int) -> dict[str, Any]:
        """What a page shows of one crystal: its profile and lines, its edges, its atoms, and the evidence for it."""
        crystal = crystals_of(self.answer)[place]
        atoms = atoms_of(crystal)
        return {
            "place": place,
            "html": crystal_html(crystal),
            "overlay": self._overlay_record(crystal),
            "edges": [match_record(match) for match in crystal.edges] if isinstance(crystal, Hit) else [],
            "picture": None if atoms is None else crystal_picture(atoms),
        }

    def _overlay_record(self, crystal: Hit | Candidate) -> dict[str, Any] | None:
        if self.pattern is None:
            return None
        fitted = fit_and_lines(crystal, self.pattern)
        if fitted is None:
            return None
        drawn: Overlay = overlay_of(*fitted, self.pattern, self.background)
        return {
            "calculated": np.round(drawn.calculated, 3),
            "ticks_deg": np.round(drawn.ticks_deg, 4),
            "tick_heights": np.round(drawn.tick_heights, 4),
            "hkl": drawn.tick_hkl,
        }


def drawn_pattern(pattern: PowderPattern, background: NDArray[np.float64], unit: float) -> dict[str, Any]:
    """A pattern as drawn, its intensities times a unit."""
    return {
        "source": pattern.source,
        "wavelength_A": pattern.wavelength_A,
        "two_theta_deg": np.round(pattern.two_theta_deg, 4),
        "measured": np.round(pattern.intensity * unit, 3),
        "background": np.round(background * unit, 3),
    }


KINDS: dict[type, str] = {
    SearchResult: "search",
    MixtureResult: "mixture",
    LcfResult: "lcf",
    Inference: "inference",
    Combined: "combined",
}


def _id(crystal: Hit | Candidate) -> str:
    return crystal.material_id if isinstance(crystal, Hit) else crystal.inferred_id


def fit_and_lines(crystal: Hit | Candidate, pattern: PowderPattern) -> tuple[PatternFit, Reflections] | None:
    """How a crystal fits a pattern, and its reflections; None where it was not fitted."""
    if crystal.pattern_fit is None:
        return None
    if isinstance(crystal, Hit):
        return crystal.fitted, reflections_in_range(crystal, pattern)
    end_A = pattern.wavelength_A / (2 * np.sin(np.radians(pattern.two_theta_deg[-1] / 2)))
    try:
        symmetry = find_symmetry(crystal.crystal)
    except CrystalError:
        return None
    lines = simulate_reflections([symmetry], d_min_A=max(SMALLEST_D_A, BEYOND * float(end_A)))[0]
    a, b, c, alpha, beta, gamma = (float(one) for one in lines.cell)
    return replace(crystal.pattern_fit, cell=(a, b, c, alpha, beta, gamma)), lines


def atoms_of(crystal: Hit | Candidate) -> Crystal | None:
    """The atoms of a crystal as fitted; None of a measured reference, whose structure is not known."""
    if isinstance(crystal, Candidate):
        return crystal.crystal
    return None if isinstance(crystal.matched, Reference) else crystal.strained_crystal


def edge_record(spectrum: NormalizedXanes) -> dict[str, Any]:
    """A measured edge as drawn, over the window that is compared."""
    first, last = (spectrum.centre_eV + end for end in WINDOW_eV)
    shown = (spectrum.energy_eV >= first) & (spectrum.energy_eV <= last)
    return {
        "edge": f"{spectrum.absorber} {spectrum.edge}",
        "source": spectrum.source,
        "e0_eV": round(spectrum.e0_eV, 2),
        "energy_eV": np.round(spectrum.energy_eV[shown], 3),
        "mu": np.round(spectrum.mu[shown], 5),
    }


def match_record(match: SpectrumMatch) -> dict[str, Any]:
    """The library spectrum beside a measured edge."""
    facts = {
        "edge": match.edge,
        "kind": match.kind,
        "maker": match.maker,
        "spectrum_id": match.spectrum_id,
        "correlation": round(match.correlation, 4),
        "shift_eV": round(match.shift_eV, 2),
    }
    if isinstance(match, ExafsMatch):
        curve = {"k_invA": match.k_invA, "measured": match.measured_k2_chi, "library": match.k2_chi}
    else:
        curve = {"energy_eV": match.energy_eV, "library": match.mu}  # type: ignore[attr-defined]
    return {**facts, **{name: np.round(values, 5) for name, values in curve.items()}}


def pattern_preview(pattern: PowderPattern) -> dict[str, Any]:
    """A pattern that was read, as it is drawn before a search; without a background where it shows no line."""
    every = max(1, -(-len(pattern) // MOST_POINTS))
    two_theta, intensity = pattern.two_theta_deg[::every], pattern.intensity[::every]
    try:
        background = background_under(pattern)[::every]
    except SpectrumError:
        background = None
    return {"two_theta_deg": two_theta, "intensity": intensity, "background": background}
