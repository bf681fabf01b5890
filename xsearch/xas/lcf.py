"""Several compounds in one edge: library spectra fitted together to a measured one, and the evidence of their sum.

A sum is compared as a single spectrum is (`edges.match`): the curve, its derivative, and its derivative at a coarser
scale, after each library spectrum was moved and broadened. Its weights come from non-negative least squares on the
three together: linear combination fitting (Ravel and Newville, J. Synchrotron Rad. 12 (2005) 537) of normalised
spectra and of their derivatives at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.xanes import WINDOW_POINTS, XanesWindow
from xsearch.xas.evidence import (
    CLOSENESS_WEIGHT,
    LEAST_DISTANCE,
    MEASURED_SHIFT_COST,
    own_errors,
    shift_costs,
)
from xsearch.xas.lcf_kernels import fit_sum
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import (
    CHANNELS,
    LEAST_OVERLAP,
    MEASURED_SHIFT_eV,
    STEP_eV,
    broadened,
    hold_ends,
    shift_prior,
)

TIE_eV = 0.5
"""Standard deviation of measured references' energies around the shift that they have in common; half and twice as much
find the same sums."""

FIXED_COST, CHOICE_COST = 2.0, 0.5
"""Evidence that a compound must bring, and that for each unit of the logarithm of the number of compounds that it was
chosen from. Of 107 measured edges of one compound 106 stay one, searched with their elements; without, 105."""

INDEPENDENT_POINTS = 4
"""Of an edge, for the errors of shares: with as many, 8 to 9 in 10 shares of sums of measured spectra are off by less
than two standard deviations."""


@dataclass(frozen=True, slots=True)
class Part:
    """A library spectrum in a sum: its place in the library, and by how much it is moved and broadened."""

    place: int
    shift_eV: float
    broadening_eV: float


@dataclass(frozen=True, slots=True, eq=False)
class EdgeSum:
    """Library spectra and how well their sum meets an edge.

    Attributes:
        parts: the spectra.
        weights: (k,) factors of the spectra, which like the edge have a step of one; all above zero where
            `correlation` is.
        correlation: the mean over the channels; -1 where it is no sum of so many spectra.
        evidence: natural logarithm, less what shifts and the number of compounds cost.
    """

    parts: tuple[Part, ...]
    weights: NDArray[np.float64]
    correlation: float
    evidence: float

    @property
    def places(self) -> tuple[int, ...]:
        """The parts' places in the library."""
        return tuple(one.place for one in self.parts)

    @property
    def shares(self) -> NDArray[np.float64]:
        """(k,) shares of the absorber."""
        return self.weights / self.weights.sum()


