"""The benchmarks: each says in one line what it measures, and stands on what the package offers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import FOLDER, names, summary
from tests.architecture import ROOT

FILES = sorted(FOLDER.glob("*.py"))


def test_the_list_has_a_line_for_each_benchmark() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    listed = [line.split()[2].removeprefix("benchmarks.") for line in done.stdout.splitlines()]
    assert listed == names()


@pytest.mark.parametrize("name", names())
def test_a_benchmark_says_in_one_line_what_it_measures(name: str) -> None:
    assert summary(name).endswith("."), f"{name}: its docstring begins with one sentence on one line"
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    assert "main" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "description=__doc__" in (FOLDER / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_benchmark_imports_no_private_name_and_finds_data_one_way(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("xsearch"):
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            assert not [part for part in parts if part.startswith("_")]
    assert path.name == "_data.py" or 'environ.get("XSEARCH_DATA"' not in text
