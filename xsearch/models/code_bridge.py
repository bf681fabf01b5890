"""From one simulation code's spectra to another's: what FEFF would have given, from what VASP gave, and how surely.

Codes disagree by more than shifts and widths, so shapes alone recall little across them. A few hundred compounds
that both computed are enough for kernel ridge regression from one window to the other; and the covariance of its
leave-one-out errors says in which directions a difference means something: together the likelihood of a Gaussian
process with full output covariance. It is fitted both ways; what counts for a candidate is the odds of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.preprocess.xanes import WINDOW_GRID_eV

FROM_eV, TO_eV = -9.0, 20.0
"""The part of the window that short simulations share."""
SMOOTHING_eV = 0.4
OFFSET_SCALE = 0.1
RIDGE, LENGTH, LINEAR_SHARE, SHRINKAGE = 0.003, 1.0, 0.1, 0.1
LEAST_PAIRS = 30
ROUNDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Translation:
    """From one code's vectors to the other's; all arrays float64.

    Attributes:
        known: (n, d) standardised source vectors of the training pairs.
        weights: (n, d) of the kernel expansion.
        centre, spread: (d,) of the source vectors.
        mean: (d,) of the target vectors.
        precision: (d, d) inverse covariance of the leave-one-out errors.
    """

    known: NDArray[np.float64]
    weights: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    mean: NDArray[np.float64]
    precision: NDArray[np.float64]

    def translate(self, source: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m, d) expected target vectors of (m, d) source vectors."""
        return self.mean + _kernel((source - self.centre) / self.spread, self.known) @ self.weights

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
    values: NDArray[np.float32], known: NDArray[np.bool_], offset_eV: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(n, d) what is compared: every second point of the shared part, ends held, and the window's offset."""
    place = np.arange(values.shape[1])[None]
    first, last = known.argmax(1)[:, None], values.shape[1] - 1 - known[:, ::-1].argmax(1)[:, None]
    held = np.take_along_axis(values, np.clip(place, first, last), axis=1)
    step = WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0]
    smooth = scipy.ndimage.gaussian_filter1d(held.astype(np.float64), SMOOTHING_eV / step, axis=1)
    shared = (WINDOW_GRID_eV > FROM_eV) & (WINDOW_GRID_eV < TO_eV)
    return np.column_stack([smooth[:, shared][:, ::2], OFFSET_SCALE * offset_eV])


def fit_bridge(source: NDArray[np.float64], candidates: Sequence[NDArray[np.float64]]) -> CodeBridge:
    """Fit a bridge where it is known which compound belongs to which, but not which site.

    Args:
        source: (n, d) vectors of one code.
        candidates: for each of them the (k, d) vectors of the other code's sites of the same compound; the one that
            agrees best with the bridge so far is taken for its partner, in a few rounds.

    Raises:
        SpectrumError: where there are too few pairs.
    """
    if len(source) < LEAST_PAIRS:
        raise SpectrumError(f"{len(source)} compounds were computed by both codes; at least {LEAST_PAIRS} are needed.")
    partners = np.array([c[np.argmin(((c - s) ** 2).sum(1))] for s, c in zip(source, candidates, strict=True)])
    forward = _fit(source, partners)
    for _ in range(ROUNDS - 1):
        likely = (forward.log_likelihood(s[None], c)[0].argmax() for s, c in zip(source, candidates, strict=True))
        partners = np.array([c[place] for place, c in zip(likely, candidates, strict=True)])
        forward = _fit(source, partners)
    targets = np.concatenate(list(candidates))
    return CodeBridge(forward, _fit(partners, source), targets.mean(0), _precision(targets))


def _fit(source: NDArray[np.float64], target: NDArray[np.float64]) -> Translation:
    centre, spread, mean = source.mean(0), source.std(0) + 1e-3, target.mean(0)
    known = (source - centre) / spread
    inverse = np.linalg.inv(_kernel(known, known) + RIDGE * np.eye(len(known)))
    weights = inverse @ (target - mean)
    left_out = weights / np.diag(inverse)[:, None]  # the errors that leaving each pair out would give
    return Translation(known, weights, centre, spread, mean, _precision(left_out))


def _precision(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d, d) inverse covariance of (n, d) vectors, the covariance drawn towards a multiple of the identity."""
    covariance = np.cov(vectors.T)
    size = len(covariance)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / size * np.eye(size)
    return np.asarray(np.linalg.inv(covariance), np.float64)


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m) Gaussian kernel with a small linear part, so that it goes on sensibly outside the data."""
    product = a @ b.T
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * product
    size = a.shape[1]
    return np.asarray(np.exp(-squared / (2 * LENGTH**2 * size)) + LINEAR_SHARE * product / size)
