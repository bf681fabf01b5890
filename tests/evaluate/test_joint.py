"""Pairs of an edge and a pattern, searched alone and together."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.evaluate.test_xanes import write
from tests.prototypes import Measure
from tests.search.test_xanes_search import MARCASITE, PYRITE, library  # noqa: F401
from xsearch.evaluate.joint import evaluate_joint, measured_pairs, simulated_pairs
from xsearch.search import SearchIndex


def test_pairs_with_errors_are_searched_in_three_ways(library: SearchIndex) -> None:  # noqa: F811
    pairs = list(simulated_pairs(library, "Ti", "K", number=2, seed=1))
    assert {pair.xanes.absorber for pair in pairs} == {"Ti"}
    assert all(pair.material_id for pair in pairs)
    report = evaluate_joint(library, pairs, prior="none").to_dict()
    assert report["n"] == 2
    assert all(report["joint"][10] >= report[alone][10] for alone in ("xanes", "pxrd"))


def test_measured_pairs_share_a_formula_and_hide_their_own_source(
    library: SearchIndex,  # noqa: F811
    measured: Measure,
    tmp_path: Path,
) -> None:
    rows = []
    for row in (PYRITE, MARCASITE):
        pattern, structure = measured(row), library.index.material(row).crystal.to_structure()
        rows.append(
            {
                "label": f"row {row}",
                "single_phase": True,
                "wavelength": pattern.wavelength_A,
                "two_theta": pattern.two_theta_deg,
                "intensity": pattern.intensity,
                "structure_json": structure.to_json(),
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    spectra = write(tmp_path / "x.parquet", source="measured.parquet")
    pairs = list(measured_pairs(library, tmp_path / "p.parquet", spectra))
    assert [pair.formula for pair in pairs] == ["FeS2", "FeS2"]
    assert pairs[0].hidden == {"ref-1", "ref-2"}
