"""JSON and data frames."""

import json

import numpy as np
import pytest

from xsearch import report
from xsearch.answers import SearchResult
from xsearch.report.json_text import json_text, plain


def test_json_is_complete_and_can_be_read_back(result: SearchResult, tmp_path) -> None:
    path = tmp_path / "out.json"
    text = report.to_json(result, path)
    back = json.loads(path.read_text(encoding="utf-8"))
    assert json.loads(text) == back
    assert back["verdict"] == "match"
    assert back["index"] == {"name": "lab", "version": "0001-abcdef01", "searched": 1234}
    assert back["question"]["constraints"]["only"] == ["O", "Si", "Ti"]
    assert back["timings_ms"] == {"recall": 12.5}
    assert len(back["hits"]) == 3


def test_a_hit_carries_evidence_provenance_and_crystal(result: SearchResult) -> None:
    hit = report.to_dict(result)["hits"][0]
    assert hit["evidence"] == {"correlation": 7.5, "strain": -0.1, "edges": {}}
    assert hit["material"]["licence"] == "CC-BY-4.0"
    assert hit["material"]["reference"] == "A. Person, J. Cryst. 1 (1999)"
    assert "10.1063/1.4812323" in hit["material"]["attribution"]
    assert hit["material"]["space_group_symbol"] == "P4_2/mnm"
    assert hit["material"]["crystal"]["elements"] == ["Ti", "Ti", "O", "O", "O", "O"]
    assert hit["pattern_fit"]["cell"]["a_A"] == pytest.approx(4.594 * np.exp(0.004))
    assert hit["stored_cell"]["a_A"] == pytest.approx(4.594)


def test_lines_stand_where_the_strained_cell_puts_them(result: SearchResult) -> None:
    lines = report.to_dict(result)["hits"][0]["reflections"]
    strongest = int(np.argmax(lines["intensity"]))
    assert sorted(np.abs(lines["hkl"][strongest])) == [0, 1, 1]
    a = result.hits[0].cell[0]
    expected = 2 * np.degrees(np.arcsin(result.pattern.wavelength_A * np.sqrt(2) / (2 * a))) + 0.02
    assert lines["two_theta_deg"][strongest] == pytest.approx(expected, abs=1e-3)
    assert min(lines["two_theta_deg"]) >= 20
    assert max(lines["two_theta_deg"]) <= 80


def test_every_source_is_credited_once(result: SearchResult) -> None:
    credits = report.to_dict(result)["attributions"]
    assert len(credits) == 3
    assert any("Downs" in credit for credit in credits)
    assert any("my cifs" in credit and "private" in credit for credit in credits)


def test_notes_of_pattern_and_search_are_joined_without_repeats(result: SearchResult) -> None:
    assert result.notes == ("wavelength from the command line", "texture was allowed for")


def test_frame_has_a_row_a_hit_and_the_evidence_in_columns(result: SearchResult) -> None:
    frame = report.to_dataframe(result)
    assert list(frame["material_id"]) == ["mp-2657", "amcsd-7", "lab/<1>"]
    assert frame.loc[0, "strain"] == pytest.approx(0.002)
    assert frame.loc[0, "evidence_correlation"] == 7.5


def test_frame_of_no_hits_is_empty(result: SearchResult) -> None:
    from dataclasses import replace

    assert report.to_dataframe(result).shape[0] == 3
    assert report.to_dataframe(replace(result, hits=())).empty


def test_plain_values_only() -> None:
    value = {"a": np.float32(1.5), "b": np.arange(2), "c": float("nan"), "d": (np.bool_(True), None), 5: {"z", "a"}}
    assert plain(value) == {"a": 1.5, "b": [0, 1], "c": None, "d": [True, None], "5": ["a", "z"]}


def test_lists_of_numbers_take_one_line_and_keep_their_values() -> None:
    document = {"x": [1, -2.5, 1e-7], "y": ["1", "2"], "z": [[1, 2], [3, 4]], "text": "[ 1, 2 ]"}
    text = json_text(document)
    assert '"x": [1, -2.5, 1e-07]' in text
    assert json.loads(text) == document
