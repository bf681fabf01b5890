"""Files that lead to other files are not followed."""

import gzip
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.web.links import check_links


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Data that were not dropped."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(10.0)
    return path


def external_link(file: h5py.File, elsewhere: Path) -> None:
    file["entry/data"] = h5py.ExternalLink(str(elsewhere), "/data")


def external_storage(file: h5py.File, elsewhere: Path) -> None:
    file.create_dataset("entry/data", (10,), "f8", external=[(str(elsewhere), 0, 80)])


def virtual_dataset(file: h5py.File, elsewhere: Path) -> None:
    layout = h5py.VirtualLayout((10,), "f8")
    layout[:] = h5py.VirtualSource(str(elsewhere), "data", (10,))
    file.create_virtual_dataset("entry/data", layout)


@pytest.mark.parametrize("make", [external_link, external_storage, virtual_dataset])
def test_a_file_that_leads_elsewhere_is_refused(tmp_path: Path, elsewhere: Path, make) -> None:
    path = tmp_path / "dropped.h5"
    with h5py.File(path, "w") as file:
        make(file, elsewhere)
    with pytest.raises(SpectrumError, match=r"dropped\.h5: its entry/data lies in another file"):
        check_links(path)


def test_packing_does_not_hide_a_link(tmp_path: Path, elsewhere: Path) -> None:
    path = tmp_path / "dropped.h5"
    with h5py.File(path, "w") as file:
        external_link(file, elsewhere)
    packed, archive = tmp_path / "dropped.h5.gz", tmp_path / "dropped.zip"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(archive, "w") as writer:
        writer.write(path, "inner.h5")
    for one in (packed, archive):
        with pytest.raises(SpectrumError, match="lies in another file"):
            check_links(one)


def test_a_file_with_its_own_data_and_links_within_is_read(elsewhere: Path, tmp_path: Path) -> None:
    with h5py.File(elsewhere, "a") as file:
        file["again"] = h5py.SoftLink("/data")
    check_links(elsewhere)
    text = tmp_path / "a.xy"
    text.write_text("1 2\n3 4\n", encoding="utf-8")
    check_links(text)
