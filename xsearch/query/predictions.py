"""From the spectra of a question to what they say of the compound, for an inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from xsearch.chemistry.extinction import EXTINCTION_GROUPS, of_extinction
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS
from xsearch.elements import SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.indexes import sql
from xsearch.infer.predictions import NOTHING, Predictions
from xsearch.infer.property_links import METAL, PROPERTY_LINKS
from xsearch.infer.settings import INFERENCE_SETTINGS
from xsearch.options import ANY, Prior
from xsearch.preprocess.powder import net_pattern
from xsearch.preprocess.xanes import XanesWindow
from xsearch.query.question import Question
from xsearch.search import SearchIndex
from xsearch.search.isotypes import symmetry_of_isotypes
from xsearch.search.selection import Selection, rows_with
from xsearch.spectra import PowderPattern, Xanes

Distribution = Mapping[int, float]
Value = TypeVar("Value", int, str)


def predictions_of(index: SearchIndex, question: Question) -> tuple[Predictions, tuple[str, ...]]:
    """What the spectra of a question say, and notes on what was assumed; what is stated is not predicted.

    Args:
        index: its entries are the isotypes that a pattern is compared with.
        question: with spectra, elements and what is known of the sample.

    Raises:
        SpectrumError: where the pattern shows no line.
    """
    measurement, constraints = question.measurement, question.constraints
    elements = sorted(constraints.allowed or ())
    said, notes = of_edges(measurement.edges, elements, properties=INFERENCE_SETTINGS.links.uses_properties)
    stated = constraints.system is not None or constraints.space_group is not None
    if measurement.pattern is not None and not stated and INFERENCE_SETTINGS.links.uses_symmetry:
        systems, extinction = of_pattern(index, measurement.pattern, question.leave_out)
        said = replace(said, systems=systems, extinction=extinction)
    return (
        replace(
            said,
            oxidation={one: states for one, states in said.oxidation.items() if one not in measurement.oxidation},
            coordination={one: n for one, n in said.coordination.items() if one not in measurement.coordination},
        ),
        notes,
    )


def of_edges(
    edges: Sequence[Xanes], elements: Sequence[str], *, properties: bool = True
) -> tuple[Predictions, tuple[str, ...]]:
    """What edges say: of each absorber's surroundings by all its edges, and of the material by all edges together.

    Args:
        edges: as read from files.
        elements: of the compound.
        properties: whether those of the material are predicted.

    Returns:
        The predictions, and notes on what says nothing.
    """
    if not edges:
        return NOTHING, ()
    from xsearch.xas.prediction import predict  # it loads torch

    oxidation: dict[str, list[Distribution]] = {}
    coordination: dict[str, list[Distribution]] = {}
    distances: dict[str, list[tuple[float, float]]] = {}
    neighbours: dict[str, list[Mapping[str, float]]] = {}
    windows, notes = [], []
    for edge in edges:
        name = f"{edge.absorber} {edge.edge}"
        if edge.absorber not in elements:
            notes.append(f"The {name} edge says nothing of this compound: {edge.absorber} is not among its elements.")
            continue
        try:
            (found,) = predict([edge], elements=elements, library=False)  # a compound in no database
        except SpectrumError as error:
            notes.append(f"Nothing was predicted from the {name} edge: {error}")
            continue
        notes += [f"{name}: {reason}" for reason in found.site.unfamiliar]
        oxidation.setdefault(edge.absorber, []).append(dict(found.site.classes["oxidation_state"]))
        coordination.setdefault(edge.absorber, []).append(dict(found.site.classes["cn"]))
        if "mnnd_A" in found.site.numbers:
            distances.setdefault(edge.absorber, []).append(found.site.numbers["mnnd_A"])
        symbols = {SYMBOLS[int(z) - 1]: share for z, share in found.site.classes["neighbor_z"]}
        neighbours.setdefault(edge.absorber, []).append(symbols)
        windows.append(found.window)
    return (
        Predictions(
            {element: pooled(said) for element, said in oxidation.items()},
            {element: pooled(said) for element, said in coordination.items()},
            distances={
                element: (float(np.mean([mean for mean, _ in said])), float(np.mean([off for _, off in said])))
                for element, said in distances.items()
            },
            neighbours={element: pooled(said) for element, said in neighbours.items()},
            properties=properties_of(windows, elements) if properties else {},
        ),
        tuple(notes),
    )


def of_pattern(
    index: SearchIndex, pattern: PowderPattern, leave_out: Sequence[str] = ()
) -> tuple[dict[str, float], dict[int, float]]:
    """The probabilities of crystal systems and extinction groups, by isotypes of any elements, network and lines.

    Args:
        index: its entries are the isotypes.
        pattern: as measured.
        leave_out: reduced formulas whose entries are not compared.
    """
    rows = rows_with(index.index, ANY, measured_cells=False)
    hidden = index.index.sql(sql.ROWS_OF_FORMULAS, [sorted(leave_out)]).fetchall()
    rows = np.setdiff1d(rows, [row for (row,) in hidden])
    net = net_pattern(pattern, index.settings.net_pattern)
    with threadpool_limits(index.threads, user_api="blas"):
        selected = Selection(index.index, rows, index.profiles(rows), Prior.KNOWN, index.threads, index.settings)
        systems, groups = symmetry_of_isotypes(selected, net)
    firsts = (members[0] for members in EXTINCTION_GROUPS)
    return (
        dict(zip(CRYSTAL_SYSTEMS, systems.tolist(), strict=True)),
        dict(zip(firsts, of_extinction(groups).tolist(), strict=True)),
    )


def properties_of(windows: Sequence[XanesWindow], elements: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Properties of a material by all its edges, as `Predictions` holds them; empty without an edge."""
    if not windows:
        return {}
    from xsearch.models.property_model import shipped_property_model

    found = shipped_property_model().predict(windows, elements)
    numbers = {kind: found.numbers[name] for kind, name in PROPERTY_LINKS.items() if name in found.numbers}
    metal = found.classes.get(METAL)
    return numbers if metal is None else {**numbers, "metal": (metal["no"], metal["yes"])}


def pooled(said: Sequence[Mapping[Value, float]]) -> Mapping[Value, float]:
    """Predictions of one quantity from several edges as one: their geometric mean, since they share their errors."""
    least = 1e-3  # what is not listed is rarer
    values = sorted({value for one in said for value in one})
    logs = np.array([np.mean([np.log(max(one.get(value, 0.0), least)) for one in said]) for value in values])
    shares = np.exp(logs - logs.max())
    return dict(zip(values, (shares / shares.sum()).tolist(), strict=True))
