"""Fitting the kernel regression of the forward model: its metric by gradient, the rest in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from torch import Tensor, nn

from xsearch.data.forward_sites import ForwardExamples
from xsearch.elements import EDGES
from xsearch.models.absorber import site_context
from xsearch.models.site_kernel import FARTHEST, GRID_eV, SiteKernel, SiteMetric, matern, shifted
from xsearch.training.settings import FORWARD


@dataclass(frozen=True, slots=True)
class MetricSchedule:
    """How long the metric is learned.

    Attributes:
        steps: in each, spectra of some formulas are predicted from those of others.
        batch: sites that are predicted from; half as many are predicted.
        per_formula: sites of one formula in a step; a few compounds have very many.
        rate: learning rate, falling to nearly zero.
        seed: of the order.
    """

    steps: int = 300
    batch: int = 1000
    per_formula: int = 12
    rate: float = 0.03
    seed: int = 0


class _Weights(nn.Module):
    """What is learned: logarithmic weights of the features and of the edges' physics, and the ridge."""

    def __init__(self, physics: NDArray[np.float32], features: int) -> None:
        super().__init__()
        edges, width = physics.shape
        self.physics = torch.from_numpy(physics)
        self.log_weights = nn.Parameter(torch.full((features,), -0.5 * float(np.log(features))))
        self.log_physics = nn.Parameter(torch.full((width,), -0.5 * float(np.log(width)) - 1))
        self.log_apart = nn.Parameter(torch.full((edges,), float(np.log(0.15))))
        self.log_ridge = nn.Parameter(torch.tensor(float(np.log(1e-2))))

    def offsets(self) -> Tensor:
        """(a, width + a): edges lie near one another as their physics is alike, and each a little apart."""
        return torch.cat([self.physics * torch.exp(self.log_physics), torch.diag(torch.exp(self.log_apart))], dim=1)

    def points(self, standard: Tensor, place: Tensor) -> Tensor:
        return torch.cat([standard * torch.exp(self.log_weights), self.offsets()[place]], dim=1)


