"""What takes long to make is made once in a run of the tests, and shared by its workers."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to ask for it makes while the others wait; no test may change it.

    Args:
        factory: of the worker, whose folder lies in that of the run.
        name: of the folder.
        make: fills the folder that it is given, which is moved when it is done.
    """
    mine = factory.getbasetemp()
    run = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    folder = run / name
    with FileLock(run / f"{name}.lock"):
        if not folder.exists():
            unfinished = factory.mktemp(name)
            make(unfinished)
            unfinished.rename(folder)
    return folder
