"""The self-contained page."""

from dataclasses import replace
from html.parser import HTMLParser

from xsearch import report
from xsearch.answers import SearchResult
from xsearch.report.page import page_html


class Outline(HTMLParser):
    """Collects start tags, and the addresses that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name == "src" or (name == "href" and tag == "link")]


def test_a_page_loads_nothing_from_elsewhere(result: SearchResult, tmp_path) -> None:
    path = report.write_html(result, tmp_path / "out.html", top=1)
    outline = Outline()
    outline.feed(path.read_text(encoding="utf-8"))
    assert outline.loads == []
    assert "svg" in outline.tags
    assert "script" not in outline.tags


def test_a_page_tells_hits_evidence_and_credits(result: SearchResult) -> None:
    text = page_html(result, top=1)
    for words in ("TiO<sub>2</sub>", "P</i>4<sub>2</sub>", "mp-2657", "profile", "Downs", "A. Person", "+0.20"):
        assert words in text


def test_names_cannot_break_the_page(result: SearchResult) -> None:
    text = page_html(replace(result, pattern=replace(result.pattern, source="<script>alert(1)</script>")), top=1)
    assert "<script>alert" not in text
    assert "lab/&lt;1&gt;" in text
