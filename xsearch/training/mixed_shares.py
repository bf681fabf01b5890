"""How well the shares of oxidation states and coordinations come out where a compound has several kinds of sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.data.xanes_sites import fold_of
from xsearch.elements import SYMBOLS
from xsearch.errors import CrystalError
from xsearch.models.site_blend import blend, obey
from xsearch.options import Conditioning
from xsearch.training.calibration import calibrate
from xsearch.training.held_out import OutOfFold
from xsearch.training.site_network import sampling_weights

WITHIN = 0.15
"""How far each share may be off."""


@dataclass(frozen=True, slots=True)
class MixedShares:
    """Simulated measurements of compounds whose absorbers differ, of formulas that were not trained on.

    Attributes:
        n: spectra; both quantities are known.
        oxidation_state, cn, both: for how many all shares are right within 0.15.
        oxidation_state_clear, cn_clear: the same where bond valences and composition agree on the states of all sites,
            and where CrystalNN is sure of all coordination numbers; `n_agreed` and `n_sure` are how many.
        noticed: for how many several kinds of sites were said to be likelier than one.
        false_alarms: the same of spectra of one kind of site, or of alike ones.
    """

    n: int
    oxidation_state: float
    cn: float
    both: float
    oxidation_state_clear: float
    n_agreed: int
    cn_clear: float
    n_sure: int
    noticed: float
    false_alarms: float


def mixed_shares(held_out: OutOfFold, given: Conditioning) -> MixedShares:
    """Figures over the mixtures of a cross-validation, those of each half of the formulas weighed on the other."""
    examples, found = held_out.measured, held_out.measured_found[given]
    half = np.array([fold_of(f"half {f}", 2) for f in examples.formula])
    right: dict[str, list[bool]] = {"oxidation_state": [], "cn": []}
    agreed: list[bool] = []
    sure: list[bool] = []
    noticed: list[float] = []
    alarms: list[float] = []
    for k in (0, 1):
        learned = half != k
        seen = examples.take(learned)
        settings = calibrate(found.take(learned), seen, given, sampling_weights(seen))
        here = found.take(half == k)
        classes, _ = blend(here, settings)
        rows = np.flatnonzero(half == k)
        mixed = examples.labels["mixed"][rows]
        if "mixed" not in classes:  # only networks say
            classes["mixed"] = np.zeros((len(rows), 2), np.float32)
        alarms += (classes["mixed"][mixed == 0, 1] > 0.5).tolist()
        for place in np.flatnonzero(mixed == 1):
            own = {task: p[place].copy() for task, p in classes.items()}
            row = int(rows[place])
            amounts = _amounts(str(examples.formula[row]))
            if given is not Conditioning.NONE and amounts:
                symbol = SYMBOLS[int(examples.z[row]) - 1]
                obey(own, here, int(place), symbol, amounts, amounts if given is Conditioning.FORMULA else None)
            noticed.append(float(own["mixed"][1] > 0.5))
            agreed.append(bool(examples.labels["oxidation_agrees"][row] == 1))
            sure.append(not examples.ambiguous[row])
            for task, answers in right.items():
                answers.append(_close(own[task], examples.shares[task][row]))
    both = [a and b for a, b in zip(right["cn"], right["oxidation_state"], strict=True)]
    return MixedShares(
        n=len(both),
        oxidation_state=_mean(right["oxidation_state"]),
        cn=_mean(right["cn"]),
        both=_mean(both),
        oxidation_state_clear=_mean([r for r, a in zip(right["oxidation_state"], agreed, strict=True) if a]),
        n_agreed=sum(agreed),
        cn_clear=_mean([r for r, s in zip(right["cn"], sure, strict=True) if s]),
        n_sure=sum(sure),
        noticed=_mean(noticed),
        false_alarms=_mean(alarms),
    )


def _close(found: NDArray[np.float32], truth: NDArray[np.float32]) -> bool:
    return bool(np.abs(found - truth).max() <= WITHIN)


def _mean(values: list[bool] | list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _amounts(formula: str) -> dict[str, float]:
    try:
        return dict(parse_formula(formula))
    except CrystalError:
        return {}
