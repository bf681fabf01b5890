"""The shape of the house: one direction of imports, cheap imports, the links at the root, exact pins."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture import ORDER, PACKAGE, ROOT, circles, module_name, room_of, sources, upward

HEAVY = ("torch", "faiss", "pymatgen", "mp_api", "matplotlib", "numba", "sklearn", "scipy", "pandas", "duckdb")

LONGEST_FILE = 400


def test_every_module_belongs_to_a_room() -> None:
    strangers = {room_of(module_name(path)) for path in sources()} - {*ORDER, ""}
    assert not strangers, f"say in ORDER where {strangers} belong"


def test_the_walls_stand_where_imports_are_counted() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_imports_go_only_down_and_never_sideways() -> None:
    assert not upward(), "\n".join(upward())


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert not circles(), "\n".join(" <-> ".join(ring) for ring in circles())


def test_the_command_does_no_arithmetic_on_arrays() -> None:
    for path in (PACKAGE / "cli").glob("*.py"):
        assert not re.search(r"^\s*(import|from) numpy", path.read_text(encoding="utf-8"), re.MULTILINE), (
            f"{path.name} imports numpy"
        )


def test_files_stay_short() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in sources()}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def opens_text_in_the_systems_encoding(call: ast.Call) -> bool:
    """Whether a call reads or writes text and leaves its encoding to the system; on Windows that is not UTF-8."""
    if any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    name = ast.unparse(call.func)
    if name.endswith((".read_text", ".write_text")):
        return len(call.args) == name.endswith(".write_text")
    if name == "os.open" or not (name == "open" or name.endswith(".open")):
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [arg.value for arg in given if isinstance(arg, ast.Constant) and set(str(arg.value)) <= set("rwaxbt+")]
    if name == "gzip.open":
        return "t" in "".join(modes)
    of_a_path = name.endswith(".open") and len(modes) == len(given)  # what is opened by its name is no file of ours
    return (name == "open" or of_a_path) and not any("b" in mode for mode in modes)


def test_text_files_are_utf_8_on_every_system() -> None:
    files = [
        file for folder in ("xsearch", "tests", "benchmarks", "examples") for file in (ROOT / folder).rglob("*.py")
    ]
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno} names no encoding"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and opens_text_in_the_systems_encoding(node)
    ]
    assert not wrong, "\n".join(wrong)


def is_number(node: ast.AST | None) -> bool:
    """Whether an expression is a number, arithmetic with numbers, or a tuple of such."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return not isinstance(value, bool)
        case ast.UnaryOp(operand=part):
            return is_number(part)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case ast.Tuple(elts=parts):
            return bool(parts) and all(map(is_number, parts))
    return False


def numbers_without_a_word(path: Path) -> list[str]:
    """Numeric constants of a module that neither a docstring, shared with those above it, nor a comment describes."""
    text = path.read_text(encoding="utf-8")
    lines, body = text.splitlines(), ast.parse(text).body
    silent: list[str] = []
    for place, node in enumerate(body):
        if not isinstance(node, ast.Assign) or not is_number(node.value):
            continue
        after = next((one for one in body[place + 1 :] if not isinstance(one, ast.Assign | ast.AnnAssign)), None)
        described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if not described and "#" not in lines[node.lineno - 1] and not lines[node.lineno - 2].startswith("#"):
            silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return silent


def test_every_number_of_a_module_has_a_word() -> None:
    assert [line for path in sources() for line in numbers_without_a_word(path)] == []


@pytest.mark.parametrize("name", ["indexes", "builders", "cli"])
def test_root_links_lead_into_the_package(name: str) -> None:
    link, target = ROOT / name, f"xsearch/{name}"
    if not (ROOT / ".git").exists():
        pytest.skip("a source distribution holds no links")
    if link.is_file() and link.read_text(encoding="utf-8") == target:
        pytest.skip("this clone holds links as text files: git's core.symlinks is false")
    assert link.is_symlink()
    assert Path(os.readlink(link)).as_posix() == target
    assert (link / "__init__.py").samefile(PACKAGE / name / "__init__.py")


@pytest.mark.parametrize(
    "statement",
    [
        "import xsearch; dir(xsearch)",
        "import sys; sys.argv = ['xsearch', '--help']; import xsearch.cli; xsearch.cli.main()",
        "import sys; sys.argv = ['xsearch', 'query', '--help']; import xsearch.cli; xsearch.cli.main()",
    ],
)
def test_first_contact_loads_nothing_heavy(statement: str) -> None:
    code = (
        f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_help_comes_within_half_a_second_of_computing() -> None:
    pytest.importorskip("resource", reason="this system does not tell what its processes computed")
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'xsearch', '--help'], stdout=subprocess.DEVNULL, check=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    )
    seconds = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
    assert min(seconds) <= 0.5, seconds


def pins() -> dict[str, str]:
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines), "exact pins only"
    return {canonical(name): version for name, _, version in (line.partition("==") for line in lines)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_constraints_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["cpu"], *extras["dev"], *extras["docs"]]
    names = {canonical(re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0]) for requirement in asked}
    assert names <= pins().keys()
    assert pins()["torch"] == "2.13.0"


def test_the_package_offers_its_names_on_first_use() -> None:
    import xsearch

    for name in xsearch.__all__:
        assert getattr(xsearch, name).__module__.startswith("xsearch."), name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        xsearch.nonsense  # noqa: B018
