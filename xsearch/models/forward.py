"""Predicted XANES of crystals, with their uncertainty, from a kernel regression and a network."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import QueryError
from xsearch.models.forward_features import SiteFeatures, features_of
from xsearch.models.site_kernel import GRID_eV, SiteKernel, edge_number
from xsearch.models.xastruct_forward import POINTS, TAIL_POINTS, ForwardConfig, WINDOW_eV, XAStructForward, edge_context
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.settings import setting

FORWARD_FILE = WEIGHTS_FOLDER / "xastruct_forward.safetensors"
CARD = WEIGHTS_FOLDER / "xastruct_forward.json"

KERNELS = ("long", "all", "edges")
"""Kernel regressions: over FEFF9 spectra of the whole window, over all of FEFF9, and over all edges of FEFF10."""
SHORT_eV = 35.0
"""Reach of the training spectra of edges that have none over the whole window."""


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """How the members of the forward model are averaged."""

    network_weight: float = setting(
        0.1,
        "1",
        "of all networks in the mean; the views of the kernel regression have the rest. `error_by_network_weight` of "
        "the card is least here, and the members' spread is the uncertainty",
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
        absorber, edge: such as `Fe`, `K`.
        sites: how many sites of the crystal were averaged.
        notes: what limits it.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    sigma: NDArray[np.float64]
    absorber: str
    edge: str
    sites: int
    notes: tuple[str, ...] = ()


class Examples(Protocol):
    """What `score_spectra` reads; `data.forward_sites.ForwardExamples` has it."""

    @property
    def edge_names(self) -> NDArray[np.object_]:
        """(n,) such as `Fe K`."""

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
    """Kernel regressions, and networks for all absorbers and edges.

    Attributes:
        kernels: by the names in `KERNELS`; the card says which predicts an edge.
        networks: ready to predict.
        bases: mean spectrum of each edge of a code, such as `Fe K FEFF10`.
        card: what they were trained on and how well they do.
        settings: of the average.
    """

    kernels: dict[str, SiteKernel]
    networks: tuple[XAStructForward, ...]
    bases: dict[str, NDArray[np.float32]]
    card: dict[str, Any]
    settings: ForwardSettings = FORWARD

    @classmethod
    def load(cls, folder: Path = WEIGHTS_FOLDER) -> Self:
        """The ensemble that comes with the package, or one that `xsearch.training.forward` wrote into a folder.

        Raises:
            QueryError: where the folder holds none.
        """
        from safetensors.numpy import load_file

        try:
            card = json.loads((folder / CARD.name).read_text(encoding="utf-8"))
            arrays = load_file(folder / FORWARD_FILE.name)
        except FileNotFoundError as error:
            raise QueryError(
                f"{folder}: no {Path(error.filename or FORWARD_FILE).name}; `python -m xsearch.training.forward --out` "
                "writes one."
            ) from None
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
        bases = dict(zip(card["start_eV"], arrays["bases"].astype(np.float32), strict=True))
        return cls(kernels, tuple(networks), bases, card)

    @property
    def features(self) -> SiteFeatures:
        """What it reads of a site."""
        return SiteFeatures(self.card.get("features", SiteFeatures.SURROUNDINGS))

    @property
    def edges(self) -> dict[tuple[str, str], str]:
        """Absorber and edge, by atomic number, with the code whose energies a prediction has."""
        named = {(name.split()[0], name.split()[1]): code for name, code in self.card["code"].items()}
        return dict(sorted(named.items(), key=lambda item: (ATOMIC_NUMBERS[item[0][0]], item[0][1])))

    @property
    def absorbers(self) -> tuple[str, ...]:
        """Elements with an edge that was learned, by atomic number."""
        return tuple(dict.fromkeys(absorber for absorber, _ in self.edges))

    def edge_of(self, absorber: str, edge: str | None = None) -> str:
        """The edge of an absorber that was learned: the one given, or the only one.

        Raises:
            QueryError: where it was not learned.
        """
        learned = [name for element, name in self.edges if element == absorber]
        if edge in learned or (edge is None and learned):
            return edge or learned[0]
        there = f"its {learned[0]} edge is known" if learned else f"{listed(self.edges)} are known"
        what = absorber if edge is None else f"the {absorber} {edge} edge"
        raise QueryError(
            f"The forward model has not learned {what}; {there}. Compute it with FEFF (--engine feff), or train the "
            "model on such spectra with `python -m xsearch.training.forward`."
        )

    def reach_eV(self, absorber: str, edge: str | None = None) -> float:
        """How far above the first energy the training spectra of an edge reach."""
        name = f"{absorber} {self.edge_of(absorber, edge)}"
        return SHORT_eV if self.card["kernel"][name] == "all" else WINDOW_eV

    @torch.inference_mode()
    def by_member(self, features: NDArray[np.float32], absorber: str, edge: str) -> NDArray[np.float64]:
        """(members, n, POINTS) spectra of one edge: of each view, then of each network; one in the tail."""
        z, code = ATOMIC_NUMBERS[absorber], self.edges[absorber, edge]
        kernel = self.kernels[self.card["kernel"][f"{absorber} {edge}"]]
        views = kernel.spectra(features, np.full(len(features), edge_number(z, edge), np.int64))
        context = torch.from_numpy(edge_context(z, edge, code)).expand(len(features), -1)
        base = torch.from_numpy(self.bases[f"{absorber} {edge} {code}"]).expand(len(features), -1)
        inputs = torch.from_numpy(features)
        networks = [network(inputs, context, base).numpy().astype(np.float64)[None] for network in self.networks]
        found = np.concatenate([views, *networks])
        return found / np.maximum(found[..., -TAIL_POINTS:].mean(axis=-1, keepdims=True), self.settings.least_tail)

    def spectra(
        self, features: NDArray[np.float32], edges: NDArray[np.object_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Spectra of sites, and their standard deviations.

        Args:
            features: (n, k) from `features_of`.
            edges: (n,) such as `Fe K`, of those learned.

        Returns:
            (n, POINTS) spectra, one in the tail, and (n, POINTS) standard deviations.
        """
        mean, sigma = np.zeros((len(edges), POINTS)), np.zeros((len(edges), POINTS))
        scales = self.card.get("sigma_scale", {})
        for name in sorted(set(edges)):
            rows = edges == name
            absorber, edge = name.split()
            found = self.by_member(features[rows], absorber, edge)
            weights = self._weights(len(found))
            mean[rows] = np.tensordot(weights, found, axes=1)
            spread = np.sqrt(np.tensordot(weights, (found - mean[rows]) ** 2, axes=1))
            sigma[rows] = scales.get(self.card["kernel"][name], 1.0) * spread
        return mean, sigma

    def _weights(self, members: int) -> NDArray[np.float64]:
        """(members,) of the views of a kernel, and of the networks."""
        networks = len(self.networks)
        share = self.settings.network_weight if networks else 0.0
        views = members - networks
        return np.array([(1 - share) / views] * views + [share / max(networks, 1)] * networks)

    def predict(self, crystal: Crystal, absorber: str, edge: str | None = None) -> PredictedXanes:
        """The spectrum of an element's edge in a crystal, averaged over its sites.

        Args:
            crystal: with the absorber in it.
            absorber: symbol.
            edge: such as `K`; by default the one that was learned.

        Raises:
            QueryError: for an element that is unknown or not in the crystal, or an edge that was not learned.
        """
        if absorber not in ATOMIC_NUMBERS:
            raise QueryError(f"Unknown absorber {absorber!r}; give an element symbol such as Fe.")
        sites = [i for i, element in enumerate(crystal.elements) if element == absorber]
        if not sites:
            raise QueryError(
                f"The crystal holds no {absorber}; its elements are {', '.join(sorted(set(crystal.elements)))}."
            )
        edge = self.edge_of(absorber, edge)
        features = features_of(crystal, sites, self.features)
        equivalent: dict[bytes, list[int]] = {}
        for row, rounded in enumerate(np.round(features, 3) + 0.0):
            equivalent.setdefault(rounded.tobytes(), []).append(row)
        unique = features[[rows[0] for rows in equivalent.values()]]
        counts = [len(rows) for rows in equivalent.values()]
        mean, sigma = self.spectra(unique, np.full(len(unique), f"{absorber} {edge}", object))
        notes = ["Predicted by xsearch's forward model, not computed or measured."]
        start = float(self.card["start_eV"][f"{absorber} {edge} {self.edges[absorber, edge]}"])
        if (reach := self.reach_eV(absorber, edge)) < WINDOW_eV:
            notes.append(f"Beyond {start + reach:.0f} eV no {absorber} spectra were learned from.")
        return PredictedXanes(
            start + GRID_eV,
            np.average(mean, axis=0, weights=counts),
            np.average(sigma, axis=0, weights=counts),
            absorber,
            edge,
            len(sites),
            tuple(notes),
        )


