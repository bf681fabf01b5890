"""Run parts of benchmarks and keep their figures: `python -m benchmarks.run [NAME ...] [--again] [--list]`.

A name is a benchmark or one part of it, such as `pxrd_measured` or `pxrd_measured/blind`; without names all are run. A
part that was measured on the code as it stands is passed over, so that an interrupted run goes on where it stopped. The
figures go to `benchmarks/results`; `python -m benchmarks.render` writes them into the pages.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.parts import Part, chosen
from benchmarks.results import ROOT, code_measured, flat, keep, load


def is_done(part: Part) -> bool:
    """Whether its figures are of the code as it stands."""
    kept = load(part.benchmark).get(part.name)
    return kept is not None and not kept.transcribed and kept.code == code_measured() and "+" not in kept.code


def run(part: Part) -> None:
    """Run a part and keep its figures.

    Raises:
        CalledProcessError: the command failed.
    """
    words = [os.path.expandvars(word) for word in shlex.split(part.command)]
    python = {"xsearch": [sys.executable, "-m", "xsearch"], "python": [sys.executable]}[words[0]]
    began = time.monotonic()
    done = subprocess.run([*python, *words[1:]], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    figures = figures_of(done.stdout, part.name)
    n = int(flat(figures).get(part.n, 0))
    keep(
        part.benchmark,
        part.name,
        figures,
        command=part.command,
        n=n,
        split=part.split,
        seconds=time.monotonic() - began,
    )


def figures_of(printed: str, name: str) -> Mapping[str, Any]:
    """What a command printed: one JSON object, or one a line, which are then named by their first value."""
    try:
        found = json.loads(printed)
    except json.JSONDecodeError:
        lines = [json.loads(line) for line in printed.splitlines() if line.strip()]
        found = {str(next(iter(line.values()))): line for line in lines}
    return found[name] if list(found) == [name] else found


def state(part: Part) -> str:
    """One line: what is known of a part."""
    kept = load(part.benchmark).get(part.name)
    if kept is None:
        return "never run"
    if kept.transcribed:
        return f"{kept.date}, transcribed"
    return f"{kept.date}, {kept.code}{'' if is_done(part) else ', of other code'}"


def main() -> int:
    """Run, or list with what is known of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmark or benchmark/part; all without")
    parser.add_argument("--again", action="store_true", help="also what was measured on this code")
    parser.add_argument("--list", action="store_true", help="run nothing; print what there is")
    arguments = parser.parse_args()
    failed = []
    try:
        parts = chosen(arguments.names)
    except KeyError as problem:
        parser.error(problem.args[0])
    for part in parts:
        name = f"{part.benchmark}/{part.name}"
        if arguments.list or (is_done(part) and not arguments.again):
            print(f"{name:32s} {state(part)}", flush=True)
            continue
        print(f"# {name}: {part.command}", flush=True)
        try:
            run(part)
        except (subprocess.CalledProcessError, json.JSONDecodeError) as problem:
            print(f"{name}: {problem}", file=sys.stderr, flush=True)
            failed.append(name)
    if failed:
        print(f"{len(failed)} of {len(parts)} parts failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
