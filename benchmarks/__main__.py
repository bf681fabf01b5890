"""List the benchmarks, or run all of them: `python -m benchmarks [--all] [--json]`."""

import argparse
import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent

COMPARISONS = ("same_answers",)
"""Those that compare two versions, and are not run with the others."""


def names() -> list[str]:
    """The benchmarks, in alphabetical order; a leading underscore hides a helper."""
    return sorted(path.stem for path in FOLDER.glob("[!_]*.py"))


def summary(name: str) -> str:
    """The first line of a benchmark's docstring, read without importing it."""
    docstring = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def main() -> int:
    """Print one line a benchmark; or run each in a process of its own, so that none warms the caches of another.

    Returns:
        The highest exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="run them one after the other")
    parser.add_argument("--json", action="store_true", help="passed on to each")
    arguments = parser.parse_args()
    if not arguments.all:
        width = max(map(len, names()))
        print("\n".join(f"python -m benchmarks.{name:{width}}  {summary(name)}" for name in names()))
        return 0
    highest = 0
    for name in (name for name in names() if name not in COMPARISONS):
        print(f"# python -m benchmarks.{name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--json"] if arguments.json else [])]
        highest = max(highest, subprocess.run(command).returncode)
    return highest


if __name__ == "__main__":
    sys.exit(main())