def listed(edges: Collection[tuple[str, str]]) -> str:
    """Edges in words: K edges and L3 edges each by their elements."""
    names = dict.fromkeys(edge for _, edge in edges)
    parts = [f"{name} edges of {', '.join(one for one, edge in edges if edge == name)}" for name in names]
    return " and ".join(parts)


def _below(arrays: dict[str, NDArray[np.generic]], name: str) -> dict[str, Any]:
    return {key[len(name) + 1 :]: array for key, array in arrays.items() if key.startswith(name + ".")}


@cache
def forward_ensemble(folder: Path = WEIGHTS_FOLDER) -> ForwardEnsemble:
    """The packaged ensemble, or that of a folder, loaded once."""
    return ForwardEnsemble.load(folder)


def score_spectra(found: NDArray[np.float64], examples: Examples) -> dict[str, Any]:
    """Mean absolute error of spectra divided by the mean of their tail, on the points that are known.

    Args:
        found: (n, POINTS) predicted.
        examples: the true spectra.

    Returns:
        `n`, `mae_cu` (copper's K edge over the whole 56 eV), `mae_others` and `median_others` (mean and median over
        the figures of the other edges, on what is known), `by_edge`, `n_by_edge`, and `mae_mean_spectrum`, the same
        of the mean spectrum of each edge in the file.
    """
    error = errors(found, examples)
    groups = {"Cu K": (examples.edge_names == "Cu K") & examples.long}
    for name in sorted(set(examples.edge_names)):
        groups.setdefault(name, examples.edge_names == name)
    if not groups["Cu K"].any():
        groups.pop("Cu K")
    means = {name: errors(_mean_spectrum(examples, rows), examples, rows) for name, rows in groups.items()}
    by_edge = {name: round(float(error[rows].mean()), 4) for name, rows in groups.items()}
    others = [value for name, value in by_edge.items() if name != "Cu K"]
    return {
        "n": len(examples.edge_names),
        "mae_cu": by_edge.get("Cu K"),
        "mae_others": round(float(np.mean(others)), 4) if others else None,
        "median_others": round(float(np.median(others)), 4) if others else None,
        "by_edge": by_edge,
        "n_by_edge": {name: int(rows.sum()) for name, rows in groups.items()},
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
