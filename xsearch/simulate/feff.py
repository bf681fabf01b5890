"""FEFF as a source of spectra: FEFF10 by pip, or an executable of the user; input, one run, the spectrum back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.errors import MissingExtra, SpectrumError, XSearchError
from xsearch.simulate.feff_input import FeffExafsSettings, FeffSettings, feff_input

EXECUTABLES = ("feff", "feff10", "feff9", "feff85L", "feffmpi")
LOG = "feff.log"
TIMEOUT_S = 3600.0
"""FEFF is ended after this time."""

FEFF10 = [sys.executable, "-P", str(Path(__file__).with_name("feff_stages.py"))]
"""Runs the FEFF10 that comes by pip."""

COMPLAINTS = {
    "Bad counts found repeatedly": "its potentials do not become self-consistent (bad counts)",
    "Fatal error in subroutine corval": "its potentials do not become self-consistent (core and valence not separated)",
    "NO CONVERGENCE": "its potentials do not become self-consistent",
}
"""What FEFF prints before it ends, and what that means."""


@dataclass(frozen=True, slots=True, eq=False)
class FeffSpectrum:
    """What FEFF gives for one site, in its own units: µ does not tend to 1.

    Attributes:
        energy_eV: (n,) float64, absolute, on FEFF's own scale.
        mu, mu0: (n,) float64, absorption of the absorber in its crystal, and of the atom in the same potential.
        absorber, edge: see `Xanes`.
        fermi_eV: Fermi level.
        scf_converged: whether the potentials became self-consistent.
        seconds: that it took.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    mu0: NDArray[np.float64]
    absorber: str
    edge: str
    fermi_eV: float
    scf_converged: bool
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class FeffExafs:
    """The fine structure of one site, as FEFF sums it over paths; without disorder.

    Attributes:
        k_invA: (n,) float64, from the Fermi level.
        chi: (n,) float64, in edge steps.
        absorber, edge: see `Xanes`.
        seconds: that it took.
    """

    k_invA: NDArray[np.float64]
    chi: NDArray[np.float64]
    absorber: str
    edge: str
    seconds: float = 0.0


def without_log(error: XSearchError) -> str:
    """What an error of `run_feff` says, but for the log: where that went with a temporary folder."""
    return " ".join(str(error).split()).partition("; see ")[0].rstrip(".")


def has_feff10() -> bool:
    """Whether the FEFF10 that comes by pip is installed."""
    return find_spec("feff10") is not None


def find_feff(executable: str | Path | None = None) -> list[str]:
    """The command that runs FEFF: the executable given, or FEFF10 by pip, or the first usual name on the search path.

    Raises:
        MissingExtra: where there is none.
    """
    if executable is None and has_feff10():
        return FEFF10
    names = [str(executable)] if executable is not None else list(EXECUTABLES)
    for name in names:
        if found := shutil.which(name):
            return [found]
    if executable is not None:
        raise MissingExtra(f"No FEFF: {executable} is not an executable; give the path of one, or leave --feff out.")
    raise MissingExtra('FEFF is not installed: pip install "xsearch[feff]", or name an executable with --feff PATH.')


def run_feff(
    crystal: Crystal,
    site: int,
    folder: str | Path,
    edge: str = "K",
    *,
    executable: str | Path | None = None,
    settings: FeffSettings | None = None,
    timeout_s: float = TIMEOUT_S,
    notify: Callable[[str], None] | None = None,
) -> FeffSpectrum:
    """Write the input, run FEFF in the folder in a process of its own, and read the spectrum.

    Args:
        crystal: fully occupied.
        site: the absorber's place in the crystal.
        folder: made if it is not there; FEFF's files stay in it.
        edge: such as `K` or `L3`.
        executable: a FEFF of the user; see `find_feff`.
        settings: radii and cards.
        timeout_s: after it FEFF is ended.
        notify: hears the name of each stage as it begins; FEFF10 by pip alone says so.

    Raises:
        MissingExtra: where there is no FEFF.
        QueryError: see `feff_input`.
        SpectrumError: where it fails, takes longer than `timeout_s`, or writes no spectrum.
    """
    chosen = settings or FeffSettings()
    if settings is None and find_feff(executable) is not FEFF10:
        chosen = replace(chosen, scf_tolerances=())  # earlier versions do not know the card
    target = Path(folder)
    seconds = _run_input(feff_input(crystal, site, edge, chosen), target, executable, timeout_s, notify)
    spectrum = read_feff_xmu(target / "xmu.dat", crystal.elements[site], edge)
    return replace(spectrum, scf_converged=_converged(target, target / LOG), seconds=seconds)


