"""Figures of the pages are those of the results."""

import re
from pathlib import Path

import pytest

from benchmarks import render
from benchmarks.render import PAGES, rendered
from benchmarks.results import ROOT

FIGURES = {"p/a/top1": 0.7421, "p/a/all": 1.0, "p/a/n": 2505, "p/a/shift": 0.5, "p/a/seconds": 12.3456}


@pytest.fixture
def _figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "figure", lambda name: FIGURES[name])


@pytest.mark.usefixtures("_figures")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("71.0<!--=p/a/top1%-->", "74.2<!--=p/a/top1%-->"),
        ("71<!--=p/a/top1%--> %", "74<!--=p/a/top1%--> %"),
        ("71<!--=p/a/top1%:1-->", "74.2<!--=p/a/top1%:1-->"),
        ("95.9<!--=p/a/all%-->", "100<!--=p/a/all%-->"),
        ("100<!--=p/a/top1%-->", "74.2<!--=p/a/top1%-->"),
        ("2,400<!--=p/a/n-->", "2,505<!--=p/a/n-->"),
        ("+0.4<!--=p/a/shift-->", "+0.5<!--=p/a/shift-->"),
        ("9.00<!--=p/a/seconds--> s", "12.35<!--=p/a/seconds--> s"),
        ("71.0 of nothing", "71.0 of nothing"),
    ],
)
def test_a_marked_figure_becomes_that_of_the_results(before: str, after: str) -> None:
    assert rendered(before) == after
    assert rendered(after) == after


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_figures_of_a_page_are_those_of_the_results(page: Path) -> None:
    """`python -m benchmarks.render` writes them."""
    text = page.read_text(encoding="utf-8")
    assert rendered(text) == text


UNIT = r"(?:%|s|ms|min|GB|MB|Å|eV|times as fast)"
CELL = re.compile(rf"[-+±\d][-+±\d.,;/ ]*(?:to [\d.]+)?(?:of \d+)?(?: ?{UNIT})?")
MARKED_FIGURE = re.compile(r"[-+]?\d[\d.,]*<!--=[^>]+-->")


def unmarked(text: str) -> list[str]:
    """Figures that no result stands behind: numbers alone in a cell beside a label, and per cents in prose."""
    found = []
    for line in re.sub(r"```.*?```|`[^`\n]+`", " ", text, flags=re.DOTALL).splitlines():
        bare = MARKED_FIGURE.sub("MARKED", line)
        if not line.startswith("|"):
            found += [f"{number} in {line}" for number in re.findall(r"\d[\d.,]* ?%", bare)]
        elif not line.startswith("|--"):
            found += [f"{cell.strip()} in {line}" for cell in bare.split("|")[2:] if CELL.fullmatch(cell.strip())]
    return found


@pytest.mark.parametrize("name", ["README.md", "docs/benchmarks.md", "docs/scaling.md"])
def test_every_figure_of_a_page_of_figures_names_its_result(name: str) -> None:
    assert unmarked((ROOT / name).read_text(encoding="utf-8")) == []


def test_figures_without_a_result_are_found() -> None:
    assert unmarked("| blind | 97 | 74.2<!--=p/a/top1%--> |") == ["97 in | blind | 97 | 74.2<!--=p/a/top1%--> |"]
    assert unmarked("| 0.12 Å | 2.2 to 3.1 s |") == ["2.2 to 3.1 s in | 0.12 Å | 2.2 to 3.1 s |"]
    assert len(unmarked("| measured | 57, 83 % | 112 s | noise of 2 % |")) == 2
    assert len(unmarked("Of these 62 % are first and 95<!--=p/a/b%--> % among five.")) == 1
    assert unmarked("```\n83 % TiO2\n```\n") == []
