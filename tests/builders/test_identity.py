"""What makes two builds the same build."""

import inspect
import json
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.metadata import packages_distributions, version
from pathlib import Path
from pkgutil import iter_modules

import pytest

from tests.architecture import PACKAGE, ROOT
from xsearch import builders
from xsearch.builders.dependencies import dependencies_of, versions_of
from xsearch.builders.pipeline import WORK

CHANGES = """
import sys
from pathlib import Path
from xsearch.builders import dependencies
from xsearch.builders.add import _AddedSpectra, process_added_spectrum
from xsearch.builders.identity import made_with
from xsearch.builders.transform import SpectraTransform

def identity():
    made_with.cache_clear()
    return made_with(False, SpectraTransform, _AddedSpectra, process_added_spectrum)

before = identity()
for name in sys.argv[1:]:
    path = dependencies.PACKAGE / name
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    print(name, identity() != before)
    path.write_bytes(content)
print("nothing", identity() != before)
"""


def source_classes() -> set[str]:
    """Every class of the builders that offers items and a way to process them."""
    modules = [import_module(f"{builders.__name__}.{found.name}") for found in iter_modules(builders.__path__)]
    return {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        and hasattr(kind, "items")
        and (hasattr(kind, "process") or "process" in kind.__annotations__)
        and not getattr(kind, "_is_protocol", False)
    }


@pytest.mark.slow
def test_all_that_shapes_an_entry_is_in_the_identity_of_its_build(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.builders.traced_sources", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    traced = [json.loads(line) for line in done.stdout.splitlines()]
    assert {name for sources, _ in traced for name in sources} == source_classes()
    assert not [(sources, unknown) for sources, unknown in traced if unknown]


def test_a_change_of_what_shapes_spectra_changes_the_identity_and_another_does_not(tmp_path: Path) -> None:
    copy = tmp_path / "xsearch"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    shaping = ["spectra/mend.py", "spectra/readers/athena.py", "indexes/spectra.py", "preprocess/xanes.py"]
    others = ["search/engine.py", "cli/build.py", "builders/mp_fetch.py", "models/weights/hit_probability.json"]
    command = [sys.executable, "-c", CHANGES, *shaping, *others]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": ""}, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    changed = dict(map(str.split, done.stdout.splitlines()))
    assert changed == {**dict.fromkeys(shaping, "True"), **dict.fromkeys([*others, "nothing"], "False")}


def test_a_source_in_a_script_is_followed_into_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script_of_a_test.py"
    script.write_text(
        "import json\nimport numpy\nfrom xsearch.builders import build\nfrom xsearch.builders.cif import process_cif\n"
        "def process(item):\n    numpy.zeros(1)\n    return process_cif(item)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = dependencies_of(import_module(script.stem).process)
    assert {script, PACKAGE / "builders" / "cif.py", PACKAGE / "chemistry" / "cif.py"} <= set(found.files)
    assert PACKAGE / "builders" / "pipeline.py" not in found.files
    assert "numpy" in found.libraries
    assert "json" not in found.libraries


def test_versions_are_those_of_the_distributions_that_python_names() -> None:
    libraries = dependencies_of(*WORK).libraries
    brought_by = packages_distributions()
    names = {name for library in libraries for name in brought_by.get(library, ())}
    assert {"numpy", "scipy"} <= names
    assert versions_of(libraries) == {name: version(name) for name in names}
