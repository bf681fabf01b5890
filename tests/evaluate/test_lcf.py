"""Sums of measured edges on a small real index."""

from pathlib import Path

import pytest

from tests.evaluate.test_xanes import write
from tests.search.test_xanes_search import library  # noqa: F401
from xsearch.evaluate.lcf import Seen, evaluate_sums, measured_sums, plain_fit, stay_one
from xsearch.options import Given
from xsearch.preprocess.xanes import normalize
from xsearch.search import SearchIndex


def test_sums_are_weighed_and_found_again(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    path = write(tmp_path / "m.parquet")
    sums = list(measured_sums(library, path, Seen.SOURCES, 3, references=1))
    assert [sorted(one.shares) for one in sums] == [["FeS2", "TiFeO3"]] * 3
    assert all(0.2 <= share <= 0.8 and one.references == 1 for one in sums for share in one.shares.values())
    assert len({share for one in sums for share in one.shares.values()}) == 6
    assert normalize(sums[0].xanes).edge_step == pytest.approx(1.0, abs=0.05)
    assert sums[0].elements == ["Fe", "O", "S", "Ti"]
    report = evaluate_sums(library, iter(sums), Given.SUBSET)
    assert (report.n, report.pairs, report.list_of_two, report.decided) == (3, 1, 1.0, 1.0)
    assert report.share_error < 0.05
    assert evaluate_sums(library, iter(sums), Given.NONE).list_of_two == 1.0
    plain = plain_fit(library, sums[0], None)
    assert sum(plain.values()) == pytest.approx(1.0)
    assert len(plain) == 2


def test_a_sum_sees_neither_its_own_spectra_nor_its_source(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    path = write(tmp_path / "m.parquet", source="measured.parquet")  # the source of the references in the index
    (one,) = measured_sums(library, path, Seen.SOURCES, 1, references=0)
    assert one.hidden == {"ref-1", "ref-2"}
    assert list(measured_sums(library, path, Seen.SOURCES, 1, references=2)) == []
    (seen,) = measured_sums(library, path, Seen.SCANS, 1, references=1)
    assert seen.hidden == set()


def test_edges_of_one_compound_are_counted(library: SearchIndex, tmp_path: Path) -> None:  # noqa: F811
    report = stay_one(library, write(tmp_path / "m.parquet"))
    assert report == {"n": 2, "stay_one": 1.0, "right": 1.0}
