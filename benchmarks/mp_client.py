"""Time of fetching, building and updating an index of the Materials Project, against a local server.

    python -m benchmarks.mp_client [--materials 20000] [--json]

The server, in another process, holds crystals of the snapshot `$XSEARCH_DATA/mp_structures.parquet`, or where
there is none those of the AFLOW prototypes, under invented ids and with synthetic spectra.
The client is the real one. Its time is the processor time of this process, so the server's is not in it; what is left
of the wall-clock time is waiting for the network.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from urllib.request import urlopen

from benchmarks._data import found_file
from tests.mp_server import KEY

MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one."""

CHANGED = 0.01
"""Share of the materials that change between two versions of the database."""


def main() -> None:
    """Fetch once to measure the client, build, change one per cent, update."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--materials", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.update(NO_PROXY="127.0.0.1", AWS_ENDPOINT_URL="http://127.0.0.1:9", MP_API_KEY=KEY)
    command = [sys.executable, "-m", "tests.mp_server", "--materials", str(options.materials)]
    snapshot = found_file("mp_structures.parquet")
    command += ["--snapshot", str(snapshot)] if snapshot else []
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            os.environ["XSEARCH_HOME"] = folder
            url = (server.stdout or sys.stdin).readline().strip()
            if not url.startswith("http://127.0.0.1:"):  # without an address the client would go to the real service
                sys.exit("the server did not start")
            found = measure(url, Path(folder))
        finally:
            server.terminate()
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:45} {value:,}")


def measure(url: str, folder: Path) -> dict[str, float]:
    """The figures."""
    from xsearch.builders.mp import build_mp
    from xsearch.builders.mp_client import Client
    from xsearch.builders.mp_fetch import Fetch
    from xsearch.builders.mp_selection import Selection
    from xsearch.builders.page_cache import PageCache
    from xsearch.progress import Silence

    client = Client(endpoint=url)
    client.count("summary", (("deprecated", False),))  # what is loaded once is loaded now
    client.count("xas", (("spectrum_type", "XANES"),))
    fetch = Fetch(client, PageCache(folder / "pages"), Selection(), Silence(), folder)
    marks = [(time.perf_counter(), time.process_time())]
    materials, owners = fetch.materials(None)
    marks.append((time.perf_counter(), time.process_time()))
    spectra, _ = fetch.spectra(owners, None)
    marks.append((time.perf_counter(), time.process_time()))
    walls, client_s = ([b[i] - a[i] for a, b in pairwise(marks)] for i in (0, 1))

    def timed() -> tuple[float, float]:
        began = time.perf_counter(), time.process_time()
        build_mp("bench", endpoint=url, workers=1, shipped_spectra=False, progress=False)
        return time.perf_counter() - began[0], time.process_time() - began[1]

    whole = timed()
    with urlopen(f"{url}change?share={CHANGED}") as answer:
        changed = json.load(answer)["changed"]
    update = timed()
    return {
        "materials": len(materials.order),
        "spectra": len(spectra.order),
        "materials fetched a second of client time": round(len(materials.order) / client_s[0]),
        "spectra fetched a second of client time": round(len(spectra.order) / client_s[1]),
        "share of fetching outside the network, %": round(100 * sum(client_s) / sum(walls), 1),
        "whole build, s of client time": round(whole[1], 1),
        "whole build, s of wall-clock time": round(whole[0], 1),
        "changed materials": changed,
        "update, s of client time": round(update[1], 1),
        "update, s of wall-clock time": round(update[0], 1),
        "update, % of the whole build's client time": round(100 * update[1] / whole[1], 1),
        "update, % of the whole build's wall-clock time": round(100 * update[0] / whole[0], 1),
    }


if __name__ == "__main__":
    main()
