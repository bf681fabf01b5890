"""From measured edges, and a powder pattern's evidence where there is one, to ranked materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.element_query import ElementQuery
from xsearch.errors import QueryError
from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import normalize, window
from xsearch.search.joint_spectra import PATTERN_WEIGHT, combine, edge_evidence
from xsearch.search.xanes_match import match
from xsearch.spectra.xanes import Xanes

Tables = Mapping[tuple[str, str], XanesTable]


@dataclass(frozen=True, slots=True)
class EdgeMatch:
    """How one edge agrees with a material's best library spectrum.

    Attributes:
        edge: such as `Fe K`.
        spectrum_id, kind, code: of the library spectrum: simulated, measured or predicted, and by what.
        correlation: mean over the spectrum and its derivatives.
        shift_eV: query energy less library energy.
        broadening_eV: what the library spectrum was broadened by.
    """

    edge: str
    spectrum_id: str
    kind: str
    code: str
    correlation: float
    shift_eV: float
    broadening_eV: float


@dataclass(frozen=True, slots=True)
class EdgeHit:
    """A material and what speaks for it.

    Attributes:
        material_id: empty for a measured reference that belongs to no entry; its formula then names it.
        reduced_formula: of the material.
        probability: its share among the candidates.
        evidence: natural logarithms by measurement; None where the library holds nothing to compare.
        edges: the best spectrum for each edge.
    """

    material_id: str
    reduced_formula: str
    probability: float
    evidence: dict[str, float | None]
    edges: tuple[EdgeMatch, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        edges = [{name: getattr(e, name) for name in EdgeMatch.__slots__} for e in self.edges]
        return {
            "material_id": self.material_id,
            "reduced_formula": self.reduced_formula,
            "probability": self.probability,
            "evidence": self.evidence,
            "edges": edges,
        }


def search_edges(
    spectra: Sequence[Xanes],
    tables: Tables,
    elements: ElementQuery | None = None,
    pxrd: Mapping[str, float] | None = None,
    prefer_known: bool = True,
    top: int = 20,
) -> list[EdgeHit]:
    """Rank the materials of a library by one or several measured edges, and a pattern.

    Args:
        spectra: one an edge.
        tables: the library by absorber and edge.
        elements: which elements a hit may, must or must not hold; the absorbers must be in it in any case.
        pxrd: evidence of a powder search by material id, natural logarithms.
        prefer_known: whether compounds that were made, and those near the hull, are likelier.
        top: how many hits.

    Raises:
        QueryError: where the library has no spectra of an edge, or nothing meets the conditions.
        SpectrumError: for a spectrum that cannot be normalised.
    """
    if not spectra:
        raise QueryError("No spectrum was given; at least one edge is needed.")
    query = elements or ElementQuery()
    absorbers = frozenset(s.absorber for s in spectra)
    parts: dict[str, Mapping[str, float]] = {}
    best: dict[str, list[EdgeMatch]] = {}
    formulas: dict[str, str] = {}
    for xanes in spectra:
        name = f"{xanes.absorber} {xanes.edge}"
        if (xanes.absorber, xanes.edge) not in tables:
            held = ", ".join(" ".join(key) for key in sorted(tables)) or "none"
            raise QueryError(f"The library holds no {name} spectra; it has {held}.")
        table = tables[xanes.absorber, xanes.edge]
        table = table.take(np.array([absorbers <= e and query.matches(e) for e in table.elements], bool))
        if not len(table):
            raise QueryError(f"The library holds no {name} spectrum with {query}; loosen the element conditions.")
        keys = _keys(table)
        compared = match(window(normalize(xanes)), table, prefer_known=prefer_known)
        parts[name] = edge_evidence(compared, table, keys=keys)
        for row in np.lexsort((table.spectrum_id.astype(str), -compared.score)):
            key = str(keys[row])
            formulas.setdefault(key, str(table.reduced_formula[row]))
            if all(found.edge != name for found in best.setdefault(key, [])):
                best[key].append(
                    EdgeMatch(
                        edge=name,
                        spectrum_id=str(table.spectrum_id[row]),
                        kind=str(table.kind[row]),
                        code=str(table.code[row]),
                        correlation=float(compared.correlation[row]),
                        shift_eV=float(compared.shift_eV[row]),
                        broadening_eV=float(compared.broadening_eV[row]),
                    )
                )
    if pxrd is not None:
        parts["pxrd"] = pxrd
    ranking = combine(parts, weights={"pxrd": PATTERN_WEIGHT})
    hits = []
    for place, key in enumerate(ranking.material_id[:top]):
        told = {name: float(column[place]) for name, column in ranking.parts.items()}
        evidence = {name: None if np.isnan(value) else value for name, value in told.items()}
        material = "" if str(key).startswith("reference ") else str(key)
        matched = tuple(best.get(key, ()))
        hits.append(EdgeHit(material, formulas.get(key, ""), float(ranking.probability[place]), evidence, matched))
    return hits


def _keys(table: XanesTable) -> NDArray[np.object_]:
    """(n,) what is ranked: the material, or for references without one their compound."""
    pairs = zip(table.material_id, table.reduced_formula, strict=True)
    return np.array([material or f"reference {formula}" for material, formula in pairs], object)
