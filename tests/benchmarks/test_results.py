"""Results of benchmarks: kept by parts, found by name, run again only where the code is another."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import parts, results, run
from benchmarks.parts import PARTS, Part, chosen
from benchmarks.results import FOLDER, figure, keep, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results of the test's own, and a code that stays as it is."""
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    for module in (results, run):
        monkeypatch.setattr(module, "code_measured", lambda: "abc")
    return tmp_path


def test_a_part_is_kept_beside_the_others_and_its_figures_are_found_by_name(folder: Path) -> None:
    for part, top in (("blind", 0.5), ("subset", 0.75)):
        keep("powder", part, {"top1": top, "by rivals": {"two, more": 1}}, command="c", n=4, split="s", seconds=1.23)
    assert set(load("powder")) == {"blind", "subset"}
    assert figure("powder/subset/top1") == 0.75
    assert figure("powder/blind/by_rivals/two_more") == 1
    assert figure("powder/blind/n") == 4
    assert load("powder")["blind"].seconds == 1.2
    assert [path.name for path in folder.iterdir()] == ["powder.json"]


def test_what_is_no_number_is_left_out(folder: Path) -> None:
    keep(
        "powder",
        "a",
        {"index": "mp", "patterns": [1, 2], "none": None, "sure": True, "n": 3},
        command="",
        n=3,
        split="",
    )
    assert load("powder")["a"].figures == {"n": 3}


@pytest.mark.parametrize("name", ["powder/none/top1", "powder/a/top9", "nothing/a/top1"])
def test_a_figure_that_is_not_there_is_named(folder: Path, name: str) -> None:
    keep("powder", "a", {"top1": 1.0}, command="", n=1, split="")
    with pytest.raises(KeyError, match=name):
        figure(name)


def test_a_command_is_run_once_for_a_code(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    log = folder / "log.txt"
    code = f"import json; open({str(log)!r}, 'a', encoding='utf-8').write('x'); print(json.dumps(dict(n=7, top1=0.5)))"
    part = Part("made", "one", f'python -c "{code}"', "simulated")
    monkeypatch.setattr(parts, "PARTS", (part,))
    for words in ([], [], ["--again"], ["--list"]):
        monkeypatch.setattr(sys, "argv", ["run", "made", *words])
        assert run.main() == 0
    assert log.read_text(encoding="utf-8") == "xx"
    assert figure("made/one/n") == 7
    assert (load("made")["one"].split, load("made")["one"].code) == ("simulated", "abc")
    monkeypatch.setattr(run, "code_measured", lambda: "abd")
    assert not run.is_done(part)
    assert "of other code" in run.state(part)


def test_a_part_that_fails_is_named_and_the_others_are_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    fine = 'python -c "print(chr(123) + chr(125))"'
    monkeypatch.setattr(
        parts, "PARTS", (Part("made", "broken", 'python -c "raise SystemExit(3)"', ""), Part("made", "fine", fine, ""))
    )
    monkeypatch.setattr(sys, "argv", ["run"])
    assert run.main() == 1
    assert set(load("made")) == {"fine"}
    assert "1 of 2 parts failed: made/broken" in capsys.readouterr().err


def test_lines_of_json_are_named_by_their_first_value_and_a_part_by_itself() -> None:
    assert run.figures_of('{"what": "starter", "n": 1}\n{"what": "mp", "n": 2}\n', "x")["mp"]["n"] == 2
    assert run.figures_of('{"joint": {"n": 3}}', "joint") == {"n": 3}


def test_a_name_of_no_benchmark_is_refused() -> None:
    with pytest.raises(KeyError, match="no benchmark nonsense"):
        chosen(["nonsense"])


def test_parts_have_names_of_their_own() -> None:
    names = [(part.benchmark, part.name) for part in PARTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_file_of_results_says_how_each_part_was_measured(path: Path) -> None:
    assert list(json.loads(path.read_text(encoding="utf-8")))
    for name, part in load(path.stem).items():
        assert part.command, name
        assert part.split, name
        assert part.n > 0 or path.stem == "published", name
        assert part.figures, name
        assert part.transcribed or part.code, name
