"""CIF files of crystals, and of hits as in the database and strained to the pattern."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import xsearch
from xsearch.answers.hit import Hit
from xsearch.answers.result import SearchResult
from xsearch.chemistry import Crystal, Material
from xsearch.chemistry.reference import Reference
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import CrystalError
from xsearch.report.provenance import attribution

if TYPE_CHECKING:
    from pymatgen.core import Structure

CIF_SYMPRECS_A = (0.001, 0.01, 0.1)
"""Tolerances of the symmetry search, tried in turn, so that atoms are moved as little as possible."""


def symmetrised(structure: Structure, space_group: int | None) -> tuple[Structure, float | None]:
    """The conventional standard cell and the tolerance in Å that finds the stated space group in it.

    The smallest tolerance that does is taken, so that atoms move as little as possible. Where none does, the
    structure comes back as it is, with None: it is then written without symmetry.
    """
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer, SymmetryUndeterminedError

    for symprec_A in CIF_SYMPRECS_A:
        try:
            found = SpacegroupAnalyzer(structure, symprec=symprec_A)
            if space_group and found.get_space_group_number() == space_group:
                return found.get_refined_structure(), symprec_A
        except (SymmetryUndeterminedError, TypeError, ValueError):
            continue
    return structure, None


def cif_text(crystal: Crystal, space_group: int | None = None, comments: Iterable[str] = ()) -> str:
    """A crystal as CIF text: the conventional cell with its symmetry where that is found, else all atoms in P1.

    Args:
        crystal: of any setting.
        space_group: the number that is expected; searched for where not given.
        comments: lines to put on top.
    """
    from pymatgen.io.cif import CifWriter

    if space_group is None:
        with suppress(CrystalError):
            space_group = find_symmetry(crystal).number
    structure, symprec_A = symmetrised(crystal.to_structure(), space_group)
    body = str(CifWriter(structure, symprec=symprec_A, refine_struct=False))
    body = body.removeprefix("# generated using pymatgen\n")
    symmetry = (
        f"Conventional cell, symmetry within {symprec_A:g} Å."
        if symprec_A
        else "All atoms are listed, without symmetry."
    )
    header = [f"Written by xsearch {xsearch.__version__} through pymatgen. {symmetry}", *comments]
    return "".join(f"# {ascii_only(line)}\n" for text in header for line in text.splitlines()) + body


def ascii_only(text: str) -> str:
    """Text as CIF 1.1 allows it: units spelled out, accents dropped, anything else a question mark."""
    spelled = text.replace("Å", "A").replace("°", " deg").replace("\N{EN DASH}", "-").replace("λ", "lambda")
    return unicodedata.normalize("NFKD", spelled).encode("ascii", "replace").decode()


def provenance_comments(material: Material) -> list[str]:
    """Where an entry comes from and how to credit it, one line each."""
    lines = [
        f"Entry: {material.material_id} {material.reduced_formula}" + (f" ({material.name})" if material.name else ""),
        f"Source: {material.source}; licence: {material.licence}",
    ]
    if material.reference:
        lines.append(f"Reference: {material.reference}")
    return [*lines, attribution(material)]


def write_hit_cifs(result: SearchResult, folder: str | Path, top: int | None = None) -> list[Path]:
    """The files of each hit: as in the database and, where a pattern was fitted, strained to it.

    A measured reference that belongs to no entry has no structure, and gets no file.

    Returns:
        The paths, in order of the hits.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for hit in result.hits[:top]:
        if isinstance(hit.material, Reference):
            continue
        stem = file_stem(hit)
        texts = {"": database_cif(hit, result.source)}
        if hit.pattern_fit is not None:
            texts["_strained"] = strained_cif(hit, result.source)
        for suffix, text in texts.items():
            path = folder / f"{stem}{suffix}.cif"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    return paths


def database_cif(hit: Hit, source: str) -> str:
    """The crystal as in the database."""
    entry = hit.entry
    comments = ["As in the database.", *provenance_comments(entry)]
    if hit.edges:
        comments[1:1] = [f"Spectra {source}: score {hit.score:.2f} at rank {hit.rank}.", *(f"{m}." for m in hit.edges)]
    return cif_text(entry.crystal, entry.space_group, comments)


def strained_cif(hit: Hit, source: str) -> str:
    """The crystal that matched, strained to the pattern."""
    fit = hit.fitted
    a, b, c, alpha, beta, gamma = fit.cell
    comments = [
        f"Cell strained to the pattern {source}: mean linear strain {100 * fit.strain:+.2f} %, "
        f"zero shift {fit.zero_shift_deg:+.3f}°, score {hit.score:.2f} at rank {hit.rank}.",
        f"Strained conventional cell: {a:.4f} {b:.4f} {c:.4f} Å, {alpha:.2f} {beta:.2f} {gamma:.2f}°. "
        "Positions are not refined.",
        *provenance_comments(hit.matched_entry),
    ]
    return cif_text(hit.strained_crystal, hit.matched.space_group, comments)


def file_stem(hit: Hit) -> str:
    """A name for the hit's files that sorts by rank and is safe on every system."""
    return re.sub(r"[^\w.+-]+", "-", f"{hit.rank:02d}_{hit.material_id}_{hit.formula}").strip("-.")
