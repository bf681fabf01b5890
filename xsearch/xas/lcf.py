"""Linear combination fits of a measured edge by library spectra, and their evidence.

A combination is compared as a single spectrum is (`xsearch.xas.matching`): the curve and its derivative at two scales,
after each library spectrum was shifted and broadened. Its weights come from least squares on the three together: linear
combination fitting (Ravel and Newville, J. Synchrotron Rad. 12 (2005) 537) of normalised spectra and of their
derivatives at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Self

import numpy as np
from numpy.typing import NDArray

from xsearch.indexes import Index
from xsearch.options import Prior
from xsearch.preprocess.xanes import WINDOW_POINTS, XanesWindow
from xsearch.xas.compounds import Compound, compounds_of
from xsearch.xas.evidence import entry_prior, library_errors, shift_costs
from xsearch.xas.lcf_kernels import fit_weights
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import ShiftPrior, STEP_eV, broadened, channels, hold_ends, shift_prior
from xsearch.xas.settings import DEFAULTS, XasSettings


@dataclass(frozen=True, slots=True)
class Component:
    """A library spectrum in a fit: its place in the library, and by how much it is shifted and broadened."""

    place: int
    shift_eV: float
    broadening_eV: float


@dataclass(frozen=True, slots=True, eq=False)
class LcfFit:
    """Library spectra and how well their linear combination fits an edge.

    Attributes:
        components: the spectra.
        weights: (k,) factors of the spectra, which like the edge have a step of one; all above zero where
            `correlation` is.
        correlation: the mean over the channels; -1 where a weight is not above zero.
        evidence: log-evidence, less what shifts and the number of compounds cost.
    """

    components: tuple[Component, ...]
    weights: NDArray[np.float64]
    correlation: float
    evidence: float

    @property
    def places(self) -> tuple[int, ...]:
        """The components' places in the library."""
        return tuple(one.place for one in self.components)

    @property
    def fractions(self) -> NDArray[np.float64]:
        """(k,) of the absorber."""
        return self.weights / self.weights.sum()


