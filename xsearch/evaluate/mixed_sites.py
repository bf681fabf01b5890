"""Shares of oxidation states and coordination numbers of compounds with several kinds of sites, on unseen formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import parse_formula
from xsearch.data.mixed_compounds import MixedCompound
from xsearch.evaluate.known_compounds import SHARES_WITHIN
from xsearch.models.site_blend import SiteAnswer
from xsearch.models.site_model import SiteModel, shipped_site_model
from xsearch.options import Conditioning
from xsearch.xas.feff_energy import extra_shift_eV
from xsearch.xas.settings import DEFAULTS, MatchingSettings


def usual_shift_eV(crystal: Crystal, absorber: str, edge: str, settings: MatchingSettings = DEFAULTS.matching) -> float:
    """By how much measured energies of an edge are expected above those of FEFF, by the crystal's bonding."""
    if extra := extra_shift_eV(absorber, edge):
        return settings.other_edge_shift_eV[0] + extra
    present = set(crystal.elements)
    if len(present) == 1:
        return settings.metal_shift_eV[0]
    return settings.oxide_shift_eV[0] if "O" in present else settings.other_shift_eV[0]


def evaluate_mixed(compounds: Sequence[MixedCompound], model: SiteModel | None = None) -> dict[str, dict[str, Any]]:
    """Figures by what is given of the compounds.

    Args:
        compounds: that the model has not seen.
        model: the shipped one if None.

    Returns:
        `n`; `oxidation_state`, `cn` and `both`, for how many all shares are right within 0.15; `noticed`, for how many
        several kinds of sites are likelier than one.
    """
    model = model or shipped_site_model()
    found: dict[str, dict[str, Any]] = {}
    for given in Conditioning:
        rows = []
        for one in compounds:
            answer = answer_of(model, one, given)
            states = is_close(answer.classes["oxidation_state"], one.oxidation_state)
            numbers = is_close(answer.classes["cn"], one.cn)
            rows.append((states, numbers, states and numbers, (answer.mixed or 0.0) > 0.5))
        means = np.array(rows, float).reshape(-1, 4).mean(axis=0) if rows else np.full(4, np.nan)
        names = ("oxidation_state", "cn", "both", "noticed")
        found[given.value] = {"n": len(rows), **dict(zip(names, means.round(4).tolist(), strict=True))}
    return found


def answer_of(model: SiteModel, one: MixedCompound, given: Conditioning) -> SiteAnswer:
    """What a model says of a compound of which so much is given."""
    amounts = parse_formula(one.formula)
    elements = () if given is Conditioning.NONE else sorted(amounts)
    return model.predict([one.window], elements, amounts if given is Conditioning.FORMULA else None)[0]


def is_close(said: Sequence[tuple[int, float]], shares: Mapping[int, float]) -> bool:
    """Whether all shares are right within 0.15."""
    found = dict(said)
    off = max(abs(found.get(value, 0.0) - shares.get(value, 0.0)) for value in {*found, *shares})
    return off <= SHARES_WITHIN
