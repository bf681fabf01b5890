"""What a build tells as it goes."""

import io

import pytest

from xsearch import progress
from xsearch.progress import Bar, Lines, Silence, open_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines_with_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    stream = io.StringIO()
    with open_progress(True, stream) as told:
        assert isinstance(told, Lines)
        told.start("building mp", 1000)
        told.advance(250, 3)
        told.say("writing the index")
    first, last = stream.getvalue().splitlines()
    assert first.startswith("building mp: 250 of 1,000, 3 failed, ")
    assert first.endswith(" s left")
    assert last == "writing the index"


def test_lines_come_seldom() -> None:
    stream = io.StringIO()
    told = Lines(stream)
    told.start("building mp", None)
    for _ in range(100):
        told.advance(1)
    assert stream.getvalue() == ""


def test_a_terminal_gets_a_bar() -> None:
    stream = Terminal()
    with open_progress(True, stream) as told:
        assert isinstance(told, Bar)
        told.advance(1)  # before any stage: nothing to move
        for label in ("measured cells", "building mp"):
            told.start(label, 10)
            told.advance(4, 1)
        told.say("writing the index")
    text = stream.getvalue()
    assert "building mp" in text
    assert "4/10" in text
    assert "1 failed" in text
    assert "writing the index" in text


def test_silence_is_silent() -> None:
    stream = io.StringIO()
    with open_progress(False, stream) as told:
        assert isinstance(told, Silence)
        told.start("x", 1)
        told.advance(1, 1)
        told.say("x")
    assert stream.getvalue() == ""
