"""Print every figure, one benchmark after the other: `python -m benchmarks [--json]`."""

import subprocess
import sys
from pathlib import Path


def names() -> list[str]:
    """The benchmarks in alphabetical order, without helpers (leading underscore) and the comparison of versions."""
    return sorted({path.stem for path in Path(__file__).parent.glob("[!_]*.py")} - {"same_answers"})


def main() -> int:
    """Run each in a process of its own, so that none warms the caches of another; the worst exit code is returned."""
    worst = 0
    for name in names():
        print(f"# python -m benchmarks.{name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
