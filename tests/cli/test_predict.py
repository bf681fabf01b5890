"""`xsearch predict`."""

import json
from pathlib import Path

import numpy as np

from tests.cli.conftest import Xsearch


def copper_edge(path: Path) -> Path:
    energy = np.arange(8900.0, 9200.0, 0.5)
    step = np.arctan((energy - 8984) / 1.5) / np.pi + 0.5
    white_line = 0.5 * np.exp(-(((energy - 8996) / 4) ** 2)) - 0.15 * np.exp(-(((energy - 9020) / 8) ** 2))
    path.write_text(
        "# energy_eV mu\n" + "\n".join(f"{e} {m}" for e, m in zip(energy, step + white_line, strict=True)),
        encoding="utf-8",
    )
    return path


def test_every_quantity_comes_with_probabilities(xsearch: Xsearch, tmp_path: Path) -> None:
    done = xsearch("predict", copper_edge(tmp_path / "cu.dat"), "--absorber", "Cu", "--edge", "K", "--json", "-")
    assert done.exit_code == 0, done.stderr
    text = json.dumps(json.loads(done.stdout))
    assert "oxidation_state" in text
    assert "cn" in text


def test_the_table_names_the_edge(xsearch: Xsearch, tmp_path: Path) -> None:
    done = xsearch("predict", copper_edge(tmp_path / "cu.dat"), "--absorber", "Cu", "--edge", "K")
    assert "Cu K, E0" in done.stdout
    assert "coordination number" in done.stdout


def test_glitches_are_replaced_where_asked(xsearch: Xsearch, tmp_path: Path) -> None:
    path = copper_edge(tmp_path / "cu.dat")
    rows = path.read_text(encoding="utf-8").splitlines()
    energy, mu = rows[300].split()
    rows[300] = f"{energy} {float(mu) + 0.8}"
    path.write_text("\n".join(rows), encoding="utf-8")
    told = ["--absorber", "Cu", "--edge", "K", "--json", "-"]
    spoiled, mended = (xsearch("predict", path, *told, *more) for more in ([], ["--deglitch"]))
    assert "glitch" not in spoiled.stdout
    assert "glitches were replaced by the median" in mended.stdout


def test_what_is_no_spectrum_gets_one_line(xsearch: Xsearch, tmp_path: Path) -> None:
    (tmp_path / "text.dat").write_text("hello\n", encoding="utf-8")
    done = xsearch("predict", tmp_path / "text.dat")
    assert done.exit_code == 1
    assert done.stderr.startswith("xsearch: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_formula_is_made_use_of_and_one_that_cannot_be_is_refused(xsearch: Xsearch, tmp_path: Path) -> None:
    given = ("predict", copper_edge(tmp_path / "cu.dat"), "--absorber", "Cu", "--edge", "K", "--json", "-")
    done = {formula: xsearch(*given, "--formula", formula) for formula in ("Cu2O", "CuO", "TiO2")}
    states = {f: json.loads(done[f].stdout)["site"]["oxidation_state"] for f in ("Cu2O", "CuO")}
    one = {f: next((s["probability"] for s in found if s["value"] == 1), 0.0) for f, found in states.items()}
    assert one["Cu2O"] > 5 * one["CuO"]
    assert json.loads(done["CuO"].stdout)["properties"] is not None
    assert done["TiO2"].exit_code == 1
    assert "holds no Cu" in done["TiO2"].stderr
    both = xsearch(*given, "--formula", "CuO", "--elements", "Cu,O")
    assert both.exit_code == 1
    assert "one of them is enough" in both.stderr
