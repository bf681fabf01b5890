"""Crystals from CIF files and folders of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from xsearch.builders.material import STATED_SPACE_GROUP, draft
from xsearch.builders.source import Item, Process
from xsearch.chemistry.cif import read_cif, split_blocks
from xsearch.chemistry.material import Material
from xsearch.errors import BuildError, CrystalError
from xsearch.paths import Paths, as_paths

LARGEST_BYTES = 50_000_000
"""Of a file that is read; no crystal needs so much, so it is something else. Set by hand."""

SUFFIXES = (".cif", ".mcif")


@dataclass(frozen=True)
class CifSource:
    """CIF files, given one by one or as folders that are searched with all that lies below them.

    Attributes:
        files: id without its block, and path, sorted by id.
        licence: of the crystals, where the user knows it.
    """

    files: tuple[tuple[str, Path], ...]
    licence: str = "not stated"
    name: str = "CIF files"
    citation: str = ""
    process: Process = field(default_factory=lambda: process_cif, repr=False)

    @classmethod
    def of(cls, paths: Paths, licence: str = "not stated") -> CifSource:
        """Of files and folders that are there.

        Raises:
            BuildError: where a path is missing, or no CIF file is found.
        """
        roots = as_paths(paths)
        found: list[tuple[Path, Path]] = []
        for root in roots:
            if root.is_dir():
                below = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
                found += [(root, path) for path in below]
            elif root.is_file():
                found.append((root.parent, root))
            else:
                raise BuildError(f"{root}: no such file or folder; give CIF files, or folders that hold some.")
        if not found:
            raise BuildError(f"No CIF file in {', '.join(map(str, roots)) or 'what was given'}; names end in .cif.")
        names = [(path.relative_to(root).with_suffix("").as_posix(), root, path) for root, path in found]
        times = Counter(name for name, _, _ in names)
        # where two folders hold files of one name, the folder's name makes the id unique
        named = [(name if times[name] == 1 else f"{root.resolve().name}/{name}", path) for name, root, path in names]
        return cls(tuple(sorted(named)), licence)

    @property
    def version(self) -> str:
        """The start of a hash of all files."""
        return f"sha256:{self.fingerprint()[:12]}"

    def fingerprint(self) -> str:
        """A hash of all names and contents."""
        return self._digest

    def count(self) -> int | None:
        """Files; those with several crystals count once."""
        return len(self.files)

    def formulas(self) -> frozenset[str] | None:
        """Nothing is linked: whether these cells were computed is not known."""
        return None

    def items(self) -> Iterator[Item]:
        """One item a data block with atoms; a file that cannot be read is an item that fails."""
        for name, path in self.files:
            text = _read(path)
            blocks = split_blocks(text) if text is not None else [None]
            for number, block in enumerate(blocks):
                suffix = f"#{number + 1}" if len(blocks) > 1 else ""
                yield Item(f"{name}{suffix}", (str(path), self.licence, block))

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(self.licence.encode())
        for name, path in self.files:
            digest.update(f"\0{name}\0".encode())
            digest.update(b"unreadable" if (text := _read(path)) is None else text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def process_cif(item: Item) -> Material:
    """The crystal of a data block.

    Raises:
        CrystalError: where there is none, or the file could not be read.
    """
    path, licence, text = item.payload
    if text is None:
        raise CrystalError(f"{path}: cannot be read, or is larger than {LARGEST_BYTES // 1_000_000} MB.")
    found = read_cif(text, Path(path).name)[0]
    properties: dict[str, float | bool | str | None] = {"file": Path(path).name}
    if found.space_group is not None:
        properties[STATED_SPACE_GROUP] = found.space_group
    if found.notes:
        properties["notes"] = "; ".join(found.notes)
    return draft(
        item.item_id,
        found.crystal,
        source="CIF files",
        licence=licence,
        formula=found.formula,
        hydrogen_without_position=found.hydrogen_without_position,
        name=found.name,
        reference=found.reference,
        is_measured=True if found.temperature_K is not None else None,
        temperature_K=found.temperature_K,
        pressure_GPa=found.pressure_GPa,
        properties=properties,
    )


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
