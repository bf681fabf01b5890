"""Builds by name."""

from pathlib import Path

import pytest

from xsearch.builders import builds
from xsearch.builders.aflow import AflowSource
from xsearch.builders.identity import index_folder
from xsearch.builders.starter import StarterSource, process_starter
from xsearch.indexes.index import Index


def test_the_starter_holds_minerals_and_prototypes() -> None:
    source = StarterSource()
    items = list(source.items())
    assert source.count() == len(items) == 9563
    assert process_starter(items[0]).source.startswith("American Mineralogist")
    assert process_starter(items[-1]).source.startswith("AFLOW")
    assert "Downs" in source.citation
    assert "Mehl" in source.citation


def test_the_starter_is_made_when_it_is_missing_and_left_when_it_is_there(
    xsearch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "StarterSource", AflowSource)  # a thirtieth of it, made the same way
    made = builds.ensure_starter(progress=False)
    assert made is not None
    assert (made.name, made.entries, made.failures) == ("starter", 288, 0)
    assert len(Index.open(index_folder("starter"))) == 288
    assert builds.ensure_starter(progress=False) is None
