"""Reads all of an HDF5 file, as a program of its own: `python hdf5_probe.py FILE MOST_VALUES`.

The HDF5 library can hang or crash on a damaged file. Such a file ends this process, and not the one that wants to read
it. What raises an ordinary error is left to the reader. Nothing of xsearch is imported, so that it starts at once.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

MOST_OBJECTS = 20_000
"""Groups and datasets that are read."""
MOST_CPU_S = 5
"""Processor time, where the system can limit it; a hundred megabytes take one second."""


def main(path: str, most_values: int) -> None:
    """Read every attribute and every dataset of up to so many values."""
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    count = 0

    def read(name: str, thing: Any) -> bool | None:
        nonlocal count
        count += 1
        with suppress(Exception):
            list(thing.attrs.values())
        with suppress(Exception):
            if isinstance(thing, h5py.Dataset) and int(np.prod(thing.shape, dtype=float)) <= most_values:
                thing[()]
        return True if count >= MOST_OBJECTS else None  # which ends the visit

    with suppress(Exception), h5py.File(path, "r") as file:
        read("/", file)
        file.visititems(read)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
