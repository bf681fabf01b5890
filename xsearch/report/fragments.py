"""Parts of a page in HTML: the verdict, the table of crystals, the evidence for one, notes and credits.

The self-contained page of `write_html` and the page of `xsearch serve` are made of them. Rows carry `data-place`, the
crystal's place in the answer, and angles `data-angle`, so that a script can act on them; without one they are text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from html import escape

from xsearch.answers import Candidate, Combined, Hit, Inference, LcfResult, MixtureResult, SearchResult
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.space_groups import space_group_symbol
from xsearch.report.hit_reasons import reasons
from xsearch.report.hits_table import (
    NOTE,
    edge_cells,
    edge_headings,
    edges_of,
    footnotes,
    measured,
    percent,
    twins_line,
)
from xsearch.report.inference_table import replacements, sites_in_words
from xsearch.report.provenance import attributions
from xsearch.report.typeset import formula_html, signed, symbol_html

Answer = SearchResult | Combined | Inference
"""What can be shown on a page. Mixtures and linear combination fits are search results."""

MOODS = {"match": "match", "tentative": "tentative", "no confident match": "none"}
"""Verdict to the class of the style sheet that colours it."""


def crystals_of(answer: Answer) -> tuple[Hit | Candidate, ...]:
    """The crystals of an answer, in the order of its table."""
    if isinstance(answer, Combined):
        return tuple(one.crystal for one in answer.ranking)
    return answer.candidates if isinstance(answer, Inference) else answer.hits


def search_of(answer: Answer) -> SearchResult | None:
    """The search that is part of an answer."""
    return answer.search if isinstance(answer, Combined) else answer if isinstance(answer, SearchResult) else None


# The verdict.


def verdict_of(answer: Answer) -> str:
    """`match`, `tentative` or `no confident match`: of what stands first."""
    if isinstance(answer, Combined):
        first = answer.ranking[0] if answer.ranking else None
        return answer.inference.verdict if first is not None and first.kind == "inferred" else answer.search.verdict
    return answer.verdict


def verdict_html(answer: Answer) -> str:
    """The answer in large letters, and what it rests on."""
    verdict = verdict_of(answer)
    return (
        f'<div class="verdict {MOODS[verdict]}"><h2>{_headline(answer, verdict)}</h2>'
        f"<p>{escape('. '.join(_facts(answer)))}.</p></div>"
    )


def _headline(answer: Answer, verdict: str) -> str:
    crystals = crystals_of(answer)
    if verdict == "no confident match" or not crystals:
        return "No confident match"
    if isinstance(answer, MixtureResult):
        parts = [f"{100 * one.weight_fraction:.0f}&#8239;% {_named(one.hit)}" for one in answer.best.components]
        return " + ".join(parts)
    if isinstance(answer, LcfResult):
        return " + ".join(f"{100 * one.fraction:.0f}&#8239;% {_named(one.hit)}" for one in answer.best.components)
    perhaps = "Perhaps " if verdict == "tentative" else ""
    return perhaps + _named(crystals[0])


def _named(crystal: Hit | Candidate) -> str:
    if isinstance(crystal, Candidate):
        return f"{formula_html(crystal.formula)}, inferred"
    return formula_html(crystal.formula or "unnamed compound") + (f" {escape(crystal.name)}" if crystal.name else "")


def _facts(answer: Answer) -> list[str]:
    facts = []
    search, crystals = search_of(answer), crystals_of(answer)
    if isinstance(answer, Inference):
        facts.append(f"{answer.n_proposed:,} substitutions of templates were considered, {answer.n_fitted:,} fitted")
    elif search is not None:
        facts.append(
            f"{', '.join(measured(search))}; {search.n_searched:,} entries of {search.index_name} were compared"
        )
    if isinstance(answer, Combined):
        facts.append(f"{answer.inference.n_proposed:,} substitutions of templates were considered")
    if crystals and not isinstance(answer, MixtureResult | LcfResult):
        facts.append(f"Probability of the first {100 * _probability(answer):.0f} %")
    if search is not None and (alike := twins_line(search)):
        facts.append(_sentence(alike))
    if isinstance(answer, MixtureResult) and crystals:
        facts.append(f"{100 * answer.best.unexplained:.0f} % of the intensity is unexplained")
    return facts


def _probability(answer: Answer) -> float:
    if isinstance(answer, Combined):
        return answer.ranking[0].score
    return answer.candidates[0].probability if isinstance(answer, Inference) else answer.hits[0].score


# The table of crystals.


def crystals_html(answer: Answer) -> str:
    """The table of an answer; empty where it holds no crystal."""
    if not crystals_of(answer):
        return ""
    headings, rows = _table(answer)
    head = "".join(f'<th scope="col"{_class(name)}>{escape(name)}</th>' for name in headings)
    body = "".join(
        f'<tr data-place="{place}">'
        + "".join(f"<td{_class(name)}>{cell}</td>" for name, cell in zip(headings, row, strict=True))
        + "</tr>"
        for place, row in enumerate(rows)
    )
    return f'<table class="crystals"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


TEXT = ("formula", "name", "id", "space group", "system", "kind", "template", "substitution")
"""Columns of text; the others are numbers, set right."""

WIDE = ("system", "name", "zero shift °", "template", "substitution")
"""Columns that narrow screens go without."""


def _class(heading: str) -> str:
    names = [*([] if heading in TEXT else ["n"]), *(["wide"] if heading in WIDE else [])]
    return f' class="{" ".join(names)}"' if names else ""


def _table(answer: Answer) -> tuple[list[str], list[list[str]]]:
    if isinstance(answer, MixtureResult):
        amounts = [
            f"{100 * one.weight_fraction:.0f} ± {max(100 * one.weight_error, 1):.0f}" for one in answer.best.components
        ]
        headings, rows = _hit_rows(answer, answer.best.hits)
        return ["weight %", *headings[1:]], [[amount, *row[1:]] for amount, row in zip(amounts, rows, strict=True)]
    if isinstance(answer, LcfResult):
        amounts = [f"{100 * one.fraction:.0f} ± {100 * one.fraction_error:.0f}" for one in answer.best.components]
        headings, rows = _hit_rows(answer, answer.best.hits)
        return ["fraction %", *headings[1:]], [[amount, *row[1:]] for amount, row in zip(amounts, rows, strict=True)]
    if isinstance(answer, SearchResult):
        return _hit_rows(answer, answer.hits)
    if isinstance(answer, Inference):
        headings = ["#", "formula", "space group", "probability", "unexplained %", "template", "substitution"]
        return headings, [_candidate_row(one) for one in answer.candidates]
    headings = ["#", "kind", "formula", "id", "space group", "score", "unexplained %", "Rwp %"]
    return headings, [
        [
            str(one.rank), one.kind, formula_html(one.formula), escape(one.id), _group(one.space_group),
            _score(one.score), percent(one.unexplained),
            "" if one.refined is None else f"{100 * one.refined.residuals.r_wp:.0f}",
        ]
        for one in answer.ranking
    ]  # fmt: skip


def _hit_rows(result: SearchResult, hits: Sequence[Hit]) -> tuple[list[str], list[list[str]]]:
    edges, has_pattern = edges_of(result), result.pattern is not None
    fit = ["strain %", "zero shift °", "unexplained %"] if has_pattern else []
    headings = ["#", "formula", "name", "id", "space group", "system", "score", *fit, *edge_headings(edges)]
    return headings, [_hit_row(hit, edges, has_pattern) for hit in hits]


def _hit_row(hit: Hit, edges: tuple[str, ...], has_pattern: bool) -> list[str]:
    fitted = []
    if has_pattern:
        fit = hit.fitted
        fitted = [signed(100 * fit.strain, 2), signed(fit.zero_shift_deg, 3), f"{100 * fit.unexplained:.0f}"]
    more = f' <span class="pale">+{len(hit.duplicates)}</span>' if hit.duplicates else ""
    return [
        str(hit.rank), formula_html(hit.formula), escape(hit.name or ""), escape(hit.material_id) + more,
        _group(hit.material.space_group), escape(hit.material.crystal_system or "?"), _score(hit.score),
        *fitted, *map(escape, edge_cells(hit, edges)),
    ]  # fmt: skip


def _candidate_row(one: Candidate) -> list[str]:
    return [
        str(one.rank), formula_html(one.formula), _group(one.space_group), _score(one.probability),
        percent(None if one.pattern_fit is None else one.pattern_fit.unexplained),
        _origin(one), "" if one.solved else escape("; ".join([replacements(one.substitution), *sites_in_words(one)])),
    ]  # fmt: skip


def _origin(one: Candidate) -> str:
    return escape(one.origin) if one.solved else f"{formula_html(one.source_formula)} {escape(one.source_id)}"


def _score(value: float) -> str:
    return f'<meter min="0" max="1" low="0.5" high="0.8" optimum="1" value="{value:.3f}"></meter> {value:.2f}'


def _group(number: int | None) -> str:
    return f"{symbol_html(space_group_symbol(number))} ({number})" if number else "?"


# The evidence for one crystal.


@singledispatch
def crystal_html(crystal: Hit | Candidate) -> str:
    """What one crystal rests on, its cell, its properties, and where its data come from."""
    raise TypeError(type(crystal).__name__)


@crystal_html.register
def _(hit: Hit) -> str:
    material = hit.matched
    twins = ", ".join(escape(twin.material_id) for twin in hit.duplicates)
    facts: list[tuple[str, str]] = []
    if hit.pattern_fit is not None:
        facts += [("Cell, strained to the pattern", _cell(hit.cell)), ("FWHM", f"{hit.pattern_fit.fwhm_deg:.3f}°")]
    elif not isinstance(material, Reference):
        facts.append(("Cell", _cell(hit.cell)))
    facts += [(escape(match.edge), escape(f"{match.spectrum_id}, {match.source}")) for match in hit.edges]
    facts += [("Same phase", twins)] if twins else []
    facts += _properties(hit)
    facts += [("Source", f"{escape(material.source)}; licence: {escape(material.licence)}")]
    facts += [("Reference", escape(material.reference))] if material.reference else []
    facts += [("Measured cell", escape(hit.matched_cell.material_id))] if hit.matched_cell else []
    return _reasons_html(hit) + _rival_html(hit) + _list(facts) + _terms(hit.evidence.terms())


@crystal_html.register
def _(candidate: Candidate) -> str:
    facts = [
        ("Cell", _cell(candidate.cell)),
        ("Template", _origin(candidate)),
        *(() if candidate.solved else [("Substitution", escape(replacements(candidate.substitution)))]),
        *(("Disorder", escape(one.text + (f". {one.caveat}" if one.caveat else ""))) for one in candidate.disorder),
        *((f"{escape(absorber)} edge", f"r {r:.3f}") for absorber, r in candidate.xanes_agreement.items()),
    ]
    lines = "".join(f"<li>{escape(line)}</li>" for line in candidate.assumptions)
    return f'<ul class="reasons">{lines}</ul>' + _list(facts) + _terms(candidate.evidence)


def _reasons_html(hit: Hit) -> str:
    lines = "".join(f"<li>{escape(line[0].upper() + line[1:])}</li>" for line in reasons(hit))
    return f'<ul class="reasons">{lines}</ul>'


def _rival_html(hit: Hit) -> str:
    if hit.rival is None or not hit.rival.discriminating_reflections:
        return ""
    rows = "".join(
        f'<tr><td class="n"><a class="angle" data-angle="{one.two_theta_deg:.3f}">{one.two_theta_deg:.2f}°</a></td>'
        f'<td class="n">{100 * one.hit:.0f}</td><td class="n">{100 * one.rival:.0f}</td>'
        f'<td class="n">{100 * one.measured:.0f}</td></tr>'
        for one in hit.rival.discriminating_reflections
    )
    return (
        f"<h4>Reflections that discriminate it from {formula_html(hit.rival.formula)}</h4>"
        f'<table class="small"><thead><tr><th class="n">2θ</th><th class="n">this</th><th class="n">rival</th>'
        f'<th class="n">measured</th></tr></thead><tbody>{rows}</tbody></table>'
    )


PROPERTIES: dict[str, tuple[str, Callable[[float], str]]] = {
    "band_gap_eV": ("Band gap", lambda value: f"{value:.2f} eV"),
    "formation_energy_eV_atom": ("Formation energy", lambda value: f"{value:.3f} eV/atom"),
    "density_g_cm3": ("Density", lambda value: f"{value:.2f} g/cm³"),
}
"""Properties with a name in print; others are listed as the index names them."""


def _properties(hit: Hit) -> list[tuple[str, str]]:
    material = hit.material
    if isinstance(material, Reference):
        return []
    facts = []
    if material.energy_above_hull_eV is not None:
        facts.append(("Energy above hull", f"{material.energy_above_hull_eV:.3f} eV/atom"))
    conditions = [
        text
        for value, text in (
            (material.temperature_K, f"{material.temperature_K} K"),
            (material.pressure_GPa, f"{material.pressure_GPa} GPa"),
        )
        if value is not None
    ]
    facts += [("Measured at", ", ".join(conditions))] if conditions else []
    for name, value in material.properties.items():
        if name in PROPERTIES and isinstance(value, int | float):
            source = material.properties.get(f"{name.removesuffix('_eV')}_source")
            text = PROPERTIES[name][1](float(value)) + (f" ({escape(str(source))})" if source else "")
            facts.append((PROPERTIES[name][0], text))
    return facts


def _cell(cell: Iterable[float]) -> str:
    a, b, c, alpha, beta, gamma = cell
    return f"{a:.4f} {b:.4f} {c:.4f} Å, {alpha:.2f} {beta:.2f} {gamma:.2f}°"


def _list(facts: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts) + "</dl>"


def _terms(evidence: dict[str, float]) -> str:
    rows = "".join(
        f'<tr><td>{escape(term.replace("_", " "))}</td><td class="n">{value:.4g}</td></tr>'
        for term, value in evidence.items()
    )
    return (
        '<details class="terms"><summary>Log-evidence by terms</summary>'
        f'<table class="small"><tbody>{rows}</tbody></table></details>'
    )


# Notes and credits.


def notes_html(answer: Answer) -> str:
    """What was assumed, found beside, and what marks mean."""
    search = search_of(answer)
    lines = [] if search is None else footnotes(search, search.hits, duplicates=True)
    if isinstance(answer, Inference):
        lines += answer.notes
    elif isinstance(answer, Combined):
        lines += [f"inference: {answer.inference.verdict}", *answer.inference.notes]
    items = "".join(f"<li>{escape(_sentence(line.removeprefix(NOTE)))}</li>" for line in dict.fromkeys(lines))
    return f'<ul class="notes">{items or "<li>Nothing was assumed.</li>"}</ul>'


def _sentence(line: str) -> str:
    return line[:1].upper() + line[1:]


def credits_html(answer: Answer) -> str:
    """How to credit the sources of the crystals."""
    search = search_of(answer)
    hits = () if search is None else search.hits
    credits = attributions(material for hit in hits for material in (hit.material, hit.matched))
    return "".join(f"<p>{escape(credit)}</p>" for credit in credits)
