"""Predicted XANES of crystals, with their uncertainty, from a kernel regression and a network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.surroundings import site_features
from xsearch.elements import ATOMIC_NUMBERS, SYMBOLS
from xsearch.errors import QueryError
from xsearch.models.site_kernel import GRID_eV, SiteKernel
from xsearch.models.xastruct_forward import POINTS, TAIL_POINTS, ForwardConfig, WINDOW_eV, XAStructForward
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.settings import setting

FORWARD_FILE = WEIGHTS_FOLDER / "xastruct_forward.safetensors"
CARD = WEIGHTS_FOLDER / "xastruct_forward.json"

KERNELS = ("long", "all")
SHORT_eV = 35.0
"""Reach of the training spectra of absorbers that have none over the whole window."""


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """How the members of the forward model are averaged."""

    network_weight: float = setting(
        0.2, "1", "set by hand: of all networks in the mean; the views of the kernel regression have the rest"
    )
    least_tail: float = setting(0.2, "1", "set by hand: mean of a tail that a member's spectrum is divided by at least")


FORWARD = ForwardSettings()


@dataclass(frozen=True, slots=True, eq=False)
class PredictedXanes:
    """A spectrum of the forward model, neither computed by a code nor measured.

    Attributes:
        energy_eV: (POINTS,) on the energy axis of the training spectra's code.
        mu: (POINTS,) float64, one in the tail.
        sigma: (POINTS,) float64, standard deviation of the members, scaled to the mean error on held-out formulas.
        absorber: symbol; the edge is K.
        sites: how many sites of the crystal were averaged.
        notes: what limits it.
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
    """Kernel regressions, and networks for all absorbers.

    Attributes:
        kernels: `long` over absorbers with spectra over the whole window, `all` over all of them, for the others.
        networks: ready to predict.
        card: what they were trained on and how well they do.
        settings: of the average.
    """

    kernels: dict[str, SiteKernel]
    networks: tuple[XAStructForward, ...]
    card: dict[str, Any]
    settings: ForwardSettings = FORWARD

    @classmethod
    def load(cls) -> Self:
        """The ensemble that comes with the package."""
        from safetensors.numpy import load_file

        card = json.loads(CARD.read_text(encoding="utf-8"))
        arrays = load_file(FORWARD_FILE)
        networks = []
        for name in member_names(int(card["members"])):
            state = {key: torch.from_numpy(value).float() for key, value in _below(arrays, name).items()}
            enter, gate = state["enter.weight"], state["blocks.0.gate.weight"]
            depth = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
            config = ForwardConfig(len(state["mean"]), width=len(enter), hidden=len(gate), depth=depth)
            network = XAStructForward(config)
            network.load_state_dict(state)
            networks.append(network.eval())
        kernels = {name: SiteKernel.from_arrays(_below(arrays, name)) for name in KERNELS}
        return cls(kernels, tuple(networks), card)

    @property
    def absorbers(self) -> tuple[str, ...]:
        """Elements with training K edges, by atomic number."""
        return tuple(SYMBOLS[z - 1] for z in sorted(self.card["absorbers"]))

    def reach_eV(self, absorber: str) -> float:
        """How far above the first energy the training spectra of an absorber reach."""
        return WINDOW_eV if ATOMIC_NUMBERS[absorber] in self.card["long_absorbers"] else SHORT_eV

    @torch.inference_mode()
    def by_member(self, features: NDArray[np.float32], z: NDArray[np.int64]) -> NDArray[np.float64]:
        """(members, n, POINTS) spectra of one absorber: of each view, then of each network; one in the tail."""
        kernel = self.kernels["long" if z[0] in self.card["long_absorbers"] else "all"]
        inputs, numbers = torch.from_numpy(features), torch.from_numpy(z)
        networks = [network(inputs, numbers).numpy().astype(np.float64)[None] for network in self.networks]
        found = np.concatenate([kernel.spectra(features, z), *networks])
        return found / np.maximum(found[..., -TAIL_POINTS:].mean(axis=-1, keepdims=True), self.settings.least_tail)

    def spectra(
        self, features: NDArray[np.float32], z: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Spectra of sites, and their standard deviations.

        Args:
            features: (n, k) from `site_features`.
            z: (n,) atomic number of each absorber, one of `absorbers`.

        Returns:
            (n, POINTS) spectra, one in the tail, and (n, POINTS) standard deviations.
        """
        mean, sigma = np.zeros((len(z), POINTS)), np.zeros((len(z), POINTS))
        for absorber in np.unique(z):
            rows = z == absorber
            found = self.by_member(features[rows], z[rows])
            networks = len(self.networks)
            views, share = len(found) - networks, self.settings.network_weight if networks else 0.0
            weights = np.array([(1 - share) / views] * views + [share / max(networks, 1)] * networks)
            mean[rows] = np.tensordot(weights, found, axes=1)
            sigma[rows] = np.sqrt(np.tensordot(weights, (found - mean[rows]) ** 2, axes=1))
        return mean, float(self.card.get("sigma_scale", 1.0)) * sigma

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
        if absorber not in self.absorbers:
            raise QueryError(
                f"The forward model has not learned {absorber}; it knows {', '.join(self.absorbers)}. Train it on "
                f"spectra of {absorber} with `python -m xsearch.training.forward`."
            )
        features = site_features(crystal, sites)
        equivalent: dict[bytes, list[int]] = {}
        for row, rounded in enumerate(np.round(features, 3) + 0.0):
            equivalent.setdefault(rounded.tobytes(), []).append(row)
        unique = features[[rows[0] for rows in equivalent.values()]]
        counts = [len(rows) for rows in equivalent.values()]
        mean, sigma = self.spectra(unique, np.full(len(unique), ATOMIC_NUMBERS[absorber], np.int64))
        notes = ["Predicted by xsearch's forward model, not computed or measured."]
        start = float(self.card["start_eV"][absorber])
        if (reach := self.reach_eV(absorber)) < WINDOW_eV:
            notes.append(f"Beyond {start + reach:.0f} eV no {absorber} spectra were learned from.")
        return PredictedXanes(
            start + GRID_eV,
            np.average(mean, axis=0, weights=counts),
            np.average(sigma, axis=0, weights=counts),
            absorber,
            len(sites),
            tuple(notes),
        )


def _below(arrays: dict[str, NDArray[np.generic]], name: str) -> dict[str, Any]:
    return {key[len(name) + 1 :]: array for key, array in arrays.items() if key.startswith(name + ".")}


@cache
def forward_ensemble() -> ForwardEnsemble:
    """The packaged ensemble, loaded once."""
    return ForwardEnsemble.load()


def score_spectra(found: NDArray[np.float64], examples: Examples) -> dict[str, Any]:
    """Mean absolute error of spectra divided by the mean of their tail, on the points that are known.

    Args:
        found: (n, POINTS) predicted.
        examples: the true spectra.

    Returns:
        `n`, `mae_cu` (copper over the whole 56 eV), `mae_others` (mean over the figures of the other absorbers, on
        what is known, mostly 35 eV), `by_element`, `n_by_element`, and `mae_mean_spectrum`, the same of the mean
        spectrum of each absorber in the file.
    """
    error = errors(found, examples)
    groups = {"Cu": (examples.z == 29) & examples.long}
    for z in np.unique(examples.z):
        groups.setdefault(SYMBOLS[z - 1], examples.z == z)
    if not groups["Cu"].any():
        groups.pop("Cu")
    means = {name: errors(_mean_spectrum(examples, rows), examples, rows) for name, rows in groups.items()}
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


def errors(
    found: NDArray[np.float64], examples: Examples, rows: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """(n,) mean absolute error of each spectrum, both in units of the mean of the last points that are known."""
    mu, known = (examples.mu, examples.known) if rows is None else (examples.mu[rows], examples.known[rows])
    found_errors = np.empty(len(mu))
    for i, (one, true, covered) in enumerate(zip(found, mu, known, strict=True)):
        last = np.flatnonzero(covered)[-TAIL_POINTS:]
        found_errors[i] = np.abs(one[covered] / one[last].mean() - true[covered]).mean()
    return found_errors


def _mean_spectrum(examples: Examples, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    known = examples.known[rows]
    mean = examples.mu[rows].sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.repeat(mean[None].astype(np.float64), int(rows.sum()), axis=0)
