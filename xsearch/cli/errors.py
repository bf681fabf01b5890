"""How the command ends when it cannot go on: one line on stderr, and an exit code."""

import errno
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from xsearch.errors import XSearchError

FAILURE, INTERRUPTED = 1, 130
"""Exit codes; wrong usage exits with 2, which typer sees to."""

ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.ENOENT: "no such file or folder",
    errno.EACCES: "permission denied",
    errno.EROFS: "the file system is read-only; set XSEARCH_HOME to a folder that can be written",
    errno.EISDIR: "this is a folder, and a file was expected",
    errno.ENOTDIR: "this is not a folder",
}


def one_line(error: BaseException) -> str:
    """What went wrong, in one line for a person."""
    if isinstance(error, OSError):
        text = ADVICE.get(error.errno or 0, error.strerror or str(error))
        return f"{os.fspath(error.filename)}: {text}" if isinstance(error.filename, str | os.PathLike) else f"{text}."
    return " ".join(str(error).split()) or type(error).__name__


def complain(error: BaseException) -> None:
    """Print the one line."""
    typer.echo(f"xsearch: {one_line(error)}", err=True)


class Commands(TyperGroup):
    """A group of commands in which what a user can mend ends in one line; a bug still shows its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of our output went away, as in `xsearch ... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (XSearchError, OSError) as error:
            complain(error)
            stopped = isinstance(error.__context__, KeyboardInterrupt)  # a build tells how it can go on
            raise typer.Exit(INTERRUPTED if stopped else FAILURE) from None
        except KeyboardInterrupt:
            typer.echo("xsearch: interrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from None
