"""Every file below a folder, read: how many are read, refused, or read to something that looks wrong, by format.

    python -m benchmarks.readers FOLDER [--wavelength CuKa] [--list] [--mutations 10000] [--seed 0] [--json]

A reading is suspicious where an absorption spectrum shows no clear edge, a pattern no line, or rows were left out.
With `--mutations` the files are damaged first: bytes flipped, ends cut off, two files joined, columns shuffled; such a
file must give a spectrum or one line that says why not, within 10 s and 1 GB. Each file is read in a process that
takes the place of the last one where that had to be stopped.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from xsearch.errors import WavelengthError, XSearchError
from xsearch.progress import open_progress
from xsearch.reading import AS_THE_FILE_SAYS

LONGEST_S = 10.0
"""A file may take."""
LONGEST_START_S = 600.0
"""A process may take to load and compile what reading needs."""
MOST_BYTES = 2**30
"""A file may take, beside what the interpreter holds already."""
MOST_LOOKED_AT = 20
"""Spectra of a file that are looked at, the first ones."""
STAND_IN = "CuKa"
"""Wavelength of patterns whose files state none; what is counted here does not depend on it."""

READ, SUSPICIOUS, REFUSED, FAILED = "read", "suspicious", "refused", "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: one of the four words above, why, and the seconds that it took."""

    path: str
    what: str
    why: str
    seconds: float


def outcome_of(path: str, wavelength: str | None) -> Outcome:
    """Read a file with all that it holds."""
    begin = perf_counter()
    try:
        what, why = _reading(path, wavelength)
    except XSearchError as error:
        what, why = REFUSED, str(error)
        if "\n" in why or not why:
            what = FAILED
    except MemoryError:
        what, why = FAILED, "more than 1 GB"
    except Exception as error:  # every other exception is a defect of a reader
        what, why = FAILED, f"{type(error).__name__}: {error}"
    return Outcome(path, what, why, perf_counter() - begin)


def _reading(path: str, wavelength: str | None) -> tuple[str, str]:
    from xsearch.preprocess.powder import net_pattern
    from xsearch.preprocess.xanes import normalize
    from xsearch.spectra import PowderPattern, read_each

    try:
        spectra = read_each(path, wavelength=wavelength, reading=AS_THE_FILE_SAYS)
    except WavelengthError:
        spectra = read_each(path, wavelength=STAND_IN)
    for spectrum in spectra[:MOST_LOOKED_AT]:
        try:
            if isinstance(spectrum, PowderPattern):
                net_pattern(spectrum)
            else:
                normalize(spectrum)
        except XSearchError as error:
            return SUSPICIOUS, str(error)
        if lost := next((note for note in spectrum.notes if "left out" in note or "were cut" in note), None):
            return SUSPICIOUS, lost
    return READ, f"{len(spectra)} spectra" if len(spectra) > 1 else "; ".join(spectra[0].notes)


def _work(requests: Any, answers: Any, wavelength: str | None) -> None:
    """Read what is requested until nothing more is; in a process of its own, which may not take more than its share."""
    _warm_up()
    warnings.simplefilter("error", RuntimeWarning)  # numbers that nobody looked at
    if sys.platform != "win32":
        import resource

        pages = Path("/proc/self/statm")
        held = int(pages.read_text(encoding="ascii").split()[0]) * resource.getpagesize() if pages.exists() else 2**31
        resource.setrlimit(resource.RLIMIT_AS, (held + MOST_BYTES, held + MOST_BYTES))
    answers.send(None)  # ready
    while (path := requests.recv()) is not None:
        answers.send(outcome_of(path, wavelength))


def _warm_up() -> None:
    """Load and compile what reading takes, so that no file is charged with it."""
    import numpy as np

    from xsearch.preprocess.powder import net_pattern
    from xsearch.preprocess.xanes import normalize
    from xsearch.spectra import PowderPattern, Xanes

    two_theta_deg = np.arange(10.0, 80.0, 0.02)
    line = 1000 * np.exp(-(((two_theta_deg - 40) / 0.1) ** 2))
    net_pattern(PowderPattern(two_theta_deg, np.random.default_rng(0).poisson(20 + line).astype(float), 1.5406))
    energy_eV = np.arange(7000.0, 7300.0, 1.0)
    normalize(Xanes(energy_eV, 0.5 + np.arctan((energy_eV - 7115) / 2) / np.pi, "Fe", "K"))


class Reader:
    """A process that reads files one after the other, and is replaced where a file stops it."""

    def __init__(self, wavelength: str | None) -> None:
        self._wavelength = wavelength
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        theirs, self._requests = context.Pipe(duplex=False)
        self._answers, ours = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(theirs, ours, self._wavelength), daemon=True)
        self._process.start()
        if self._answers.poll(LONGEST_START_S):
            self._answers.recv()

    def outcome(self, path: Path) -> Outcome:
        """What becomes of a file."""
        try:
            self._requests.send(str(path))
            if self._answers.poll(LONGEST_S):
                outcome: Outcome = self._answers.recv()
                return outcome
            why, seconds = f"more than {LONGEST_S:g} s", LONGEST_S
        except (EOFError, OSError):
            why, seconds = "ended the process that read it", 0.0
        self._process.kill()
        self._process.join()
        self._start()
        return Outcome(str(path), FAILED, why, seconds)

    def close(self) -> None:
        """End the process."""
        with suppress(OSError):
            self._requests.send(None)
        self._process.join(5)
        self._process.kill()


