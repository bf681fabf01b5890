"""The vectors of the powder network beside an index, and how near ones are found."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from xsearch.indexes.backends import Shortcut
from xsearch.indexes.manifest import Manifest
from xsearch.indexes.scan import device_for
from xsearch.indexes.vectors import Profiles
from xsearch.options import Backend

EMBEDDING = "embedding.faiss"
"""The vectors; an index need not have them."""

SHORTCUT = "embedding_shortcut.faiss"
"""A graph or lists that lead to near vectors; where there is none, all vectors are looked at."""


class Embedding(Profiles):
    """The vectors of an index version, with `array` (n, d) float16 and `faiss`.

    Attributes:
        encoder: which weights they come from.
        backend: how near ones are found.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        rows, dimensions = manifest.counts["materials"], int(manifest.extra["encoder_dimensions"])
        super().__init__(folder / EMBEDDING, rows, dimensions)
        self._folder = folder
        self.encoder: str = manifest.extra["encoder"]
        self.backend = Backend(manifest.extra.get("vector_backend", Backend.EXACT))

    @cached_property
    def shortcut(self) -> Shortcut | None:
        """What leads to near vectors; None where all are looked at."""
        if self.backend is Backend.EXACT:
            return None
        return Shortcut(self._folder / SHORTCUT, self.backend, self.faiss)

    def info(self) -> dict[str, str]:
        """How, and where, near vectors are found on this machine."""
        on = device_for(len(self.array)) if self.backend is Backend.EXACT else "cpu"
        return {"vector_backend": self.backend.value, "vectors_searched_on": on}
