"""Starting the page: a server on the loopback interface alone, and the browser."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import closing

from xsearch.errors import XSearchError
from xsearch.paths import home
from xsearch.web.app import make_app
from xsearch.web.jobs import Jobs
from xsearch.web.store import Store

LOOPBACK = "127.0.0.1"
PORT = 8765
"""The first that is tried; bookmarks hold it."""

TRIED = 20
"""Ports from there on that are tried, where others are taken."""


def serve(
    say: Callable[[str], None], *, index: str | None = None, port: int | None = None, open_browser: bool = True
) -> None:
    """Serve the page until the user stops it.

    Args:
        say: is called with the address, and what else is to be known.
        index: that is opened first; by default the one in use.
        port: to listen on; by default 8765, or the next that is free.
        open_browser: whether the browser is opened there.

    Raises:
        XSearchError: where the port is taken.
    """
    import uvicorn

    listening = listen(port)
    chosen = int(listening.getsockname()[1])
    store = Store(home() / "page")
    app = make_app(store, Jobs(store, index), chosen)
    address = f"http://{LOOPBACK}:{chosen}/?token={store.token()}"
    say(f"xsearch is at {address}")
    say("It answers this machine only. Stop it with Ctrl-C.")
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, ws="none")
    )
    if open_browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    with closing(listening):
        server.run(sockets=[listening])


def listen(port: int | None = None) -> socket.socket:
    """A socket of the loopback interface.

    Raises:
        XSearchError: where the port, or all that are tried, are taken.
    """
    for tried in [port] if port is not None else range(PORT, PORT + TRIED):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, tried))
            listening.listen(128)  # who comes before the server is ready waits
        except OSError:
            listening.close()
            continue
        return listening
    raise XSearchError(f"Port {port or PORT} is taken; give another with --port.")
