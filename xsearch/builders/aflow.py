"""Prototype crystals of the AFLOW encyclopedia, as pymatgen carries them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from xsearch.builders.material import draft
from xsearch.builders.source import Item, Process
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.material import Material
from xsearch.errors import MissingExtra

NAME = "AFLOW Encyclopedia of Crystallographic Prototypes"
LICENCE = "free for use with citation"
CITATION = "M. J. Mehl et al., Computational Materials Science 136, S1-S828 (2017)"


def prototypes_file() -> Path:
    """The file with the prototypes.

    Raises:
        MissingExtra: where this pymatgen has none.
    """
    spec = find_spec("pymatgen.analysis")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / "prototypes" / "aflow_prototypes.json.gz").exists():
            return path
    raise MissingExtra("This version of pymatgen does not carry aflow_prototypes.json.gz; pip install pymatgen>=2026.1")


@dataclass(frozen=True)
class AflowSource:
    """All prototypes of the file, each with the elements and the cell of its name-giving crystal."""

    name: str = NAME
    licence: str = LICENCE
    citation: str = CITATION
    version: str = "pymatgen"
    process: Process = field(default_factory=lambda: process_aflow, repr=False)

    def fingerprint(self) -> str:
        """A hash of the file."""
        return hashlib.sha256(prototypes_file().read_bytes()).hexdigest()

    def count(self) -> int | None:
        """Not known before reading."""
        return None

    def formulas(self) -> frozenset[str] | None:
        """Nothing is linked to them: they come from the literature themselves."""
        return None

    def items(self) -> Iterator[Item]:
        """One item a prototype, in the file's order; a label's second crystal is numbered."""
        with gzip.open(prototypes_file()) as file:
            records = json.load(file)
        times: Counter[str] = Counter()
        for record in records:
            label = record["tags"]["aflow"]
            times[label] += 1
            suffix = f".{times[label]}" if times[label] > 1 else ""
            yield Item(f"aflow-{label}{suffix}", record)


def process_aflow(item: Item) -> Material:
    """A prototype's crystal.

    Raises:
        CrystalError: where cell and sites make no crystal.
    """
    snl, tags = item.payload["snl"], item.payload["tags"]
    entries = [
        (site["abc"], species["element"], float(species["occu"]))
        for site in snl["sites"]
        for species in site["species"]
    ]
    crystal = Crystal(
        np.array(snl["lattice"]["matrix"]),
        np.array([position for position, _, _ in entries]),
        tuple(element for _, element, _ in entries),
        np.array([occupancy for _, _, occupancy in entries]),
    )
    properties: dict[str, float | bool | str | None] = {"prototype": tags["aflow"]}
    if tags.get("strukturbericht") not in (None, "", "None"):
        properties["strukturbericht"] = tags["strukturbericht"]
    return draft(
        item.item_id,
        crystal,
        source=NAME,
        licence=LICENCE,
        name=tags.get("mineral") or None,
        reference=_reference(snl.get("about", {})),
        properties=properties,
    )


def _reference(about: dict[str, Any]) -> str:
    """Authors, journal and year of the first BibTeX record, and the encyclopedia's own citation."""
    first = about.get("references", "").split("@article{Mehl", 1)[0]
    fields = {key: _plain(value) for key, value in re.findall(r'(\w+)\s*=\s*["{](.*)["}],?\s*$', first, re.MULTILINE)}
    authors = fields.get("author", "").split(" and ")
    who = ", ".join(authors[:3]) + (" et al." if len(authors) > 3 else "")
    where = " ".join(fields[key] for key in ("journal", "volume") if key in fields)
    page = f", {fields['page_first']}" if "page_first" in fields else ""
    year = f" ({fields['year']})" if "year" in fields else ""
    return f"{who}{year} {where}{page}; {CITATION}" if who and where else CITATION


def _plain(text: str) -> str:
    """Without TeX's braces and accents."""
    return " ".join(re.sub(r"\\[a-zA-Z]+|\\.|[{}$]", "", text).split())
