"""Where answers are written to: checked before the work, made before the writing."""

from pathlib import Path

from xsearch.errors import XSearchError

PICTURES = (".png", ".svg", ".pdf")


def with_folder(path: Path) -> Path:
    """The same path, the folder that it lies in made if it was not there."""
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
