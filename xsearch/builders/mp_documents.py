"""Documents of the Materials Project as materials and spectra: pure, and without the client's library.

Every identifier passes `canonical_id` before it is compared: the project writes the same material as `mp-149` and as
`mp-aaaaft`, the second a number in base 26.
"""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.material import STATED_SPACE_GROUP, draft, reduced_or_empty
from xsearch.builders.page_cache import Document
from xsearch.builders.source import Item
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.formula import parse_formula
from xsearch.chemistry.material import Material
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.errors import CrystalError, SpectrumError
from xsearch.spectra.xas import XasSpectrum

NAME = "Materials Project"
LICENCES = {"BY-C": "CC-BY-4.0", "BY-NC": "CC-BY-NC-4.0"}
CORE_LICENCE = LICENCES["BY-C"]
CITATION = "A. Jain et al., APL Materials 1, 011002 (2013); spectra: K. Mathew et al., Scientific Data 5, 180151 (2018)"
FEFF = "FEFF9"
"""The code of all spectra in the project's collection."""

PROPERTIES = {
    "band_gap": "band_gap_eV",
    "is_gap_direct": "is_gap_direct",
    "is_metal": "is_metal",
    "efermi": "fermi_level_eV",
    "formation_energy_per_atom": "formation_energy_eV_atom",
    "is_stable": "is_stable",
    "ordering": "magnetic_ordering",
    "is_magnetic": "is_magnetic",
    "total_magnetization": "total_magnetization_muB",
    "density": "density_g_cm3",
}
"""Field of a summary document to property."""

MATERIAL_FIELDS = (
    "material_id",
    "task_ids",
    "formula_pretty",
    "structure",
    "symmetry",
    "theoretical",
    "energy_above_hull",
    "last_updated",
    "deprecated",
    "builder_meta",
    *PROPERTIES,
)
MATERIAL_LISTING = ("material_id", "task_ids", "formula_pretty", "last_updated", "deprecated", "builder_meta")
"""The little that tells what changed."""

SPECTRUM_FIELDS = (
    "task_id",
    "absorbing_element",
    "edge",
    "spectrum_type",
    "formula_pretty",
    "last_updated",
    "spectrum",
)
SPECTRUM_LISTING = ("task_id", "absorbing_element", "edge", "spectrum_type", "last_updated")

FUNCTIONAL_FIELDS = ("material_id", "run_types", "origins")
"""Of the documents that tell which calculation a structure comes from."""

FUNCTIONALS = {"GGA": "PBE", "GGA+U": "PBE+U", "R2SCAN": "r2SCAN"}
"""The project's names of functionals that have a plainer one."""

NEEDED = {
    "summary": ("material_id", "structure"),
    "core": ("material_id",),
    "xas": ("task_id", "absorbing_element", "edge", "spectrum_type", "spectrum"),
}
"""Fields without which a document is of no use."""


_BASE_26 = str.maketrans(ascii_lowercase, "0123456789" + ascii_lowercase[:16])
"""From the project's digits, a to z, to those that `int` reads."""


def canonical_id(identifier: object) -> str:
    """An identifier in the one form that is compared, such as `mp-149`.

    Args:
        identifier: such as `mp-149`, `mp-aaaaft`, `aaaaft` or `mvc-12`.

    Raises:
        CrystalError: where it is none.
    """
    prefix, _, tail = str(identifier).strip().rpartition("-")
    if tail.isascii() and tail.isdigit():
        number = int(tail)
    elif tail.isascii() and tail.isalpha() and tail.islower():
        number = int(tail.translate(_BASE_26), 26)
    else:
        raise CrystalError(f"{identifier!r} is no identifier of the Materials Project; mp-149 would be one.")
    return f"{prefix or 'mp'}-{number}"


def licence_of(document: Document) -> str:
    """The licence of a document; the project's core data are CC BY 4.0."""
    stated = (document.get("builder_meta") or {}).get("license")
    return LICENCES.get(stated, str(stated)) if stated else CORE_LICENCE


def updated_of(document: Document) -> str:
    """When a document last changed, as text to compare; object storage wraps it."""
    stated = document.get("last_updated")
    return str(stated.get("$date", stated) if isinstance(stated, dict) else stated or "")


def elements_of(document: Document) -> frozenset[str]:
    """The elements in a document's formula; none where it cannot be read."""
    try:
        return frozenset(parse_formula(document.get("formula_pretty") or ""))
    except CrystalError:
        return frozenset()


def functional_of(document: Document) -> str | None:
    """The density functional of the calculation that a material's structure comes from, as a core document tells."""
    origins = {origin.get("name"): origin.get("task_id") for origin in document.get("origins") or ()}
    try:
        task = canonical_id(origins["structure"])
        stated = {canonical_id(name): kind for name, kind in (document.get("run_types") or {}).items()}[task]
    except (KeyError, CrystalError):
        return None
    return FUNCTIONALS.get(str(stated), str(stated))


