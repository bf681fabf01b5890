"""The store of raw pages."""

import multiprocessing
from pathlib import Path

import pytest

from tests.systems import posix_only
from xsearch.builders.page_cache import PageCache, page_key
from xsearch.errors import BuildError

PAGE = [{"id": n, "text": "å" * n, "numbers": [0.1 * n, None, -1e-300]} for n in range(50)]


def test_a_page_comes_back_as_it_was_and_outlives_the_store(tmp_path: Path) -> None:
    store = PageCache(tmp_path)
    store.write(key := page_key("summary", 1), PAGE)
    again = PageCache(tmp_path)
    assert key in again
    assert page_key("summary", 2) not in again
    assert again.read(key) == PAGE
    assert (len(again), again.dropped) == (1, 0)


def test_the_same_page_is_the_same_file(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        PageCache(tmp_path / name).write(page_key("xas", 1), PAGE)
        (path,) = (tmp_path / name).iterdir()
        files.append((path.name, path.read_bytes()))
    assert files[0] == files[1]


def test_a_key_tells_everything_apart() -> None:
    parts = [("1", "a", 500, 1), ("1", "a", 500, 2), ("1", "a", 50, 1), ("2", "a", 500, 1), ("1a", "", 500, 1)]
    assert len({page_key("summary", *p) for p in parts} | {page_key("xas", *parts[0])}) == 6


@pytest.mark.parametrize("place", [0, 8, 40, -1])
def test_a_page_with_one_wrong_bit_is_dropped(tmp_path: Path, place: int) -> None:
    store = PageCache(tmp_path)
    for number in range(3):
        store.write(page_key("summary", number), PAGE[number:])
    path = sorted(tmp_path.iterdir())[1]
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(bytes(content))
    again = PageCache(tmp_path)
    assert (len(again), again.dropped) == (2, 1)
    assert not path.exists()


def test_what_a_killed_process_left_half_written_goes(tmp_path: Path) -> None:
    store = PageCache(tmp_path)
    store.write(page_key("summary", 1), PAGE)
    (tmp_path / "summary-half.json.zst.tmp").write_bytes(b"half")
    assert len(PageCache(tmp_path)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def _write_within(folder: Path, limit: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with pytest.raises(BuildError, match=r"^[^\n]*the disk is full[^\n]*$"):
        PageCache(folder).write(page_key("summary", 2), PAGE)


@posix_only
def test_a_full_disk_is_told_and_loses_no_page(tmp_path: Path) -> None:
    PageCache(tmp_path).write(page_key("summary", 1), PAGE)
    child = multiprocessing.get_context("forkserver").Process(target=_write_within, args=(tmp_path, 20))
    child.start()
    child.join()
    assert child.exitcode == 0
    store = PageCache(tmp_path)
    assert len(store) == 1
    assert store.read(page_key("summary", 1)) == PAGE


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(BuildError, match="Cannot keep what is fetched"):
        PageCache(tmp_path / "file" / "pages")
