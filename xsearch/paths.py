"""Where xsearch keeps its indexes, and the weights that come with it."""

import os
from collections.abc import Sequence
from pathlib import Path

Paths = Sequence[str | Path] | str | Path
"""One path, or several."""

LIBRARY_FOLDER = Path(__file__).parent / "data" / "library"
"""Spectra and crystals that come with xsearch."""

WEIGHTS_FOLDER = Path(__file__).parent / "models" / "weights"
"""Fitted numbers of every part, each with the command that makes it in its card or its module."""


def home() -> Path:
    """The folder that holds the indexes: `XSEARCH_HOME`, or the platform's user data folder."""
    if chosen := os.environ.get("XSEARCH_HOME"):
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("xsearch", appauthor=False)


def indexes_folder() -> Path:
    """The folder with one sub-folder an index."""
    return home() / "indexes"


def as_paths(given: Paths) -> list[Path]:
    """One path or several, as a list."""
    return [Path(path) for path in ([given] if isinstance(given, str | Path) else given)]
