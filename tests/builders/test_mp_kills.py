"""A build of the Materials Project that is killed leaves the old version whole, and the next run finishes it."""

import tempfile
from pathlib import Path

from tests.builders.mp_kills import Kills

KILLS = 8
MEMORY = Path("/dev/shm")


def test_builds_killed_at_random_moments_are_survived() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        kills = Kills(Path(folder))
        kills.run(KILLS)
    assert kills.phases.total() == KILLS
