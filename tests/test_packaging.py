"""What a stranger installs: a source distribution and a wheel that hold every file, and each of them once."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter
from email import message_from_bytes
from email.message import Message
from pathlib import Path, PurePosixPath

import pytest

import xsearch
from tests.architecture import PACKAGE, ROOT

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    for needed in ("build", "hatchling"):
        pytest.importorskip(needed)
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Files:
    """The files of the wheel."""
    (path,) = distributions.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(set(names)) == len(names)
        return {name: archive.read(name) for name in names}


@pytest.fixture(scope="module")
def sdist(distributions: Path) -> Files:
    """The files of the source distribution, without the folder that holds them all."""
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        members = [member for member in archive if not member.isdir()]
        assert all(member.isfile() for member in members), "no links"
        return {
            "/".join(PurePosixPath(member.name).parts[1:]): archive.extractfile(member).read() for member in members
        }


def repeated(files: Files) -> list[list[str]]:
    """Names of files of one content; those that are nearly empty may be alike."""
    count = Counter(files.values())
    twice = {content for content, times in count.items() if times > 1 and len(content) > 100}
    return [[name for name in files if files[name] == content] for content in twice]


def metadata(wheel: Files) -> Message:
    """What the wheel says of itself."""
    (name,) = [name for name in wheel if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(wheel[name])


def test_no_file_is_in_the_wheel_or_the_source_distribution_twice(wheel: Files, sdist: Files) -> None:
    assert not repeated(wheel)
    assert not repeated(sdist)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Files) -> None:
    there = {p.relative_to(ROOT).as_posix() for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    assert {name for name in wheel if ".dist-info/" not in name} == there
    assert "xsearch/py.typed" in there


def test_the_source_distribution_can_be_tested(sdist: Files) -> None:
    assert {"README.md", "LICENSE", "CHANGELOG.md", "constraints.txt", "tests/test_packaging.py"} <= sdist.keys()
    assert {name.partition("/")[0] for name in sdist}.isdisjoint({"indexes", "builders", "cli"})


def test_one_version_is_told_everywhere(wheel: Files) -> None:
    assert metadata(wheel)["Version"] == xsearch.__version__
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {xsearch.__version__}\n" in cited
    assert f"\n## [{xsearch.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_metadata_name_systems_and_pythons_that_are_tested(wheel: Files) -> None:
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    classifiers = metadata(wheel).get_all("Classifier")
    pythons = [c.rpartition(" ")[2] for c in classifiers if c.startswith("Programming Language :: Python :: 3.")]
    assert pythons == ["3.11", "3.12", "3.13"]
    assert all(f'"{version}"' in workflow for version in pythons)
    for system, runner in (("POSIX :: Linux", "ubuntu"), ("MacOS", "macos"), ("Microsoft :: Windows", "windows")):
        assert f"Operating System :: {system}" in classifiers
        assert f"{runner}-latest" in workflow
