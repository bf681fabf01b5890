"""An HTTP server on this machine that speaks the part of the Materials Project's interface that xsearch uses.

It can be told to fail. `python -m tests.mp_server --materials 5000` serves from a process of its own.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.mp_library import Document, Library
from xsearch.builders.mp_documents import canonical_id

KEY = "0123456789abcdefghijABCDEFGHIJ01"
MOST_A_PAGE = 1000
_canonical = cache(canonical_id)
IDS_MOST = 250


@dataclass
class Fault:
    """What a server does instead of answering.

    Attributes:
        kind: a status such as `500`, or `drop`, `truncate`, `slow`, `strange`.
        times: how often.
        route: only requests whose path holds this.
        after: so many requests of that route are answered first.
    """

    kind: str
    times: int = 1
    route: str = "/materials/"
    after: int = 0


class MpServer(ThreadingHTTPServer):
    """The server; `library` is what it serves, and `faults` are used up one a request.

    Attributes:
        requests: how many came, by path.
        wrong: requests that no client of the service should send.
        objects: what lies in its object storage, by bucket and key, such as `bucket/folder/file`.
        busy_s: seconds spent on answering.
    """

    daemon_threads = True

    def __init__(self, library: Library, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.library = library
        self.faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        self.documents_sent = 0
        self.wrong: list[str] = []
        self.objects: dict[str, bytes] = {}
        self.busy_s = 0.0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """The endpoint to give to the client."""
        return f"http://127.0.0.1:{self.server_port}/"

    def take_fault(self, path: str) -> Fault | None:
        """The fault to show now, if any."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.route in path:
                    if fault.after:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


@contextmanager
def serving(library: Library) -> Iterator[MpServer]:
    """A server in a thread of this process."""
    server = MpServer(library)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: MpServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""

    def do_GET(self) -> None:
        """Answer, or fail as told."""
        began = time.perf_counter()
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        with self.server.lock:
            self.server.requests[url.path] += 1
        if url.path.startswith("/materialsproject-"):
            self._from_storage(url.path, asked)
            return
        if (fault := self.server.take_fault(url.path)) is not None and self._fail(fault):
            return
        self._answer(url.path, asked, truncate=fault is not None and fault.kind == "truncate", fault=fault)
        with self.server.lock:
            self.server.busy_s += time.perf_counter() - began

    def do_HEAD(self) -> None:
        """Size of an object in storage."""
        content = self.server.objects.get(urlsplit(self.path).path[1:])
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()

    def _from_storage(self, path: str, asked: dict[str, str]) -> None:
        """An object, or the list of those below a prefix, as S3 answers."""
        if "list-type" in asked:
            bucket, prefix = path.strip("/"), asked.get("prefix", "")
            keys = [
                name.removeprefix(f"{bucket}/") for name in self.server.objects if name.startswith(f"{bucket}/{prefix}")
            ]
            entries = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in sorted(keys))
            content = f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()
        else:
            content = self.server.objects[path[1:]]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _fail(self, fault: Fault) -> bool:
        if fault.kind.isdigit():
            after = {"Retry-After": "0"} if fault.kind == "429" else {}
            self._send(int(fault.kind), {"detail": f"told to answer {fault.kind}"}, **after)
            return True
        if fault.kind == "drop":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return True
        if fault.kind == "slow":
            time.sleep(0.3)
        return False

    def _answer(self, path: str, asked: dict[str, str], truncate: bool, fault: Fault | None) -> None:
        library = self.server.library
        if path == "/stats":
            self._send(200, {"busy_s": self.server.busy_s, "requests": dict(self.server.requests)})
        elif path == "/change":
            self._send(200, {"changed": library.change_share(float(asked["share"]))})
        elif path == "/heartbeat":
            body = {"version": "1", "db_version": library.db_version, "access_controlled_batch_ids": []}
            self._send(200, body)
        elif self.headers.get("x-api-key") != KEY:
            self._send(401, {"message": "Invalid authentication credentials"})
        elif path in ("/materials/summary/", "/materials/xas/", "/materials/core/"):
            if not {name for name in asked if not name.startswith("_")}:
                self.server.wrong.append(self.path)
            if max(len(asked.get(n, "").split(",")) for n in ("material_ids", "task_ids")) > IDS_MOST:
                self._send(414, {"detail": "too many ids"})
                return
            found = (_spectra if "xas" in path else _materials)(library, asked)
            page = _page(_sorted(found, asked.get("_sort_fields")), asked)
            self.server.documents_sent += 0 if "core" in path else len(page)
            if fault is not None and fault.kind == "strange":
                page = [{"identifier": number} for number in range(len(page))]
            elif "_fields" in asked:
                fields = asked["_fields"].split(",")
                page = [{name: document[name] for name in fields if name in document} for document in page]
            self._send(200, {"data": page, "meta": {"total_doc": len(found)}}, truncate=truncate)
        else:
            self._send(404, {"detail": "no such path"})

    def _send(self, status: int, body: object, truncate: bool = False, **headers: str) -> None:
        content = orjson.dumps(body)
        if truncate:
            content = content[: len(content) // 2]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


def _materials(library: Library, asked: dict[str, str]) -> list[Document]:
    """Those that a request asks for."""
    deprecated, systems = asked.get("deprecated"), asked.get("chemsys", "").split(",")
    ids = {_canonical(name) for name in asked.get("material_ids", "").split(",") if name}
    return [
        document
        for document in library.summary
        if (deprecated is None or str(document["deprecated"]) == deprecated)
        and (not ids or _canonical(document["material_id"]) in ids)
        and ("chemsys" not in asked or document["chemsys"] in systems)
        and document["builder_meta"]["batch_id"] != asked.get("batch_id_not_eq", "")
        and ("batch_id" not in asked or document["builder_meta"]["batch_id"] == asked["batch_id"])
    ]


def _spectra(library: Library, asked: dict[str, str]) -> list[Document]:
    tasks = {_canonical(name) for name in asked.get("task_ids", "").split(",") if name}
    return [
        document
        for document in library.xas
        if all(document[n] == asked.get(n, document[n]) for n in ("absorbing_element", "edge", "spectrum_type"))
        and (not tasks or _canonical(document["task_id"]) in tasks)
    ]


def _sorted(documents: list[Document], by: str | None) -> list[Document]:
    return documents if by is None else sorted(documents, key=lambda d: [d[name] for name in by.split(",")])


def _page(documents: list[Document], asked: dict[str, str]) -> list[Document]:
    limit = min(int(asked.get("_per_page", asked.get("_limit", 100))), MOST_A_PAGE)
    skip = (int(asked["_page"]) - 1) * limit if "_page" in asked else int(asked.get("_skip", 0))
    return documents[skip : skip + limit]


def main() -> None:
    """Serve until the process ends; the address is the first line on stdout."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--materials", type=int, default=200)
    parser.add_argument("--snapshot", type=Path, help="take the crystals from this Parquet file")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = MpServer(Library(options.materials, snapshot=options.snapshot), options.port)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
