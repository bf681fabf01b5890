"""Hand-over to Rietveld programs: what is written can be read back, and what is refined is right."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.prototypes import Measure
from xsearch.answers import SearchResult
from xsearch.errors import QueryError
from xsearch.report.refinement import PROGRAMS, write_refinement
from xsearch.search import SearchIndex

rietx = pytest.importorskip("rietx")

ROW, STRAIN = 120, 0.002


@pytest.fixture(scope="module")
def answer(prototypes: SearchIndex, measured: Measure) -> SearchResult:
    """A search for a strained crystal."""
    return prototypes.search(measured(ROW, strain=STRAIN, zero_deg=0.02), top=3)


def true_cell(prototypes: SearchIndex, answer: SearchResult) -> float:
    hit = answer.hits[0]
    assert hit.material_id == prototypes.index.material(ROW).material_id
    return float(hit.reflections.cell[0] * np.exp(STRAIN))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_project_is_written_and_its_cell_can_be_read_back(
    prototypes: SearchIndex, answer: SearchResult, program: str, tmp_path: Path
) -> None:
    found = write_refinement(answer, program, tmp_path)
    assert all(path.is_file() for path in found.paths)
    assert 0 < found.r_wp < 0.5
    (phase,) = found.phases
    value, error = phase.cell["a"]
    assert value == pytest.approx(true_cell(prototypes, answer), rel=1e-3)
    assert 0 < error < 0.01
    if program in ("topas", "fullprof"):
        project = next(path for path in found.paths if path.suffix in (".inp", ".pcr"))
        model = rietx.read_project_model(project).to_structure()
        assert model.phases[0].cell.a.value == pytest.approx(value, abs=1e-5)
    elif program != "bgmn":
        text = (tmp_path / ("refine.py" if program == "rietx" else "gsas2.py")).read_text(encoding="utf-8")
        compile(text, program, "exec")
    if program == "rietx":
        stored = rietx.Structure.model_validate_json((tmp_path / "structure.json").read_text(encoding="utf-8"))
        assert stored.phases[0].cell.a.value == pytest.approx(value)
    if program == "gsas2":
        (back,) = rietx.Structure.from_cif(tmp_path / "phase1.cif").phases
        assert back.cell.a.value == pytest.approx(value, abs=1e-4)
        assert "Lam" in (tmp_path / "instrument.instprm").read_text(encoding="utf-8")


def test_without_a_match_there_is_nothing_to_refine(answer: SearchResult, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="nothing to refine"):
        write_refinement(replace(answer, verdict="no confident match"), "rietx", tmp_path)


def test_an_unknown_program_is_refused(answer: SearchResult, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="rietx, gsas2, topas, fullprof, bgmn"):
        write_refinement(answer, "jana", tmp_path)


def test_bgmn_gets_every_atom_of_the_conventional_cell_and_its_ties(
    prototypes: SearchIndex, answer: SearchResult, tmp_path: Path
) -> None:
    found = write_refinement(answer, "bgmn", tmp_path)
    structure = next(path for path in found.paths if path.suffix == ".str").read_text(encoding="utf-8")
    hit = answer.hits[0]
    lines = structure.splitlines()
    lengths = dict(re.findall(r"PARAM=([ABC])=([\d.]+)_", structure))
    assert float(lengths["A"]) * 10 == pytest.approx(hit.cell[0], rel=1e-4)
    assert len(lengths) == len({round(length, 4) for length in hit.cell[:3]})
    atoms = [line for line in lines if line.startswith("E=")]
    volume = float(np.linalg.det(np.diag(hit.cell[:3]))) if set(hit.cell[3:]) == {90.0} else None
    assert volume is None or len(atoms) == round(len(hit.strained_crystal) * volume / hit.strained_crystal.volume_A3)
    for line in atoms:
        assert all(0 <= float(value) < 1 for value in re.findall(r" [xyz]=([\d.]+)", line))
    control = (tmp_path / "bgmn.sav").read_text(encoding="utf-8").splitlines()
    assert "LAMBDA=CU" in control
    assert f"STRUC[1]={next(path.name for path in found.paths if path.suffix == '.str')}" in control
    assert "VAL[1]=bgmn.xy" in control
