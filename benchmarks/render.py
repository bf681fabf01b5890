"""Write figures of benchmark results into the pages.

    python -m benchmarks.render [--check]

A figure of a page is followed by a comment with its name, `74.2<!--=pxrd_measured/blind/top1%-->`. It is replaced by
what stands in `benchmarks/results`. A `%` after the name multiplies by 100. The decimals of the figure there
are kept, except that 100 and 0 have none; `:2` at the end asks for two.
"""

import argparse
import re
import sys
from pathlib import Path

from benchmarks.results import ROOT, figure

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

MARKED = re.compile(
    r"(?P<figure>[-+]?\d[\d,]*(?:\.\d+)?)<!--=(?P<name>[^\s>%:]+)(?P<percent>%?)(?::(?P<decimals>\d))?-->"
)


def in_place(found: re.Match[str]) -> str:
    """A marked figure as it should stand."""
    value = figure(found["name"]) * (100 if found["percent"] else 1)
    decimals = int(found["decimals"] or len(found["figure"].partition(".")[2]))
    if isinstance(value, int):
        decimals = 0
    elif not found["decimals"] and value not in (0, 100) and found["figure"] in ("0", "100"):
        decimals = 1
    text = f"{value:+,.{decimals}f}" if found["figure"].startswith("+") else f"{value:,.{decimals}f}"
    text = text.partition(".")[0] if value in (0, 100) else text
    return text + found[0][len(found["figure"]) :]


def rendered(text: str) -> str:
    """A page with the figures of the results."""
    return MARKED.sub(in_place, text)


def main() -> int:
    """Rewrite the pages whose figures changed; with --check, name them and change nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a page would change")
    arguments = parser.parse_args()
    stale: list[Path] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (new := rendered(text)) != text:
            stale.append(page)
            if not arguments.check:
                page.write_text(new, encoding="utf-8")
    print("\n".join(page.relative_to(ROOT).as_posix() for page in stale) or "All figures are those of the results.")
    return int(arguments.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
