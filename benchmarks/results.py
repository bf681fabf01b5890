"""Results of benchmarks: figures with the command, N, split, date and machine that gave them, one file a benchmark.

    from benchmarks.results import keep
    keep("joint", "tail", {"top1": 0.613}, command="python -m ...", n=1500, split="formulas held out", seconds=90)

writes the part `tail` into `benchmarks/results/joint.json`. The pages and the README take their figures from
these files (see `benchmarks.render`), by names such as `joint/tail/top1`.
"""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).parent / "results"
MEASURED = "xsearch"
"""The folder whose code is measured: a part is done where it is as it was."""


@dataclass(frozen=True, slots=True)
class Result:
    """One part of a benchmark.

    Attributes:
        command: what printed the figures, to be run in the repository; data in `$XSEARCH_DATA`.
        n: how many were counted.
        split: what the figures were measured on, and what was held out.
        date: day, as YYYY-MM-DD.
        code: commit that changed the package last, with `+` where files have changed since; empty where not known.
        machine: processor, cores and system.
        seconds: wall-clock time, None where it is not known.
        figures: numbers by name; names of nested figures are joined by `/`.
        transcribed: copied from the text of an earlier version, not written by the benchmark.
    """

    command: str
    n: int
    split: str
    date: str
    code: str
    machine: str
    seconds: float | None
    figures: dict[str, float]
    transcribed: bool = False


def keep(
    benchmark: str,
    part: str,
    figures: Mapping[str, Any],
    *,
    command: str,
    n: int,
    split: str,
    seconds: float | None = None,
    transcribed: bool = False,
    date: str | None = None,
) -> Path:
    """Write a part into the file of its benchmark; other parts stay.

    Args:
        benchmark: name of the file.
        part: name within it.
        figures: numbers, nested as the benchmark gives them; what is no number is left out.
        command: what printed them.
        n: how many were counted.
        split: what they were measured on.
        seconds: wall-clock time.
        transcribed: whether they are copied from a text.
        date: day, today where it is not given.

    Returns:
        The file.
    """
    path = FOLDER / f"{named(benchmark)}.json"
    parts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    parts[named(part)] = asdict(
        Result(
            command=command,
            n=int(n),
            split=split,
            date=date or datetime.now(UTC).date().isoformat(),
            code="" if transcribed else code_measured(),
            machine=machine(),
            seconds=None if seconds is None else round(seconds, 1),
            figures=flat(figures),
            transcribed=transcribed,
        )
    )
    path.parent.mkdir(exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(parts, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(path)
    return path


def load(benchmark: str) -> dict[str, Result]:
    """The parts of a benchmark by name; none where it has no file."""
    path = FOLDER / f"{benchmark}.json"
    if not path.exists():
        return {}
    return {name: Result(**part) for name, part in json.loads(path.read_text(encoding="utf-8")).items()}


def figure(name: str) -> float:
    """A figure by its name, `benchmark/part/figure`; where no figure is called `n`, that is how many were counted.

    Raises:
        KeyError: there is none.
    """
    benchmark, part, key = name.split("/", 2)
    found = load(benchmark)
    if part not in found:
        raise KeyError(f"{name}: benchmarks/results has no part {part!r} of {benchmark!r}.")
    figures = {"n": found[part].n, **found[part].figures}
    if key not in figures:
        raise KeyError(f"{name}: the part has no figure {key!r}, but {', '.join(figures)}.")
    return figures[key]


def flat(figures: Mapping[str, Any], above: str = "") -> dict[str, float]:
    """Numbers by joined names; words, lists and what is missing are left out."""
    found: dict[str, float] = {}
    for key, value in figures.items():
        name = f"{above}{named(str(key))}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = round(value, 6)
    return found


def named(text: str) -> str:
    """A name without spaces and signs: `subset, all` is `subset_all`; a `/` parts nested names."""
    return re.sub(r"[^\w.+/-]+", "_", text).strip("_")


@cache
def code_measured() -> str:
    """The commit, with `+` where it has changes since; empty without git."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, encoding="utf-8")
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("log", "-1", "--format=%h", "--", MEASURED)
    return commit + "+" * bool(commit and git("status", "--porcelain", "--", MEASURED))


def machine() -> str:
    """Cores, processor, system and Python, in short."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {python}"
