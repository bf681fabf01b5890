"""How answers of the parts of a site model become one, and how what is given is obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.elements import SYMBOLS
from xsearch.models.conditioning import possible_neighbours, possible_states, shared_states
from xsearch.models.tasks import CLASSES, NUMBERS
from xsearch.settings import setting

BY_HAND = "set by hand"
COMPOSITION, CHARGES = "composition", "charges"
"""The parts that do not read the spectrum: what a composition says, and which states balance a formula."""


@dataclass(frozen=True, slots=True)
class BlendSettings:
    """How parts are blended and what is given is obeyed."""

    least: float = setting(1e-4, "probability", f"{BY_HAND}: of a part's answer, so that none forbids alone")
    impossible: float = setting(
        2e-3, "probability", f"{BY_HAND}: a coordination number that a composition makes rarer cannot be"
    )
    few_and_many: tuple[float, float] = setting(
        (30.0, 1000.0), "spectra", f"{BY_HAND}: of an edge; between them parts' weights go from one end to the other"
    )
    least_trust: float = setting(0.25, "1", f"{BY_HAND}: uncertainties of numbers grow fourfold at most")


BLEND = BlendSettings()


@dataclass(frozen=True, slots=True)
class SiteArrangement:
    """Shares of coordination numbers that an absorber's sites may have together.

    Attributes:
        cn: (coordination number, share of the atoms) pairs, the largest share first.
        probability: of shares like these.
        analogue: the likeliest known compound whose sites are so; None where no known compound says it.
    """

    cn: tuple[tuple[int, float], ...]
    probability: float
    analogue: str | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        shares = [{"value": value, "share": round(share, 4)} for value, share in self.cn]
        return {"cn": shares, "probability": round(self.probability, 4), "analogue": self.analogue}


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """The surroundings of an absorber, as one spectrum gives them.

    Attributes:
        classes: task to (value, probability) pairs, the most probable first; `neighbor_z` gives atomic numbers.
        numbers: task to (value, uncertainty): two thirds of the true values lie within the uncertainty.
        mixed: probability that absorbers of different oxidation state or coordination add up to the spectrum; the
            probabilities of `cn`, `oxidation_state` and `neighbor_z` are then their shares. With a formula, that of
            several coordination numbers, by `arrangements`. None if not predicted.
        unfamiliar: reasons why the spectrum lies outside what the model has seen; empty where it does not.
        arrangements: whole arrangements of the sites, the likeliest first; empty where no formula is given.
    """

    classes: dict[str, tuple[tuple[int, float], ...]]
    numbers: dict[str, tuple[float, float]]
    mixed: float | None
    unfamiliar: tuple[str, ...]
    arrangements: tuple[SiteArrangement, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain values, neighbours by symbol."""
        named = {
            task: [
                {"value": SYMBOLS[v - 1] if task == "neighbor_z" else v, "probability": round(p, 4)} for v, p in found
            ]
            for task, found in self.classes.items()
        }
        named["neighbor"] = named.pop("neighbor_z", [])
        numbers = {task: {"value": round(v, 4), "uncertainty": round(u, 4)} for task, (v, u) in self.numbers.items()}
        mixed = None if self.mixed is None else round(self.mixed, 4)
        arranged = [one.to_dict() for one in self.arrangements]
        return {**named, **numbers, "mixed": mixed, "arrangements": arranged, "unfamiliar": list(self.unfamiliar)}


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Answers of the parts to n spectra.

    Attributes:
        parts: by part and task, (n, classes) probabilities or (n, 2) mean and scale.
        features: (n, widths of the networks) what the networks read off the spectra.
        coverage: (n,) from 0 where few spectra of an edge were trained on, to 1 where there were many.
    """

    parts: dict[str, dict[str, NDArray[np.float32]]]
    features: NDArray[np.float32]
    coverage: NDArray[np.float32]

    def take(self, rows: NDArray[np.generic]) -> Blend:
        """The answers to some spectra, by index or mask."""
        parts = {part: {task: a[rows] for task, a in found.items()} for part, found in self.parts.items()}
        return Blend(parts, self.features[rows], self.coverage[rows])


def blend(
    found: Blend, settings: dict[str, Any], trust: NDArray[np.float32] | None = None
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]:
    """Calibrated probabilities of each class task, and (n, 2) value and uncertainty of each number.

    Args:
        found: answers of the parts.
        settings: `weights` of the parts for each task, of classes at the least and at full coverage, and `scale` of
            each number.
        trust: (n,) from 0 to 1, by which the parts that read the spectrum count; 1 if None. Where it is 0, answers
            are those of the composition, numbers too.
    """
    classes, numbers, least = {}, {}, BLEND.least
    answered = [task for task, weights in settings["weights"].items() if weights]
    for task in (t for t in CLASSES if t in answered):
        logs = sum(
            _counted(part, at_coverage(ends, found.coverage), trust)
            * np.log(np.maximum(found.parts[part][task], least))
            for part, ends in settings["weights"][task].items()
        )
        if trust is not None and task in (said := found.parts.get(COMPOSITION, {})):
            weight = at_coverage(settings["weights"][task].get(COMPOSITION, (0.0, 0.0)), found.coverage)
            alone = (trust[:, None] == 0) & (weight == 0)
            logs = np.where(alone, np.log(np.maximum(said[task], least)), logs)
        powers = np.exp(logs - np.max(logs, axis=1, keepdims=True))
        classes[task] = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    for task in (t for t in NUMBERS if t in answered):
        weights = settings["weights"][task]
        mixed = sum(w * found.parts[part][task] for part, w in weights.items()) / sum(weights.values())
        mixed = np.asarray(mixed, np.float32)
        mixed[:, 1] *= settings["scale"].get(task, 1.0)
        if trust is not None:
            mixed[:, 1] /= np.maximum(trust, BLEND.least_trust)
            if task in found.parts.get(COMPOSITION, {}):
                mixed = np.where((trust == 0)[:, None], found.parts[COMPOSITION][task], mixed)
        numbers[task] = mixed
    return classes, numbers


def at_coverage(weight: Sequence[float], coverage: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 1) a part's weight, which goes from its first to its second value as the coverage rises."""
    few, many = weight
    return (few + (many - few) * coverage)[:, None]


