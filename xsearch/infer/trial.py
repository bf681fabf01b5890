"""A candidate on its way through the stages of an inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.site_disorder import SiteDisorder
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import Symmetry
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.fit.rietveld import Refined
from xsearch.fit.strain import strained
from xsearch.fit.strain_fit import StrainFit
from xsearch.infer.proposals import Proposal
from xsearch.infer.relax import Relaxed
from xsearch.simulate.reflections import Reflections

COMPARED_AT = 2
"""Place in `LogQSettings.smoothings` of the smoothing at which strain fits are compared. The weights of the ranking are
fitted with it."""


@dataclass(frozen=True, slots=True, eq=False)
class FitStart:
    """A substituted crystal, and where its strain fit starts.

    Attributes:
        proposal: which entry takes which elements.
        symmetry: of the crystal with the predicted volume.
        strain: ln(length / predicted length).
    """

    proposal: Proposal
    symmetry: Symmetry
    strain: float


@dataclass(frozen=True, slots=True, eq=False)
class TrialCandidate:
    """A candidate after its strain fit.

    Attributes:
        proposal: which entry takes which elements.
        symmetry: of the substituted crystal with the predicted volume.
        reflections: of the same.
        fit: the strain fit.
        symmetrised: whether the atoms were moved onto a higher symmetry than they have in the template.
        evidence: (len(STRAIN_FIT_TERMS),) float64, see `evidence.strain_fit_terms`.
    """

    proposal: Proposal
    symmetry: Symmetry
    reflections: Reflections
    fit: StrainFit
    symmetrised: bool
    evidence: NDArray[np.float64]

    @property
    def correlation(self) -> float:
        """Profile correlation of the strain fit."""
        return self.fit.correlation[COMPARED_AT]

    @property
    def kind(self) -> tuple[int, ...]:
        """Space group and formula."""
        return self.symmetry.number, *self.proposal.coefficients

    @property
    def fitted_crystal(self) -> Crystal:
        """The primitive crystal in the cell of the strain fit."""
        return strained(self.symmetry, self.fit.cell)

    def volume_bin(self, width: float) -> int:
        """Number of the bin of ln(volume per atom after the strain fit) in bins of some width."""
        primitive = self.symmetry.primitive
        per_atom_A3 = primitive.volume_A3 / len(primitive) * np.exp(3 * self.fit.strain)
        return round(float(np.log(per_atom_A3)) / width)


@dataclass(frozen=True, slots=True, eq=False)
class RefinedCandidate(TrialCandidate):
    """A candidate after its final refinement.

    Attributes:
        refined: the Rietveld refinement.
        disorder: sites that elements share, or that are partly empty.
        cost: taken from its log-evidence beside other candidates.
        relaxed: its relaxation in the cell of the refinement, where there was one.
        from_relaxed: whether the refinement is the one that began where the relaxation ended.
    """

    refined: Refined
    disorder: tuple[SiteDisorder, ...] = ()
    cost: float = 0.0
    relaxed: Relaxed | None = None
    from_relaxed: bool = False

    @classmethod
    def of(
        cls, trial: TrialCandidate, refined: Refined, disorder: tuple[SiteDisorder, ...] = (), cost: float = 0.0
    ) -> RefinedCandidate:
        """A candidate with its refinement."""
        values: dict[str, Any] = {one.name: getattr(trial, one.name) for one in fields(TrialCandidate)}
        return cls(**values, refined=refined, disorder=disorder, cost=cost)

    @property
    def kind(self) -> tuple[int, ...]:
        """Space group and formula; with disorder, also the elements that are concerned."""
        numbers = (ATOMIC_NUMBERS[element] for one in self.disorder for element in one.elements)
        return self.symmetry.number, *self.proposal.coefficients, *numbers


def evidence_of(candidates: Sequence[TrialCandidate], terms: int) -> NDArray[np.float64]:
    """(k, terms) evidence of the strain fits."""
    return np.array([candidate.evidence for candidate in candidates]).reshape(-1, terms)
