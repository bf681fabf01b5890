"""What the page keeps, and under which names."""

import os
from pathlib import Path

import pytest

from tests.systems import posix_only
from xsearch.web.settings import WebSettings
from xsearch.web.store import Refused, Store, job_key, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("rutile.xy", "rutile.xy"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\Fe K.dat", "Fe_K.dat"),
        ("..", "file"),
        ("", "file"),
        ("a:Fe:K", "a_Fe_K"),
        ("CON.xy", "file_CON.xy"),
        (".hidden", "file.hidden"),
        ("x" * 300 + ".xrdml", "x" * 94 + ".xrdml"),
    ],
)
def test_names_are_made_safe_and_keep_their_suffix(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_same_file_has_the_same_key(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one, again, other = store.keep("a.xy", b"1 2"), store.keep("a.xy", b"1 2"), store.keep("a.xy", b"1 3")
    assert one == again
    assert one.key != other.key
    assert store.file(one.key).path.read_bytes() == b"1 2"


@pytest.mark.parametrize("key", ["", "..", "0123", "0123456789abcdeg", "../../../../etc"])
def test_a_key_is_no_path(tmp_path: Path, key: str) -> None:
    store = Store(tmp_path)
    for lookup in (store.file, store.answer):
        with pytest.raises(Refused):
            lookup(key)


def test_the_oldest_files_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path, WebSettings(most_files=2))
    first = store.keep("a.xy", b"1")
    os.utime(tmp_path / "files" / first.key, (1, 1))
    second, third = store.keep("b.xy", b"2"), store.keep("c.xy", b"3")
    assert {store.file(one.key).name for one in (second, third)} == {"b.xy", "c.xy"}
    with pytest.raises(Refused, match="drop it again"):
        store.file(first.key)


@posix_only
def test_only_this_user_may_read_the_token_and_the_files(tmp_path: Path) -> None:
    store = Store(tmp_path / "page")
    token = store.token()
    assert token == Store(tmp_path / "page").token()
    assert (tmp_path / "page").stat().st_mode & 0o077 == 0
    assert (tmp_path / "page" / "token").stat().st_mode & 0o077 == 0


def test_the_same_question_is_the_same_job() -> None:
    question = {"kind": "query", "options": {"only": "Ti,O"}}
    assert job_key(question, "1") == job_key(dict(reversed(question.items())), "1")
    assert job_key(question, "1") != job_key(question, "2")


def test_the_list_of_earlier_searches_outlives_the_server_and_a_broken_file(tmp_path: Path) -> None:
    listed = [{"key": "a", "kind": "query", "title": "a.xy", "state": "done", "began": 1.0, "address": "?file=a"}]
    Store(tmp_path).list_earlier(listed)
    assert Store(tmp_path).earlier() == listed
    (tmp_path / "earlier.json").write_text("[{", encoding="utf-8")
    assert Store(tmp_path).earlier() == []
