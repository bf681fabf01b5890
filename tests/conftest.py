"""Shared fixtures: where the development data are, and a private home for indexes."""

import os
from pathlib import Path

import pytest

from tests.prototypes import measured, prototypes, prototypes_folder, without_vectors  # noqa: F401

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the development data; tests that need it skip where it is not."""
    folder = Path(os.environ.get("XSEARCH_DATA", DEFAULT_DATA))
    if not (folder / "mp_structures.parquet").exists():
        pytest.skip("development data not found: set XSEARCH_DATA")
    return folder


@pytest.fixture
def xsearch_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty XSEARCH_HOME of the test's own."""
    monkeypatch.setenv("XSEARCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
