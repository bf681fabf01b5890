"""What other systems lack or forbid, imposed on a process of this one before it loads anything.

    python tests/foreign_system.py no_fcntl SCRIPT ARGUMENT...

runs a script under rules of `RULES`. Only Linux tells which files a process has open, so the rules of Windows can be
imposed there alone.
"""

import builtins
import os
import runpy
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

POSIX_MODULES = ("fcntl", "grp", "pwd", "resource", "termios", "pty", "tty")
POSIX_NAMES = ("O_DIRECTORY", "sched_getaffinity", "getuid", "geteuid", "setsid", "killpg", "getpgid", "chown")


def no_fcntl() -> None:
    """The module of POSIX locks is not there."""
    _block("fcntl")


def no_links() -> None:
    """A file system without symbolic and hard links."""
    os.symlink = os.link = _forbidden


def no_faiss() -> None:
    """The extra that brings FAISS was not installed."""
    _block("faiss")


def windows() -> None:
    """No POSIX modules, no links, no syncing of folders, and nothing that is open can be renamed or removed."""
    access_mode = _access_mode()  # before its module goes
    no_links()
    _block(*POSIX_MODULES)
    for name in POSIX_NAMES:
        delattr(os, name)
    del signal.SIGKILL
    shutil._use_fd_functions = False  # remove trees by name, as there

    synced = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) or access_mode(descriptor) == os.O_RDONLY:
            raise OSError(9, "Bad file descriptor")
        synced(descriptor)

    os.fsync = fsync
    for name in ("rename", "replace", "unlink", "remove", "rmdir"):
        setattr(os, name, _refusing_what_is_open(getattr(os, name)))


def _block(*names: str) -> None:
    for name in names:
        sys.modules.pop(name, None)
    importing = builtins.__import__

    @wraps(importing)
    def guarded(name: str, *arguments: Any, **named: Any) -> Any:
        if name in names:
            raise ImportError(f"no module {name} on this system")
        return importing(name, *arguments, **named)

    builtins.__import__ = guarded


def _forbidden(*_: object, **__: object) -> None:
    raise OSError(1, "this file system knows no links")


def _access_mode() -> Callable[[int], int]:
    import fcntl

    return lambda descriptor: fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE


def _refusing_what_is_open(change: Callable[..., None]) -> Callable[..., None]:
    def guarded(path: Any, *more: Any, **named: Any) -> None:
        for changed in (path, *more):
            full = os.path.abspath(os.fspath(changed))
            if any(name == full or name.startswith(full + os.sep) for name in _open_files()):
                raise PermissionError(13, "The process cannot access the file: it is in use", full)
        change(path, *more, **named)

    return guarded


def _open_files() -> set[str]:
    """Files that this process has open or mapped; locks, which their library treats as the system needs, left out."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        found.add(line.split(maxsplit=5)[-1])
    return {name for name in found if not name.endswith(".lock")}


RULES = {rule.__name__: rule for rule in (no_fcntl, no_links, no_faiss, windows)}

if __name__ == "__main__":
    rule, script, *arguments = sys.argv[1:]
    sys.path[0] = os.getcwd()
    RULES[rule]()
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
