"""Spectra of several kinds of sites of one material, as a measurement sees them, and energies on one scale."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsearch.data.xanes_sites import Examples
from xsearch.models.tasks import SHARED
from xsearch.preprocess.xanes import WINDOW_GRID_eV

SHIFT_PER_CHARGE_eV = 1.2
"""By how much an edge rises with one unit of the oxidation state: usual of 3d K edges (Wong et al., Phys. Rev. B 30
(1984) 5596 give 1 to 3). Set by hand."""

RISE_eV = 4.0
"""Of the centre of a rise from the Fermi level, where no spectrum of that edge says. Set by hand."""


def with_common_energies(examples: Examples) -> Examples:
    """The same examples with offsets that do not depend on the code.

    Codes place an edge up to 30 eV from where it is measured, the same for all compounds of an absorber. Tabulated
    edges are those of elements, measured at the Fermi level: so the median over the compounds, less what their
    oxidation states shift, is brought to the median rise of that edge above the Fermi level.
    """
    state = np.nan_to_num(examples.labels["oxidation_state"], nan=2.0)
    base = examples.offset_eV - SHIFT_PER_CHARGE_eV * state
    groups: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    rises: dict[tuple[int, str], list[float]] = defaultdict(list)
    for row, key in enumerate(zip(examples.code, examples.z.tolist(), examples.edge, strict=True)):
        groups[key].append(row)
        if np.isfinite(examples.rise_eV[row]):
            rises[key[1:]].append(float(examples.rise_eV[row]))
    offset = examples.offset_eV.copy()
    for (_, *edge), rows in groups.items():
        known = rises.get((edge[0], edge[1]), [RISE_eV])  # type: ignore[arg-type]
        offset[rows] += np.median(known) - np.median(base[rows])
    return replace(examples, offset_eV=offset)


def mixtures(examples: Examples, seed: int | None = 0) -> Examples:
    """Sums over the kinds of sites of each material that has several, computed by one code.

    Args:
        examples: of single sites.
        seed: of how much there is of each kind, drawn at random; as in the crystal if None.

    Returns:
        An example for each such material, absorber, edge and code; possibly none. `shares` hold the shares, numbers
        are means, classes that cannot be shared are unknown, labels are as sure as those of every site, and `mixed` is
        1 where oxidation states or coordination numbers differ.
    """
    generator = None if seed is None else np.random.default_rng(seed)
    groups: dict[tuple[str, str, int, str], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(examples.material, examples.code, examples.z.tolist(), examples.edge, strict=True)):
        groups[key].append(row)
    chosen = [np.array(rows) for rows in groups.values() if len(rows) > 1]
    first = examples.take(np.array([rows[0] for rows in chosen], np.int64))
    labels = {name: np.full(len(chosen), np.nan, np.float32) for name in examples.labels}
    shares = {task: np.zeros((len(chosen), examples.shares[task].shape[1]), np.float32) for task in SHARED}
    ambiguous = np.array([examples.ambiguous[rows].any() for rows in chosen], bool)
    values, known, offset = first.values.copy(), first.known.copy(), first.offset_eV.copy()
    for place, rows in enumerate(chosen):
        weight = examples.multiplicity[rows].astype(np.float64)
        if generator is not None:
            weight = generator.dirichlet(np.ones(len(rows)))
        weight /= weight.sum()
        centre = float(weight @ examples.offset_eV[rows])
        offset[place] = centre
        moved = [_moved(examples.values[r], examples.known[r], centre - examples.offset_eV[r]) for r in rows]
        known[place] = np.all([k for _, k in moved], axis=0)
        values[place] = np.where(known[place], weight @ np.array([v for v, _ in moved]), 0.0)
        for task in SHARED:
            kinds = examples.shares[task][rows]
            if kinds.any(1).all():
                shares[task][place] = weight @ kinds
        labels["oxidation_agrees"][place] = examples.labels["oxidation_agrees"][rows].min()
        for name in ("mnnd_A", "nnrs_A", "mood_A", "nnosm", "cn2"):
            labels[name][place] = weight @ examples.labels[name][rows]
        both = [shares[task][place] for task in ("cn", "oxidation_state")]
        if all(s.any() for s in both):
            labels["mixed"][place] = float(any(0.1 < s.max() < 0.9 for s in both))
    return replace(
        first, values=values.astype(np.float32), known=known, offset_eV=offset, labels=labels, shares=shares,
        ambiguous=ambiguous, ids=np.array([f"{i} mixture" for i in first.ids], object),
    )  # fmt: skip


def _moved(
    values: NDArray[np.float32], known: NDArray[np.bool_], by_eV: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A window read around another centre, `by_eV` above its own; its ends are held and count as known nearby."""
    there = np.flatnonzero(known)
    grid = WINDOW_GRID_eV[there]
    at = WINDOW_GRID_eV + by_eV
    return np.interp(at, grid, values[there]), (at > grid[0] - 6.0) & (at < grid[-1] + 3.0)
