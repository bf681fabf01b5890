"""Substitutions for several sets of elements at once, where it is not certain which elements a compound holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.valence import OxidationHint
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import QueryError
from xsearch.infer.proposals import Proposals, formula_code, likeliest_first, propose
from xsearch.infer.settings import INFERENCE_SETTINGS, InferenceSettings, ProposalSettings
from xsearch.infer.template_library import MOST_ELEMENTS, TemplateLibrary

MOST_SETS = 63
"""Sets of elements that are tried: all of six elements, none of which is certain."""

SPARE = 4
"""Times the share of each set in what is proposed that may come of one: sets are not alike in what they allow."""


def usable_sets(sets: Sequence[Collection[str]], needed: Collection[str] = ()) -> list[frozenset[str]]:
    """The sets that an inference tries.

    Args:
        sets: of the elements of a compound.
        needed: elements whose edges were measured; sets without them are left out where others hold them.

    Raises:
        QueryError: where there are none, or too many.
    """
    found = [frozenset(one) for one in sets]
    found = [one for one in found if one >= frozenset(needed)] or found
    # no template has more elements
    found = [one for one in found if len(one) <= MOST_ELEMENTS] or found
    if not found:
        raise QueryError("Name the elements that the compound may hold, such as --may Ti,O,Fe or --exactly Ti,O.")
    if len(found) > MOST_SETS:
        raise QueryError(
            f"These are {len(found)} choices of elements, and an inference tries {MOST_SETS} at most, those of six "
            "uncertain elements; name those that are certain with --must."
        )
    return found


def propose_sets(
    library: TemplateLibrary,
    sets: Sequence[Collection[str]],
    *,
    oxidation: Mapping[str, OxidationHint] | None = None,
    settings: ProposalSettings = INFERENCE_SETTINGS.proposals,
    **options: Any,
) -> Proposals:
    """Substitutions by all elements of one of several sets, each set as likely as another, the most probable first.

    Args:
        library: the templates.
        sets: of elements; an element that a proposal does not hold has the coefficient 0.
        oxidation: states known for some elements.
        settings: as for one set.
        options: the other ones of `propose`.
    """
    elements = tuple(sorted(set().union(*sets), key=ATOMIC_NUMBERS.__getitem__))
    of_each = replace(settings, most=min(settings.most, SPARE * settings.most // len(sets)))
    parts: list[Proposals] = []
    groups: list[NDArray[np.int64]] = []
    for one in sets:
        hints = {element: hint for element, hint in (oxidation or {}).items() if element in one}
        found = propose(library, sorted(one), oxidation=hints, settings=of_each, **options)
        codes, formula = np.unique(formula_code(found.coefficients), return_inverse=True)
        # sets share no formula: the numbers of each begin after those of the last
        first = 1 + max((int(group.max(initial=0)) for group in groups), default=0)
        groups.append(first + library.template[found.row].astype(np.int64) * max(len(codes), 1) + formula)
        parts.append(among(found, elements))
    if len(parts) == 1:
        return parts[0]
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Proposals)
        if field.name != "elements"
    }
    for name in ("prior", "log_formula", "log_system"):
        columns[name] = columns[name] - np.log(sum(len(part) > 0 for part in parts) or 1)
    order = likeliest_first(columns["prior"], columns["row"], np.concatenate(groups), settings)
    return Proposals(elements, **columns).take(order)


def settings_of_sets(settings: InferenceSettings, sets: int) -> InferenceSettings:
    """Those of an inference that tries several sets of elements: more is proposed and screened, to a limit."""
    proposals = settings.proposals
    factor = min(sets, proposals.most_sets_counted)
    assignments = max(proposals.most_assignments // sets, proposals.most)
    return replace(
        settings,
        proposals=replace(proposals, most=factor * proposals.most, most_assignments=assignments),
        screening=replace(settings.screening, most=factor * settings.screening.most),
    )


def elements_note(sets: Sequence[Collection[str]]) -> str:
    """Which elements the candidates hold, in a line."""
    certain = frozenset(sets[0]).intersection(*sets)
    uncertain = frozenset().union(*sets) - certain
    all_of, some_of = (", ".join(sorted(one, key=ATOMIC_NUMBERS.__getitem__)) for one in (certain, uncertain))
    if not uncertain:
        return f"Every candidate holds all of {all_of} and nothing else."
    holds = f"all of {all_of}, some or none of {some_of}" if certain else f"some of {some_of}"
    return (
        f"Every candidate holds {holds}, and nothing else: {len(sets)} sets of elements were tried, each as likely as "
        "another."
    )


def among(found: Proposals, elements: tuple[str, ...]) -> Proposals:
    """Proposals of some elements as those of more, whose coefficients are 0."""
    coefficients = np.zeros((len(found), len(elements)), np.int32)
    coefficients[:, [elements.index(element) for element in found.elements]] = found.coefficients
    return replace(found, elements=elements, coefficients=coefficients)
