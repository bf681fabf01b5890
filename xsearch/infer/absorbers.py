"""Measured edges as evidence for inferred crystals, through the spectra that the forward model predicts for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xsearch.answers import Candidate
from xsearch.errors import CrystalError
from xsearch.infer.settings import INFERENCE_SETTINGS, EdgeSettings
from xsearch.models.forward import ForwardEnsemble, PredictedXanes, forward_ensemble, listed
from xsearch.spectra import Xanes
from xsearch.xas.feff_energy import extra_shift_eV


def reorder_by_xanes(
    candidates: list[Candidate], xanes: Sequence[Xanes], settings: EdgeSettings = INFERENCE_SETTINGS.edges
) -> tuple[list[Candidate], list[str]]:
    """Order candidates by pattern and edges.

    Args:
        candidates: ranked by the pattern.
        xanes: measured edges; those that the forward model does not know are left out, and named.
        settings: how much an edge counts.

    Returns:
        The candidates with new ranks and probabilities, and notes on what was used.
    """
    ensemble = forward_ensemble()
    used = [x for x in xanes if (x.absorber, x.edge) in ensemble.edges]
    notes = [
        f"The {x.absorber} {x.edge} edge was not used: the forward model knows {listed(ensemble.edges)}."
        for x in xanes
        if x not in used
    ]
    if not used or not candidates:
        return candidates, notes
    head, rest = candidates[: settings.most], candidates[settings.most :]
    agreements = [{x.absorber: agreement(ensemble, candidate, x, settings) for x in used} for candidate in head]
    weights = np.array(
        [
            np.log(max(c.probability, 1e-12)) + settings.log_odds * sum(a.values())
            for c, a in zip(head, agreements, strict=True)
        ]
    )
    share = np.exp(weights - weights.max())
    share *= sum(c.probability for c in head) / share.sum()
    order = np.argsort(-share, kind="stable")
    assumption = "Spectra predicted by the forward model took part in the order."
    ordered = [
        replace(
            head[k],
            probability=float(share[k]),
            xanes_agreement=agreements[k],
            assumptions=(*head[k].assumptions, assumption),
        )
        for k in order.tolist()
    ]
    return [replace(c, rank=rank) for rank, c in enumerate([*ordered, *rest], start=1)], notes


def agreement(
    ensemble: ForwardEnsemble, candidate: Candidate, xanes: Xanes, settings: EdgeSettings = INFERENCE_SETTINGS.edges
) -> float:
    """Pearson's r of the predicted with the measured spectrum at the best shift; 0 where it cannot be predicted."""
    try:
        predicted = ensemble.predict(candidate.crystal, xanes.absorber, xanes.edge)
    except CrystalError:
        return 0.0
    return best_correlation(predicted, xanes, settings)


def best_correlation(
    predicted: PredictedXanes, xanes: Xanes, settings: EdgeSettings = INFERENCE_SETTINGS.edges
) -> float:
    """Pearson's r at the best energy shift over the energies that both cover, 0 where they share too few."""
    best, reach, step_eV = 0.0, settings.largest_shift_eV, settings.step_eV
    usual = extra_shift_eV(predicted.absorber, predicted.edge) or 0.0
    for shift in usual + np.arange(-reach, reach + 0.01, step_eV):
        low = max(predicted.energy_eV[0] + shift, xanes.energy_eV[0])
        high = min(predicted.energy_eV[-1] + shift, xanes.energy_eV[-1])
        if high - low < settings.least_overlap_eV:
            continue
        grid = np.arange(low, high, step_eV)
        one = np.interp(grid - shift, predicted.energy_eV, predicted.mu)
        two = np.interp(grid, xanes.energy_eV, xanes.mu)
        if one.std() > 1e-9 and two.std() > 1e-9:
            best = max(best, float(np.corrcoef(one, two)[0, 1]))
    return best
