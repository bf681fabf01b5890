"""A file that is missing, truncated, altered or of another format is refused by name."""

import hashlib
import json
import os
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests.indexes.samples import build
from xsearch.errors import BrokenIndex
from xsearch.indexes import Index, verify
from xsearch.indexes.manifest import digest_of

FILES = [
    "manifest.json",
    "catalog.arrow",
    "failures.arrow",
    "columns.npy",
    "offsets.npy",
    "hkl.npy",
    "structure_factor_sq.npy",
    "multiplicity.npy",
    "profiles.faiss",
    "materials.parquet",
    "failures.parquet",
]


def version_of(own: Path) -> Path:
    return Index.open(own).folder


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << (place % 8)
    path.write_bytes(content)


def test_the_list_of_files_here_is_complete(own: Path) -> None:
    assert sorted(p.name for p in version_of(own).iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_refused_on_opening(own: Path, name: str) -> None:
    path = version_of(own) / name
    whole = path.read_bytes()
    dice = random.Random(name)
    for place in (0, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(5))):
        flip(path, place)
        with pytest.raises(BrokenIndex, match=name):
            Index.open(own)
        path.write_bytes(whole)
    Index.open(own).verify()


@pytest.mark.parametrize("name", FILES[1:])
def test_a_byte_that_the_disk_flipped_is_refused_by_verify(name: str, built: Path, xsearch_home: Path) -> None:
    shutil.copytree(built, xsearch_home / "indexes" / "sample", copy_function=shutil.copy2)
    path = Index.open("sample").folder / name
    times, whole = path.stat().st_mtime_ns, path.read_bytes()
    dice = random.Random(name)
    for place in (0, len(whole) - 1, *(dice.randrange(len(whole)) for _ in range(20))):
        flip(path, place)
        os.utime(path, ns=(times, times))  # a fault of the disk leaves no modification time
        with pytest.raises(BrokenIndex, match=name):
            verify("sample")
        with pytest.raises(BrokenIndex, match=name):
            Index.open("sample").verify()  # opening may see it already, and then it must say so too
        path.write_bytes(whole)
        os.utime(path, ns=(times, times))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0.0, 0.5, 1.0])
def test_a_truncated_file_is_refused_on_opening(own: Path, name: str, left: float) -> None:
    path = version_of(own) / name
    size = path.stat().st_size
    times = path.stat().st_mtime_ns
    os.truncate(path, min(size - 1, int(size * left)))
    os.utime(path, ns=(times, times))
    with pytest.raises(BrokenIndex, match=name):
        Index.open(own)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_on_opening(own: Path, name: str) -> None:
    (version_of(own) / name).unlink()
    with pytest.raises(BrokenIndex, match=f"{name} is missing"):
        Index.open(own)


def test_every_flipped_byte_of_current_is_refused(own: Path) -> None:
    whole = (own / "CURRENT").read_bytes()
    for place in range(len(whole)):
        flip(own / "CURRENT", place)
        with pytest.raises(BrokenIndex, match="CURRENT"):
            Index.open(own)
        (own / "CURRENT").write_bytes(whole)
    for content in (b"", b"\xff\xfe", b"../..", whole[:-1] + b" \n"):
        (own / "CURRENT").write_bytes(content)
        with pytest.raises(BrokenIndex, match="CURRENT"):
            Index.open(own)
    (own / "CURRENT").unlink()
    with pytest.raises(BrokenIndex, match="CURRENT is missing"):
        Index.open(own)


@pytest.mark.parametrize("found", [0, 2, "1", None])
def test_another_format_is_refused_with_what_to_do(own: Path, found: object) -> None:
    version = version_of(own)
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    text = json.dumps(manifest | {"format": found}).encode()
    (version / "manifest.json").write_bytes(text)
    renamed = version.with_name(f"0001-{digest_of(text)}")
    version.rename(renamed)
    (own / "CURRENT").write_text(f"{renamed.name}\n", encoding="utf-8")
    with pytest.raises(BrokenIndex, match=r"of format .*reads format 1.*rebuild"):
        Index.open(own)


def test_a_manifest_that_is_json_but_no_manifest_is_refused(own: Path) -> None:
    for text in ("[]", "{}", "3", '{"format": 1}', "null", "\x00"):
        (version_of_folder(own) / "manifest.json").write_text(text, encoding="utf-8")
        with pytest.raises(BrokenIndex, match=r"manifest\.json"):
            Index.open(own)


def version_of_folder(own: Path) -> Path:
    return next((own / "versions").iterdir())


def test_a_copied_index_is_checked_once_and_then_trusted(own: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(own, copied, copy_function=shutil.copy)
    index = Index.open(copied)
    made = (index.folder / "manifest.json").stat().st_mtime_ns
    assert {path.stat().st_mtime_ns for path in index.folder.iterdir()} == {made}


def test_a_broken_index_is_mended_by_building_it_again(own: Path) -> None:
    flip(version_of(own) / "hkl.npy", 200)
    with pytest.raises(BrokenIndex):
        Index.open(own)
    build(own, 6)
    Index.open(own).verify()


def test_an_index_with_other_columns_is_refused_and_told_apart_from_damage(own: Path) -> None:
    version = version_of(own)
    catalog = pa.ipc.open_file(version / "catalog.arrow").read_all().drop_columns(["template"])
    with pa.OSFile(str(version / "catalog.arrow"), "wb") as file, pa.ipc.new_file(file, catalog.schema) as writer:
        writer.write_table(catalog)
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    content = (version / "catalog.arrow").read_bytes()
    manifest["files"]["catalog.arrow"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(manifest).encode()
    (version / "manifest.json").write_bytes(text)
    renamed = version.rename(version.with_name(f"0001-{digest_of(text)}"))
    (own / "CURRENT").write_text(f"{renamed.name}\n", encoding="utf-8")
    with pytest.raises(BrokenIndex, match=r"catalog\.arrow has other columns.*rebuild"):
        Index.open(own)
