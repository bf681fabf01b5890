"""What surrounds the absorbers of measured spectra whose compounds have known structures: the judge of predictions.

A spectrum is paired with structures of its formula: of the phase that it names, else of those that are reported and
lie lowest. Where several structures remain and disagree, that quantity has no truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.data.structure_sites import structure_sites
from xsearch.errors import CrystalError, SpectrumError

if TYPE_CHECKING:
    from rich.table import Table

PHASES = {
    "anatase": 141, "rutile": 136, "brookite": 61, "hematite": 167, "corundum": 167, "eskolaite": 167,
    "magnetite": 227, "maghemite": 212, "goethite": 62, "lepidocrocite": 63, "akaganeite": 12, "siderite": 167,
    "rhodochrosite": 167, "calcite": 167, "aragonite": 62, "smithsonite": 167, "otavite": 167, "pyrite": 205,
    "marcasite": 58, "troilite": 190, "pyrrhotite": 194, "arsenopyrite": 14, "loellingite": 58, "chalcopyrite": 122,
    "chalcocite": 14, "covellite": 194, "azurite": 14, "malachite": 14, "cuprite": 224, "tenorite": 15,
    "sphalerite": 216, "wurtzite": 186, "greenockite": 186, "zincite": 186, "zirconolite": 15, "chromite": 227,
    "hercynite": 227, "pyrolusite": 136, "ramsdellite": 62, "manganosite": 225, "hausmannite": 141, "bixbyite": 206,
    "orpiment": 14, "realgar": 14, "scorodite": 61, "hopeite": 62, "vivianite": 12, "gypsum": 15, "anhydrite": 63,
    "barite": 62, "celestine": 62, "crocoite": 14, "cotunnite": 62, "galena": 225, "cerussite": 62, "anglesite": 62,
    "alpha-mn": 217, "bcc": 229, "fcc": 225, "hcp": 194, "rocksalt": 225, "fluorite": 225, "perovskite": 221,
}  # fmt: skip
"""Space groups of minerals and packings that spectra name."""

HULL_WITHIN = 0.02
"""Structures up to this many eV/atom above the lowest of their formula count as what a sample may be. Set by hand."""

ATOMS = 60
"""Structures with more sites in the primitive cell are not described. Set by hand."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one measured spectrum.

    Attributes:
        id: of the spectrum.
        absorber, edge, formula: of it; the formula is reduced.
        source: of the measurement; empty where the table does not say.
        material_ids: structures that it may be of.
        oxidation_state, cn: shares of the absorbers by value; empty where unknown, or structures disagree.
        neighbors: elements that surround them.
        mnnd_A: mean neighbour distance.
        clear: whether CrystalNN is sure of every coordination number.
    """

    id: str
    absorber: str
    edge: str
    formula: str
    material_ids: tuple[str, ...]
    oxidation_state: dict[int, float]
    cn: dict[int, float]
    neighbors: frozenset[str]
    mnnd_A: float
    clear: bool
    source: str = ""

    @property
    def mixed(self) -> bool:
        """Whether absorbers of several oxidation states or coordination numbers add up to the spectrum."""
        return any(max(shares.values(), default=1.0) < 0.9 for shares in (self.oxidation_state, self.cn))

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "id": self.id, "absorber": self.absorber, "edge": self.edge, "formula": self.formula,
            "material_ids": list(self.material_ids),
            "oxidation_state": {str(k): round(v, 3) for k, v in self.oxidation_state.items()},
            "cn": {str(k): round(v, 3) for k, v in self.cn.items()}, "neighbors": sorted(self.neighbors),
            "mnnd_A": round(self.mnnd_A, 4), "clear": self.clear,
        }  # fmt: skip


def usable_spectra(path: Path) -> pd.DataFrame:
    """Rows of a table of measured spectra that may be judged: usable, crystalline, of a stated formula.

    Their column `reduced` holds the reduced formula.

    Raises:
        SpectrumError: where the file is missing or is no such table.
    """
    if not path.exists():
        raise SpectrumError(f"{path}: no such file; a Parquet table of measured spectra is expected.")
    table = pd.read_parquet(path)
    if missing := [c for c in ("id", "element", "edge", "formula", "usable_query") if c not in table.columns]:
        raise SpectrumError(f"{path.name}: the columns {', '.join(missing)} are missing.")
    usable = table.usable_query.astype(bool)
    if "noncrystalline_hint" in table.columns:
        usable &= ~table.noncrystalline_hint.astype(bool)
    table = table[usable & table.formula.notna()]
    return table.assign(reduced=[_reduced(f) for f in table.formula]).dropna(subset=["reduced"])


def measured_truths(
    spectra: pd.DataFrame,
    structures: Path,
    cache: Path,
    processes: int = 1,
    say: Callable[[str], None] | None = None,
) -> list[Truth]:
    """The truth of measured spectra.

    Args:
        spectra: as `usable_spectra` gives them.
        structures: a table of cells, such as `mp_structures.parquet`.
        cache: a file of described sites, see `structure_sites`.
        processes, say: likewise.

    Returns:
        One for each spectrum whose formula has a structure, in the table's order.
    """
    columns = ["material_id", "reduced_formula", "spacegroup_number", "energy_above_hull", "theoretical", "nsites"]
    listed = pd.read_parquet(structures, columns=columns)
    listed = listed[listed.reduced_formula.isin(set(spectra.reduced)) & (listed.nsites <= ATOMS)]
    chosen = {row.id: _structures_of(row.reduced, getattr(row, "phase", None), listed) for row in spectra.itertuples()}
    needed = sorted({m for ids in chosen.values() for m in ids})
    sites = structure_sites(structures, cache, needed, processes, say)
    by_material = dict(iter(sites.groupby(["material_id", "element"])))
    truths = []
    for row in spectra.itertuples():
        found = [by_material[key] for m in chosen[row.id] if (key := (m, row.element)) in by_material]
        if found:
            truths.append(_truth(row, found))
    return truths


def truth_table(truths: list[Truth]) -> Table:
    """A row a compound and edge, for a terminal."""
    from rich.table import Table

    shown = Table(title=f"{len(truths)} measured spectra with known structures")
    for heading in (
        "edge",
        "formula",
        "spectra",
        "oxidation state",
        "coordination",
        "distance (Å)",
        "neighbours",
        "structures",
    ):
        shown.add_column(heading)
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[Truth]] = {}
    for truth in truths:
        groups.setdefault((truth.absorber, truth.edge, truth.formula, truth.material_ids), []).append(truth)
    for (absorber, edge, formula, ids), group in sorted(groups.items()):
        one = group[0]
        shown.add_row(
            f"{absorber} {edge}", formula, str(len(group)), _shares_text(one.oxidation_state),
            _shares_text(one.cn) + ("" if one.clear else " ?"), f"{one.mnnd_A:.3f}", " ".join(sorted(one.neighbors)),
            " ".join(ids[:3]) + (" ..." if len(ids) > 3 else ""),
        )  # fmt: skip
    return shown


def _shares_text(shares: dict[int, float]) -> str:
    if not shares:
        return "not known"
    return ", ".join(f"{value}" + (f" ({share:.0%})" if share < 0.995 else "") for value, share in shares.items())


def _structures_of(formula: str, phase: object, listed: pd.DataFrame) -> list[str]:
    """Ids of the structures that a spectrum may be of."""
    same = listed[listed.reduced_formula == formula]
    name = phase.partition(" (")[0].strip().lower() if isinstance(phase, str) else ""
    if name in PHASES and (same.spacegroup_number == PHASES[name]).any():
        same = same[same.spacegroup_number == PHASES[name]]
    elif (same.theoretical == False).any():  # noqa: E712  (missing values are neither)
        same = same[same.theoretical == False]  # noqa: E712
    hull = same.energy_above_hull.fillna(0.1)
    return list(same.material_id[hull <= hull.min() + HULL_WITHIN]) if len(same) else []


def _truth(row: Any, structures: list[pd.DataFrame]) -> Truth:
    """What the sites of a spectrum's absorber in its structures have in common."""
    states = [
        _shares(sites, "oxidation_state", ~(sites.oxidation_agrees.astype(str) == "False")) for sites in structures
    ]
    numbers = [_shares(sites, "cn", np.ones(len(sites), bool)) for sites in structures]
    distances = [float(np.average(s.mnnd_A, weights=s.multiplicity)) for s in structures]
    return Truth(
        id=str(row.id),
        absorber=row.element,
        edge=row.edge,
        formula=row.reduced,
        material_ids=tuple(str(s.material_id.iloc[0]) for s in structures),
        oxidation_state=_common(states),
        cn=_common(numbers),
        neighbors=frozenset(e for s in structures for text in s.neighbors for e in str(text).split()),
        mnnd_A=float(np.median(distances)),
        clear=not any(bool(a) for s in structures for a in s.ambiguous),
        source=str(getattr(row, "source", "")),
    )


def _shares(sites: pd.DataFrame, column: str, known: Any) -> dict[int, float]:
    """Shares of the atoms by value, largest first; empty where one has none, or half a charge."""
    values = sites[column].to_numpy(float)
    whole = np.isfinite(values) & (np.abs(values - np.round(values)) < 0.01) & np.asarray(known, bool)
    if not whole.all():
        return {}
    total: dict[int, float] = {}
    for value, count in zip(np.round(values).astype(int).tolist(), sites.multiplicity.tolist(), strict=True):
        total[value] = total.get(value, 0.0) + count
    everything = sum(total.values())
    return {value: count / everything for value, count in sorted(total.items(), key=lambda pair: -pair[1])}


def _common(shares: list[dict[int, float]]) -> dict[int, float]:
    """The shares that all structures have within a tenth; empty where they disagree."""
    first = shares[0]
    values = {value for one in shares for value in one}
    same = all(abs(one.get(v, 0.0) - first.get(v, 0.0)) <= 0.1 for one in shares for v in values)
    return first if same else {}


def _reduced(formula: str) -> str | None:
    try:
        return reduced_formula(parse_formula(formula))
    except CrystalError:
        return None
