"""Small invented entries, and builds of them that other processes can run too."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from xsearch.chemistry import Crystal, Material
from xsearch.indexes import Chunk, Entry, Failure, Staging
from xsearch.simulate.reflections import Reflections

SYMBOLS = ("H", "O", "Fe", "Ti", "Si", "Gd", "Tb", "Pb", "U", "Cf")  # on both sides of the 64-bit masks' border
BINS = 16
PER_CHUNK = 10


def entry(number: int) -> Entry:
    """Entry `number` of an endless invented collection; some lack reflections, a profile, symmetry or full sites."""
    rng = np.random.default_rng(number)
    elements = [str(symbol) for symbol in rng.choice(SYMBOLS, size=rng.integers(1, 5), replace=False)]
    n_sites = int(rng.integers(len(elements), 9))
    species = (elements * n_sites)[:n_sites]
    occupancies = rng.uniform(0.2, 1.0, n_sites) if number % 5 == 0 else np.ones(n_sites)
    lattice = np.diag(rng.uniform(3, 8, 3)) + rng.uniform(-0.5, 0.5, (3, 3))
    material = Material(
        material_id=f"x-{number}",
        source="invented" if number % 4 else "invented, second source",
        licence="CC0",
        crystal=Crystal(lattice, rng.random((n_sites, 3)), tuple(species), occupancies),
        formula="".join(species),
        reduced_formula="".join(sorted(elements)),
        anonymous_formula="AB",
        elements=tuple(sorted(elements)),
        space_group=None if number % 7 == 0 else int(rng.integers(1, 231)),
        crystal_system=None if number % 7 == 0 else "cubic",
        is_measured=(None, False, True)[number % 3],
        is_theoretical=(True, None, False)[number % 3],
        cell_of=f"x-{number - 1}" if number % 11 == 3 else None,
        duplicate_of=f"x-{number + 1}" if number % 13 == 4 else None,
        energy_above_hull_eV=None if number % 3 == 0 else float(rng.random()),
        properties={
            "band_gap_eV": float(number) / 3,
            "is_metal": number % 2 == 0,
            "ordering": None,
            "note": "ångström",
        },
    )
    n_lines = int(rng.integers(1, 30))
    reflections = Reflections(
        hkl=rng.integers(-9, 10, (n_lines, 3)).astype(np.int16),
        structure_factor_sq=rng.random(n_lines).astype(np.float32),
        multiplicity=rng.integers(1, 49, n_lines).astype(np.int16),
        cell=np.array([*rng.uniform(3, 9, 3), 90, 90, 90]),
        crystal_system="cubic",
    )
    profile = rng.random(BINS).astype(np.float32)
    return Entry(material, None if number % 9 == 0 else reflections, None if number % 10 == 0 else profile)


def chunk(number: int, size: int = PER_CHUNK) -> Chunk:
    """Chunk `number` of the collection, with a failure of its own."""
    entries = [entry(i) for i in range(number * size, (number + 1) * size)]
    return Chunk.from_entries(entries, [Failure(f"bad-{number}", "invented to fail")])


def build(index_folder: Path, n_chunks: int = 3, fingerprint: str = "sample") -> str:
    """Build an index of so many chunks, making only those that are missing."""
    with Staging.open(index_folder, f"{fingerprint} {n_chunks}", {"bins": BINS}) as staging:
        for number in range(n_chunks):
            if not staging.has(number):
                staging.write(number, chunk(number))
        return staging.publish(n_chunks, {"source": "invented"})


def build_and_die(index_folder: Path, n_chunks: int, at_event: int) -> None:
    """Build, and be killed by SIGKILL just before the given step on the disk.

    Python announces each file that it opens, renames, makes, stamps or removes to its audit hooks.
    """
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        steps = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.utime", "os.truncate")
        writes = (
            event == "open" and str(index_folder) in str(arguments[0]) and bool(int(str(arguments[2])) & os.O_CREAT)
        )
        if writes or event in steps:
            if seen == at_event:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(hook)
    build(index_folder, n_chunks)


def snapshot(index_folder: Path) -> dict[str, bytes]:
    """Every file of an index with its bytes."""
    return {
        path.relative_to(index_folder).as_posix(): path.read_bytes()
        for path in sorted(index_folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    print(build(Path(sys.argv[1]), int(sys.argv[2])))
