"""How many builds of the Materials Project that are killed at random moments can be resumed.

python -m benchmarks.kills [--kills 50] [--materials 80] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.builders.mp_kills import MATERIALS, Kills

MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one."""


def main() -> None:
    """Kill, check, finish, compare; the first loss ends it with an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--materials", type=int, default=MATERIALS, help="entries of the database that is built")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        kills = Kills(Path(folder), options.seed, options.materials)
        kills.run(options.kills)
    found = {"kills": options.kills, "survived": kills.phases.total(), "while": dict(kills.phases.most_common())}
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{found['survived']} of {options.kills} kills survived, in {time.perf_counter() - began:.0f} s")
        print("the kills fell into: " + ", ".join(f"{name} {n}" for name, n in kills.phases.most_common()))


if __name__ == "__main__":
    main()
