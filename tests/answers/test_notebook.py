"""Answers in notebooks: tables with the verdict, whatever was measured."""

from xml.etree import ElementTree

from tests.prototypes import Measure
from xsearch.answers.notebook import MOST_ROWS, shown
from xsearch.infer import infer, library_of
from xsearch.query.combined import combine
from xsearch.search import SearchIndex


def table_of(html: str) -> list[list[str]]:
    """The rows of well-formed HTML, the headings first."""
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    return [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]


def test_text_is_escaped_and_formulas_are_typeset() -> None:
    html = shown("a <b>", "match", ("#", "formula", "score"), [(1, "Fe2O3", 0.987), (2, "X<1", None)], ["5 < 6"])
    assert "Fe<sub>2</sub>O<sub>3</sub>" in html
    assert table_of(html) == [["#", "formula", "score"], ["1", "Fe2O3", "0.99"], ["2", "X<1", "-"]]
    assert "5 &lt; 6" in html


def test_a_long_table_is_cut_and_says_so() -> None:
    html = shown("t", "match", ("#",), [(n,) for n in range(MOST_ROWS + 3)], [])
    assert len(table_of(html)) == 1 + MOST_ROWS
    assert "and 3 more" in html


def test_every_answer_to_a_pattern_shows_its_verdict_and_rows(prototypes: SearchIndex, measured: Measure) -> None:
    row = next(n for n, one in enumerate(prototypes.index.materials(range(288))) if one.reduced_formula == "TiO2")
    pattern = measured(row)
    found = prototypes.search(pattern, only="Ti O")
    headings, first, *_ = table_of(found._repr_html_())
    assert headings == ["#", "formula", "id", "name", "space group", "score", "strain %"]
    assert first[1:3] == ["TiO2", found.hits[0].material_id]
    assert found.verdict in found._repr_html_()
    mixture = prototypes.search_mixture(pattern, only="Ti O")
    assert table_of(mixture._repr_html_())[1][:2] == ["100 ± 0", "TiO2"]
    inferred = infer(library_of(prototypes.index), ["Ti", "O"], pattern, excluded=["TiO2"], top=3)
    assert len(table_of(inferred._repr_html_())) == 1 + len(inferred.candidates)
    both = table_of(combine(found, inferred)._repr_html_())
    assert both[1][:3] == ["1", "database", "TiO2"]
