"""The order of the house, read off its imports: `python -m tests.architecture` prints what breaks it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xsearch"

ORDER = (
    "errors", "elements", "paths", "settings", "options", "edge_names", "reading", "progress", "checkpoint",
    "spectra", "chemistry", "simulate", "preprocess",
    "fit", "indexing", "solve",
    "models", "indexes", "xas", "answers",
    "search", "infer", "query",
    "report", "data", "builders", "training", "evaluate",
    "web", "cli", "__main__",
)  # fmt: skip
"""From the ground up: a room imports those before it and none after it."""

SIBLINGS = ({"search", "infer"},)
"""Rooms that do not import one another either; what joins them stands above."""

Graph = Mapping[str, set[str]]


def sources() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """Such as `xsearch.fit.strain`; a folder's own name for its `__init__`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """The part of the house that a module belongs to; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def imports() -> Iterator[tuple[str, str, int]]:
    """(importing module, imported module, line) of the whole package, inside functions and for types too."""
    modules = {module_name(path) for path in sources()}
    for path in sources():
        name = module_name(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno} imports relatively; write `from xsearch...`"
                wanted = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            for target in wanted:
                while target and target not in modules:
                    target = target.rpartition(".")[0]
                if target and target != name:
                    yield name, target, node.lineno


def upward() -> list[str]:
    """Imports that run upwards or sideways, one line each."""
    place = {room: level for level, room in enumerate(ORDER)}
    found = []
    for module, target, line in imports():
        here, there = room_of(module), room_of(target)
        if not here or not there or here == there:
            continue
        if place[there] > place[here] or any({here, there} <= siblings for siblings in SIBLINGS):
            found.append(f"{module}:{line} imports {target}")
    return sorted(found)


def circles(graph: Graph | None = None) -> list[list[str]]:
    """Groups of modules that import one another, directly or by way of others (Tarjan, SIAM J. Comput. 1, 1972)."""
    if graph is None:
        edges: dict[str, set[str]] = defaultdict(set)
        for module, target, _ in imports():
            if room_of(module):  # the package's own front door names what it offers
                edges[module].add(target)
        graph = edges
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in sorted(graph.get(module, ())):
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            group = [stack.pop()]
            while group[-1] != module:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(graph):
        if module not in index:
            visit(module)
    return found


def folders() -> list[str]:
    """The folders of the package, in their order."""
    return [room for room in ORDER if (PACKAGE / room).is_dir()]


def main() -> None:
    """Print the folders, the circles and the imports that run upwards."""
    wrong, rings = upward(), circles()
    print(f"folders: {len(folders())}; circles: {len(rings)}; imports upwards or sideways: {len(wrong)}")
    for line in [*(" <-> ".join(ring) for ring in rings), *wrong]:
        print("  " + line)


if __name__ == "__main__":
    main()
