"""Where answers are written to: checked first, their folders created before writing."""

from pathlib import Path

from xsearch.errors import XSearchError

PICTURES = (".png", ".svg", ".pdf")


def with_folder(path: Path) -> Path:
    """The same path, its folder created where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def check_picture(path: Path) -> Path:
    """The same path, if its suffix names a format in which pictures are written.

    Raises:
        XSearchError: for any other suffix.
    """
    if path.suffix.lower() not in PICTURES:
        raise XSearchError(f"{path}: a picture is written as {', '.join(PICTURES)}; got {path.suffix or 'no suffix'}.")
    return path
