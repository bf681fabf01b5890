"""`xsearch build mp` and `xsearch build add`, as a user types them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Xsearch
from tests.crystals import rutile
from tests.mp_library import Library
from tests.mp_server import KEY, serving
from xsearch.indexes import Index
from xsearch.report.structures import cif_text


def test_the_command_builds_with_the_key_of_the_environment(xsearch_home: Path, tmp_path: Path) -> None:
    with serving(Library(12)) as server:
        environment = {
            **os.environ, "MP_API_ENDPOINT": server.url, "MP_API_KEY": KEY, "NO_PROXY": "127.0.0.1",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "xsearch", "build", "mp", "--name", "small", "--limit", "7", "--workers", "1"],
            env=environment, capture_output=True, encoding="utf-8", timeout=300,
        )  # fmt: skip
        assert server.wrong == []
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "Index small:" in done.stderr
    index = Index.open("small")
    assert index.manifest.extra["materials_project"]["selection"]["limit"] == 7
    assert f"It holds {index.spectra_table.num_rows} absorption spectra." in done.stderr
    assert index.sql("select count(*) from materials where cell_of is null").fetchall() == [(7,)]


def test_without_a_key_one_line_says_where_to_get_one(
    xsearch: Xsearch, xsearch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_API_KEY", raising=False)
    monkeypatch.delenv("PMG_MAPI_KEY", raising=False)
    monkeypatch.setattr("pymatgen.core.SETTINGS", {})
    done = xsearch("build", "mp")
    assert done.exit_code == 1
    assert done.stderr.startswith("xsearch: The Materials Project asks for a key: get one at https://")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("mp", "--only", "Fe,Qq"), 1, "Unknown element 'Qq'"),
        (("mp", "--edges", "Z"), 1, "Unknown edge 'Z'"),
        (("mp", "--ids", "no/such/file"), 1, "cannot be read"),
        (("mp", "--limit", "0"), 2, "limit"),
        (("add", "nowhere", "--cif", "."), 1, "No index"),
        (("mp", "--cluster", "nonsense://x"), 1, "No Dask scheduler answers at nonsense://x"),
    ],
)
def test_wrong_use_is_one_line(
    xsearch: Xsearch, xsearch_home: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = xsearch("build", *words)
    assert done.exit_code == code, done.stderr
    assert said in done.stderr
    assert code == 2 or done.stderr.count("\n") == 1


def test_own_crystals_are_added_to_an_index(xsearch: Xsearch, own_lab: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.cif").write_text(cif_text(rutile(), 136), encoding="utf-8")
    before = len(Index.open("lab"))
    done = xsearch("build", "add", "lab", "--cif", tmp_path / "mine", "--licence", "CC0-1.0")
    assert done.exit_code == 0, done.stderr
    index = Index.open("lab")
    assert len(index) == before + 1
    assert index.material(before).material_id == "own-mine"
    assert xsearch("index", "rollback", "lab").exit_code == 0
    assert len(Index.open("lab")) == before