def files_below(folder: Path) -> list[Path]:
    """All files, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mutated(files: list[Path], count: int, seed: int, folder: Path) -> Iterator[Path]:
    """Damaged copies of files, one at a time, at a path that the next one takes over.

    Args:
        files: to damage.
        count: how many copies.
        seed: of what is done to them.
        folder: where they are written.
    """
    chance = random.Random(seed)
    for _ in range(count):
        source = chance.choice(files)
        data = chance.choice(MUTATIONS)(source.read_bytes(), chance, files)
        path = folder / source.name
        path.write_bytes(data)
        yield path
        path.unlink()


def _flipped(data: bytes, chance: random.Random, files: list[Path]) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 3, 10, 100))):
        if damaged:
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def _cut(data: bytes, chance: random.Random, files: list[Path]) -> bytes:
    first, last = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice((data[:last], data[first:], data[:first] + data[last:]))


def _joined(data: bytes, chance: random.Random, files: list[Path]) -> bytes:
    other = chance.choice(files).read_bytes()
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _shuffled(data: bytes, chance: random.Random, files: list[Path]) -> bytes:
    """The fields of every line of text in another order, the same for all; or its lines in another order."""
    lines = data.split(b"\n")
    if chance.random() < 0.3:
        chance.shuffle(lines)
        return b"\n".join(lines)
    order = chance.random()
    return b"\n".join(b" ".join(random.Random(order).sample(line.split(), len(line.split()))) for line in lines)


def _worded(data: bytes, chance: random.Random, files: list[Path]) -> bytes:
    """A word or a number in the place of some others."""
    words = (b"nan", b"inf", b"-1e308", b"1e999", b"", b"0", b"abc", b"65535", b"1,234", b"\xff\xfe", b"9" * 400)
    lines = data.split(b"\n")
    for _ in range(chance.choice((1, 5, 50))):
        place = chance.randrange(len(lines))
        fields = lines[place].split()
        if fields:
            fields[chance.randrange(len(fields))] = chance.choice(words)
            lines[place] = b" ".join(fields)
    return b"\n".join(lines)


MUTATIONS = (_flipped, _cut, _joined, _shuffled, _worded)


def summary(outcomes: list[Outcome]) -> dict[str, Counter[str]]:
    """Outcomes counted by the files' suffixes."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in outcomes:
        counts[Path(one.path).suffix.lower() or "(none)"][one.what] += 1
    return dict(sorted(counts.items()))


def main() -> None:
    """Print a row a format, and with `--list` a row a file that was not simply read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("examples"))
    parser.add_argument("--wavelength")
    parser.add_argument("--list", action="store_true", help="list the files that were not simply read")
    parser.add_argument("--mutations", type=int, help="read so many damaged copies instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    files = files_below(arguments.folder)
    if not files:
        sys.exit(f"{arguments.folder}: no file in it.")
    reader = Reader(arguments.wavelength)
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch, open_progress(sys.stderr.isatty()) as progress:
        count = arguments.mutations or len(files)
        progress.start("reading", count)
        readable = mutated(files, count, arguments.seed, Path(scratch)) if arguments.mutations else iter(files)
        for number, path in enumerate(readable):
            outcome = reader.outcome(path)
            outcomes.append(outcome)
            progress.advance(1, outcome.what == FAILED)
            if outcome.what == FAILED and arguments.mutations:
                kept = Path(tempfile.gettempdir()) / f"failed-{arguments.seed}-{number}{path.suffix}"
                kept.write_bytes(path.read_bytes())
                print(f"failed: {kept}: {outcome.why}", file=sys.stderr)
    reader.close()
    counts = summary(outcomes)
    slowest = max(outcomes, key=lambda one: one.seconds)
    if arguments.json:
        print(json.dumps({"formats": counts, "slowest_s": slowest.seconds}))
        return
    print(f"{'format':12}" + "".join(f"{word:>12}" for word in (READ, SUSPICIOUS, REFUSED, FAILED)))
    for suffix, found in (*counts.items(), ("all", sum(counts.values(), Counter()))):
        print(f"{suffix:12}" + "".join(f"{found[word]:12,}" for word in (READ, SUSPICIOUS, REFUSED, FAILED)))
    print(f"slowest: {slowest.seconds:.2f} s, {slowest.path}")
    if arguments.list:
        for one in outcomes:
            if one.what != READ:
                print(f"{one.what}: {one.path}: {one.why}")


if __name__ == "__main__":
    main()
