"""A server as `xsearch serve` starts it, over a small real index, and a browser; one each for all tests."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Served(NamedTuple):
    """Where the page is, and the token that its first address holds."""

    address: str
    token: str

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])


@pytest.fixture(scope="session")
def served(prototypes_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server, with an index of the 288 AFLOW prototypes."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(prototypes_folder, home / "indexes" / "lab")
    process = subprocess.Popen(
        [sys.executable, "-m", "xsearch", "serve", "--no-browser", "--port", "0"],
        env={**os.environ, "XSEARCH_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"(http://[\d.]+:\d+)/\?token=([\w-]+)", line)
    assert found, line + process.stderr.read()
    yield Served(found[1], found[2])
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; tests that need it skip where there is none."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, served: Served) -> Iterator[Any]:
    """A fresh window on the page; an error in its scripts fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(180_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{served.address}/?token={served.token}")
    yield opened
    context.close()
    assert not errors


@pytest.fixture(scope="session")
def rutile() -> Path:
    """A powder pattern, with the wavelength in its header."""
    return ROOT / "examples" / "spectra" / "rutile.xy"
