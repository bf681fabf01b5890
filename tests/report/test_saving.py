"""Writing answers to files."""

import json
from dataclasses import replace
from pathlib import Path

from xsearch.answers import SearchResult
from xsearch.report.saving import labels, named, save_results


def called(result: SearchResult, source: str) -> SearchResult:
    return replace(result, pattern=replace(result.pattern, source=source))


def test_one_answer_gets_the_names_that_were_asked_for(result: SearchResult, tmp_path: Path) -> None:
    written = save_results([result], json=tmp_path / "a.json", cifs=tmp_path / "hits")
    assert written == [tmp_path / "hits", tmp_path / "a.json"]
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["verdict"] == "match"


def test_several_answers_get_names_of_their_own(result: SearchResult, tmp_path: Path) -> None:
    results = [called(result, "one.xy"), called(result, "two.xy")]
    written = save_results(results, json=tmp_path / "all.json", plot=tmp_path / "p.svg", cifs=tmp_path / "hits")
    assert {path.name for path in written} == {"p-one.svg", "p-two.svg", "one", "two", "all.json"}
    assert all(path.exists() for path in written)
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))) == 2


def test_a_batch_of_one_is_still_a_list(result: SearchResult, tmp_path: Path) -> None:
    save_results([result], json=tmp_path / "all.json", batch=True)
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))) == 1


def test_labels_are_safe_and_differ(result: SearchResult) -> None:
    sources = ["a b/../c d.xy", "c d.xrdml", "", "Ä°.xy"]
    found = labels([called(result, source) for source in sources])
    assert len(set(found)) == len(sources)
    assert not any(set(label) & set("/\\ :") for label in found)


def test_only_a_batch_changes_the_name() -> None:
    assert named(Path("x/out.tar.png"), "s", batch=False) == Path("x/out.tar.png")
    assert named(Path("x/out.png"), "s", batch=True) == Path("x/out-s.png")
