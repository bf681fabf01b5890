"""The routes of the page: each takes what came apart, has a worker do it, and gives the answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import xsearch
from xsearch.elements import SYMBOLS
from xsearch.errors import QueryError
from xsearch.options import CrystalSystem
from xsearch.web.element_options import constraints_of
from xsearch.web.guard import Guard
from xsearch.web.jobs import TASKS, Job, Jobs
from xsearch.web.store import Refused, Store, StoredFile, job_key
from xsearch.web.worker import Broken, Failed, Stopped

STATIC = Path(__file__).parent / "static"
STYLE = Path(__file__).parents[1] / "report" / "style.css"

KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

LONGEST_TEXT = 10_000
"""Characters of an option."""

DOWNLOADS = {
    "json": ("answer.json", "application/json"),
    "html": ("report.html", "text/html"),
    "png": ("figure.png", "image/png"),
    "svg": ("figure.svg", "image/svg+xml"),
    "cif": ("crystal.cif", "chemical/x-cif"),
    "cifs": ("crystals.zip", "application/zip"),
    "zip": ("xsearch.zip", "application/zip"),
    **{program: (f"{program}.zip", "application/zip") for program in ("rietx", "gsas2", "topas", "fullprof", "bgmn")},
}
"""Forms of an answer, with the name and the kind of the file."""

Handler = Callable[[Request], Awaitable[Response]]


def plotly_file() -> Path:
    """The plotting library as the installed plotly carries it."""
    return Path(str(files("plotly").joinpath("package_data", "plotly.min.js")))


@cache
def static_files() -> dict[str, Path]:
    """What can be loaded by its name; nothing else can."""
    found = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.suffix in KINDS}
    return {**found, "style.css": STYLE, "plotly.js": plotly_file()}


class Page:
    """The handlers, with what they share."""

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self.store, self.jobs = store, jobs

    async def index(self, request: Request) -> Response:
        """The page itself."""
        return FileResponse(STATIC / "index.html", media_type="text/html", headers={"Cache-Control": "no-store"})

    async def static(self, request: Request) -> Response:
        """A script or a style sheet."""
        path = static_files().get(request.path_params["name"])
        if path is None:
            raise Refused("There is no such file.", 404)
        return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": "no-cache"})

    async def state(self, request: Request) -> Response:
        """What the page needs to know before anything is dropped."""
        indexes = await self.jobs.view("indexes", {})
        return _json(
            {
                "version": xsearch.__version__,
                "elements": SYMBOLS,
                "systems": [system.value for system in CrystalSystem],
                "jobs": self.jobs.earlier(),
                "indexes": json.loads(indexes),
            }
        )

    async def use(self, request: Request) -> Response:
        """Make an index the one in use."""
        wanted = await _object(request)
        return _body(await self.jobs.view("use", {"name": str(wanted.get("name", ""))}))

    async def drop(self, request: Request) -> Response:
        """Keep a file that was dropped, and show what is read from it."""
        most = int(self.store.settings.largest_file_MB * 1e6)
        name = request.query_params.get("name", "")
        too_large = Refused(f"{name}: more than {most / 1e6:.0f} MB.", 413)
        if int(request.headers.get("content-length") or 0) > most:
            raise too_large
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > most:
                raise too_large
        if not data:
            raise Refused(f"{name}: an empty file.")
        return await self._view_of(self.store.keep(name, bytes(data)), {})

    async def file(self, request: Request) -> Response:
        """What is read from a file as the page says it is to be read."""
        return await self._view_of(self.store.file(request.path_params["key"]), dict(request.query_params))

    async def _view_of(self, stored: StoredFile, wishes: dict[str, str]) -> Response:
        head = {"key": stored.key, "name": stored.name}
        try:
            view = json.loads(await self.jobs.view("read", {"path": str(stored.path), "wishes": wishes}))
        except Failed as error:
            return _json({**head, "error": str(error)})
        return _json({**view, **head})

    async def submit(self, request: Request) -> Response:
        """Start a job."""
        wanted = await _object(request)
        kind, wishes = str(wanted.get("kind")), _texts(wanted.get("options"))
        if kind not in TASKS:
            raise Refused(f"There is no work {kind!r}.")
        address = str(wanted.pop("address", ""))[:LONGEST_TEXT]
        if kind != "build":
            constraints_of(wishes)
        given = [_texts(one) for one in wanted.get("files") or []][: self.store.settings.most_files]
        found = [(self.store.file(one.get("key", "")), one) for one in given]
        index = str(wanted["index"]) if wanted.get("index") else None
        arguments = self._arguments(kind, found, wishes, index)
        key = job_key({"kind": kind, "index": wanted.get("version"), **wanted}, xsearch.__version__)
        title = ", ".join(stored.name for stored, _ in found[:3]) or wishes.get("only") or wishes.get("exactly") or kind
        return _json(self.jobs.submit(key, kind, title, arguments, address).summary())

    def _arguments(
        self, kind: str, found: list[tuple[StoredFile, dict[str, str]]], wishes: dict[str, str], index: str | None
    ) -> dict[str, Any]:
        given = [{**one, "path": str(stored.path)} for stored, one in found]
        if kind == "build":
            return {"name": index or "starter", "wishes": wishes, "files": given}
        if not found and not (kind == "infer" or "infer" in wishes):
            raise Refused("Drop a powder pattern or an absorption edge first.")
        return {"files": given, "wishes": wishes, "index": index}

    async def events(self, request: Request) -> Response:
        """What a job reports, as it comes; a browser that comes back goes on where it was."""
        job = self.jobs.job(request.path_params["key"])
        last = request.headers.get("last-event-id", "")
        return StreamingResponse(
            _stream(job, int(last) + 1 if last.isdecimal() else 0),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def stop(self, request: Request) -> Response:
        """Stop a job."""
        return _json(self.jobs.stop(request.path_params["key"]).summary())

    async def answer(self, request: Request) -> Response:
        """One scan of a series as an answer of its own."""
        return _body(await self.jobs.view("answer", self._kept(request)))

    async def crystal(self, request: Request) -> Response:
        """One crystal of an answer."""
        place = request.path_params["place"]
        return _body(await self.jobs.view("crystal", {**self._kept(request), "place": place}))

    async def download(self, request: Request) -> Response:
        """A form of an answer, to be kept."""
        what, place = request.path_params["what"], request.query_params.get("place", "0")
        if what not in DOWNLOADS:
            raise Refused("There is no such form of an answer.", 404)
        arguments = {**self._kept(request), "what": what, "place": int(place) if place.isdecimal() else 0}
        name, kind = DOWNLOADS[what]
        data = await self.jobs.searches.call("download", arguments, self.jobs.settings.search_s)
        return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def _kept(self, request: Request) -> dict[str, Any]:
        """Which answer is meant: that of a job, or that of a scan of its series."""
        key, scan = request.path_params["key"], request.query_params.get("scan", "")
        path = str(self.store.answer(key))
        return {"key": key, "path": path, "scan": int(scan) if scan.isdecimal() else None}

    def routes(self) -> list[Route]:
        """Every address that is answered."""
        return [
            Route("/", self.index),
            Route("/static/{name:path}", self.static),
            Route("/api/state", self.state),
            Route("/api/use", self.use, methods=["POST"]),
            Route("/api/files", self.drop, methods=["POST"]),
            Route("/api/files/{key}", self.file),
            Route("/api/jobs", self.submit, methods=["POST"]),
            Route("/api/jobs/{key}/events", self.events),
            Route("/api/jobs/{key}/stop", self.stop, methods=["POST"]),
            Route("/api/jobs/{key}/answer", self.answer),
            Route("/api/jobs/{key}/crystals/{place:int}", self.crystal),
            Route("/api/jobs/{key}/download/{what}", self.download),
        ]


async def _stream(job: Job, first: int) -> AsyncIterator[bytes]:
    async for place, name, body in job.follow(first):
        number = b"" if name == "waiting" else b"id: %d\n" % place
        yield number + b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


async def _object(request: Request) -> dict[str, Any]:
    if int(request.headers.get("content-length") or 0) > 1_000_000:
        raise Refused("That is too long.", 413)
    try:
        found = json.loads(await request.body())
    except ValueError:
        raise Refused("JSON is expected.") from None
    if not isinstance(found, dict):
        raise Refused("A JSON object is expected.")
    return found


def _texts(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        return {}
    return {str(name): str(value)[:LONGEST_TEXT] for name, value in given.items() if value is not None}


def _json(value: Any) -> Response:
    return JSONResponse(value, headers={"Cache-Control": "no-store"})


def _body(text: bytes) -> Response:
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, error.status if isinstance(error, Refused) else 400)


async def _stopped(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


async def _broken(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "A fault of xsearch; please report it.", "traceback": str(error)}, 500)


def make_app(store: Store, jobs: Jobs, port: int) -> Guard:
    """The application, guarded."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        jobs.start()
        yield
        jobs.close()

    handlers: dict[Any, Any] = {
        Refused: _refused, Failed: _refused, QueryError: _refused, Stopped: _stopped, Broken: _broken,
    }  # fmt: skip
    inner = Starlette(routes=Page(store, jobs).routes(), lifespan=lifespan, exception_handlers=handlers)
    return Guard(inner, port, store.token())
