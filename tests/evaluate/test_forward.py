"""How the forward model is judged: on formulas that it has not seen, or with a plain word that it has."""

from pathlib import Path

import pandas as pd
import pytest

from xsearch.errors import SpectrumError
from xsearch.evaluate.forward import evaluate


@pytest.fixture(scope="module")
def spectra(data_folder: Path) -> pd.DataFrame:
    """Sixty site spectra of copper and their structures."""
    table = pd.read_parquet(data_folder / "xas_feff9.parquet")
    mine = table[(table.absorber == "Cu") & table.site_index.notna() & table.structure_json.notna()]
    return mine[mine.code.str.startswith("FEFF")].groupby("reduced_formula").head(1).head(60)


def test_a_file_of_nothing_new_is_scored_and_says_so(spectra: pd.DataFrame, tmp_path: Path) -> None:
    spectra.to_parquet(tmp_path / "seen.parquet")
    figures = evaluate(tmp_path / "seen.parquet")
    assert figures["every_formula_was_trained_on"]
    assert "held_out" in figures["note"]
    assert figures["held_out"]["n"] > 500
    assert figures["mae_cu"] == figures["by_edge"]["Cu K"] < figures["mae_mean_spectrum"]["Cu K"] / 2
    assert figures["mae_others"] is None


def test_only_new_formulas_are_scored_where_there_are_any(spectra: pd.DataFrame, tmp_path: Path) -> None:
    new = spectra.reduced_formula.where(spectra.reduced_formula.map(len) % 2 == 0, "new " + spectra.reduced_formula)
    spectra.assign(reduced_formula=new).to_parquet(tmp_path / "mixed.parquet")
    figures = evaluate(tmp_path / "mixed.parquet")
    assert not figures["every_formula_was_trained_on"]
    assert figures["n"] + figures["left_out_as_trained_on"] + figures["unusable"] == len(spectra)
    assert figures["n"] <= new.str.startswith("new").sum()
    assert "note" not in figures


def test_edges_and_codes_that_were_not_learned_are_told_apart(spectra: pd.DataFrame, tmp_path: Path) -> None:
    spectra.assign(edge="L3").to_parquet(tmp_path / "l3.parquet")
    with pytest.raises(SpectrumError, match="no edge that the model has learned from the same code: K edges of Mg"):
        evaluate(tmp_path / "l3.parquet")
    spectra.assign(code="VASP").to_parquet(tmp_path / "vasp.parquet")
    with pytest.raises(SpectrumError, match="no edge that the model has learned"):
        evaluate(tmp_path / "vasp.parquet")
