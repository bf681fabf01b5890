"""`xsearch index`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Xsearch


def test_list_marks_the_index_in_use(xsearch: Xsearch, lab: Path) -> None:
    row = next(line for line in xsearch("index", "list").stdout.splitlines() if "lab" in line)
    assert row.split()[:3] == ["*", "lab", "288"]


def test_list_as_json(xsearch: Xsearch, lab: Path) -> None:
    (row,) = json.loads(xsearch("index", "list", "--json", "-").stdout)
    assert (row["name"], row["materials"], row["is_default"], row["problem"]) == ("lab", 288, True, None)


def test_list_without_any_says_how_to_make_one(xsearch: Xsearch, xsearch_home: Path) -> None:
    done = xsearch("index", "list")
    assert done.exit_code == 0
    assert "xsearch build starter" in done.stdout


def test_info_tells_counts_sources_and_licences(xsearch: Xsearch, lab: Path) -> None:
    text = xsearch("index", "info", "lab").stdout
    assert "288" in text
    assert "AFLOW" in text
    record = json.loads(xsearch("index", "info", "lab", "--json", "-").stdout)
    assert record["counts"]["materials"] == 288
    assert len(record["failures"]) == record["counts"]["failures"]


def test_verify_passes_a_whole_index_and_names_an_altered_file(xsearch: Xsearch, own_lab: Path) -> None:
    assert xsearch("index", "verify", "lab").exit_code == 0
    victim = max((path for path in own_lab.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    done = xsearch("index", "verify", "lab")
    assert done.exit_code == 1
    assert victim.name in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_journey_through_export_import_use_and_delete(xsearch: Xsearch, own_lab: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "lab.xsi"
    assert xsearch("index", "export", "lab", bundle).exit_code == 0
    assert xsearch("index", "import", bundle, "--name", "copy").exit_code == 0
    assert xsearch("index", "use", "copy").exit_code == 0
    rows = {row["name"]: row for row in json.loads(xsearch("index", "list", "--json", "-").stdout)}
    assert rows["copy"]["is_default"]
    assert rows["copy"]["materials"] == rows["lab"]["materials"]
    assert xsearch("index", "delete", "lab").exit_code == 0
    assert [row["name"] for row in json.loads(xsearch("index", "list", "--json", "-").stdout)] == ["copy"]


def test_a_truncated_bundle_is_refused(xsearch: Xsearch, own_lab: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "lab.xsi"
    xsearch("index", "export", "lab", bundle)
    bundle.write_bytes(bundle.read_bytes()[:-5000])
    done = xsearch("index", "import", bundle, "--name", "copy")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "copy" not in xsearch("index", "list").stdout


@pytest.mark.parametrize("verb", ["info", "verify", "use", "delete", "rollback"])
def test_a_missing_index_is_one_line(xsearch: Xsearch, lab: Path, verb: str) -> None:
    done = xsearch("index", verb, "nowhere")
    assert done.exit_code == 1
    assert "nowhere" in done.stderr
    assert done.stderr.count("\n") == 1


def test_rollback_without_an_older_version_says_so(xsearch: Xsearch, own_lab: Path) -> None:
    done = xsearch("index", "rollback", "lab")
    assert done.exit_code == 1
    assert "older version" in done.stderr


def test_sql_gives_a_table_json_and_csv(xsearch: Xsearch, lab: Path, tmp_path: Path) -> None:
    question = "select formula, space_group from materials where prototype is not null order by row_id"
    printed = xsearch("index", "sql", "lab", question).stdout
    assert printed.splitlines()[0].split() == ["formula", "space_group"]
    assert "more than 100 rows" in printed
    rows = json.loads(xsearch("index", "sql", "lab", question, "--json", "-").stdout)
    assert len(rows) == 288
    assert set(rows[0]) == {"formula", "space_group"}
    assert xsearch("index", "sql", "lab", question, "--csv", tmp_path / "rows.csv").exit_code == 0
    lines = (tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["formula,space_group", f"{rows[0]['formula']},{rows[0]['space_group']}"]
    assert len(lines) == 289
    assert len(xsearch("index", "sql", "lab", question, "--csv", "-", "--top", 3).stdout.splitlines()) == 4


def test_sql_that_cannot_be_answered_is_one_line(xsearch: Xsearch, lab: Path) -> None:
    for statement in ("select nothing from materials", "drop table materials", "selec"):
        done = xsearch("index", "sql", "lab", statement)
        assert done.exit_code == 1
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
