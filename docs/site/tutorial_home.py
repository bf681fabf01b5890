"""The indexes that the tutorials of the site search: small ones, so that a build of the site takes a minute."""

import os
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from IPython import get_ipython

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("XSEARCH_HOME", str(ROOT / "out" / "docs-home"))
os.chdir(ROOT)
if kernel := get_ipython():  # none where a tutorial is run as a script
    kernel.run_line_magic("matplotlib", "inline")
warnings.filterwarnings("ignore", module="tqdm|duckdb|xsearch.builders")


def small_starter() -> None:
    """Make `starter` of the AFLOW prototypes and the crystals whose spectra ship; the minerals are left out."""
    from xsearch.builders import builds
    from xsearch.builders.aflow import AflowSource
    from xsearch.builders.source import Item
    from xsearch.builders.starter import StarterSource, shipped_structures

    class Part(StarterSource):
        """Without the minerals."""

        def items(self) -> Iterator[Item]:
            yield from AflowSource().items()
            yield from shipped_structures().items()

    builds.StarterSource = Part  # type: ignore[misc]
    with redirect_stderr(StringIO()):
        builds.ensure_starter(progress=False)