def learn_metric(examples: ForwardExamples, schedule: MetricSchedule) -> tuple[SiteMetric, float]:
    """The metric in which spectra of some formulas are best predicted from those of others, and the ridge.

    The loss is that of the whole method on held-out formulas, after Owhadi and Yoo (J. Comput. Phys. 389, 22, 2019);
    the mean spectrum of each edge is that of the others too.

    Args:
        examples: of one or several edges.
        schedule: how long.
    """
    torch.manual_seed(schedule.seed)
    edges, place = np.unique(examples.edge_numbers, return_inverse=True)
    mean, scale = standardisation(examples.features)
    standard = torch.from_numpy(np.clip((examples.features - mean) / scale, -FARTHEST, FARTHEST).astype(np.float32))
    whole = filled(examples)
    known, places = torch.from_numpy(examples.known.astype(np.float32)), torch.from_numpy(place)
    model = _Weights(physics_of(edges), examples.features.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=schedule.rate)
    turns = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.03 - min(step / max(schedule.steps, 1), 1.0))
    rng = np.random.default_rng(schedule.seed)
    formulas, group = np.unique(examples.formula.astype(str), return_inverse=True)
    members = [np.flatnonzero(group == g) for g in range(len(formulas))]
    for _ in range(schedule.steps):
        order = rng.permutation(len(formulas))
        rows = np.concatenate([rng.permutation(members[g])[: schedule.per_formula] for g in order])
        batch = min(schedule.batch, 3 * len(rows) // 4)
        given, held_out = rows[:batch], rows[batch : batch + batch // 2]
        held_out = held_out[~np.isin(group[held_out], group[given])]
        base = _means(whole[given], place[given], len(edges))
        left, wanted = (torch.from_numpy((whole[r] - base[place[r]]).astype(np.float32)) for r in (given, held_out))
        a, b = (model.points(standard[part], places[part]) for part in (given, held_out))
        kernel = _matern(a, a) + torch.exp(model.log_ridge) * torch.eye(len(given))
        solved = torch.cholesky_solve(left, torch.linalg.cholesky(kernel))
        error = (_matern(b, a) @ solved - wanted).square().add(1e-4).sqrt()
        loss = ((error * known[held_out]).sum(dim=1) / known[held_out].sum(dim=1)).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        turns.step()
    with torch.no_grad():
        weights, offsets = torch.exp(model.log_weights).numpy(), model.offsets().numpy().astype(np.float32)
    weighted = standard.numpy() * weights
    centre = weighted.mean(axis=0)
    leading = np.linalg.eigh(np.cov((weighted - centre).T))[1][:, ::-1][:, : FORWARD.rank]
    axes = leading.astype(np.float16).astype(np.float32)
    metric = SiteMetric(edges, mean, scale, weights, axes, centre @ axes, offsets)
    return metric, float(torch.exp(model.log_ridge.detach()))


def physics_of(edges: NDArray[np.int64]) -> NDArray[np.float32]:
    """(a, 28) standardised physics of edges, given by their numbers."""
    rows = np.array([site_context(number // len(EDGES), EDGES[number % len(EDGES)]) for number in edges.tolist()])
    return np.asarray((rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-3), np.float32)


def fit_kernel(
    examples: ForwardExamples, metric: SiteMetric, ridge: float, aligned_eV: tuple[float, ...] = ()
) -> SiteKernel:
    """The regression over some examples in a metric that is given.

    Points are rounded to a byte a dimension before anything is solved, so that the coefficients belong to what is
    kept.

    Args:
        examples: of the metric's edges.
        metric: see `learn_metric`.
        ridge: added to the kernel's diagonal, which is one.
        aligned_eV: views beside the plain one, see `alignment`.
    """
    place = metric.place(examples.edge_numbers)
    points = metric.points(examples.features, examples.edge_numbers)
    steps = np.maximum(np.abs(points).max(axis=0) / 127, 1e-9).astype(np.float32)
    points = (np.round(points / steps) * steps).astype(np.float32)
    kernel = np.asarray(matern(points.astype(np.float64), points.astype(np.float64)))
    whole = filled(examples)
    shifts = [np.zeros(len(examples)), *(alignment(whole, place, beyond) for beyond in aligned_eV)]
    spectra = [shifted(whole, shift) for shift in shifts]
    bases = [_means(rows, place) for rows in spectra]
    mean_shifts = [_means(shift[:, None], place)[:, 0] for shift in shifts]
    residuals = [rows - base[place] for rows, base in zip(spectra, bases, strict=True)]
    components = [np.linalg.svd(rows, full_matrices=False)[2][: FORWARD.components] for rows in residuals]
    scores = [rows @ axes.T for rows, axes in zip(residuals, components, strict=True)]
    kernel[np.diag_indices_from(kernel)] += ridge
    solved = cho_solve(cho_factor(kernel, overwrite_a=False), np.hstack(scores))
    kernel[np.diag_indices_from(kernel)] += (FORWARD.shift_ridge - 1) * ridge
    left = np.stack([shift - mean[place] for shift, mean in zip(shifts, mean_shifts, strict=True)], axis=1)
    solved_shifts = cho_solve(cho_factor(kernel, overwrite_a=True), left)
    views = zip(np.split(solved, len(shifts), axis=1), solved_shifts.T, strict=True)
    return SiteKernel(
        metric,
        points,
        steps,
        np.hstack([np.column_stack(view) for view in views]).astype(np.float32),
        np.array(bases, np.float32),
        np.array(components, np.float32),
        np.array(mean_shifts, np.float32),
    )


def by_length(examples: ForwardExamples) -> tuple[ForwardExamples, ForwardExamples]:
    """Spectra that reach the window's end; and with them those of the edges that have none such.

    Short spectra of an edge that has long ones are in neither: their tails are elsewhere, and so is their unit.
    """
    to_end, numbers = examples.known[:, -1], examples.edge_numbers
    return examples.take(to_end), examples.take(to_end | ~np.isin(numbers, np.unique(numbers[to_end])))


def filled(examples: ForwardExamples) -> NDArray[np.float64]:
    """(n, POINTS) spectra with a straight rise from zero before what is known, and one after it."""
    whole = examples.mu.astype(np.float64)
    for row, known in zip(whole, examples.known, strict=True):
        first, last = np.flatnonzero(known)[[0, -1]]
        row[:first] = row[first] * np.linspace(0.0, 1.0, first + 1)[:-1]
        row[last + 1 :] = 1.0
    return whole


def alignment(whole: NDArray[np.float64], place: NDArray[np.int64], beyond_eV: float) -> NDArray[np.float64]:
    """(n,) shifts in eV by which spectra are read so that those of one edge lie on one another near the edge.

    Args:
        whole: (n, POINTS) spectra.
        place: (n,) number of the edge.
        beyond_eV: how far beyond half of the mean spectrum's rise they are compared.
    """
    trials = np.arange(-FORWARD.widest_shift_eV, FORWARD.widest_shift_eV + 1e-9, FORWARD.shift_step_eV)
    shifts = np.zeros(len(whole))
    for one in np.unique(place):
        rows = np.flatnonzero(place == one)
        mean = whole[rows].mean(axis=0)
        inside = GRID_eV <= GRID_eV[np.argmax(mean > 0.5)] + beyond_eV
        for _ in range(3):
            cost = np.stack(
                [np.abs(shifted(whole[rows], np.full(len(rows), t)) - mean)[:, inside].mean(axis=1) for t in trials]
            )
            shifts[rows] = trials[cost.argmin(axis=0)]
            mean = shifted(whole[rows], shifts[rows]).mean(axis=0)
    return shifts


def standardisation(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(k,) mean and (k,) scale; a feature that is nearly always zero would blow up where it is not."""
    scale = np.maximum(features.std(axis=0), 0.02 * np.abs(features).max(axis=0) + 1e-4)
    return features.mean(axis=0), scale.astype(np.float32)


def _means(rows: NDArray[np.float64], place: NDArray[np.int64], places: int | None = None) -> NDArray[np.float64]:
    """Mean of the rows of each edge; of all rows where an edge has none."""
    count = np.bincount(place, minlength=places or 0)
    order = np.argsort(place, kind="stable")
    firsts = np.cumsum(count) - count
    found = np.repeat(rows.mean(axis=0)[None], len(count), axis=0)
    some = np.flatnonzero(count)
    found[some] = np.add.reduceat(rows[order], firsts[some], axis=0) / count[some, None]
    return found


def _matern(a: Tensor, b: Tensor) -> Tensor:
    square = (a**2).sum(dim=1)[:, None] + (b**2).sum(dim=1)[None] - 2 * a @ b.T
    u = torch.sqrt(3 * square.clamp(min=1e-8))
    return (1 + u) * torch.exp(-u)
