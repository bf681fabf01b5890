"""List the benchmarks: `python -m benchmarks`. `python -m benchmarks.run` runs them and keeps their figures."""

import argparse
import ast
import sys
from pathlib import Path

FOLDER = Path(__file__).parent

TOOLS = ("parts", "render", "results", "run")
"""What runs benchmarks and keeps their figures, and measures nothing itself."""


def names() -> list[str]:
    """The benchmarks, in alphabetical order; a leading underscore hides a helper."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py") if path.stem not in TOOLS)


def summary(name: str) -> str:
    """The first line of a benchmark's docstring, read without importing it."""
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def main() -> int:
    """Print one line a benchmark."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    width = max(map(len, names()))
    print("\n".join(f"python -m benchmarks.{name:{width}}  {summary(name)}" for name in names()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
