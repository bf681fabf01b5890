"""The library without fcntl, without links, without FAISS, and under the rules of Windows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

CRYSTALS = {
    "corundum.cif": (
        "4.7589 4.7589 12.9919 90 90 120 'R -3 c' 167",
        ["Al1 Al 0 0 0.3522", "O1 O 0.3063 0 0.25"],
    ),
    "rutile.cif": ("4.5937 4.5937 2.9587 90 90 90 'P 42/m n m' 136", ["Ti1 Ti 0 0 0", "O1 O 0.3053 0.3053 0"]),
    "halite.cif": ("5.6402 5.6402 5.6402 90 90 90 'F m -3 m' 225", ["Na1 Na 0 0 0", "Cl1 Cl 0.5 0.5 0.5"]),
}

BUILD = """
import sys
from pathlib import Path
from xsearch.builders import build_cif

folder = Path(sys.argv[1])
made = build_cif(folder, "lab", workers=1, progress=False)
assert made.entries == 3, made
"""

SEARCH = """
import sys
from pathlib import Path
import xsearch

pattern = Path(sys.argv[2])
index = xsearch.open_index("lab")
result = index.search(pxrd=xsearch.read(pattern))
print("first:", result.hits[0].formula)
"""

VECTORS = """
index.index.faiss
"""

COMMAND = """
import sys
from xsearch.cli import main

sys.argv = ["xsearch", "build", "cif", sys.argv[1], "--name", "lab"]
main()
"""

LIFE = """
import gc
import pytest
from xsearch.builders.add import add_entries
from xsearch.builders.embed import embed
from xsearch.errors import BuildError
from xsearch.indexes import Index, delete, export, import_, rollback
from xsearch.indexes.files import builder_lock
from xsearch.indexes.versions import folder_of, versions_of

lab = folder_of("lab")
first = index.index.version
for number in (1, 2, 3):  # versions come and go under the eyes of a reader
    extra = folder.parent / str(number)
    extra.mkdir()
    (extra / f"more{number}.cif").write_bytes((folder / "halite.cif").read_bytes())
    add_entries("lab", cif=extra, progress=False)
assert first in versions_of(lab)
assert index.index.material(0).material_id
embed("lab")
assert len(Index.open("lab")) == made.entries + 3
assert Index.open("lab").embedding.faiss.ntotal == made.entries + 3
rollback("lab")
bundle = export("lab", folder.parent / "lab.xsi")
import_(bundle, "copy")
Index.open("copy").verify()
with builder_lock(lab), pytest.raises(BuildError, match="Another process"):
    delete("lab")
with pytest.raises(BuildError, match="Cannot delete the index"):
    delete("lab")
assert index.index.material(0).material_id
del index, result
gc.collect()
delete("lab")
assert not lab.exists()
print("lived")
"""


@pytest.fixture
def cifs(tmp_path: Path) -> Path:
    """A folder of three crystals."""
    folder = tmp_path / "cifs"
    folder.mkdir()
    names = [f"_cell_length_{axis}" for axis in "abc"] + [
        f"_cell_angle_{angle}" for angle in ("alpha", "beta", "gamma")
    ]
    for name, (cell, atoms) in CRYSTALS.items():
        numbers, symbol, group = cell.partition("'")[0].split(), cell.split("'")[1], cell.rsplit(maxsplit=1)[1]
        lines = [f"data_{name}", *(f"{key} {value}" for key, value in zip(names, numbers, strict=True))]
        lines += [f"_symmetry_space_group_name_H-M '{symbol}'", f"_symmetry_Int_Tables_number {group}", "loop_"]
        lines += ["_atom_site_label", "_atom_site_type_symbol", *(f"_atom_site_fract_{axis}" for axis in "xyz")]
        (folder / name).write_text("\n".join([*lines, *atoms, ""]), encoding="utf-8")
    return folder


def run_under(rule: str, script: str, cifs: Path) -> subprocess.CompletedProcess[str]:
    """Run a script under the rules of another system, in an XSEARCH_HOME of its own."""
    path = cifs.parent / "script.py"
    path.write_text(script, encoding="utf-8")
    words = [ROOT / "tests" / "foreign_system.py", rule, path, cifs, ROOT / "examples" / "spectra" / "rutile.xy"]
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "XSEARCH_HOME": str(cifs.parent / "home")},
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize("rule", ["no_fcntl", "no_links"])
def test_a_small_index_is_built_and_searched(rule: str, cifs: Path) -> None:
    done = run_under(rule, BUILD + SEARCH, cifs)
    assert done.returncode == 0, done.stderr
    assert "first: TiO2" in done.stdout


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells which files a process has open")
def test_an_index_lives_where_nothing_open_can_be_renamed_or_removed(cifs: Path) -> None:
    done = run_under("windows", BUILD + SEARCH + LIFE, cifs)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("lived\n")


def test_a_build_without_faiss_ends_before_it_begins_in_a_line_that_names_the_extra(cifs: Path) -> None:
    done = run_under("no_faiss", COMMAND, cifs)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert 'pip install "xsearch[cpu]"' in line
    assert not (cifs.parent / "home").exists()


def test_an_index_is_searched_without_faiss_and_its_vectors_name_the_extra(cifs: Path) -> None:
    done = run_under("no_links", BUILD, cifs)
    assert done.returncode == 0, done.stderr
    done = run_under("no_faiss", SEARCH + VECTORS, cifs)
    assert "first: TiO2" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("xsearch.errors.MissingExtra: ")
    assert 'pip install "xsearch[cpu]"' in done.stderr.splitlines()[-1]
