"""Indexes that are built from the page."""

import pytest

from xsearch.errors import XSearchError
from xsearch.web.builds import SOURCES, build


def test_an_index_has_a_name_and_no_path() -> None:
    for name in ("../elsewhere", "/tmp/x", "", "a/b"):
        with pytest.raises(XSearchError, match="name of an index"):
            build(name, {"what": "starter"}, ())


def test_what_cannot_be_built_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
        monkeypatch.delenv(name, raising=False)
    for wishes, words in (
        ({"what": "nothing"}, "no source"),
        ({"what": "files"}, "Drop the files"),
        ({"what": "mp", "limit": "many"}, "no number"),
        ({"what": "mp", "only": "Xx"}, "Xx"),
        ({"what": "mp", "key": "short"}, "characters"),
    ):
        with pytest.raises(XSearchError, match=words) as raised:
            build("lab", wishes, ())
        assert "\n" not in str(raised.value)


def test_the_form_offers_every_source() -> None:
    from xsearch.web.app import static_files

    form = static_files()["index.html"].read_text(encoding="utf-8")
    assert all(f'<option value="{what}">' in form for what in SOURCES)
