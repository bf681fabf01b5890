"""What spectra say of a compound, and how it enters an inference: as probabilities, never as a cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.answers.link import Link
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.extinction import EXTINCTION_GROUPS, EXTINCTION_OF_GROUP
from xsearch.chemistry.space_groups import CRYSTAL_SYSTEMS, SYSTEM_OF_GROUP
from xsearch.chemistry.valence import OxidationHint, is_alloy, reported_states
from xsearch.infer.coordination import commonest_neighbours, coordination_numbers, first_shells
from xsearch.infer.property_links import PROPERTY_LINKS, log_agreement
from xsearch.infer.proposals import log_charges
from xsearch.infer.settings import INFERENCE_SETTINGS, LinkSettings

Array = NDArray[np.float64]

SYSTEM, EXTINCTION = "crystal system", "extinction group"

KINDS = {
    "coordination": "coordination", "distances": "distance", SYSTEM: "system", EXTINCTION: "extinction",
    "neighbours": "neighbour", **{kind.replace("_", " "): kind for kind in PROPERTY_LINKS},
}  # fmt: skip
"""How the settings name links, by the first words of their names."""

UNITS = {"density": "g/cm³", "gap": "eV", "formation energy": "eV/atom"}
"""Of properties that are numbers."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What spectra say of a compound; what was not measured is empty.

    Attributes:
        oxidation: absorber to probabilities of its oxidation states.
        coordination: absorber to probabilities of its coordination numbers.
        systems: crystal system to its probability.
        extinction: extinction group, by its first space group, to its probability.
        distances: absorber to the mean distance of its nearest neighbours and its uncertainty, both in Å.
        neighbours: absorber to probabilities of the most frequent element among its nearest neighbours.
        properties: of the material, by kind of `PROPERTY_LINKS`: value and uncertainty; of `metal` the probabilities
            that it is none and that it is one.
    """

    oxidation: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    coordination: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    systems: Mapping[str, float] = field(default_factory=dict)
    extinction: Mapping[int, float] = field(default_factory=dict)
    distances: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    neighbours: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    properties: Mapping[str, tuple[float, float]] = field(default_factory=dict)


NOTHING = Predictions()


class Links:
    """Predictions as log-evidence for proposals and candidates.

    Args:
        elements: of the compound, by atomic number.
        predicted: what spectra say.
        stated: oxidation states that are known; they go before what is predicted.
        alloy: as `propose` takes it; charges say nothing of an alloy.
        settings: how much each counts.
    """

    def __init__(
        self,
        elements: tuple[str, ...],
        predicted: Predictions,
        stated: Mapping[str, OxidationHint] | None = None,
        alloy: bool | None = None,
        settings: LinkSettings = INFERENCE_SETTINGS.links,
    ) -> None:
        self._elements, self._alloy, self._settings = elements, alloy, settings
        self._stated = dict(stated or {})
        self._without_charges = is_alloy(elements) if alloy is None else alloy
        oxidation = {} if self._without_charges else predicted.oxidation
        self.predicted = replace(
            predicted,
            oxidation={one: said for one, said in oxidation.items() if one not in self._stated and any(said)},
        )

    @property
    def hints(self) -> dict[str, OxidationHint]:
        """Oxidation states by element for the charge balance: stated ones, and predicted ones mixed with reported."""
        share = self._settings.reported_share
        mixed: dict[str, OxidationHint] = {}
        for element, said in self.predicted.oxidation.items():
            charged = {state: p for state, p in said.items() if state}
            reported = {state: float(np.exp(log)) for state, log in reported_states().get(element, {}).items()}
            whole = sum(charged.values()) or 1.0
            mixed[element] = {
                state: (1 - share) * charged.get(state, 0.0) / whole + share * reported.get(state, 0.0)
                for state in sorted({*charged, *reported})
            }
        return {**mixed, **self._stated}

    def log_systems(self) -> Array | None:
        """(8,) evidence for each crystal system by its code, the last for an unknown one; None without a prediction."""
        said: Mapping[str, float] = self.predicted.systems
        if not said or not self._settings.system_weight:
            return None
        settings = self._settings
        found = np.array([said.get(system, 0.0) for system in CRYSTAL_SYSTEMS], np.float64)
        logs = settings.system_weight * np.log(np.maximum(found, settings.least_probability))
        return np.append(logs, logs.mean())

    def of_formulas(self, coefficients: NDArray[np.integer]) -> dict[str, Array]:
        """By name of a link, (m,) what the predicted oxidation states of an absorber add to formulas (m, n)."""
        whole = log_charges(self._elements, coefficients, self.hints, self._alloy)
        return {
            f"oxidation states of {element}": whole - log_charges(
                self._elements, coefficients, {k: v for k, v in self.hints.items() if k != element}, self._alloy
            )
            for element in self.predicted.oxidation
        }  # fmt: skip

    def of_groups(self, space_groups: NDArray[np.integer]) -> dict[str, Array]:
        """The same of space groups (m,) by the predicted crystal system."""
        logs = self.log_systems()
        return {} if logs is None else {SYSTEM: logs[SYSTEM_OF_GROUP[space_groups]]}

    def of_crystals(self, crystals: Sequence[Crystal]) -> dict[str, Array]:
        """The same of m crystals by the predicted coordination numbers, the mean over an absorber's sites."""
        weight = self._settings.coordination_weight
        return {
            f"coordination of {element}": weight * self._log_coordination(crystals, element, said)
            for element, said in self.predicted.coordination.items()
        }

    def of_candidates(self, crystals: Sequence[Crystal], space_groups: NDArray[np.integer]) -> dict[str, Array]:
        """The same of m crystals fitted to a pattern, and their groups (m,), beside what `of_formulas` says of them."""
        return {
            name: weight * logs
            for kind, weight in self._settings.with_pattern.items()
            if weight
            for name, logs in self.log_probabilities(kind, crystals, space_groups).items()
        }

    def weight_with_pattern(self, name: str) -> float:
        """How much a link counts among candidates that were fitted to a pattern."""
        return self._settings.with_pattern[KINDS[name.partition(" of ")[0]]]

    def log_probabilities(
        self, kind: str, crystals: Sequence[Crystal], space_groups: NDArray[np.integer]
    ) -> dict[str, Array]:
        """By name of a link, (m,) logarithms of how probable crystals are by predictions of one kind.

        Args:
            kind: of `KINDS`.
            crystals: m of them. space_groups: (m,) theirs.
        """
        said = self.predicted
        if kind in PROPERTY_LINKS:
            name = kind.replace("_", " ")
            return (
                {name: self._floored(log_agreement(kind, crystals, said.properties[kind]))}
                if kind in said.properties
                else {}
            )
        if kind == "neighbour":
            return {
                f"neighbours of {element}": self._log_neighbours(crystals, element, shares)
                for element, shares in said.neighbours.items()
            }
        if kind == "coordination":
            return {
                f"coordination of {element}": self._log_coordination(crystals, element, numbers)
                for element, numbers in said.coordination.items()
            }
        if kind == "distance":
            return {
                f"distances of {element}": self._log_distances(crystals, element, *expected)
                for element, expected in said.distances.items()
            }
        if kind == "system":
            of_group = [said.systems.get(CRYSTAL_SYSTEMS[SYSTEM_OF_GROUP[group]], 0.0) for group in space_groups]
            return {SYSTEM: self._logs(of_group)} if said.systems else {}
        firsts = [EXTINCTION_GROUPS[EXTINCTION_OF_GROUP[group]][0] for group in space_groups]
        return (
            {EXTINCTION: self._logs([said.extinction.get(group, 0.0) for group in firsts])} if said.extinction else {}
        )

    def _logs(self, probabilities: Sequence[float]) -> Array:
        return np.log(np.maximum(np.array(probabilities, np.float64), self._settings.least_probability))

    def _floored(self, logs: Array) -> Array:
        return np.maximum(logs, np.log(self._settings.least_probability))

    def _log_neighbours(self, crystals: Sequence[Crystal], element: str, said: Mapping[str, float]) -> Array:
        agreed = []
        for crystal in crystals:
            found = commonest_neighbours(crystal, element)
            agreed.append(float(np.mean([said.get(one, 0.0) for one in found])) if found else 1.0)
        return self._logs(agreed)

    def _log_coordination(self, crystals: Sequence[Crystal], element: str, said: Mapping[int, float]) -> Array:
        agreed = []
        for crystal in crystals:
            numbers = coordination_numbers(crystal, element)
            agreed.append(sum(said.get(number, 0.0) for number in numbers) / len(numbers) if numbers else 1.0)
        return self._logs(agreed)

    def _log_distances(self, crystals: Sequence[Crystal], element: str, mean_A: float, off_A: float) -> Array:
        """Of a Laplace distribution about the prediction, against its peak: bonds of templates are not relaxed."""
        found = [[distance for _, distance in first_shells(crystal, element)] for crystal in crystals]
        off = [abs(float(np.mean(distances)) - mean_A) / off_A if distances else 0.0 for distances in found]
        return self._logs(np.exp(-np.array(off)).tolist())

    def chain(
        self, total: Array, parts: Mapping[str, Array], worth: Mapping[str, float], names: Sequence[str]
    ) -> tuple[Link, ...]:
        """What each link said and did.

        Args:
            total: (k,) log-evidence of the candidates.
            parts: by name of a link, (k,) what it added to `total`.
            worth: by name of a link, the weight of its logarithms in that.
            names: formula and space group of each candidate.
        """
        if not len(total):
            return ()
        first = int(np.argmax(total))
        found = []
        for name, part in parts.items():
            without = int(np.argmax(total - part))
            disfavoured = int((part < part.max() + self._settings.disfavoured).sum())
            found.append(
                Link(
                    name, self._said(name), worth[name], disfavoured, len(part), names[without],
                    names[without] != names[first],
                )
            )  # fmt: skip
        return tuple(found)

    def _said(self, name: str) -> tuple[tuple[str, float], ...]:
        if name == SYSTEM:
            said = [(str(system), p) for system, p in self.predicted.systems.items()]
        elif name == EXTINCTION:
            said = [(f"that of group {group}", p) for group, p in self.predicted.extinction.items()]
        elif name.startswith("distances"):
            mean_A, off_A = self.predicted.distances[name.rpartition(" of ")[2]]
            return ((f"{mean_A:.2f} ± {off_A:.2f} Å", 1.0),)
        elif name in UNITS:
            value, off = self.predicted.properties[KINDS[name]]
            return ((f"{value:.2f} ± {off:.2f} {UNITS[name]}", 1.0),)
        elif name == "metal":
            said = list(zip(("no", "yes"), self.predicted.properties["metal"], strict=True))
        elif name.startswith("neighbours"):
            said = list(self.predicted.neighbours[name.rpartition(" of ")[2]].items())
        else:
            kind, _, element = name.rpartition(" of ")
            of = self.predicted.oxidation if kind.startswith("oxidation") else self.predicted.coordination
            signed = "+d" if kind.startswith("oxidation") else "d"
            said = [(format(value, signed) if value else "0", p) for value, p in of[element].items()]
        return tuple(sorted(((value, p) for value, p in said if p >= 0.005), key=lambda one: -one[1]))
