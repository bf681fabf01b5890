"""Predictions on measured spectra of compounds whose structures are known: how often they are right, and how sure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xsearch.chemistry.formula import parse_formula
from xsearch.data.measured_truth import Truth, measured_truths, usable_spectra
from xsearch.elements import SYMBOLS
from xsearch.errors import SpectrumError
from xsearch.models.conditioning import composition_features
from xsearch.models.site_blend import SiteAnswer
from xsearch.models.site_model import SiteModel, shipped_site_model, stacked
from xsearch.models.tasks import CLASSES
from xsearch.options import Conditioning
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.xas.labelled_edges import with_known_compounds

if TYPE_CHECKING:
    from rich.table import Table

SURE = 0.8
"""An answer with a higher probability is sure of itself. Set by the question that users have."""

SHARES_WITHIN = 0.15
"""How far each share of a mixed compound may be off."""


@dataclass(frozen=True, slots=True)
class KnownCompounds:
    """Figures of one model on measured spectra, with one amount of the compound given.

    Attributes:
        given: how much.
        n: spectra; `n_compounds` of so many compounds and edges, `unread` could not be normalised.
        oxidation_state, cn, cn_clear, neighbor: shares of the spectra for which the likeliest answer is right; of
            those with one truth. `cn_clear`: where CrystalNN is sure of it.
        by_compound: the same, each compound and edge counting alike.
        outside: answers with a neighbour that the formula lacks.
        metals_neutral: oxidation state 0 for elements, and of how many.
        distance_mae: of the mean neighbour distance, Å.
        sure_wrong: answers on oxidation state or coordination that are wrong though sure; `sure` is how many are sure,
            `marked` how many of the wrong ones are marked as unfamiliar.
        network_errors: wrong answers that the networks alone are sure of, on oxidation state or coordination;
            `network_errors_left` how many of them are answered and are still sure, in a spectrum not marked.
        mixed: share of the mixed compounds' answers whose shares are right within 0.15, and of how many.
        wrong: one line each.
    """

    given: str
    n: int
    n_compounds: int
    unread: int
    oxidation_state: float
    n_oxidation_state: int
    cn: float
    cn_clear: float
    n_cn: int
    neighbor: float
    by_compound: dict[str, float]
    outside: int
    metals_neutral: float
    n_metals: int
    distance_mae: float
    sure: int
    sure_wrong: int
    marked: int
    network_errors: int
    network_errors_left: int
    mixed: float
    n_mixed: int
    wrong: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def read_known(
    spectra: Path, structures: Path, cache: Path, processes: int = 1, say: Callable[[str], None] | None = None
) -> list[tuple[Truth, Xanes]]:
    """Measured spectra with their truths; arguments as in `measured_truths`."""
    table = usable_spectra(spectra)
    truths = {truth.id: truth for truth in measured_truths(table, structures, cache, processes, say)}
    rows = table[table.id.astype(str).isin(truths)]
    return [
        (truths[str(row.id)], Xanes(np.asarray(row.energy), _absorption(row), row.element, row.edge, str(row.id)))
        for row in rows.itertuples()
    ]


def _absorption(row: Any) -> np.ndarray:
    raw = getattr(row, "mu_raw", None)
    return np.asarray(row.mu_norm if raw is None or not np.isfinite(raw).all() else raw, np.float64)


def evaluate_known(
    known: Sequence[tuple[Truth, Xanes]],
    given: Conditioning,
    model: SiteModel | None = None,
    change: Callable[[Xanes], Xanes] | None = None,
    left_out: Callable[[Truth], Collection[str]] | None = None,
) -> KnownCompounds:
    """Figures of a model, alone or with the compounds whose shipped spectra agree.

    Args:
        known: as `read_known` gives them.
        given: what the model is given of each compound.
        model: the shipped one if None.
        change: of each spectrum before it is read, to measure robustness.
        left_out: formulas, and sources of measured spectra, with which a spectrum is not compared, such as
            `other_sources`; the model alone if None.
    """
    model = model or shipped_site_model()
    answers: list[tuple[Truth, SiteAnswer]] = []
    errors: list[bool] = []
    unread = 0
    for truth, xanes in known:
        try:
            read = window(normalize(change(xanes) if change else xanes))
        except SpectrumError:
            unread += 1
            continue
        amounts = parse_formula(truth.formula)
        elements = () if given is Conditioning.NONE else sorted(amounts)
        stated = amounts if given is Conditioning.FORMULA else None
        answer = model.predict([read], elements, stated)[0]
        if left_out is not None:
            answer, _ = with_known_compounds(answer, read, elements, stated, left_out(truth))
        answers.append((truth, answer))
        errors += network_errors(model, read, elements, stated, truth, answer)
    return figures(answers, given, unread, errors)


def network_errors(
    model: SiteModel,
    read: XanesWindow,
    elements: Sequence[str],
    amounts: Mapping[str, float] | None,
    truth: Truth,
    answer: SiteAnswer,
) -> list[bool]:
    """Whether each wrong answer that a network alone is sure of is still given, sure and without a mark."""
    composition = composition_features(read.absorber, elements, amounts, model.composition.known)[None]
    found = model.evaluate(*stacked([read]), composition)
    left = []
    for task, shares in (("oxidation_state", truth.oxidation_state), ("cn", truth.cn)):
        if not shares or max(shares.values()) < 0.9:
            continue
        right = max(shares, key=lambda v: shares[v])
        for network in model.networks:
            alone = found.parts[network][task][0]
            if alone.max() > SURE and CLASSES[task][int(alone.argmax())] != right:
                value, probability = answer.classes[task][0]
                left.append(not answer.unfamiliar and value != right and probability > SURE)
    return left


def other_sources(truth: Truth) -> tuple[str, ...]:
    """What is left out so that no spectrum is compared with one of its source."""
    return (truth.source,)


def other_compounds(truth: Truth) -> tuple[str, ...]:
    """What is left out so that no spectrum is compared with its own compound either."""
    return truth.source, truth.formula


def figures(
    answers: Sequence[tuple[Truth, SiteAnswer]], given: Conditioning, unread: int = 0, errors: Sequence[bool] = ()
) -> KnownCompounds:
    """Figures of answers, see `KnownCompounds`; `errors` as `network_errors` gives them."""
    rows, wrong = [], []
    for truth, answer in answers:
        row: dict[str, Any] = {"compound": f"{truth.absorber} {truth.edge} {truth.formula} {truth.material_ids}"}
        for task, shares in (("oxidation_state", truth.oxidation_state), ("cn", truth.cn)):
            if not shares or task not in answer.classes:
                continue
            value, probability = answer.classes[task][0]
            best = max(shares, key=lambda v: shares[v])
            if shares[best] >= 0.9:
                row[task] = value == best
                row[f"{task}_sure"] = probability > SURE
                if value != best:
                    doubt = ", unfamiliar" if answer.unfamiliar else ""
                    name = f"{truth.id} {truth.absorber} {truth.edge} {truth.formula}"
                    wrong.append(f"{name}: {task} {value} ({probability:.0%}), true {best}{doubt}")
            elif truth.mixed:
                said = dict(answer.classes[task])
                off = max(abs(said.get(v, 0.0) - shares.get(v, 0.0)) for v in {*said, *shares})
                row["shares"] = row.get("shares", True) and off <= SHARES_WITHIN
        if truth.clear and "cn" in row:
            row["cn_clear"] = row["cn"]
        neighbor = SYMBOLS[answer.classes["neighbor_z"][0][0] - 1]
        row["neighbor"] = neighbor in truth.neighbors
        row["outside"] = neighbor not in parse_formula(truth.formula)
        if len(parse_formula(truth.formula)) == 1:
            row["metal"] = answer.classes["oxidation_state"][0][0] == 0
        row["distance"] = abs(answer.numbers["mnnd_A"][0] - truth.mnnd_A)
        row["unfamiliar"] = bool(answer.unfamiliar)
        rows.append(row)
    table = pd.DataFrame(rows)
    sure = sure_wrong = marked = 0
    for task in ("oxidation_state", "cn"):
        if task in table:
            certain = table[f"{task}_sure"].fillna(False).astype(bool)
            false = certain & (table[task] == False)  # noqa: E712  (missing values are neither)
            sure, sure_wrong = sure + int(certain.sum()), sure_wrong + int(false.sum())
            marked += int((false & table.unfamiliar).sum())
    tasks = ("oxidation_state", "cn", "cn_clear", "neighbor")
    means = {task: float(table[task].dropna().astype(float).mean()) if task in table else np.nan for task in tasks}
    grouped = table.groupby("compound")
    by_compound = {
        task: float(grouped[task].apply(lambda s: s.dropna().astype(float).mean()).mean())
        for task in tasks
        if task in table
    }

    def counted(column: str) -> tuple[float, int]:
        values = table[column].dropna().astype(float) if column in table else pd.Series(dtype=float)
        return (float(values.mean()) if len(values) else np.nan), len(values)

    metals, n_metals = counted("metal")
    mixed, n_mixed = counted("shares")
    return KnownCompounds(
        given=str(given), n=len(table), n_compounds=table.compound.nunique(), unread=unread,
        oxidation_state=means["oxidation_state"], n_oxidation_state=counted("oxidation_state")[1], cn=means["cn"],
        cn_clear=means["cn_clear"], n_cn=counted("cn")[1], neighbor=means["neighbor"], by_compound=by_compound,
        outside=int(table.outside.sum()), metals_neutral=metals, n_metals=n_metals,
        distance_mae=float(table.distance.mean()), sure=sure, sure_wrong=sure_wrong, marked=marked,
        network_errors=len(errors), network_errors_left=sum(errors), mixed=mixed,
        n_mixed=n_mixed, wrong=tuple(wrong),
    )  # fmt: skip


def known_table(found: Sequence[KnownCompounds]) -> Table:
    """A column for each amount that is given, for a terminal."""
    from rich.table import Table

    shown = Table(title=f"{found[0].n} measured spectra of {found[0].n_compounds} known compounds and edges")
    for heading in ("figure", *(f"given: {one.given}" for one in found)):
        shown.add_column(heading)
    for name in (
        "oxidation_state", "n_oxidation_state", "cn", "cn_clear", "n_cn", "neighbor", "outside", "metals_neutral",
        "n_metals", "distance_mae", "sure", "sure_wrong", "marked", "mixed", "n_mixed", "unread",
    ):  # fmt: skip
        shown.add_row(name, *(_text(getattr(one, name)) for one in found))
    for task in found[0].by_compound:
        shown.add_row(f"{task}, by compound", *(_text(one.by_compound.get(task, np.nan)) for one in found))
    return shown


def _text(value: float | int) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