def coverage_of(spectra: NDArray[np.integer]) -> NDArray[np.float32]:
    """(n,) coverage of edges of which so many spectra were trained on."""
    few, many = BLEND.few_and_many
    return np.asarray(np.clip(np.log(np.maximum(spectra, 1) / few) / np.log(many / few), 0, 1), np.float32)


def _counted(part: str, weight: NDArray[np.float32], trust: NDArray[np.float32] | None) -> NDArray[np.float32]:
    return weight if trust is None or part in (COMPOSITION, CHARGES) else weight * trust[:, None]


def trust(distance: NDArray[np.float32], usual: float, decline: float) -> NDArray[np.float32]:
    """(n,) 1 up to the usual distance, then falling as a power of it."""
    return np.asarray(np.maximum(distance / max(usual, 1e-6), 1.0) ** -decline, np.float32)


def obey(
    classes: dict[str, NDArray[np.float32]],
    found: Blend,
    row: int,
    absorber: str,
    elements: Iterable[str],
    amounts: Mapping[str, float] | None,
) -> None:
    """Take the probability of what cannot be, by what is given of a compound, and share it among the rest.

    Where a formula leaves the absorber a mean oxidation state between two whole ones, the answer gets that mean.

    Args:
        classes: task to (classes,) probabilities, changed in place.
        found: answers of the parts, that of the composition among them.
        row: which of them.
        absorber: its symbol.
        elements, amounts: what is given.
    """
    present = set(amounts if amounts is not None else elements)
    possible = {
        "oxidation_state": possible_states(absorber, elements, amounts),
        "neighbor_z": possible_neighbours(absorber, elements, amounts),
    }
    if present:
        possible["cn"] = found.parts[COMPOSITION]["cn"][row] > BLEND.impossible
        possible["ocn"] = np.array([n == 0 or "O" in present for n in CLASSES["ocn"]])
    for task, mask in possible.items():
        if task in classes:
            kept = classes[task] * mask
            classes[task] = kept / kept.sum() if kept.sum() > 1e-6 else (mask / mask.sum()).astype(np.float32)
    if amounts is not None and "oxidation_state" in classes:
        balance = found.parts[CHARGES]["oxidation_state"][row]
        classes["oxidation_state"] = _with_mean(classes["oxidation_state"], balance, possible["oxidation_state"])


def _with_mean(
    states: NDArray[np.float32], balance: NDArray[np.float32], possible: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(13,) probabilities of states; the shares of a balance that lies between two neighbouring ones where it does.

    Both must be possible: where usual charges of the others leave potassium between one and two, it is they that are
    unusual.
    """
    shares = shared_states(balance)
    return shares if shares.any() and possible[shares > 0].all() else states


def ranked(values: tuple[int, ...], probabilities: NDArray[np.float32]) -> tuple[tuple[int, float], ...]:
    """(value, probability) pairs, most probable first, without those below one in a thousand."""
    found = [(value, p) for value, p in zip(values, probabilities.tolist(), strict=True) if p > 1e-3]
    return tuple(sorted(found, key=lambda pair: -pair[1]))
