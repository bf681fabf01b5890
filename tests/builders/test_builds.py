"""Builds by name."""

from pathlib import Path

import pytest

from xsearch.builders import builds
from xsearch.builders.aflow import AflowSource
from xsearch.builders.identity import index_folder
from xsearch.builders.starter import StarterSource, process_starter
from xsearch.data.shipped_library import ShippedLibrary, shipped_materials
from xsearch.indexes.index import Index


def test_the_starter_holds_minerals_prototypes_and_the_structures_of_shipped_spectra() -> None:
    source = StarterSource()
    items = list(source.items())
    assert source.count() == len(items) == 9563 + len(shipped_materials())
    assert process_starter(items[0]).source.startswith("American Mineralogist")
    assert process_starter(items[9562]).source.startswith("AFLOW")
    last = process_starter(items[-1])
    assert (last.source, last.licence) == ("Materials Project", "CC-BY-4.0")
    for author in ("Downs", "Mehl", "Jain"):
        assert author in source.citation


def test_the_starter_is_made_when_it_is_missing_and_left_when_it_is_there(
    xsearch_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "StarterSource", AflowSource)  # a thirtieth of it, made the same way
    monkeypatch.setattr(builds, "shipped_materials", frozenset)
    made = builds.ensure_starter(progress=False)
    assert made is not None
    assert (made.name, made.entries, made.failures) == ("starter", 288, 0)
    assert made.spectra == len(ShippedLibrary(frozenset()).spectra)  # the references
    assert len(Index.open(index_folder("starter"))) == 288
    assert builds.ensure_starter(progress=False) is None
