"""The command as a whole: its tree, its help, how it fails."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.cli.conftest import SPECTRA, Xsearch
from tests.systems import posix_only
from xsearch import __version__
from xsearch.cli.app import app
from xsearch.cli.errors import Commands
from xsearch.errors import QueryError

ROOT = Path(__file__).resolve().parents[2]
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))))


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from leaves(child, (*words, name))
    else:
        yield words, command


TREE = dict(leaves(typer.main.get_command(app)))


def test_the_tree_has_the_commands_that_were_promised() -> None:
    promised = "query, build parquet, build cif, build starter, index list, index info, index verify, index use, "
    promised += "index export, index import, index delete, index rollback, simulate pxrd, evaluate pxrd"
    assert set(promised.split(", ")) <= {" ".join(words) for words in TREE}


@pytest.mark.parametrize("words", TREE, ids=" ".join)
def test_every_command_has_help_and_stands_in_the_documentation(words: tuple[str, ...]) -> None:
    assert TREE[words].help.strip()
    assert f"xsearch {' '.join(words)}" in PAGES


@pytest.mark.parametrize("words", TREE, ids=" ".join)
def test_every_option_says_what_it_does(words: tuple[str, ...]) -> None:
    silent = [p.name for p in TREE[words].params if not getattr(p, "help", None) and p.name != "help"]
    assert not silent


def meaning(option: Any) -> tuple[object, ...]:
    """What an option says of itself and takes; closed sets may differ in their members."""
    names = (tuple(option.opts), tuple(option.secondary_opts))
    return option.help, option.metavar, *names, option.is_flag, option.multiple


def test_an_option_means_the_same_wherever_it_stands() -> None:
    meanings: dict[str, dict[tuple[object, ...], list[str]]] = {}
    for words, command in TREE.items():
        for option in command.params:
            for name in (*option.opts, *option.secondary_opts) if option.param_type_name == "option" else ():
                meanings.setdefault(name, {}).setdefault(meaning(option), []).append(" ".join(words))
    assert {name: list(found.values()) for name, found in meanings.items() if len(found) > 1} == {}


def test_version(xsearch: Xsearch) -> None:
    assert xsearch("--version").stdout == f"xsearch {__version__}\n"


def test_the_module_runs_like_the_command() -> None:
    text = subprocess.check_output([sys.executable, "-m", "xsearch", "--version"], encoding="utf-8")
    assert text == f"xsearch {__version__}\n"


@pytest.mark.parametrize("words", [("--nonsense",), ("query",), ("nonsense",), ("query", "x.xy", "--top", "0")])
def test_wrong_usage_exits_with_two(xsearch: Xsearch, words: tuple[str, ...]) -> None:
    assert xsearch(*words).exit_code == 2


def failing(error: BaseException) -> Any:
    """A command line whose only command raises."""
    group = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @group.callback()
    def root() -> None: ...

    @group.command()
    def fail() -> None:
        raise error

    return CliRunner().invoke(group, ["fail"])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (QueryError("Two\n  lines."), 1, "xsearch: Two lines."),
        (FileNotFoundError(errno.ENOENT, "gone", "a.xy"), 1, "xsearch: a.xy: no such file or folder"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "xsearch: the disk is full; free some space"),
        (KeyboardInterrupt(), 130, "xsearch: interrupted."),
    ],
)
def test_what_a_user_can_mend_ends_in_one_line(error: BaseException, code: int, line: str) -> None:
    done = failing(error)
    assert done.exit_code == code
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_bug_shows_its_traceback() -> None:
    done = failing(ZeroDivisionError("a bug"))
    assert isinstance(done.exception, ZeroDivisionError)


def test_output_is_utf_8_whatever_the_system_prefers(lab: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xsearch", "query", SPECTRA / "rutile.xy", "--index", "lab"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert "λ 1.5418 Å" in done.stdout.decode("utf-8")


@posix_only
def test_a_reader_that_goes_away_is_no_error(lab: Path) -> None:
    command = f"{sys.executable} -m xsearch index info lab | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, encoding="utf-8")
    assert done.stderr == ""


@posix_only
@pytest.mark.slow
def test_ctrl_c_in_a_build_says_so_and_exits_with_130(built_home: Path, xsearch_home: Path) -> None:
    """A build was made before, so that the kernels are compiled: the compiler reports signals in its own way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xsearch", "build", "starter", "--workers", "1"],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job's children ignore it
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"XSEARCH_HOME": str(xsearch_home)},
    )
    deadline = time.monotonic() + 60
    while not any(xsearch_home.rglob("*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    told = ""
    for _ in range(5):  # Python drops a signal that comes in a callback, as when objects are collected: press again
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            _, told = process.communicate(timeout=3)
            break
    # where the signal came amid a string being run, as in an import, Python dies by it; to a shell that is 130 too
    assert process.returncode in (130, -signal.SIGINT), told
    assert told.splitlines()[-1].startswith("xsearch: ")
    assert "Traceback" not in told
