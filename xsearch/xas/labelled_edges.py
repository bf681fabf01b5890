"""The near edges that come with xsearch, each with what surrounds its absorber, and what those say that agree.

A model answers to what it learned to read; spectra of known compounds that agree say what they are. Both are weighed:
the share of a compound's descriptors is the odds of its agreement among the spectra of the edge, and what none of them
explains is left to the model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula, reduced_formula
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.conditioning import conditioning_of
from xsearch.models.site_blend import SiteAnswer, ranked
from xsearch.models.tasks import CLASSES, SHARED
from xsearch.options import Conditioning
from xsearch.paths import LIBRARY_FOLDER
from xsearch.preprocess.xanes import WINDOW_POINTS, XanesWindow
from xsearch.xas.evidence import spectrum_evidence
from xsearch.xas.matching import match
from xsearch.xas.settings import DEFAULTS, LabelledEdgeSettings, XasSettings

LABELLED_EDGES = LIBRARY_FOLDER / "labelled_edges.parquet"
"""Made by `python -m xsearch.data.pack_labels`."""


LABELLED = (*SHARED, "ocn")
"""Tasks whose answers known compounds give."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledEdges:
    """Spectra of one absorber and edge whose compounds' structures are known, n of them.

    Attributes:
        spectra: the table.
        shares: task of `LABELLED` to (n, classes) shares of the absorbers; rows of what is unknown are zero.
        mnnd_A: (n,) mean distance of the nearest neighbours.
    """

    spectra: XanesTable
    shares: dict[str, NDArray[np.float64]]
    mnnd_A: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.mnnd_A)

    def take(self, keep: NDArray[np.generic]) -> LabelledEdges:
        """Some of the spectra, by index or mask."""
        return LabelledEdges(
            self.spectra.take(keep), {task: s[keep] for task, s in self.shares.items()}, self.mnnd_A[keep]
        )


