"""`xsearch serve`: the page in the browser."""

from typing import Annotated

import typer

from xsearch.cli import options
from xsearch.cli.output import say


def serve(
    index: options.IndexName = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, metavar="N", help="Listen there; by default 8765 or the next."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser, or print its address only.")
    ] = True,
) -> None:
    """Search, look and refine in a page of the browser.

    Files that are dropped there stay on this machine: the server answers this machine alone, and loads nothing from
    any other.
    """
    from xsearch.web.server import serve as serve_page

    serve_page(say, index=index, port=port, open_browser=browser)
