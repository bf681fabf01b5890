"""An index travels as one file, which is refused unless it is whole."""

import io
import json
import random
import tarfile
from pathlib import Path

import pytest

from tests.indexes.samples import build, snapshot
from xsearch.errors import BrokenIndex, BuildError, MissingIndex, XSearchError
from xsearch.indexes import Index, export, import_, list_indexes
from xsearch.indexes.bundle import _header
from xsearch.indexes.manifest import digest_of


@pytest.fixture
def bundle(built: Path, tmp_path: Path) -> Path:
    return export(built, tmp_path / "sample.xsi")


def test_a_bundle_brings_the_same_index_elsewhere(bundle: Path, built: Path, xsearch_home: Path) -> None:
    assert import_(bundle) == "sample"
    assert snapshot(xsearch_home / "indexes" / "sample") == snapshot(built)
    there = Index.open("sample")
    there.verify()
    assert there.info()["made"] == Index.open(built).info()["made"]
    assert import_(bundle, "again") == "again"
    assert export("again", bundle.with_name("again.xsi")).read_bytes() == bundle.read_bytes()


def test_a_bundle_is_an_ordinary_tar_file(bundle: Path, built: Path) -> None:
    index = Index.open(built)
    with tarfile.open(bundle) as archive:
        names = archive.getnames()
        hkl = archive.extractfile(f"{index.version}/hkl.npy")
        assert hkl is not None
        assert hkl.read() == (index.folder / "hkl.npy").read_bytes()
    assert names == [f"{index.version}/{name}" for name in ("manifest.json", *sorted(index.manifest.files))]


def test_an_index_of_that_name_is_replaced_only_on_demand(bundle: Path, xsearch_home: Path) -> None:
    build(xsearch_home / "indexes" / "sample", 1)
    with pytest.raises(BuildError, match="there already"):
        import_(bundle)
    assert len(Index.open("sample")) == 10
    import_(bundle, replace=True)
    assert len(Index.open("sample")) == 60


def test_a_flipped_bit_anywhere_is_refused(bundle: Path, xsearch_home: Path) -> None:
    whole = bundle.read_bytes()
    dice = random.Random(2)
    places = [*range(0, 512, 7), *range(len(whole) - 1100, len(whole), 50), *dice.sample(range(len(whole)), 60)]
    for place in places:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << dice.randrange(8)
        bundle.write_bytes(spoilt)
        with pytest.raises(BrokenIndex, match=r"sample\.xsi"):
            import_(bundle)
    assert list_indexes() == []


def test_a_truncated_bundle_is_refused(bundle: Path, xsearch_home: Path) -> None:
    whole = bundle.read_bytes()
    for size in (
        0,
        1,
        511,
        512,
        600,
        len(whole) // 3,
        len(whole) // 2,
        len(whole) - 1025,
        len(whole) - 512,
        len(whole) - 1,
    ):
        bundle.write_bytes(whole[:size])
        with pytest.raises(BrokenIndex, match=r"sample\.xsi"):
            import_(bundle)
    bundle.write_bytes(whole + b"\0")
    with pytest.raises(BrokenIndex, match=r"sample\.xsi"):
        import_(bundle)
    assert list_indexes() == []


def test_a_failed_import_leaves_the_index_that_was_there(bundle: Path, xsearch_home: Path) -> None:
    folder = xsearch_home / "indexes" / "sample"
    build(folder, 1)
    before = snapshot(folder)
    bundle.write_bytes(bundle.read_bytes()[:-2000])
    with pytest.raises(BrokenIndex):
        import_(bundle, replace=True)
    assert snapshot(folder) == before


def forged(files: dict[str, bytes], names: list[str]) -> bytes:
    """A bundle whose checksums all fit, with the given paths in its manifest."""
    described = {
        name: {"size": len(content), "sha256": __import__("hashlib").sha256(content).hexdigest()}
        for name, content in files.items()
    }
    manifest = {"format": 1, "counts": {"materials": 1, "reflections": 0, "failures": 0}, "profile_bins": 0}
    manifest |= {"fingerprint": "", "settings": {}, "extra": {}, "files": described}
    text = json.dumps(manifest).encode()
    version = f"0001-{digest_of(text)}"
    out = io.BytesIO()
    for name, content in [("manifest.json", text), *((name, files[name]) for name in names)]:
        out.write(_header(f"{version}/{name}", len(content), 0) + content + bytes(-len(content) % 512))
    return out.getvalue() + bytes(1024)


@pytest.mark.parametrize("path", ["../../../outside", "/tmp/xsearch-outside", "a/../../../../outside", "..\\outside"])
def test_a_bundle_cannot_write_outside_its_index(tmp_path: Path, xsearch_home: Path, path: str) -> None:
    (tmp_path / "evil.xsi").write_bytes(forged({path: b"x"}, [path]))
    with pytest.raises(BrokenIndex, match=r"outside the index"):
        import_(tmp_path / "evil.xsi")
    assert list_indexes() == []
    assert not list(tmp_path.rglob("*outside*"))
    assert not Path("/tmp/xsearch-outside").exists()


def test_a_bundle_with_sound_checksums_but_no_index_in_it_is_refused(tmp_path: Path, xsearch_home: Path) -> None:
    (tmp_path / "odd.xsi").write_bytes(forged({"readme.txt": b"hello"}, ["readme.txt"]))
    with pytest.raises(XSearchError):
        import_(tmp_path / "odd.xsi")
    assert list_indexes() == []


def test_what_is_no_bundle_is_refused(tmp_path: Path, xsearch_home: Path) -> None:
    for content in (b"", b"text\n", bytes(5000), random.Random(1).randbytes(3000)):
        (tmp_path / "x.xsi").write_bytes(content)
        with pytest.raises(BrokenIndex, match="not an index bundle"):
            import_(tmp_path / "x.xsi")
    with tarfile.open(tmp_path / "other.xsi", "w") as archive:
        archive.add(tmp_path / "x.xsi")
    with pytest.raises(BrokenIndex, match="not an index bundle"):
        import_(tmp_path / "other.xsi")
    with pytest.raises(XSearchError, match="Cannot read"):
        import_(tmp_path / "nowhere.xsi")
    with pytest.raises(XSearchError, match="Cannot read"):
        import_(tmp_path)
    assert list_indexes() == []


def test_a_damaged_index_is_not_exported(own: Path, tmp_path: Path) -> None:
    path = Index.open(own).folder / "profiles.faiss"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenIndex, match=r"profiles\.faiss"):
        export(own, tmp_path / "out.xsi")
    with pytest.raises(MissingIndex):
        export(tmp_path / "nothing", tmp_path / "out.xsi")
    assert not list(tmp_path.glob("*.xsi*"))


def test_a_bundle_is_not_written_into_a_folder_that_is_not_there(built: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="write the bundle"):
        export(built, tmp_path / "no" / "where.xsi")
