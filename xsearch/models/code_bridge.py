"""From one simulation code's spectra to another's: the FEFF spectrum expected from a VASP spectrum, and its covariance.

Codes disagree by more than shifts and widths, so shapes alone recall little across them. A few hundred compounds
that both computed are enough for kernel ridge regression from one window to the other; and the covariance of its
leave-one-out errors shows in which directions a difference is significant: together the likelihood of a Gaussian
process with full output covariance. It is fitted both ways; a candidate is scored by the odds of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.preprocess.xanes import WINDOW_GRID_eV
from xsearch.settings import setting

BY_HAND = "set by hand"
FOLDS = "VASP sites in FEFF9 libraries of copper and titanium, by folds of formulas (xas_feff9.parquet)"
LEAST_PAIRS = 30
"""Compounds that both codes computed, below which no bridge is fitted."""


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """What is compared of two codes' spectra, and how the regression is regularised."""

    range_eV: tuple[float, float] = setting((-9.0, 32.0), "eV", f"{FOLDS}: of 20, 26 and 32; ends are held")
    smoothing_eV: float = setting(1.0, "eV", f"{FOLDS}: 0.8 and 1.2 are alike, 0.4 is worse")
    offset_scale: float = setting(0.1, "1/eV", f"{BY_HAND}: of the window's offset beside the spectrum")
    ridge: float = setting(0.03, "1", f"{FOLDS}: of 0.0003 to 0.3")
    length: float = setting(1.6, "standardised vectors", f"{FOLDS}: of 0.7 to 2.5")
    linear_weight: float = setting(0.1, "1", f"{BY_HAND}: of the linear part of the kernel")
    shrinkage: float = setting(0.2, "1", f"{FOLDS}: of covariances towards a multiple of the identity")
    rounds: int = setting(4, "rounds", f"{BY_HAND}: in which sites are paired")


BRIDGE = BridgeSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Translation:
    """From one code's vectors to the other's; all arrays float64.

    Attributes:
        known: (n, d) standardised source vectors of the training pairs.
        weights: (n, d) of the kernel expansion.
        centre, spread: (d,) of the source vectors.
        mean: (d,) of the target vectors.
        precision: (d, d) inverse covariance of the leave-one-out errors.
        settings: of the kernel.
    """

    known: NDArray[np.float64]
    weights: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    settings: BridgeSettings

    def translate(self, source: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, d) expected target vectors of (m, d) source vectors."""
        return self.mean + _kernel((source - self.centre) / self.spread, self.known, self.settings) @ self.weights

    def log_likelihood(self, source: NDArray[np.float64], candidates: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) of k target vectors given m source vectors, up to a constant."""
        difference = self.translate(source)[:, None] - candidates[None]
        return np.asarray(-0.5 * np.einsum("mki,ij,mkj->mk", difference, self.precision, difference))


@dataclass(frozen=True, slots=True, eq=False)
class CodeBridge:
    """Translations in both directions, and how usual each target is.

    Attributes:
        forward, backward: from source to target, and back.
        mean, precision: (d,) and (d, d), of all target vectors as one Gaussian.
    """

    forward: Translation
    backward: Translation
    mean: NDArray[np.float64]
    precision: NDArray[np.float64]

    def score(self, source: NDArray[np.float64], candidates: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, k) logarithmic odds that k target vectors belong to m source vectors, up to a constant a source.

        The odds are p(target | source) / p(target) or p(source | target), which would be the same if the fits were
        perfect; their logarithms are averaged.
        """
        away = candidates - self.mean
        usual = -0.5 * np.einsum("ki,ij,kj->k", away, self.precision, away)
        forward = self.forward.log_likelihood(source, candidates) - usual
        return 0.5 * (forward + self.backward.log_likelihood(candidates, source).T)


def bridge_vectors(
    values: NDArray[np.float32],
    known: NDArray[np.bool_],
    offset_eV: NDArray[np.float32],
    settings: BridgeSettings = BRIDGE,
) -> NDArray[np.float64]:
    """(n, d) what is compared: every second point of the shared part, ends held, and the window's offset."""
    place = np.arange(values.shape[1])[None]
    first, last = known.argmax(1)[:, None], values.shape[1] - 1 - known[:, ::-1].argmax(1)[:, None]
    held = np.take_along_axis(values, np.clip(place, first, last), axis=1)
    step = WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0]
    smooth = scipy.ndimage.gaussian_filter1d(held.astype(np.float64), settings.smoothing_eV / step, axis=1)
    first_eV, last_eV = settings.range_eV
    shared = (WINDOW_GRID_eV > first_eV) & (WINDOW_GRID_eV < last_eV)
    return np.column_stack([smooth[:, shared][:, ::2], settings.offset_scale * offset_eV])


def fit_bridge(
    source: NDArray[np.float64], candidates: Sequence[NDArray[np.float64]], settings: BridgeSettings = BRIDGE
) -> CodeBridge:
    """Fit a bridge where it is known which compound belongs to which, but not which site.

    Args:
        source: (n, d) vectors of one code.
        candidates: for each of them the (k, d) vectors of the other code's sites of the same compound; the one that
            agrees best with the bridge so far is taken for its partner, in a few rounds.
        settings: of the regression.

    Raises:
        SpectrumError: where there are too few pairs.
    """
    if len(source) < LEAST_PAIRS:
        raise SpectrumError(f"{len(source)} compounds were computed by both codes; at least {LEAST_PAIRS} are needed.")
    partners = np.array([c[np.argmin(((c - s) ** 2).sum(1))] for s, c in zip(source, candidates, strict=True)])
    forward = _fit(source, partners, settings)
    for _ in range(settings.rounds - 1):
        likely = (forward.log_likelihood(s[None], c)[0].argmax() for s, c in zip(source, candidates, strict=True))
        partners = np.array([c[place] for place, c in zip(likely, candidates, strict=True)])
        forward = _fit(source, partners, settings)
    targets = np.concatenate(list(candidates))
    backward = _fit(partners, source, settings)
    return CodeBridge(forward, backward, targets.mean(0), _precision(targets, settings.shrinkage))


def _fit(source: NDArray[np.float64], target: NDArray[np.float64], settings: BridgeSettings) -> Translation:
    centre, spread, mean = source.mean(0), source.std(0) + 1e-3, target.mean(0)
    known = (source - centre) / spread
    inverse = np.linalg.inv(_kernel(known, known, settings) + settings.ridge * np.eye(len(known)))
    weights = inverse @ (target - mean)
    left_out = weights / np.diag(inverse)[:, None]  # leave-one-out errors of kernel ridge regression
    return Translation(known, weights, centre, spread, mean, _precision(left_out, settings.shrinkage), settings)


def _precision(vectors: NDArray[np.float64], shrinkage: float) -> NDArray[np.float64]:
    """(d, d) inverse covariance of (n, d) vectors, the covariance shrunk towards a multiple of the identity."""
    covariance = np.cov(vectors.T)
    size = len(covariance)
    covariance = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / size * np.eye(size)
    return np.asarray(np.linalg.inv(covariance), np.float64)


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64], settings: BridgeSettings) -> NDArray[np.float64]:
    """(n, m) Gaussian kernel with a small linear part, so that it extrapolates."""
    product = a @ b.T
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * product
    size = a.shape[1]
    return np.asarray(np.exp(-squared / (2 * settings.length**2 * size)) + settings.linear_weight * product / size)
