"""A command runner, and a home with a small real index: the 288 AFLOW prototypes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

Xsearch = Callable[..., Result]
SPECTRA = Path(__file__).resolve().parents[2] / "examples" / "spectra"


@pytest.fixture
def xsearch() -> Xsearch:
    """Run a command line in this process."""
    from xsearch.cli.app import app

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


@pytest.fixture(scope="session")
def built_home(prototypes_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the index `lab`."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(prototypes_folder, home / "indexes" / "lab")
    return home


@pytest.fixture
def lab(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, for tests that only read it."""
    monkeypatch.setenv("XSEARCH_HOME", str(built_home))
    return built_home


@pytest.fixture
def own_lab(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that home, for tests that change it."""
    home = shutil.copytree(built_home, tmp_path / "home")
    monkeypatch.setenv("XSEARCH_HOME", str(home))
    return home