def run_feff_exafs(
    crystal: Crystal,
    site: int,
    folder: str | Path,
    edge: str = "K",
    *,
    executable: str | Path | None = None,
    settings: FeffExafsSettings | None = None,
    timeout_s: float = TIMEOUT_S,
    notify: Callable[[str], None] | None = None,
) -> FeffExafs:
    """The EXAFS of one site, a second or two; arguments and errors as in `run_feff`."""
    target = Path(folder)
    text = feff_input(crystal, site, edge, settings or FeffExafsSettings())
    seconds = _run_input(text, target, executable, timeout_s, notify)
    table = _table(target / "chi.dat", "k, χ", least_columns=2)
    return FeffExafs(table[:, 0], table[:, 1], crystal.elements[site], edge, seconds)


def _run_input(
    text: str,
    folder: Path,
    executable: str | Path | None,
    timeout_s: float,
    notify: Callable[[str], None] | None,
) -> float:
    """Run FEFF on an input in a folder; how many seconds it took. Errors as in `run_feff`."""
    command = find_feff(executable)
    if command is FEFF10:
        command = [*FEFF10, "."]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feff.inp").write_text(text, encoding="utf-8")
    log = folder / LOG
    begin = time.monotonic()
    code = _run(command, folder, log, timeout_s, notify)
    if code is None:
        raise SpectrumError(f"FEFF did not finish within {timeout_s:g} s, allow it more time; see {log}.")
    if code != 0:
        raise SpectrumError(f"FEFF ended with code {code}: {_reason(log)}; see {log}.")
    return time.monotonic() - begin


def read_feff_xmu(path: str | Path, absorber: str, edge: str = "K") -> FeffSpectrum:
    """The spectrum of an `xmu.dat`: columns ω, e, k, μ, μ0, χ; lines with # are comments.

    Raises:
        SpectrumError: where the file is not there or holds no such table.
    """
    file = Path(path)
    table = _table(file, "ω, e, k, μ, μ0", least_columns=5)
    if not np.isfinite(table[:, 3]).all() or not np.ptp(table[:, 3]):
        raise SpectrumError(f"{file}: FEFF wrote an absorption that is constant or not finite.")
    energy, first = np.unique(table[:, 0], return_index=True)
    fermi = re.search(r"Mu=\s*([-+.\dEe]+?)eV", file.read_text(encoding="utf-8", errors="replace"))
    return FeffSpectrum(
        energy, table[first, 3], table[first, 4], absorber, edge, float(fermi[1]) if fermi else np.nan, True
    )


def _table(file: Path, columns: str, least_columns: int) -> NDArray[np.float64]:
    """The numbers of a file that FEFF writes; lines with # are comments.

    Raises:
        SpectrumError: where the file is not there or holds no such table.
    """
    if not file.exists():
        raise SpectrumError(f"{file}: FEFF wrote no spectrum; its log in the same folder says why.")
    rows = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.lstrip().startswith("#") or not line.strip():
            continue
        try:
            rows.append([float(word) for word in line.split()])
        except ValueError:
            raise SpectrumError(f"{file}: {line.strip()[:60]!r} is not a row of numbers as FEFF writes them.") from None
    if not rows or len(rows[0]) < least_columns or len({len(row) for row in rows}) != 1:
        raise SpectrumError(f"{file}: the columns {columns} are expected in every row.")
    return np.array(rows)


def _run(
    command: list[str], folder: Path, log: Path, timeout_s: float, notify: Callable[[str], None] | None
) -> int | None:
    """Exit code of a program whose output goes to a log; None where it had to be ended."""
    own_group = os.name == "posix"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            start_new_session=own_group,
        )
        reader = threading.Thread(target=_copy, args=(process, out, notify), daemon=True)
        reader.start()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                _end(process)
            reader.join(5)
    return process.returncode


def _copy(process: subprocess.Popen[bytes], out: IO[bytes], notify: Callable[[str], None] | None) -> None:
    """From a program's error stream to its log; `notify` hears the names of stages."""
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            word = line.decode("utf-8", errors="replace").strip()
            if word.startswith("stage "):
                if notify is not None:
                    notify(word.removeprefix("stage "))
            else:
                out.write(line)
                out.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started."""
    if os.name == "posix":
        with suppress(ProcessLookupError):  # it may have ended just now
            os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    process.wait()


def _reason(log: Path) -> str:
    """Why FEFF ended, as its log says it: a known complaint, or else the last line."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if complaint := next((meaning for words, meaning in COMPLAINTS.items() if words in text), ""):
        return complaint
    lines = text.split("\n")
    return next((" ".join(line.split())[:120] for line in reversed(lines) if line.strip()), "it printed nothing")


def _converged(folder: Path, log: Path) -> bool:
    """Whether the potentials converged, as the log of the stage or of the run says."""
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (folder / "log1.dat", log) if path.exists()]
    return any("Convergence reached" in text for text in texts)
