"""Which arrangement of an absorber's sites is likeliest: what known compounds say beside what a spectrum says.

A candidate is an arrangement of a known compound, or all atoms with one coordination number. Its weight is a
logarithmic pool of how alike that compound is and of how far its shares are from the blended answer, as a
Kullback-Leibler divergence. The weights sum to one, so that those of all arrangements with several kinds are the
probability that there are several.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.models.arrangements import ARRANGEMENTS, Arrangements
from xsearch.models.site_blend import BLEND, SiteArrangement
from xsearch.models.tasks import CLASSES
from xsearch.settings import setting

NUMBERS_OF_NEIGHBOURS = CLASSES["cn"]
BY_SIMULATED = "makes shares in 652 simulated spectra of unseen formulas likeliest (`xsearch.training.arrangements`)"
BY_ANSWERS = "chosen on the same spectra, folds by formula"


@dataclass(frozen=True, slots=True)
class ArrangedSettings:
    """How arrangements are weighed, and what becomes of the answer."""

    pool: tuple[float, ...] = setting(
        (0.685, 0.428, -0.298, 0.852, 0.471), "1", f"{BY_SIMULATED}: of each column of `evidence`"
    )
    alike: float = setting(0.15, "1", "the question: shares that differ by no more are the same arrangement")
    several: tuple[float, float] = setting((0.1, 0.9), "1", "as in training: largest share of several kinds")
    noticed: float = setting(0.5, "probability", f"{BY_ANSWERS}: above it the answer is the likeliest arrangement")
    sharp: float = setting(0.75, "1", f"{BY_ANSWERS}: share of that arrangement in the answer")
    averaged: float = setting(0.5, "1", f"{BY_ANSWERS}: share of the mean of all arrangements in the rest")
    listed: int = setting(3, "arrangements", "set by hand: that an answer names")


ARRANGED = ArrangedSettings()


def arrange(classes: dict[str, NDArray[np.float32]], found: Arrangements) -> tuple[SiteArrangement, ...]:
    """Make shares of coordination numbers those of whole arrangements, and say which are likeliest.

    Args:
        classes: task to (classes,) blended probabilities; those of `cn` and `mixed` are changed in place. `mixed`
            becomes the probability of several coordination numbers: networks do not tell it.
        found: the candidates.

    Returns:
        The likeliest arrangements, the first one first.
    """
    if "cn" not in classes:
        return ()
    blended = classes["cn"].astype(np.float64)
    shares = np.concatenate([found.cn, np.eye(len(NUMBERS_OF_NEIGHBOURS))])
    weight = weights(found, blended)
    several = is_several(shares)
    likely = clusters(shares, weight, several)
    mixed = float(weight[several].sum())
    answer = (1 - ARRANGED.averaged) * blended + ARRANGED.averaged * (weight @ shares)
    if mixed > ARRANGED.noticed:
        likely.sort(key=lambda pair: not several[pair[0]])
        answer = (1 - ARRANGED.sharp) * answer + ARRANGED.sharp * shares[likely[0][0]]
    classes["cn"] = (answer / answer.sum()).astype(np.float32)
    classes["mixed"] = np.array([1 - mixed, mixed], np.float32)
    return tuple(_named(found, shares, weight, several, first, mass) for first, mass in likely[: ARRANGED.listed])


def evidence(found: Arrangements, blended: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n + 16, 5) what the logarithm of a weight is a sum of, of the candidates and of one coordination number each.

    Of known compounds: how likely each is by likeness alone, how near its shares are to the blended answer, and whether
    it has several kinds. Of one coordination number: that it is one, and how near it is.
    """
    n, kinds = len(found), len(NUMBERS_OF_NEIGHBOURS)
    columns = np.zeros((n + kinds, 5))
    log = np.log(np.maximum(blended, BLEND.least))
    if n:
        alike = found.likeness @ np.array(ARRANGEMENTS.likeness)
        alike -= alike.max()
        columns[:n, 0] = alike - np.log(np.exp(alike).sum())
        own = (found.cn * np.log(np.maximum(found.cn, 1e-9))).sum(1)
        columns[:n, 1] = found.cn @ log - own
        columns[:n, 4] = is_several(found.cn)
    columns[n:, 2] = 1.0
    columns[n:, 3] = log
    return columns


def weights(found: Arrangements, blended: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n + 16,) probabilities of the candidates and of one coordination number each."""
    logs = evidence(found, blended) @ np.array(ARRANGED.pool)
    powers = np.exp(logs - logs.max())
    return np.asarray(powers / powers.sum())


def is_several(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) whether there are several kinds."""
    low, high = ARRANGED.several
    largest = shares.max(1)
    return np.asarray((largest > low) & (largest < high))


def clusters(
    shares: NDArray[np.float64], weight: NDArray[np.float64], several: NDArray[np.bool_]
) -> list[tuple[int, float]]:
    """(candidate, probability of all that are alike) pairs, the likeliest first; none is in two of them."""
    alike = (np.abs(shares[:, None] - shares[None]).max(2) <= ARRANGED.alike) & (several[:, None] == several[None])
    left = weight.copy()
    found: list[tuple[int, float]] = []
    while left.max() > 1e-3:
        mass = np.where(left > 0, alike @ left, -1.0)
        first = int(mass.argmax())
        found.append((first, float(mass[first])))
        left[alike[first]] = 0.0
    return found


def _named(
    found: Arrangements,
    shares: NDArray[np.float64],
    weight: NDArray[np.float64],
    several: NDArray[np.bool_],
    first: int,
    mass: float,
) -> SiteArrangement:
    near = (np.abs(shares - shares[first]).max(1) <= ARRANGED.alike) & (several == several[first])
    near[len(found) :] = False
    known = np.flatnonzero(near)
    analogue = found.formulas[known[weight[known].argmax()]] if len(known) else None
    pairs = [(n, float(s)) for n, s in zip(NUMBERS_OF_NEIGHBOURS, shares[first], strict=True) if s > 5e-3]
    return SiteArrangement(tuple(sorted(pairs, key=lambda pair: -pair[1])), mass, analogue)
