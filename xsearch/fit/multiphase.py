"""Several phases at once: strained profiles fitted together to a pattern, and the evidence of their sum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.fit.correlation import closeness
from xsearch.fit.settings import CORRELATION, MULTIPHASE, CorrelationSettings, MultiphaseSettings
from xsearch.options import ANY, Constraints
from xsearch.preprocess.axis import MATCH_AXIS
from xsearch.preprocess.powder import NetPattern


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One phase, strained to the pattern.

    Attributes:
        row: of the table of crystals.
        amplitudes: (7,) strain modes and zero shift.
        expected: the mean strain that was expected.
        elements: of the row.
        prior: evidence that does not come from the profile: strain, shape, number of lines and prior. None is above 0,
            but for strain and shape of a measured cell that fits.
        profiles: (scales, bins) for an amount of one, linear, on `MATCH_AXIS`.
    """

    row: int
    amplitudes: NDArray[np.float64]
    expected: float
    elements: frozenset[str]
    prior: float
    profiles: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """Some phases and how well their sum fits the pattern.

    Attributes:
        components: the phases.
        amounts: (k,) scale factors, not negative.
        correlations: (scales,) Pearson correlation of the compressed sum with the pattern on
            `settings.scales_and_recall`.
        cost: of the phases, and of required elements that none of them holds.
        settings: of the correlation.
    """

    components: tuple[Component, ...]
    amounts: NDArray[np.float64]
    correlations: NDArray[np.float64]
    cost: float
    settings: CorrelationSettings = CORRELATION

    @property
    def fit(self) -> float:
        """Evidence of the profile alone."""
        return float(closeness(self.correlations, self.settings) @ np.array(self.settings.weights_and_recall))

    @property
    def evidence(self) -> float:
        """The fit and each phase's prior evidence, less the cost."""
        return self.fit + sum(one.prior for one in self.components) - self.cost

    @property
    def places(self) -> tuple[int, ...]:
        """The phases' rows."""
        return tuple(one.row for one in self.components)

    def profile(self, scale: int) -> NDArray[np.float64]:
        """(bins,) the calculated sum on one of the scales."""
        total = np.zeros(MATCH_AXIS.bins)
        for one, amount in zip(self.components, self.amounts, strict=True):
            total += amount * one.profiles[scale]
        return total


class MixturePattern:
    """A pattern prepared for joint fits.

    Attributes:
        pattern: the net pattern.
        settings, correlation: of the joint fits, and of the scales.
        phase_cost: of a phase chosen from so many rows.
        constraints: on the elements that the sample must hold.
        first, last: the window of bins that it covers.
        linear: (scales, bins) the pattern on each scale.
    """

    def __init__(
        self,
        pattern: NetPattern,
        choices: int,
        constraints: Constraints = ANY,
        settings: MultiphaseSettings = MULTIPHASE,
        correlation: CorrelationSettings = CORRELATION,
    ) -> None:
        self.pattern = pattern
        self.settings, self.correlation = settings, correlation
        self.constraints = constraints
        self.phase_cost = settings.choice_cost * float(np.log(max(choices, 1)))
        self.first, self.last = pattern.window(MATCH_AXIS)
        self.linear = np.array([pattern.profile(MATCH_AXIS, width) for width in correlation.scales_and_recall])
        self._compressed = [_centred(self._inside(row)) for row in self.linear]

    @cached_property
    def _weight(self) -> NDArray[np.float64]:
        """(bins,) that makes a linear fit one of compressed intensities, to first order."""
        inside = self._inside(self.linear[self.settings.fitted_scale])
        return (inside / inside.max() + MATCH_AXIS.floor) ** (MATCH_AXIS.power - 1)

    def _inside(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        return row[self.first : self.last]

    def fit(self, components: tuple[Component, ...]) -> Hypothesis:
        """Amounts by non-negative least squares, and the evidence of the sum."""
        amounts = self._amounts(components, self._weight)
        correlations = np.zeros(len(self._compressed))
        for scale, measured in enumerate(self._compressed):
            total = sum(
                amount * self._inside(one.profiles[scale]) for one, amount in zip(components, amounts, strict=True)
            )
            correlations[scale] = _centred(total) @ measured
        missing = self.constraints.missing(frozenset().union(*(one.elements for one in components)))
        cost = self.phase_cost * len(components) + self.settings.missing_element_cost * missing
        return Hypothesis(components, amounts, correlations, cost, self.correlation)

    def amounts_by_parts(self, components: tuple[Component, ...]) -> NDArray[np.float64]:
        """(parts, k) amounts with each of some even parts of the axis left out: how far lines agree on them."""
        parts = np.arange(self.last - self.first) * self.settings.parts // (self.last - self.first)
        return np.array(
            [self._amounts(components, self._weight * (parts != left)) for left in range(self.settings.parts)]
        )

    def _amounts(self, components: tuple[Component, ...], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k,) by non-negative least squares with a weight for each bin."""
        columns = np.stack([self._inside(one.profiles[self.settings.fitted_scale]) for one in components], axis=1)
        norms = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
        amounts, _ = scipy.optimize.nnls(
            columns / norms * weight[:, None], self._inside(self.linear[self.settings.fitted_scale]) * weight
        )
        return np.asarray(amounts / norms)

    def unexplained(self, hypothesis: Hypothesis) -> float:
        """Share of the measured net intensity above the calculated sum."""
        measured = self._inside(self.linear[self.settings.fitted_scale])
        return float(
            np.maximum(measured - self._inside(hypothesis.profile(self.settings.fitted_scale)), 0).sum()
            / measured.sum()
        )


def _centred(inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compressed, with zero mean and unit length; zeros where there is nothing."""
    highest = inside.max()
    if highest <= 0:
        return np.zeros(len(inside))
    out = MATCH_AXIS.compress(inside / highest)
    out -= out.mean()
    norm = np.linalg.norm(out)
    return out / norm if norm > 0 else out
