"""A small index that tests may read but not change, and one that they may spoil."""

import shutil
from pathlib import Path

import pytest

from tests.indexes.samples import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index of 60 entries, to be left as it is."""
    folder = tmp_path_factory.mktemp("built") / "sample"
    build(folder, 6)
    return folder


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Path:
    """A copy of that index."""
    shutil.copytree(built, tmp_path / "own", copy_function=shutil.copy2)
    return tmp_path / "own"
