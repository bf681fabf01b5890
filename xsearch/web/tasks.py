"""What a worker process does for the page: each task calls the library and gives plain values."""

from __future__ import annotations

import contextlib
import pickle
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from xsearch.errors import XSearchError
from xsearch.indexes.library import default_index, index_names, list_indexes
from xsearch.progress import watching
from xsearch.search import SearchIndex, open_index
from xsearch.web.wishes import known_phases, question_of_wishes, reading_of

Send = Callable[[tuple[str, bytes]], None]
Wishes = Mapping[str, str]
"""Options as the address has them: names of the command line's options, and text."""

KEPT_ANSWERS = 8
"""Answers that stay in memory."""

STARTER = "starter"


def json_bytes(value: Any) -> bytes:
    """JSON text of plain values and arrays; what is not finite is null."""
    return orjson.dumps(
        value, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_UUID
    )


def _plain(value: Any) -> Any:
    from xsearch.report.json_text import plain

    return plain(value)


class Tasks:
    """The tasks of a process, with what it keeps between them: opened indexes and the last answers."""

    def __init__(self) -> None:
        self._indexes: dict[str, SearchIndex] = {}
        self._answers: OrderedDict[str, Any] = OrderedDict()
        self._report: Callable[[str, Any], None] = lambda kind, facts: None

    def answer(self, send: Send, task: str, arguments: dict[str, Any]) -> None:
        """Do a task and send its events and its answer; a fault is sent too."""
        self._report = lambda kind, facts: send((kind, json_bytes(facts)))
        try:
            with watching(self._report):
                found = self.do(task, arguments)
            send(("done", found if isinstance(found, bytes) else json_bytes(found)))
        except XSearchError as error:
            send(("failed", " ".join(str(error).split()).encode()))
        except OSError as error:
            send(("failed", f"{error.strerror or error}".encode()))
        except Exception:
            send(("broken", traceback.format_exc().encode()))

    def do(self, task: str, arguments: dict[str, Any]) -> Any:
        """Do a task."""
        return getattr(self, f"do_{task}")(**arguments)

    # Indexes.

    def opened(self, name: str | None) -> SearchIndex:
        """The index of a name, or that in use; opened again where it was built again since."""
        from xsearch.indexes.versions import current_version, folder_of

        wanted = name or default_index()
        if wanted is None:
            raise XSearchError("There is no index yet; build the starter index first.")
        if wanted not in index_names():
            raise XSearchError(f"There is no index {wanted!r}; there are {', '.join(index_names()) or 'none'}.")
        kept = self._indexes.get(wanted)
        if kept is None or kept.index.version != current_version(folder_of(wanted)):
            self._indexes.clear()
            kept = self._indexes[wanted] = open_index(wanted)
        return kept

    def do_warm(self, index: str | None) -> None:
        """Open the index and search it once, so that the first search of a user does not wait for that."""
        from xsearch.data.simulated_measurements import augmented_pattern

        opened = self.opened(index)
        opened.search(augmented_pattern(opened.index.material(0).crystal, 1))

    def do_warm_views(self) -> None:
        """Load what reading and drawing need."""
        import xsearch.report.file_view
        import xsearch.report.interactive  # noqa: F401

    def do_indexes(self) -> list[dict[str, Any]]:
        """Which indexes there are."""
        from xsearch.report.index_listing import index_records

        return index_records(list_indexes())

    def do_use(self, name: str) -> list[dict[str, Any]]:
        """Make an index the one in use."""
        from xsearch.indexes.library import use

        if name not in index_names():
            raise XSearchError(f"There is no index {name!r}.")
        use(name)
        return self.do_indexes()

    def do_build(self, name: str, key: str, path: str) -> dict[str, Any]:
        """Build the starter index."""
        from xsearch.builders import build_starter

        if name != STARTER:
            raise XSearchError("From the page the starter index can be built; others are built on the command line.")
        built = build_starter(STARTER)
        return {"kind": "build", "text": f"Index {built.name}: {built.entries:,} entries in {built.seconds:.0f} s."}

    # Files.

    def do_read(self, path: str, wishes: Wishes) -> dict[str, Any]:
        """What is read from a file, as it is to be read."""
        from xsearch.report.file_contents import file_contents
        from xsearch.report.file_view import CRYSTAL_FILE, crystal_file_view, file_view

        place = Path(path)
        if place.suffix.lower() == CRYSTAL_FILE:
            with contextlib.suppress(XSearchError):
                return crystal_file_view(place, place.name)
        wish = reading_of(wishes)
        return file_view(file_contents(place, wish.wavelength, wish.absorber, wish.edge, wish.reading))

    # Searches.

    def do_query(self, files: Sequence[Wishes], wishes: Wishes, index: str | None, key: str, path: str) -> Any:
        """The answer about one sample; hits come before crystals that are inferred."""
        from xsearch.query.engine import answers
        from xsearch.query.files import measurement_of_files

        measurement = measurement_of_files([(one["path"], reading_of(one)) for one in files if not is_crystal(one)])
        known = known_phases(wishes, {Path(one["path"]).name: one["path"] for one in files if is_crystal(one)})
        question = question_of_wishes(wishes, measurement, known)
        record: dict[str, Any] = {}
        for answer in answers(self.opened(index), question):
            record = self._kept(key, path, answer)
            self._report("answer", record)
        return {"kind": record["kind"]}

    def _kept(self, key: str, path: str, answer: Any) -> dict[str, Any]:
        """Keep an answer, and give what the page shows of it with its first crystal."""
        from xsearch.report.interactive import InteractiveAnswer

        place = Path(path)
        temporary = place.with_suffix(".part")
        temporary.write_bytes(pickle.dumps(answer))
        temporary.replace(place)
        view = InteractiveAnswer(answer)
        self._remember(key, view)
        record = view.record()
        record["first"] = view.crystal_record(0) if record["crystals"] else None
        return record

    def _remember(self, key: str, view: Any) -> None:
        self._answers[key] = view
        self._answers.move_to_end(key)
        while len(self._answers) > KEPT_ANSWERS:
            self._answers.popitem(last=False)

    def _view(self, key: str, path: str, changed: float) -> Any:
        from xsearch.report.interactive import InteractiveAnswer

        name = f"{key}:{changed}"
        if name not in self._answers:
            try:
                answer = pickle.loads(Path(path).read_bytes())
            except (OSError, pickle.PickleError, AttributeError, ImportError, EOFError):
                raise XSearchError("That answer is not here any more; search again.") from None
            self._remember(name, InteractiveAnswer(answer))
        self._answers.move_to_end(name)
        return self._answers[name]

    # Answers.

    def do_answer(self, key: str, path: str) -> dict[str, Any]:
        """What the page shows of an answer that was kept."""
        view = self._view(key, path, Path(path).stat().st_mtime)
        record: dict[str, Any] = view.record()
        record["first"] = view.crystal_record(0) if record["crystals"] else None
        return record

    def do_crystal(self, key: str, path: str, place: int) -> dict[str, Any]:
        """What the page shows of one crystal of an answer."""
        view = self._view(key, path, Path(path).stat().st_mtime)
        from xsearch.report.fragments import crystals_of

        if not 0 <= place < len(crystals_of(view.answer)):
            raise XSearchError("The answer holds no such crystal.")
        record: dict[str, Any] = view.crystal_record(place)
        return record

    def do_download(self, key: str, path: str, what: str, place: int) -> bytes:
        """A file made of an answer."""
        from xsearch.report.downloads import download

        return download(self._view(key, path, Path(path).stat().st_mtime).answer, what, place)


def is_crystal(one: Wishes) -> bool:
    """Whether a file that was dropped is a crystal, and no measurement."""
    return one.get("kind") == "crystal"
