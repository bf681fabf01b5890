"""The `xsearch` command: a skin over the library. A command parses, calls the API, prints."""

import sys
from io import TextIOWrapper


def main() -> None:
    """The entry point of the console script."""
    from xsearch.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")  # files and pipes are alike on every system
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old console lacks letters such as θ
    app()
