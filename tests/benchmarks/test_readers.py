"""Readers on folders of files, whole and damaged."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.readers import FAILED, READ, REFUSED, SUSPICIOUS, Reader, files_below, mutated, outcome_of, summary
from tests.spectra import instrument_files as files

X, Y = files.powder()
E, MU = files.edge()
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "spectra"

WRITTEN: dict[str, bytes | str] = {
    "pattern.xy": files.rows(X, Y),
    "pattern.csv": "2theta,intensity\n" + files.rows(X, Y, separator=","),
    "pattern.ras": files.ras([(X, Y)]),
    "pattern.rasx": files.rasx(X, Y),
    "pattern.raw": files.raw1([(X, Y)]),
    "later.raw": files.raw4([(X, Y)]),
    "pattern.brml": files.brml([files.brml_scan(X, Y)]),
    "pattern.uxd": files.uxd(X, Y, with_angles=True),
    "pattern.gsas": files.gsas(X, Y, "ESD"),
    "edge.dat": "# energy mu\n" + files.rows(E, MU),
    "edge.xdi": files.xdi(E, MU + 1, 1 / (MU + 1)),
    "project.prj": files.athena([("one", "Fe", E, MU), ("two", "Fe", E, MU)]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in WRITTEN.items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


def test_the_examples_are_read_and_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague,\n", encoding="utf-8")
    found = [outcome_of(str(path), "CuKa") for path in files_below(EXAMPLES)]
    assert {one.what for one in found} == {READ}
    assert outcome_of(str(tmp_path / "letter.txt"), None).what == REFUSED


def test_a_spectrum_without_an_edge_is_suspicious(tmp_path: Path) -> None:
    path = tmp_path / "drift.dat"
    path.write_text("# Fe K edge\n# energy mu\n" + files.rows(E, 1 - 1e-4 * (E - E[0])), encoding="utf-8")
    assert outcome_of(str(path), None).what in (SUSPICIOUS, REFUSED)


def test_damaged_files_give_a_spectrum_or_one_line(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = [
        outcome_of(str(path), None)
        for path in mutated(files_below(folder), 300, seed=1, folder=tmp_path_factory.mktemp("damaged"))
    ]
    assert not [one for one in found if one.what == FAILED]
    counts = sum(summary(found).values(), Counter())
    assert counts[READ] > 20
    assert counts[REFUSED] > 20


def test_a_reader_goes_on_after_a_file_that_stops_its_process(folder: Path) -> None:
    reader = Reader("CuKa")
    try:
        assert reader.outcome(folder / "pattern.xy").what == READ
        reader._process.kill()
        reader._process.join()
        assert reader.outcome(folder / "pattern.xy").what == FAILED
        assert reader.outcome(folder / "pattern.xy").what == READ
    finally:
        reader.close()
