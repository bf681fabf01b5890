"""What all stages of an inference share: the templates, the proposals, and the pattern, prepared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.fit.prepared_pattern import PreparedPattern, prepare
from xsearch.infer.coordination import has_coordination
from xsearch.infer.evidence import candidate_terms
from xsearch.infer.proposals import LEAST_LOG_SHARE, Proposal, Proposals
from xsearch.infer.settings import INFERENCE_SETTINGS, InferenceSettings
from xsearch.infer.template_library import TemplateLibrary
from xsearch.infer.trial import RefinedCandidate
from xsearch.progress import counted
from xsearch.spectra import PowderPattern

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class InferenceTask:
    """Proposals to be compared with a pattern.

    Attributes:
        library: that the proposals were made from.
        proposals: in order of their prior.
        prepared: the measured pattern.
        coordination: coordination numbers that an element may have, such as `{"Mn": (4, 6)}`.
        groups: numbers of the space groups that a candidate may have, or None for all.
        threads: for the fits.
        settings: the numbers that decide.
        log_shares: log share of all substitutions, by formula and crystal system.
    """

    library: TemplateLibrary
    proposals: Proposals
    prepared: PreparedPattern
    coordination: Mapping[str, Sequence[int]]
    groups: frozenset[int] | None
    threads: int
    settings: InferenceSettings
    log_shares: Mapping[tuple[tuple[int, ...], int], float]

    @classmethod
    def prepare(
        cls,
        library: TemplateLibrary,
        proposals: Proposals,
        pattern: PowderPattern,
        *,
        coordination: Mapping[str, Sequence[int]] | None = None,
        groups: frozenset[int] | None = None,
        threads: int = 2,
        settings: InferenceSettings = INFERENCE_SETTINGS,
    ) -> InferenceTask:
        """Prepare a pattern for all stages.

        Raises:
            SpectrumError: where the pattern shows no line or covers too short a range.
        """
        prepared = prepare(pattern)
        # both are worked out here, so that threads find them
        _ = prepared.log_q, prepared.points
        return cls(
            library,
            proposals,
            prepared,
            coordination or {},
            groups,
            threads,
            settings,
            proposals.log_shares(),
        )

    def allows(self, crystal: Crystal) -> bool:
        """Whether the elements have the coordination numbers that were stated."""
        return has_coordination(crystal, self.coordination)

    def allows_group(self, number: int) -> bool:
        """Whether a candidate may have this space group."""
        return self.groups is None or number in self.groups

    def in_space_group(self, proposal: Proposal, number: int) -> Proposal:
        """A proposal whose crystal has another space group, with the share of that crystal system."""
        key = proposal.coefficients, int(SYSTEM_OF_GROUP[number])
        return replace(proposal, log_system=self.log_shares.get(key, LEAST_LOG_SHARE))

    def evidence(self, candidates: Sequence[RefinedCandidate]) -> NDArray[np.float64]:
        """(k, len(TERMS)) float64, see `evidence.candidate_terms`."""
        points = self.prepared.points
        return candidate_terms(candidates, points.independent * len(points.excess), self.settings)

    def run(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """A function of each item, in the task's threads."""
        # threads of BLAS inside each of these would only spin
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(self.threads) as pool:
            return list(counted(pool.map(function, items), len(items)))
