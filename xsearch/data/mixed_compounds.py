"""Simulated spectra of compounds whose absorbers differ: several kinds of sites add up, as a measurement sees them.

The compounds are reported ones of the Materials Project whose formulas a site model has never seen, neither by a
spectrum nor as a known structure. Their sites are those of the crystal; the forward model predicts their spectra.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.data.site_labels import read_cells
from xsearch.data.structure_sites import structure_sites
from xsearch.errors import XSearchError
from xsearch.models.forward import forward_ensemble
from xsearch.models.site_model import SiteModel
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xanes import Xanes

MOST_SITES = 28
"""Atoms of a cell at most: a few kinds of sites, described in a fraction of a second. Set by hand."""

SEVERAL = (0.1, 0.9)
"""The largest share of a compound of several kinds lies between these. Set by hand, as of training."""

CHUNK = 40
"""Structures described at once. Set by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class MixedCompound:
    """A compound with several kinds of sites, and the spectrum of their mean.

    Attributes:
        material_id, formula, absorber, edge: of it.
        oxidation_state, cn: shares of the absorbers by value.
        window: of the spectrum, at energies as measured.
    """

    material_id: str
    formula: str
    absorber: str
    edge: str
    oxidation_state: dict[int, float]
    cn: dict[int, float]
    window: XanesWindow


def mixed_compounds(
    structures: Path,
    cache: Path,
    model: SiteModel,
    shift_eV: Callable[[Crystal, str, str], float],
    count: int = 50,
    seed: int = 0,
    left_out: frozenset[str] = frozenset(),
) -> list[MixedCompound]:
    """Compounds that a site model has not seen, whose absorbers differ in oxidation state or coordination.

    Args:
        structures: a table of cells, such as `mp_structures.parquet`.
        cache: a file of described sites, see `structure_sites`; it grows until there are enough.
        model: whose training formulas are passed over.
        shift_eV: by how much measured energies of an edge of a crystal lie above those of the forward model.
        count: how many, each of another formula.
        seed: of the order in which structures are tried.
        left_out: formulas that are passed over too.
    """
    columns = ["material_id", "reduced_formula", "nsites", "theoretical", "elements"]
    listed = pd.read_parquet(structures, columns=columns)
    usual = (listed.theoretical == False) & (listed.nsites <= MOST_SITES)  # noqa: E712  (missing values are neither)
    known = set(() if model.composition.known is None else model.composition.known.formulas) | left_out
    listed = listed[usual & ~listed.reduced_formula.isin(known)].drop_duplicates("reduced_formula")
    new = ~np.isin(_hashes(listed.reduced_formula), model.formulas)
    absorbers = {absorber for absorber, _ in forward_ensemble().edges}
    held = [bool(absorbers & set(elements)) for elements in listed.elements]
    order = listed[new & np.array(held, bool)].sample(frac=1, random_state=seed).material_id.tolist()
    found: list[MixedCompound] = []
    for first in range(0, len(order), CHUNK):
        part = order[first : first + CHUNK]
        crystals = read_cells(structures, set(part))
        sites = structure_sites(structures, cache, part)
        for material_id, rows in sites.groupby("material_id", sort=False):
            found += _of_material(crystals[str(material_id)], rows, shift_eV)[:1]
        if len(found) >= count:
            break
    return found[:count]


def _of_material(
    crystal: Crystal, rows: pd.DataFrame, shift_eV: Callable[[Crystal, str, str], float]
) -> list[MixedCompound]:
    """The edges of a material whose sites differ, are known and sure."""
    found = []
    for absorber, edge in forward_ensemble().edges:
        mine = rows[rows.element == absorber]
        if len(mine) < 2 or mine.ambiguous.astype(bool).any():
            continue
        agrees = ~(mine.oxidation_agrees.astype(str) == "False")
        states, numbers = shares_of(mine, "oxidation_state", agrees), shares_of(mine, "cn")
        if not states or not numbers:
            continue
        low, high = SEVERAL
        if not any(low < max(shares.values()) < high for shares in (states, numbers)):
            continue
        predicted = forward_ensemble().predict(crystal, absorber, edge)
        known = predicted.energy_eV <= predicted.energy_eV[0] + forward_ensemble().reach_eV(absorber, edge)
        energy = predicted.energy_eV[known] + shift_eV(crystal, absorber, edge)
        try:
            read = window(normalize(Xanes(energy, predicted.mu[known], absorber, edge)))
        except XSearchError:
            continue
        name = str(mine.material_id.iloc[0])
        found.append(MixedCompound(name, str(mine.reduced_formula.iloc[0]), absorber, edge, states, numbers, read))
    return found


def shares_of(sites: pd.DataFrame, column: str, known: NDArray[np.bool_] | pd.Series | None = None) -> dict[int, float]:
    """Shares of the atoms by value, the largest first; empty where one has none, or no whole one."""
    values = sites[column].to_numpy(float)
    whole = np.isfinite(values) & (np.abs(values - np.round(values)) < 0.01)
    if known is not None:
        whole &= np.asarray(known, bool)
    if not whole.all():
        return {}
    total: dict[int, float] = {}
    for value, number in zip(np.round(values).astype(int).tolist(), sites.multiplicity.tolist(), strict=True):
        total[value] = total.get(value, 0.0) + number
    everything = sum(total.values())
    return {value: number / everything for value, number in sorted(total.items(), key=lambda pair: -pair[1])}


def _hashes(formulas: pd.Series) -> NDArray[np.uint32]:
    """As `formula_hashes`, in the order of the formulas."""
    digests = [hashlib.sha256(str(one).encode()).digest()[:4] for one in formulas]
    return np.array([int.from_bytes(one, "big") for one in digests], np.uint32)
