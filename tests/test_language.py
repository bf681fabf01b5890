"""The words of the glossary: what it replaces stands in no name, docstring, comment, message or help text."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import PACKAGE, sources

NAMES = frozenset(
    "told tell asked ask asks look looked company bent met disturbed hats shelf grown raised telling".split()
)
"""Words that no name of a module, class, function, argument or variable is made of."""

COMPOUND_NAMES = re.compile(r"built_?alike|of_alike|rows_say|in_cells|one_list", re.IGNORECASE)
"""Names whose words are plain apart."""

PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\btold\b",
        r"\basked\b",
        r"\b(?:first|last) look\b|\blook(?:s|ed|ing)? again\b",
        r"\blaid into\b|\bput into cells\b",
        r"\bin one list\b",
        r"\bbuilt alike\b",
        r"\bnear ones\b",
        r"\brows say\b",
        r"\btelling lines?\b",
        r"\bsum of two\b",
        r"\b(?:has|have|had) been made\b",
        r"\bbent\b",
        r"\bmeets? (?:a|the) (?:pattern|lines?|edge)\b|\bmet (?:a|the) (?:pattern|lines?|edge)\b",
        r"\bdisturb(?:ed|ance)\b",
        r"(?<!figure of )(?<!figures of )\bmerit\b",
        r"\bleft over\b|\blines over\b",
        r"\bhats\b|\bshelf\b|\bshelves\b",
    )
)
"""Phrases that no docstring, comment, message or help text holds."""


def words_of(name: str) -> set[str]:
    """The words of a name: `look_again` and `LookAgain` are look and again."""
    return {word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", part)}


def names_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The names that a module makes: definitions, arguments, assigned variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def found_in(path: Path) -> list[str]:
    """Each word that is not used, with its file and line."""
    text, place = path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix()
    found = [f"{place}: the file's name" for _ in NAMES & words_of(path.stem)]
    found += [
        f"{place}:{line} {name}"
        for name, line in names_of(ast.parse(text))
        if NAMES & words_of(name) or COMPOUND_NAMES.search(name)
    ]
    flat = re.sub(r"[\s#\"]+", " ", text)
    found += [
        f"{place}: ...{flat[max(0, m.start() - 30) : m.end() + 20]}..." for p in PHRASES for m in p.finditer(flat)
    ]
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_uses_the_words_of_the_glossary(path: Path) -> None:
    assert not found_in(path), "\n".join(found_in(path))


def test_words_are_found_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_language.PACKAGE", tmp_path)
    (tmp_path / "look.py").write_text('def tell_all(company): """What was told."""\n', encoding="utf-8")
    assert len(found_in(tmp_path / "look.py")) == 4
    (tmp_path / "clean.py").write_text('def companion(taller): """Figures of merit."""\n', encoding="utf-8")
    assert found_in(tmp_path / "clean.py") == []