def process_summary(item: Item) -> Material:
    """A material from its summary document.

    Raises:
        CrystalError: where the document has no structure, or its cell and sites make no crystal.
    """
    document = item.payload
    symmetry = document.get("symmetry") or {}
    properties = {name: document.get(field) for field, name in PROPERTIES.items() if document.get(field) is not None}
    if symmetry.get("number") is not None:
        properties[STATED_SPACE_GROUP] = int(symmetry["number"])
    properties["task_ids"] = " ".join(task_ids_of(document))
    properties["last_updated"] = updated_of(document)
    return draft(
        item.item_id,
        crystal_of(document.get("structure")),
        source=NAME,
        licence=licence_of(document),
        formula=document.get("formula_pretty"),
        reference=f"Materials Project, {item.item_id}",
        is_measured=False,
        functional=document.get("functional"),
        is_theoretical=document.get("theoretical"),
        energy_above_hull_eV=document.get("energy_above_hull"),
        properties=properties,
    )


def task_ids_of(document: Document) -> list[str]:
    """A document's task ids, canonical and sorted; strange ones are left out, they can join nothing."""
    found = set()
    for task in document.get("task_ids") or ():
        try:
            found.add(canonical_id(task))
        except CrystalError:
            continue
    return sorted(found, key=lambda name: (len(name), name))


def crystal_of(structure: Any) -> Crystal:
    """A crystal from a structure document as pymatgen writes it.

    Raises:
        CrystalError: where something is missing.
    """
    try:
        entries = [
            (site["abc"], _symbol(species["element"]), 1.0 if species.get("occu") is None else float(species["occu"]))
            for site in structure["sites"]
            for species in site["species"]
        ]
        lattice = np.array(structure["lattice"]["matrix"], np.float64)
        coords = np.array([position for position, _, _ in entries], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise CrystalError(
            f"The document's structure lacks its cell or sites ({type(error).__name__}: {error})."
        ) from None
    return Crystal(lattice, coords, tuple(e for _, e, _ in entries), np.array([occupancy for *_, occupancy in entries]))


def spectrum_id_of(document: Document) -> str:
    """What tells a spectrum from all others: task, type, absorber, edge, and the site where it is a site's.

    Raises:
        SpectrumError: where the document does not say.
    """
    try:
        parts = [
            canonical_id(document["task_id"]),
            *(_text(document[n]) for n in ("spectrum_type", "absorbing_element", "edge")),
        ]
    except (KeyError, CrystalError) as error:
        raise SpectrumError(f"A spectrum's document lacks its identity ({error}).") from None
    return "-".join(parts)


def process_xas(item: Item) -> XasSpectrum:
    """A spectrum from its document and the material it was joined to.

    Nothing is lost: descending or repeated energies and negative values stay, and a null becomes NaN.

    Raises:
        SpectrumError: where there is no spectrum in it.
    """
    material_id, document = item.payload
    spectrum = document.get("spectrum")
    absorber = _text(document["absorbing_element"])
    if not isinstance(spectrum, dict) or not spectrum.get("x") or not spectrum.get("y"):
        raise SpectrumError("The document holds no spectrum.")
    if absorber not in ATOMIC_NUMBERS:
        raise SpectrumError(f"The absorber {absorber!r} is no element.")
    site = spectrum.get("absorbing_index")
    return XasSpectrum(
        spectrum_id=item.item_id,
        absorber=absorber,
        edge=_text(document["edge"]),
        energy_eV=_numbers(spectrum["x"]),
        mu=_numbers(spectrum["y"]),
        spectrum_type=_text(document["spectrum_type"]),
        level="material" if site is None else "site",
        kind="simulated",
        code=FEFF,
        source=NAME,
        licence=licence_of(document),
        reduced_formula=reduced_or_empty(document.get("formula_pretty") or ""),
        material_id=material_id,
        site_index=None if site is None else int(site),
        reference=f"Materials Project, task {canonical_id(document['task_id'])}",
        last_updated=updated_of(document),
    )


def _symbol(element: Any) -> str:
    symbol = _text(element)
    return "H" if symbol in ("D", "T") else symbol


def _text(value: Any) -> str:
    """A plain string, also where an element comes as `{"element": "Fe"}`."""
    return str(value.get("element", value.get("value", ""))) if isinstance(value, dict) else str(value)


def _numbers(values: Any) -> NDArray[np.float64]:
    if isinstance(values, dict):  # an array as monty writes it
        values = values.get("data", ())
    return np.array([np.nan if v is None else v for v in values], np.float64)
