"""Inference without a pattern: the likeliest formulas, each with its likeliest crystal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Candidate
from xsearch.answers.link import Link
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import reduced_formula
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError
from xsearch.infer.coordination import has_coordination
from xsearch.infer.description import proposed_candidate
from xsearch.infer.predictions import Links
from xsearch.infer.proposals import Proposals
from xsearch.infer.settings import LinkSettings
from xsearch.infer.substitute import substituted
from xsearch.infer.template_library import TemplateLibrary

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A proposal with its crystal."""

    place: int
    crystal: Crystal
    symmetry: Symmetry


def by_chemistry(
    library: TemplateLibrary,
    proposals: Proposals,
    links: Links,
    *,
    top: int,
    coordination: Mapping[str, Sequence[int]],
    groups: frozenset[int] | None,
    settings: LinkSettings,
) -> tuple[list[Candidate], tuple[Link, ...]]:
    """The likeliest formulas, each with its likeliest crystal, and what each prediction did.

    Without a pattern nothing tells the crystals of one formula apart but how likely their templates are and the
    coordination of the absorbers, so that a candidate's probability is that of its formula.

    Args:
        library: the templates.
        proposals: from it.
        links: predictions from spectra.
        top: how many candidates.
        coordination: coordination numbers that elements must have.
        groups: space groups that a candidate may have.
        settings: how many formulas and crystals are compared.
    """
    formulas, place = np.unique(proposals.coefficients, axis=0, return_inverse=True)
    place = place.ravel()
    log_formula = np.full(len(formulas), -np.inf)
    np.maximum.at(log_formula, place, proposals.log_formula)
    likely = np.argsort(-log_formula, kind="stable")[: max(settings.formulas, 2 * top)]
    made = {
        int(f): _crystals(library, proposals, np.flatnonzero(place == f), coordination, groups, settings)
        for f in likely
    }
    kept = [int(f) for f in likely if made[int(f)]]
    if not kept:
        return [], ()
    parts = links.of_formulas(formulas[kept])
    chosen: list[_Made] = []
    gains: dict[str, list[float]] = {}
    for f in kept:
        ones = made[f]
        prior = proposals.prior[[one.place for one in ones]]
        share = prior - np.logaddexp.reduce(prior)
        agreed = links.of_crystals([one.crystal for one in ones])
        whole = share + sum(agreed.values(), np.zeros(len(ones)))
        chosen.append(ones[int(np.argmax(whole))])
        for name, part in agreed.items():
            gains.setdefault(name, []).append(float(np.logaddexp.reduce(whole) - np.logaddexp.reduce(whole - part)))
    parts |= {name: np.array(part) for name, part in gains.items()}
    total = log_formula[kept] + sum((np.array(part) for part in gains.values()), np.zeros(len(kept)))
    share = np.exp(total - np.logaddexp.reduce(total))
    order = np.argsort(-total, kind="stable")
    candidates = [
        proposed_candidate(
            library, proposals[chosen[k].place], chosen[k].crystal, chosen[k].symmetry, float(share[k]), rank
        )
        for rank, k in enumerate(order[:top].tolist(), start=1)
    ]
    names = [f"{reduced_formula(one.crystal.composition)} {one.symmetry.number}" for one in chosen]
    worth = {name: settings.coordination_weight if name in gains else 1.0 for name in parts}
    return candidates, links.chain(total, parts, worth, names)


def _crystals(
    library: TemplateLibrary,
    proposals: Proposals,
    places: NDArray[np.int64],
    coordination: Mapping[str, Sequence[int]],
    groups: frozenset[int] | None,
    settings: LinkSettings,
) -> list[_Made]:
    """The likeliest crystals of a formula, one of each template, that meet what was stated."""
    found: list[_Made] = []
    seen: set[int] = set()
    for k in places[np.argsort(-proposals.prior[places], kind="stable")].tolist():
        template = int(library.template[proposals.row[k]])
        if template in seen:
            continue
        (crystal,) = substituted(library, proposals.take(np.array([k])))
        if not has_coordination(crystal, coordination):
            continue
        try:
            symmetry = find_symmetry(crystal)
        except CrystalError:
            continue
        if groups is not None and symmetry.number not in groups:
            continue
        seen.add(template)
        found.append(_Made(k, crystal, symmetry))
        if len(found) == settings.structures:
            break
    return found