class LcfTarget:
    """A measured edge, prepared for fits by a library's spectra.

    Args:
        window: of the edge.
        library: n spectra.
        compounds: (n,) which compound each spectrum is of.
        prior: (n,) natural logarithm of how likely each is before the edge is seen.
        settings: of the fit.

    Attributes:
        component_cost: log-evidence that a compound must bring.
        is_measured: (n,) bool.
        error: (n,) distance that each has from a measurement of its own compound.
        shift_cost: (n,) what a shift costs, per squared standard deviation.
        expected: the shift of each.
        measured: (channels, 200) the edge.
        held: (n, 200) the library, its end values held.
        last: (n,) last point that each knows.
    """

    def __init__(
        self,
        window: XanesWindow,
        library: EdgeLibrary,
        compounds: Sequence[Compound],
        prior: NDArray[np.float64],
        settings: XasSettings = DEFAULTS,
    ) -> None:
        table = library.spectra
        self.window, self.library, self.compounds, self.prior, self.settings = (
            window, library, compounds, prior, settings,
        )  # fmt: skip
        self.component_cost = settings.lcf.fixed_cost + settings.lcf.choice_cost * log(max(len(set(compounds)), 1))
        self.measured = self._channels(hold_ends(window.values[None], window.known[None]))[0]
        self.held = hold_ends(table.values, table.known)
        self.last = WINDOW_POINTS - 1.0 - table.known[:, ::-1].argmax(1)
        self.expected = shift_prior(table, settings.matching)
        self.is_measured = table.kind == "measured"
        self.error = library_errors(table.kind, settings.lcf_evidence)
        self.shift_cost = shift_costs(table.kind, settings.lcf_evidence)
        self._spectra: dict[tuple[int, float], NDArray[np.float64]] = {}

    @classmethod
    def of(
        cls, index: Index, window: XanesWindow, library: EdgeLibrary, prior: Prior, settings: XasSettings = DEFAULTS
    ) -> Self:
        """With the compounds and the prior of an index."""
        entries = entry_prior(index.columns, np.maximum(library.row, 0), prior, settings.lcf_evidence)
        return cls(window, library, compounds_of(index, library), np.where(library.row >= 0, entries, 0.0), settings)

    def step(self, one: Component) -> float:
        """Where the first point of the edge's window lies in the spectrum's, in points."""
        return (self.window.offset_eV - one.shift_eV - float(self.library.spectra.offset_eV[one.place])) / STEP_eV

    def spectrum(self, one: Component) -> NDArray[np.float64]:
        """(channels, 200) of a library spectrum, broadened, at its own energies."""
        key = (one.place, one.broadening_eV)
        if key not in self._spectra:
            held = self.held[one.place : one.place + 1]
            self._spectra[key] = self._channels(broadened(held, one.broadening_eV))[0]
        return self._spectra[key]

    def shifted(self, one: Component) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(channels, 200) of a library spectrum at the edge's energies, and (200,) up to where it is known."""
        places = np.arange(WINDOW_POINTS) + self.step(one)
        values = np.stack([np.interp(places, np.arange(WINDOW_POINTS), row) for row in self.spectrum(one)])
        return values, places <= self.last[one.place] + 0.5

    def fit(self, components: tuple[Component, ...]) -> LcfFit:
        """Weights and evidence of a combination."""
        weights, correlation = fit_weights(
            np.stack([self.spectrum(one) for one in components]),
            np.array([self.step(one) for one in components]),
            self.last[[one.place for one in components]],
            self.measured,
            self.window.known,
            self.settings.matching.least_overlap,
        )
        if correlation <= 0:
            return LcfFit(components, weights, -1.0, -np.inf)
        new = LcfFit(components, weights, float(correlation), 0.0)
        closeness = self.settings.lcf_evidence.closeness_weight * log(self.distance(new))
        return replace(new, evidence=self.prior_of(components) - closeness)

    def prior_of(self, components: tuple[Component, ...]) -> float:
        """Log-evidence of a combination before it is fitted: how likely its spectra are, less what it costs."""
        prior = float(self.prior[[one.place for one in components]].sum())
        return prior - self.component_cost * len(components) - self.cost_of_shifts(components)

    def distance(self, fit: LcfFit) -> float:
        """1 - r, and as far as the combination is computed the distance from a measurement.

        A distance is a squared deviation, and in a combination each deviation counts with its fraction.
        """
        error = float(fit.fractions**2 @ self.error[list(fit.places)])
        return max(1 - fit.correlation + error, self.settings.lcf_evidence.least_distance)

    def fraction_errors(self, fit: LcfFit) -> NDArray[np.float64]:
        """(k,) standard deviations of the fractions.

        From the covariance of least squares, with what is left of the edge as the noise: differences between one
        laboratory's spectrum of a compound and another's weigh more than counting. Such differences are smooth, so
        that an edge counts as few independent points.
        """
        spectra, inside = self._spectra_of(fit)
        measured = self.measured[:, inside] - self.measured[:, inside].mean(1, keepdims=True)
        norm = np.linalg.norm(measured, axis=1, keepdims=True)
        design = spectra[:, :, inside] - spectra[:, :, inside].mean(2, keepdims=True)
        flat, wanted = (design / norm).reshape(len(spectra), -1), (measured / norm).ravel()
        left = float(((wanted - fit.weights @ flat) ** 2).sum())
        covariance = left / self.settings.lcf.independent_points * np.linalg.inv(flat @ flat.T)
        turn = (np.eye(len(spectra)) - fit.fractions[:, None]) / fit.weights.sum()
        return np.asarray(np.sqrt(np.maximum(np.diag(turn @ covariance @ turn.T), 0.0)))

    def curves(self, fit: LcfFit) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(k, 200) each spectrum times its weight at the edge's energies, and (200,) which of these all cover.

        The mean by which the edge lies above the combination, a fault of the normalisations, is divided among them.
        """
        spectra, inside = self._spectra_of(fit)
        weighted = fit.weights[:, None] * spectra[:, 0]
        over = float((self.measured[0] - weighted.sum(0))[inside].mean())
        return weighted + over * fit.fractions[:, None], inside

    def cost_of_shifts(self, components: tuple[Component, ...]) -> float:
        """What the shifts cost: each of a computed spectrum, the mean of the measured ones, and their spread."""
        cost = 0.0
        measured = [one.shift_eV for one in components if self.is_measured[one.place]]
        for one in components:
            if not self.is_measured[one.place]:
                away = (one.shift_eV - self.expected.mean_eV[one.place]) / self.expected.sigma_eV[one.place]
                cost += float(self.shift_cost[one.place] * away**2)
        if measured:
            mean, sigma = sum(measured) / len(measured), self.settings.matching.measured_shift_eV[1]
            spread = sum((shift - mean) ** 2 for shift in measured)
            squared = (mean / sigma) ** 2 + spread / self.settings.lcf.tie_eV**2
            cost += self.settings.lcf_evidence.measured_shift_cost * squared
        return cost

    def expected_with(self, rows: NDArray[np.int64], base: LcfFit | None) -> ShiftPrior:
        """The shifts of further spectra (m,), those of a fit being known: measured spectra share theirs."""
        mean, sigma = self.expected.mean_eV[rows].copy(), self.expected.sigma_eV[rows].copy()
        tied = [one.shift_eV for one in base.components if self.is_measured[one.place]] if base else []
        if tied:
            mean[self.is_measured[rows]] = np.mean(tied)
            sigma[self.is_measured[rows]] = self.settings.lcf.tie_eV * (1 + 1 / len(tied)) ** 0.5
        return ShiftPrior(mean, sigma)

    def _channels(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, channels, 200) what is compared of (n, 200) spectra."""
        return np.stack(channels(values, self.settings.matching), axis=1).astype(np.float64)

    def _spectra_of(self, fit: LcfFit) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(k, channels, 200) the spectra at the edge's energies, and (200,) which of these the edge and all cover."""
        spectra = [self.shifted(one) for one in fit.components]
        return np.stack([values for values, _ in spectra]), np.all([self.window.known, *(at for _, at in spectra)], 0)