class EdgeTarget:
    """A measured edge, prepared for fits of sums of a library's spectra.

    Attributes:
        window: of the edge.
        library: n spectra.
        own: (n,) natural logarithm of how likely each is before it is seen.
        is_measured: (n,) bool.
        error: (n,) distance that each has from its own measurement.
        shift_cost, centre_eV, width_eV: (n,) what a shift costs that is one usual deviation off, squared; the usual
            shift and deviation.
        asked: (channels, 200) the edge.
        held: (n, 200) the library, its end values held.
        last: (n,) last point that each knows.
    """

    def __init__(self, window: XanesWindow, library: EdgeLibrary, own: NDArray[np.float64], choices: int) -> None:
        table = library.spectra
        self.window, self.library, self.own = window, library, own
        self.part_cost = FIXED_COST + CHOICE_COST * log(max(choices, 1))
        self.asked = channels(hold_ends(window.values[None], window.known[None]))[0]
        self.held = hold_ends(table.values, table.known)
        self.last = WINDOW_POINTS - 1.0 - table.known[:, ::-1].argmax(1)
        self.centre_eV, self.width_eV = shift_prior(table)
        self.is_measured = table.kind == "measured"
        self.error, self.shift_cost = own_errors(table.kind), shift_costs(table.kind)
        self._channels: dict[tuple[int, float], NDArray[np.float64]] = {}

    def step(self, part: Part) -> float:
        """Where the first point of the edge's window lies in the spectrum's, in points."""
        return (self.window.offset_eV - part.shift_eV - float(self.library.spectra.offset_eV[part.place])) / STEP_eV

    def spectrum(self, part: Part) -> NDArray[np.float64]:
        """(channels, 200) of a library spectrum, broadened, at its own energies."""
        key = (part.place, part.broadening_eV)
        if key not in self._channels:
            held = self.held[part.place : part.place + 1]
            self._channels[key] = channels(broadened(held, part.broadening_eV))[0]
        return self._channels[key]

    def moved(self, part: Part) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(channels, 200) of a library spectrum at the edge's energies, and (200,) up to where it is known."""
        places = np.arange(WINDOW_POINTS) + self.step(part)
        values = np.stack([np.interp(places, np.arange(WINDOW_POINTS), row) for row in self.spectrum(part)])
        return values, places <= self.last[part.place] + 0.5

    def fit(self, parts: tuple[Part, ...]) -> EdgeSum:
        """Weights and evidence of a sum."""
        weights, correlation = fit_sum(
            np.stack([self.spectrum(one) for one in parts]),
            np.array([self.step(one) for one in parts]),
            self.last[[one.place for one in parts]],
            self.asked,
            self.window.known,
            LEAST_OVERLAP,
        )
        if correlation <= 0:
            return EdgeSum(parts, weights, -1.0, -np.inf)
        new = EdgeSum(parts, weights, float(correlation), 0.0)
        return replace(new, evidence=self.before_seen(parts) - CLOSENESS_WEIGHT * log(self.distance(new)))

    def before_seen(self, parts: tuple[Part, ...]) -> float:
        """Evidence of a sum however well it meets the edge: how likely its spectra are, less what it costs."""
        own = float(self.own[[one.place for one in parts]].sum())
        return own - self.part_cost * len(parts) - self.shifts_cost(parts)

    def distance(self, one: EdgeSum) -> float:
        """From perfect correlation, and from its own measurement as far as the sum is computed.

        A distance is a squared deviation, and in a sum each deviation counts with its share.
        """
        error = float(one.shares**2 @ self.error[list(one.places)])
        return max(1 - one.correlation + error, LEAST_DISTANCE)

    def share_errors(self, one: EdgeSum) -> NDArray[np.float64]:
        """(k,) standard deviations of a sum's shares.

        From the covariance of least squares, with what is left of the edge as the noise: differences between one
        laboratory's spectrum of a compound and another's weigh more than counting. Such differences are smooth, so
        that an edge counts as few independent points.
        """
        moved, inside = self._moved_parts(one)
        asked = self.asked[:, inside] - self.asked[:, inside].mean(1, keepdims=True)
        norm = np.linalg.norm(asked, axis=1, keepdims=True)
        design = moved[:, :, inside] - moved[:, :, inside].mean(2, keepdims=True)
        flat, wanted = (design / norm).reshape(len(moved), -1), (asked / norm).ravel()
        left = float(((wanted - one.weights @ flat) ** 2).sum())
        covariance = left / INDEPENDENT_POINTS * np.linalg.inv(flat @ flat.T)
        turn = (np.eye(len(moved)) - one.shares[:, None]) / one.weights.sum()
        return np.asarray(np.sqrt(np.maximum(np.diag(turn @ covariance @ turn.T), 0.0)))

    def curves(self, one: EdgeSum) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(k, 200) each spectrum times its weight at the edge's energies, and (200,) which of these all cover.

        What the edge lies above their sum on the average, a fault of the normalisations, is shared among them.
        """
        moved, inside = self._moved_parts(one)
        weighed = one.weights[:, None] * moved[:, 0]
        over = float((self.asked[0] - weighed.sum(0))[inside].mean())
        return weighed + over * one.shares[:, None], inside

    def _moved_parts(self, one: EdgeSum) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(k, channels, 200) the spectra at the edge's energies, and (200,) which of these the edge and all cover."""
        moved = [self.moved(part) for part in one.parts]
        return np.stack([values for values, _ in moved]), np.all([self.window.known, *(at for _, at in moved)], axis=0)

    def shifts_cost(self, parts: tuple[Part, ...]) -> float:
        """What the shifts cost: each of a computed spectrum, the mean of the measured ones, and their spread."""
        cost = 0.0
        measured = [one.shift_eV for one in parts if self.is_measured[one.place]]
        for one in parts:
            if not self.is_measured[one.place]:
                away = (one.shift_eV - self.centre_eV[one.place]) / self.width_eV[one.place]
                cost += float(self.shift_cost[one.place] * away**2)
        if measured:
            mean, width = sum(measured) / len(measured), MEASURED_SHIFT_eV[1]
            spread = sum((shift - mean) ** 2 for shift in measured)
            cost += MEASURED_SHIFT_COST * ((mean / width) ** 2 + spread / TIE_eV**2)
        return cost

    def expected_shift(
        self, rows: NDArray[np.int64], base: EdgeSum | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m,) mean and (m,) standard deviation of the shift of further spectra, the shifts of a sum being known."""
        centre, width = self.centre_eV[rows].copy(), self.width_eV[rows].copy()
        tied = [one.shift_eV for one in base.parts if self.is_measured[one.place]] if base else []
        if tied:
            centre[self.is_measured[rows]] = np.mean(tied)
            width[self.is_measured[rows]] = TIE_eV * (1 + 1 / len(tied)) ** 0.5
        return centre, width


def channels(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, channels, 200) what is compared of (n, 200) spectra."""
    return np.stack([channel(values) for channel, _ in CHANNELS], axis=1).astype(np.float64)


def moved_by(parts: tuple[Part, ...], which: list[int], shift_eV: float) -> tuple[Part, ...]:
    """The parts, some of them moved."""
    return tuple(
        replace(one, shift_eV=one.shift_eV + shift_eV) if place in which else one for place, one in enumerate(parts)
    )
