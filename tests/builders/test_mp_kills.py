"""A build of the Materials Project that is killed leaves the old version whole, and the next run finishes it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.systems import posix_only

KILLS = 6
MATERIALS = 27  # four batches, and three pages of documents
ROOT = Path(__file__).resolve().parents[2]


@posix_only
def test_builds_killed_at_random_moments_are_survived() -> None:
    """In a process of its own, whose children are forked from one that has everything loaded."""
    command = [sys.executable, "-m", "benchmarks.kills", "--kills", str(KILLS), "--materials", str(MATERIALS), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["survived"] == KILLS
    assert sum(found["while"].values()) == KILLS
