"""What the result of a class or function depends on: the files of this package, and the libraries, that it uses."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]

Definition = Callable[..., Any] | type


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What some definitions use, directly or by way of others.

    Attributes:
        files: their code, that of everything of this package which they use, and its data files that they name; sorted.
        libraries: top-level names of everything else that is imported and not Python's own; sorted.
    """

    files: tuple[Path, ...]
    libraries: tuple[str, ...]


def dependencies_of(*definitions: Definition) -> Dependencies:
    """Follow the names that definitions use through the modules where they are bound.

    Only what is used is followed, so that a function does not depend on all that its module imports for others.

    Args:
        definitions: classes and functions of this package, or of any module that is loaded, such as a user's script.
    """
    data = {path.name: path for path in PACKAGE.rglob("*") if path.is_file() and not path.suffix.startswith(".py")}
    waiting = {(one.__module__, one.__qualname__.partition(".")[0]) for one in definitions}
    followed: set[tuple[str, str]] = set()
    files: set[Path] = set()
    libraries: set[str] = set()
    while waiting:
        followed.add(one := waiting.pop())
        module, name = one
        path = _code_of(module)
        if path is None:
            libraries.add(module.partition(".")[0])
            continue
        files.add(path)
        bound = _bindings(path)
        for nodes in [bound[name]] if name in bound else bound.values():  # where a module itself is used, all of it
            for node in nodes:
                names, texts, imported = _uses(node)
                files |= {data[text] for text in texts & data.keys()}
                waiting |= (imported | {(module, used) for used in names & bound.keys()}) - followed
    return Dependencies(tuple(sorted(files)), tuple(sorted(libraries - sys.stdlib_module_names - {PACKAGE.name})))


def versions_of(libraries: tuple[str, ...]) -> dict[str, str]:
    """Versions of the distributions that bring libraries."""
    brought_by = _installed()
    return dict(pair for library in libraries for pair in sorted({_named(one) for one in brought_by.get(library, ())}))


@cache
def _installed() -> dict[str, list[Distribution]]:
    """By the names at the top that they bring, the distributions that are installed.

    As `importlib.metadata.packages_distributions` has it, which makes a path of every file and parses every
    description, and so takes a second.
    """
    found: dict[str, list[Distribution]] = defaultdict(list)
    for one in distributions():
        stated, record = one.read_text("top_level.txt"), one.read_text("RECORD")
        if stated:
            names = set(stated.split())
        elif record is not None:
            files = (line.partition(",")[0].strip('"') for line in record.splitlines())
            names = {file.partition("/")[0].removesuffix(".py") for file in files if file.endswith(".py")}
        else:
            names = {file.parts[0].removesuffix(".py") for file in one.files or () if file.suffix == ".py"}
        for name in names:
            found[name].append(one)
    return dict(found)


@cache
def _named(one: Distribution) -> tuple[str, str]:
    """Name and version."""
    described = one.metadata
    return described["Name"], described["Version"]


@cache
def _bindings(path: Path) -> dict[str, list[ast.AST]]:
    """The names that a module binds, and the statements that do so; imports for type checkers alone are left out."""
    bound: dict[str, list[ast.AST]] = defaultdict(list)
    waiting: list[ast.stmt] = list(ast.parse(path.read_bytes()).body)
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound[statement.name].append(statement)
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                bound[alias.asname or alias.name.partition(".")[0]].append(ast.Import([alias]))
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                bound[alias.asname or alias.name].append(ast.ImportFrom(statement.module, [alias], statement.level))
        elif isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            waiting += statement.orelse
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    bound[node.id].append(statement)
            waiting += [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
    return dict(bound)


@cache
def _uses(node: ast.AST) -> tuple[set[str], set[str], set[tuple[str, str]]]:
    """Names in a statement, texts in it, and what it imports as pairs of a module and a name in it, or none."""
    names: set[str] = set()
    texts: set[str] = set()
    imported: set[tuple[str, str]] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            names.add(part.id)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            texts.add(part.value)
        elif isinstance(part, ast.Import):
            imported |= {(alias.name, "") for alias in part.names}
        elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
            for alias in part.names:
                submodule = f"{part.module}.{alias.name}"
                imported.add((submodule, "") if _code_of(submodule) else (part.module, alias.name))
    return names, texts, imported


def _code_of(module: str) -> Path | None:
    """The code of a module of this package, or of a loaded one that belongs to no library."""
    if module.partition(".")[0] == PACKAGE.name:
        return _code_in_package(module)
    file = Path(getattr(sys.modules.get(module), "__file__", None) or "")
    is_own = file.suffix == ".py" and "site-packages" not in file.parts and not _is_standard(module)
    return file.resolve() if is_own else None


@cache
def _code_in_package(module: str) -> Path | None:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
