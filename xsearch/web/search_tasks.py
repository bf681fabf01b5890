"""What a worker process searches, infers, indexes, predicts and builds for the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xsearch.errors import XSearchError
from xsearch.indexes.library import default_index, index_names
from xsearch.progress import open_progress
from xsearch.query.engine import answer as answer_to
from xsearch.query.engine import answers
from xsearch.query.files import measurement_of_files, series_of_files
from xsearch.reading import AsRead
from xsearch.report.interactive import InteractiveAnswer
from xsearch.search import SearchIndex, open_index
from xsearch.spectra.measurement import Measurement
from xsearch.web.element_options import constraints_of
from xsearch.web.links import check_links
from xsearch.web.readings import is_crystal, reading_of
from xsearch.web.tasks import Tasks, Wishes, first_shown, keep, kept, scan_path, scans_of
from xsearch.web.wishes import known_phases, question_of_wishes


class SearchTasks(Tasks):
    """The tasks, with the index that stays open between them."""

    def __init__(self) -> None:
        super().__init__()
        self._opened: SearchIndex | None = None

    def opened(self, name: str | None) -> SearchIndex:
        """The index of a name, or that in use; opened again where it was built again since."""
        from xsearch.indexes.versions import current_version, folder_of

        wanted = name or default_index()
        if wanted is None:
            raise XSearchError("There is no index yet; build the starter index first.")
        if wanted not in index_names():
            raise XSearchError(f"There is no index {wanted!r}; there are {', '.join(index_names()) or 'none'}.")
        there = self._opened
        if there is None or (there.name, there.index.version) != (wanted, current_version(folder_of(wanted))):
            self._opened = there = open_index(wanted)
        return there

    def do_warm(self, index: str | None) -> None:
        """Open the index and search it once, so that the first search of a user does not wait for that."""
        from xsearch.data.simulated_measurements import augmented_pattern

        opened = self.opened(index)
        opened.search(augmented_pattern(opened.index.material(0).crystal, 1))

    def do_query(self, files: Sequence[Wishes], wishes: Wishes, index: str | None, key: str, path: str) -> Any:
        """The answer about one sample; hits come before crystals that are inferred."""
        measurement = measurement_of_files(measured(files))
        known = known_phases(wishes, crystals(files))
        question = question_of_wishes(wishes, measurement, known)
        record: dict[str, Any] = {}
        for answer in answers(self.opened(index), question, Path(path).parents[1] / "work" / key):
            keep(answer, path)
            record = first_shown(InteractiveAnswer(answer))
            self.report("answer", record)
        return {"kind": record["kind"]}

    def do_series(self, files: Sequence[Wishes], wishes: Wishes, index: str | None, key: str, path: str) -> Any:
        """The answer about each pattern of a series; those that are there from before are not searched for again."""
        from xsearch.report.interactive_others import scan_record, series_record

        known = known_phases(wishes, crystals(files))
        series = series_of_files(measured(files))
        opened, found = self.opened(index), []
        with open_progress(True) as progress:
            progress.start("scans", len(series))
            for number, (name, pattern) in enumerate(series):
                place = scan_path(path, number)
                if (one := kept(place)) is None:
                    one = answer_to(opened, question_of_wishes(wishes, Measurement(pattern), known))
                    keep(one, place)
                found.append(one)
                progress.advance(1)
                self.report("scan", {"number": number, "total": len(series), **scan_record(name, one)})
        record = series_record(found)
        self.report("answer", record)
        return {"kind": "series"}

    def do_cells(self, files: Sequence[Wishes], wishes: Wishes, index: str | None, key: str, path: str) -> Any:
        """The cells of a pattern."""
        from xsearch.indexing.pattern import cells_of
        from xsearch.report.interactive_others import cells_record

        pattern = measurement_of_files(measured(files)).pattern
        if pattern is None:
            raise XSearchError("A cell is found from a powder pattern; drop one.")
        self.report("stage", {"name": "indexing"})
        self.report("answer", cells_record(cells_of(pattern)))
        return {"kind": "cells"}

    def do_predict(self, files: Sequence[Wishes], wishes: Wishes, index: str | None, key: str, path: str) -> Any:
        """What an edge says of its absorber's surroundings."""
        from xsearch.chemistry.formula import parse_formula
        from xsearch.report.interactive_others import site_record
        from xsearch.xas.prediction import predict

        edges = measurement_of_files(measured(files)).edges
        if not edges:
            raise XSearchError("A site is predicted from an absorption edge; drop one.")
        self.report("stage", {"name": "prediction"})
        amounts = parse_formula(wishes["formula"]) if wishes.get("formula", "").strip() else None
        elements = sorted(constraints_of(wishes).allowed or ())
        found = predict(edges[:1], elements=elements, amounts=amounts)
        self.report("answer", site_record(found[0]))
        return {"kind": "site"}

    def do_build(self, name: str, wishes: Wishes, files: Sequence[Wishes], key: str, path: str) -> dict[str, Any]:
        """Build an index, or add the dropped files to it."""
        from xsearch.web.builds import build

        built = build(name, wishes, files)
        failed = f" {built.failures:,} items could not be used." if built.failures else ""
        holds = f"{built.entries:,} entries, {built.spectra:,} spectra"
        text = f"Index {built.name}: {holds}, in {built.seconds:.0f} s.{failed}"
        return {"kind": "build", "text": text, "name": built.name}

    def do_download(self, key: str, path: str, what: str, place: int, scan: int | None = None) -> bytes:
        """A file made of an answer, or of all answers of a series."""
        from xsearch.report.downloads import download, download_series

        if (found := kept(path if scan is None else scan_path(path, scan))) is not None:
            return download(found, what, place)
        if scans := scans_of(path):
            return download_series([one for one in map(kept, scans) if one is not None], what)
        raise XSearchError("That answer is not here any more; search again.")


def measured(files: Sequence[Wishes]) -> list[tuple[str, AsRead]]:
    """The files that hold spectra, each with how it is to be read."""
    spectra = [one for one in files if not is_crystal(one)]
    for one in spectra:
        check_links(one["path"])
    return [(one["path"], reading_of(one)) for one in spectra]


def crystals(files: Sequence[Wishes]) -> dict[str, str]:
    """Name to path of the files that hold crystals."""
    return {Path(one["path"]).name: one["path"] for one in files if is_crystal(one)}
