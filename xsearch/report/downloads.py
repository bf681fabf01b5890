"""An answer as a file to take away: a picture, a page, JSON, CIF files, a refinement project, or all in one archive."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from xsearch.answers import Candidate
from xsearch.chemistry.reference import Reference
from xsearch.errors import XSearchError
from xsearch.report.fragments import Answer, crystals_of
from xsearch.report.inference_table import write_candidate_cif
from xsearch.report.page import source_of
from xsearch.report.refinement import PROGRAMS, write_refinement
from xsearch.report.saving import save_results
from xsearch.report.structures import database_cif, strained_cif
from xsearch.report.views import plot, to_json, write_cifs, write_html

NAMES = {"json": "answer.json", "html": "report.html", "png": "figure.png", "svg": "figure.svg"}
"""What can be made of an answer as one file, and its name in an archive."""


def download(answer: Answer, what: str, place: int = 0) -> bytes:
    """A file as bytes.

    Args:
        answer: that is to be kept.
        what: `json`, `html`, `png`, `svg`; `cif` of one crystal; `cifs` and `zip`, archives; or a program that
            refines.
        place: of the crystal, for `cif`.

    Raises:
        XSearchError: where it cannot be made of this answer.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what in NAMES:
            return _written(answer, what, folder).read_bytes()
        if what == "cif":
            return _cif_of(answer, place, folder).read_bytes()
        if what == "cifs":
            write_cifs(answer, folder)
        elif what == "zip":
            _everything(answer, folder)
        elif what in PROGRAMS:
            write_refinement(answer, what, folder)
        else:
            raise XSearchError(f"There is no form {what!r} of an answer.")
        return zipped(folder)


def download_series(answers: Sequence[Answer], what: str) -> bytes:
    """All answers of a series: their numbers as one JSON file, or everything in one archive.

    Raises:
        XSearchError: for any other form.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what not in ("json", "zip"):
            raise XSearchError("A series is kept as JSON or as one archive; open a scan for the other forms.")
        everything = {} if what == "json" else {"html": folder / "report.html", "cifs": folder / "crystals"}
        save_results(answers, json=folder / "answers.json", batch=True, **everything)
        return (folder / "answers.json").read_bytes() if what == "json" else zipped(folder)


def zipped(folder: Path) -> bytes:
    """All files below a folder in one archive, the same bytes for the same files."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return held.getvalue()


def _everything(answer: Answer, folder: Path) -> None:
    """What an answer has of all forms."""
    for what in NAMES:
        with suppress(XSearchError):
            _written(answer, what, folder)
    write_cifs(answer, folder / "crystals")


def _written(answer: Answer, what: str, folder: Path) -> Path:
    path = folder / NAMES[what]
    if what == "json":
        to_json(answer, path)
    elif what == "html":
        write_html(answer, path)
    else:
        plot(answer, path)
    return path


def _cif_of(answer: Answer, place: int, folder: Path) -> Path:
    """The file of one crystal: as strained to the pattern where there is one."""
    crystals = crystals_of(answer)
    if not 0 <= place < len(crystals):
        raise XSearchError("The answer holds no such crystal.")
    crystal, path = crystals[place], folder / "crystal.cif"
    if isinstance(crystal, Candidate):
        return write_candidate_cif(crystal, path)
    if isinstance(crystal.material, Reference):
        raise XSearchError("The structure of this reference is not known.")
    make = database_cif if crystal.pattern_fit is None else strained_cif
    path.write_text(make(crystal, source_of(answer)), encoding="utf-8")
    return path
