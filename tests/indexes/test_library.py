"""Indexes are listed, chosen, rolled back and deleted by name."""

from pathlib import Path

import pytest

from tests.indexes.samples import build
from xsearch.errors import BrokenIndex, BuildError, MissingIndex
from xsearch.indexes import Index, Staging, default_index, delete, list_indexes, rollback, use


def test_an_empty_home_has_no_index(xsearch_home: Path) -> None:
    assert list_indexes() == []
    assert default_index() is None
    for action in (use, delete, rollback):
        with pytest.raises(MissingIndex, match="xsearch build"):
            action("mp")


def test_the_only_index_is_the_default(xsearch_home: Path) -> None:
    build(xsearch_home / "indexes" / "lab", 1)
    assert default_index() == "lab"
    (summary,) = list_indexes()
    assert (summary.name, summary.is_default, summary.materials, summary.problem) == ("lab", True, 10, None)
    assert summary.version == Index.open("lab").version
    assert summary.n_bytes == Index.open("lab").info()["bytes"]
    assert summary.made is not None
    assert summary.made.isoformat(timespec="seconds") == Index.open("lab").info()["made"]


def test_among_several_one_must_be_chosen(xsearch_home: Path) -> None:
    for name in ("lab", "mp"):
        build(xsearch_home / "indexes" / name, 1)
    with pytest.raises(MissingIndex, match="lab, mp"):
        default_index()
    assert [summary.is_default for summary in list_indexes()] == [False, False]
    use("mp")
    assert default_index() == "mp"
    assert [summary.is_default for summary in list_indexes()] == [False, True]
    delete("mp")
    assert default_index() == "lab"
    assert [summary.name for summary in list_indexes()] == ["lab"]
    assert not (xsearch_home / "indexes" / "mp").exists()


def test_a_chosen_index_that_is_gone_is_not_replaced_silently(xsearch_home: Path) -> None:
    for name in ("lab", "mp"):
        build(xsearch_home / "indexes" / name, 1)
    use("mp")
    (xsearch_home / "indexes" / "mp").rename(xsearch_home / "moved")
    with pytest.raises(MissingIndex, match=r"'mp' is gone.*lab"):
        default_index()


def test_a_broken_index_does_not_hide_the_others(xsearch_home: Path) -> None:
    for name in ("lab", "mp"):
        build(xsearch_home / "indexes" / name, 1)
    (Index.open("lab").folder / "hkl.npy").unlink()
    lab, mp = list_indexes()
    assert "hkl.npy" in (lab.problem or "")
    assert mp.problem is None
    delete("lab")
    assert [summary.name for summary in list_indexes()] == ["mp"]


def test_names_that_are_paths_are_never_deleted(xsearch_home: Path) -> None:
    build(xsearch_home / "indexes" / "lab", 1)
    (xsearch_home / "precious").mkdir()
    for name in ("../precious", str(xsearch_home / "precious"), "", ".", ".."):
        with pytest.raises(MissingIndex):
            delete(name)
    assert (xsearch_home / "precious").is_dir()
    assert default_index() == "lab"


def test_rollback_goes_back_and_forth_between_the_versions_kept(xsearch_home: Path) -> None:
    folder = xsearch_home / "indexes" / "lab"
    old, new = build(folder, 1), build(folder, 2)
    assert rollback("lab") == old
    assert len(Index.open("lab")) == 10
    with pytest.raises(MissingIndex, match=r"no an older version|no older version|no .*older"):
        rollback("lab")
    assert rollback("lab", new) == new
    assert len(Index.open("lab")) == 20
    with pytest.raises(MissingIndex, match=r"'0009-00000000'.*there is"):
        rollback("lab", "0009-00000000")


def test_a_build_after_a_rollback_keeps_the_version_rolled_back_to(xsearch_home: Path) -> None:
    folder = xsearch_home / "indexes" / "lab"
    old, _ = build(folder, 1), build(folder, 2)
    rollback("lab")
    newest = build(folder, 3)
    assert newest.startswith("0003-")
    assert rollback("lab") == old


def test_rollback_mends_a_broken_current_version_or_pointer(xsearch_home: Path) -> None:
    folder = xsearch_home / "indexes" / "lab"
    old, new = build(folder, 1), build(folder, 2)
    (folder / "versions" / new / "catalog.arrow").unlink()
    with pytest.raises(BrokenIndex):
        Index.open("lab")
    assert rollback("lab") == old
    assert len(Index.open("lab")) == 10
    (folder / "CURRENT").write_text("nonsense\n", encoding="utf-8")
    with pytest.raises(BrokenIndex):  # the newest version is the one without a catalog
        rollback("lab")
    assert rollback("lab", old) == old


def test_an_index_that_is_being_built_can_be_read_but_not_deleted(xsearch_home: Path) -> None:
    folder = xsearch_home / "indexes" / "lab"
    build(folder, 1)
    with Staging.open(folder, "another", {}):
        for action in (delete, rollback):
            with pytest.raises(BuildError, match="Another process"):
                action("lab")
        assert len(Index.open("lab")) == 10
