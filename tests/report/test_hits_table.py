"""The table for the terminal."""

import os
from dataclasses import replace

from rich.console import Console

from xsearch import report
from xsearch.answers import SearchResult
from xsearch.answers.symmetry import Symmetry
from xsearch.report.hits_table import symmetry_line
from xsearch.report.search_record import symmetry_record
from xsearch.report.typeset import signed


def printed(result: SearchResult, width: int = 120, **how: bool) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(report.table(result, **how))
    return console.export_text()


def test_a_row_tells_what_matters(result: SearchResult) -> None:
    row = next(line for line in printed(result).splitlines() if "mp-2657" in line and "+0.20" in line)
    for cell in ("1", "TiO2", "Rutile", "P4_2/mnm (136)", "tetragonal", "0.90", "+0.20", "5"):
        assert cell in row


def test_the_verdict_comes_first(result: SearchResult) -> None:
    assert "TiO2 Rutile (mp-2657)" in printed(result).splitlines()[0]
    assert "perhaps" in printed(replace(result, verdict="tentative")).splitlines()[0]


def test_no_confident_match_says_what_to_do(result: SearchResult) -> None:
    text = printed(replace(result, verdict="no confident match"))
    assert "no confident match" in text.splitlines()[0]
    assert "check the wavelength" in text


def test_no_hits_is_an_answer(result: SearchResult) -> None:
    assert "no entry of the index meets the constraints" in printed(
        replace(result, hits=(), verdict="no confident match")
    )


def test_assumptions_are_printed(result: SearchResult) -> None:
    assert "note: wavelength from the command line" in printed(result)


def test_duplicates_are_folded_until_asked_for(result: SearchResult) -> None:
    twin = replace(result.hits[1], rank=1)
    folded = replace(result, hits=(replace(result.hits[0], duplicates=(twin,)),))
    assert "(+1)" in printed(folded)
    assert "amcsd-7" not in printed(folded)
    assert "amcsd-7" in printed(folded, duplicates=True)


def test_a_measured_cell_is_named_with_its_owner(result: SearchResult) -> None:
    linked = replace(result.hits[1], matched_cell=result.hits[0].material)
    text = printed(replace(result, hits=(linked,)), width=160)
    assert "amcsd-7*" in text
    assert "measured cell mp-2657, A. Person, J. Cryst. 1 (1999)" in text


def test_the_table_fits_eighty_columns_where_no_names_are_known(result: SearchResult) -> None:
    nameless = replace(result.hits[0], material=replace(result.hits[0].material, name=None))
    lines = printed(replace(result, hits=(nameless,)), width=80).splitlines()
    row = next(line for line in lines if "mp-2657" in line and "tetragonal" in line)
    assert "P4_2/mnm (136)" in row
    assert "…" not in row


def test_zero_has_no_sign() -> None:
    assert [signed(x, 2) for x in (-0.001, 0.0, 0.004, -0.01, 1.0)] == ["0.00", "0.00", "0.00", "-0.01", "+1.00"]


def test_a_line_tells_what_is_likely() -> None:
    said = Symmetry({"cubic": 0.8, "tetragonal": 0.15, "trigonal": 0.05}, {225: 0.7, 139: 0.12, 166: 0.05})
    assert symmetry_line(said) == "symmetry: cubic 80 %, tetragonal 15 %; Fm-3m 70 %, I4/mmm 12 %"
    assert symmetry_record(said)["space_groups"][0] == {"number": 225, "symbol": "Fm-3m", "probability": 0.7}
