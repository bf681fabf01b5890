"""Predicted XANES of crystals, with their uncertainty, from an ensemble of forward networks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.surroundings import site_features
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import QueryError
from xsearch.models.xastruct_forward import POINTS, TAIL_POINTS, ForwardConfig, WINDOW_eV, XAStructForward

WEIGHTS = Path(__file__).with_name("weights") / "xastruct_forward.safetensors"
CARD = Path(__file__).with_name("weights") / "xastruct_forward.json"


@dataclass(frozen=True, slots=True, eq=False)
class PredictedXanes:
    """A spectrum that no code computed and no beamline measured.

    Attributes:
        energy_eV: (POINTS,) on the axis of the code that the model learned from.
        mu: (POINTS,) float64, one in the tail.
        sigma: (POINTS,) float64, standard deviation between the members of the ensemble.
        absorber: symbol; the edge is K.
        sites: how many sites of the crystal were averaged.
        notes: what is to be known about it.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    sigma: NDArray[np.float64]
    absorber: str
    sites: int
    notes: tuple[str, ...] = ()


class Examples(Protocol):
    """What `score_spectra` reads; `training.forward_data.ForwardExamples` has it."""

    @property
    def features(self) -> NDArray[np.float32]:
        """(n, k) from `site_features`."""

    @property
    def z(self) -> NDArray[np.int64]:
        """(n,) atomic number of each absorber."""

    @property
    def mu(self) -> NDArray[np.float32]:
        """(n, POINTS), tail one, 0 where unknown."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n, POINTS)."""

    @property
    def long(self) -> NDArray[np.bool_]:
        """(n,) whether the whole window is known."""


def member_names(members: int) -> list[str]:
    """Prefixes of the members' tensors in the weights file."""
    return [f"member{number}" for number in range(members)]


@dataclass(frozen=True, slots=True, eq=False)
class ForwardEnsemble:
    """Several networks of one shape, trained from different seeds.

    Attributes:
        members: the networks, ready to predict.
        card: what they were trained on and how well they do.
    """

    members: tuple[XAStructForward, ...]
    card: dict[str, Any]

    @classmethod
    def load(cls) -> Self:
        """The ensemble that comes with the package."""
        from safetensors.torch import load_file

        card = json.loads(CARD.read_text())
        tensors = load_file(WEIGHTS)
        members = []
        for name in member_names(int(card["members"])):
            state = {
                key[len(name) + 1 :]: value.float() for key, value in tensors.items() if key.startswith(name + ".")
            }
            network = XAStructForward(ForwardConfig(features=len(state["mean"])))
            network.load_state_dict(state)
            members.append(network.eval())
        return cls(tuple(members), card)

    @torch.inference_mode()
    def spectra(self, features: NDArray[np.float32], z: NDArray[np.int64]) -> NDArray[np.float64]:
        """Each member's spectra.

        Args:
            features: (n, k) from `site_features`.
            z: (n,) atomic number of each absorber.

        Returns:
            (members, n, POINTS) float64, tail one.
        """
        inputs, numbers = torch.from_numpy(features), torch.from_numpy(z)
        found = np.stack([network(inputs, numbers).numpy() for network in self.members]).astype(np.float64)
        return found / np.maximum(found[..., -TAIL_POINTS:].mean(axis=-1, keepdims=True), 0.2)

    def predict(self, crystal: Crystal, absorber: str) -> PredictedXanes:
        """The K-edge spectrum of an element in a crystal, averaged over its sites.

        Raises:
            QueryError: for an element that is unknown or not in the crystal.
        """
        if absorber not in ATOMIC_NUMBERS:
            raise QueryError(f"Unknown absorber {absorber!r}; give an element symbol such as Fe.")
        sites = [i for i, element in enumerate(crystal.elements) if element == absorber]
        if not sites:
            raise QueryError(
                f"The crystal holds no {absorber}; its elements are {', '.join(sorted(set(crystal.elements)))}."
            )
        features = site_features(crystal, sites)
        unique, counts = np.unique(np.round(features, 3), axis=0, return_counts=True)
        z = np.full(len(unique), ATOMIC_NUMBERS[absorber], np.int64)
        by_member = np.average(self.spectra(unique.astype(np.float32), z), axis=1, weights=counts)
        starts: dict[str, float] = self.card["start_eV"]
        notes = ["Predicted by xsearch's forward model, not computed or measured."]
        if absorber not in starts:
            trained = ", ".join(sorted(starts, key=lambda e: ATOMIC_NUMBERS[e]))
            raise QueryError(
                f"The forward model has not learned {absorber}; it knows {trained}. Train it on spectra of {absorber} "
                "with `python -m xsearch.training.forward`."
            )
        if ATOMIC_NUMBERS[absorber] not in self.card["long_absorbers"]:
            notes.append(f"Beyond {starts[absorber] + 35:.0f} eV no {absorber} spectra were learned from.")
        energy = starts[absorber] + np.linspace(0.0, WINDOW_eV, POINTS)
        return PredictedXanes(energy, by_member.mean(axis=0), by_member.std(axis=0), absorber, len(sites), tuple(notes))


@cache
def forward_ensemble() -> ForwardEnsemble:
    """The packaged ensemble, loaded once."""
    return ForwardEnsemble.load()


def score_spectra(ensemble: ForwardEnsemble, examples: Examples) -> dict[str, Any]:
    """Mean absolute error of tail-normalised spectra, on the points that are known.

    Returns:
        `n`, `mae_cu` (copper over the whole 56 eV), `mae_others` (mean over the other absorbers' own figures, on what
        is known, mostly 35 eV), `by_element`, `n_by_element`, and `mae_mean_spectrum`, what the mean spectrum of each
        absorber in the same file would give.
    """
    found = ensemble.spectra(examples.features, examples.z).mean(axis=0)
    error = _errors(found, examples)
    groups = {"Cu": (examples.z == 29) & examples.long}
    for z in np.unique(examples.z):
        groups.setdefault(SYMBOLS[z - 1], examples.z == z)
    if not groups["Cu"].any():
        groups.pop("Cu")
    means = {name: _errors(_mean_spectrum(examples, rows), examples, rows) for name, rows in groups.items()}
    by_element = {name: round(float(error[rows].mean()), 4) for name, rows in groups.items()}
    others = [value for name, value in by_element.items() if name != "Cu"]
    return {
        "n": len(examples.z),
        "mae_cu": by_element.get("Cu"),
        "mae_others": round(float(np.mean(others)), 4) if others else None,
        "by_element": by_element,
        "n_by_element": {name: int(rows.sum()) for name, rows in groups.items()},
        "mae_mean_spectrum": {name: round(float(values.mean()), 4) for name, values in means.items()},
    }


def _errors(
    found: NDArray[np.float64], examples: Examples, rows: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    mu, known = (examples.mu, examples.known) if rows is None else (examples.mu[rows], examples.known[rows])
    errors = np.empty(len(mu))
    for i, (one, true, covered) in enumerate(zip(found, mu, known, strict=True)):
        last = np.flatnonzero(covered)[-TAIL_POINTS:]
        errors[i] = np.abs(one[covered] / one[last].mean() - true[covered]).mean()
    return errors


def _mean_spectrum(examples: Examples, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    known = examples.known[rows]
    mean = examples.mu[rows].sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.repeat(mean[None].astype(np.float64), int(rows.sum()), axis=0)
