"""The `xsearch` command: a skin over the library. A command parses, calls the API, prints."""


def main() -> None:
    """The entry point of the console script."""
    from xsearch.cli.app import app

    app()
