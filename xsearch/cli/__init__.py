"""The `xsearch` command."""


def main() -> None:
    """The entry point of the console script."""
    from xsearch.cli.app import run

    run()