@dataclass(frozen=True, slots=True, eq=False)
class KnownSurroundings:
    """What the compounds say whose spectra agree.

    Attributes:
        weight: 0 to 1, how much of the evidence they have; the rest is left to the model.
        classes: task to (classes,) shares that sum to 1; tasks of which too little is known are missing.
        mnnd_A: (c, 2) mean distance of the nearest neighbours in each compound, and its share of the evidence.
        nearest: formula and share of the evidence of the compound that agrees best.
    """

    weight: float
    classes: dict[str, NDArray[np.float64]]
    mnnd_A: NDArray[np.float64]
    nearest: tuple[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As plain values: the weight, and the compound that agrees best with its share of the evidence."""
        formula, share = self.nearest
        return {"weight": round(self.weight, 4), "nearest": formula, "nearest_share": round(share, 4)}


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How well the compounds of a library agree with a spectrum, c of them, each by its best spectrum.

    Attributes:
        log_evidence: (c,) of each.
        library: the best spectra.
    """

    log_evidence: NDArray[np.float64]
    library: LabelledEdges


def agreement(
    query: XanesWindow, library: LabelledEdges, elements: Iterable[str] = (), settings: XasSettings = DEFAULTS
) -> Agreement | None:
    """How well each compound agrees; None where there is none. Of given elements each that a compound lacks costs."""
    if not len(library):
        return None
    table, given = library.spectra, set(elements)
    found = spectrum_evidence(match(query, table, settings.matching), table.kind, settings)
    found = found - settings.evidence.missing_element_cost * np.array([len(given - held) for held in table.elements])
    compounds = [f"{m} {f}" for m, f in zip(table.material_id, table.reduced_formula, strict=True)]
    order = np.argsort(-found, kind="stable")
    _, first = np.unique(np.array(compounds)[order], return_index=True)
    best = np.sort(order[first])
    return Agreement(found[best], library.take(best))


def said_by(
    found: Agreement, given: Conditioning, settings: LabelledEdgeSettings = DEFAULTS.labelled_edges
) -> KnownSurroundings:
    """What agreeing compounds say together, and how much that counts where so much of the compound is given."""
    place = list(Conditioning).index(given)
    logs = settings.sharpness * (found.log_evidence - settings.none_of_them[place])
    odds = np.exp(logs - logs.max())
    share = odds / odds.sum()
    weight = settings.most[place] * np.exp(-np.logaddexp(0.0, -(logs.max() + np.log(odds.sum()))))
    classes = {}
    for task in LABELLED:
        total = share @ found.library.shares[task]
        if total.sum() > 0.5:
            classes[task] = total / total.sum()
    leader = int(share.argmax())
    nearest = str(found.library.spectra.reduced_formula[leader]), float(share[leader])
    return KnownSurroundings(float(weight), classes, np.stack([found.library.mnnd_A, share], 1), nearest)


def pooled(model: NDArray[np.float64], said: NDArray[np.float64] | None, weight: float) -> NDArray[np.float64]:
    """Probabilities of the model and what compounds say, by their weight."""
    return model if said is None else (1 - weight) * model + weight * said


def probabilities_of(task: str, pairs: Sequence[tuple[int, float]]) -> NDArray[np.float64]:
    """(classes,) probabilities of a task from (value, probability) pairs; what is not listed has none."""
    found = np.zeros(len(CLASSES[task]))
    for value, probability in pairs:
        found[CLASSES[task].index(value)] = probability
    return found


def joined(answer: SiteAnswer, said: KnownSurroundings) -> SiteAnswer:
    """A site model's answer with what known compounds say, by their weight."""
    classes = dict(answer.classes)
    for task, shares in said.classes.items():
        if task in classes:
            own = probabilities_of(task, classes[task])
            classes[task] = ranked(CLASSES[task], np.asarray(pooled(own / own.sum(), shares, said.weight), np.float32))
    numbers = dict(answer.numbers)
    if "mnnd_A" in numbers:
        numbers["mnnd_A"] = joined_distance(numbers["mnnd_A"], said)
    return replace(answer, classes=classes, numbers=numbers)


def with_known_compounds(
    answer: SiteAnswer,
    query: XanesWindow,
    elements: Iterable[str] = (),
    amounts: Mapping[str, float] | None = None,
    leave_out: Collection[str] = (),
) -> tuple[SiteAnswer, KnownSurroundings | None]:
    """A site model's answer with what shipped compounds say, and that; arguments as in `shipped_surroundings`."""
    said = shipped_surroundings(query, elements, amounts, leave_out)
    return (answer if said is None else joined(answer, said)), said


def joined_distance(model: tuple[float, float], said: KnownSurroundings) -> tuple[float, float]:
    """The median of the model's distance and those in the compounds by their weights, and its uncertainty, in Å."""
    value, uncertainty = model
    found = np.vstack([[value, 1 - said.weight], said.mnnd_A * [1, said.weight]])
    found = found[found[:, 0].argsort()]
    median = float(found[np.searchsorted(found[:, 1].cumsum(), 0.5 * found[:, 1].sum()), 0])
    variance = found[:, 1] @ (found[:, 0] - median) ** 2 + (1 - said.weight) * uncertainty**2
    return median, float(np.sqrt(variance))


def shipped_surroundings(
    query: XanesWindow,
    elements: Iterable[str] = (),
    amounts: Mapping[str, float] | None = None,
    leave_out: Collection[str] = (),
) -> KnownSurroundings | None:
    """What the compounds say that come with xsearch; None where they say next to nothing.

    Args:
        query: the spectrum.
        elements: all that the compound holds, if known.
        amounts: its formula, if known.
        leave_out: reduced formulas, and sources of measured spectra, that are not compared.
    """
    library = labelled_edge(query.absorber, query.edge)
    table, left_out = library.spectra, list(leave_out)
    elements = tuple(elements)
    elsewhere = (table.kind != "measured") | ~np.isin(table.source.astype(str), left_out)
    kept = library.take(elsewhere & ~np.isin(table.reduced_formula.astype(str), left_out))
    found = agreement(query, meeting(kept, elements, amounts), elements)
    if found is None:
        return None
    said = said_by(found, conditioning_of(elements, amounts))
    return said if said.weight > DEFAULTS.labelled_edges.least else None


def meeting(
    library: LabelledEdges, elements: Iterable[str] = (), amounts: Mapping[str, float] | None = None
) -> LabelledEdges:
    """The spectra of compounds of no other elements, or of the same proportions; all where nothing is given."""
    table, allowed = library.spectra, set(amounts if amounts is not None else elements)
    keep = np.array([not allowed or held <= allowed for held in table.elements], bool)
    if amounts is not None:
        keep &= table.reduced_formula == reduced_formula(amounts)
    return library.take(keep)


@cache
def labelled_edge(absorber: str, edge: str) -> LabelledEdges:
    """The shipped spectra of an edge; possibly none."""
    table = _table()
    edges = zip(table.column("absorber").to_pylist(), table.column("edge").to_pylist(), strict=True)
    places = np.array([place for place, named in enumerate(edges) if named == (absorber, edge)], np.int64)
    return _of_rows(absorber, edge, table.take(places).to_pylist())


def labelled_edges() -> dict[tuple[str, str], LabelledEdges]:
    """The shipped spectra, by absorber and edge."""
    named = _table().select(["absorber", "edge"]).to_pylist()
    return {key: labelled_edge(*key) for key in sorted({(row["absorber"], row["edge"]) for row in named})}


@cache
def _table() -> pa.Table:
    return pq.ParquetFile(LABELLED_EDGES).read()


def _of_rows(absorber: str, edge: str, rows: Sequence[Mapping[str, Any]]) -> LabelledEdges:
    n = len(rows)
    values, known = np.zeros((n, WINDOW_POINTS), np.float32), np.zeros((n, WINDOW_POINTS), bool)
    shares = {task: np.zeros((n, len(CLASSES[task]))) for task in LABELLED}
    for place, row in enumerate(rows):
        inside = slice(row["first"], row["first"] + len(row["values"]))
        values[place, inside], known[place, inside] = row["values"], True
        for task in LABELLED:
            for value, share in zip(row[f"{task}_values"], row[f"{task}_shares"], strict=True):
                shares[task][place, CLASSES[task].index(value)] = share

    def texts(name: str) -> NDArray[np.object_]:
        return np.array([row.get(name) or "" for row in rows], object)

    names = ("spectrum_id", "material_id", "reduced_formula", "kind", "code", "source")
    table = XanesTable(
        absorber, edge, values, known, np.array([row["offset_eV"] for row in rows], np.float32),
        tuple(frozenset(parse_formula(row["reduced_formula"])) for row in rows),
        level=np.full(n, "material", object), licence=texts("licence"), **{name: texts(name) for name in names},
    )  # fmt: skip
    return LabelledEdges(table, shares, np.array([row["mnnd_A"] for row in rows]))
