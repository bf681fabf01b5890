"""The sources of entries, and how to credit them."""

from collections.abc import Iterable

from xsearch.chemistry import Material
from xsearch.chemistry.reference import Reference

MATERIALS_PROJECT = (
    "Data from the Materials Project (materialsproject.org), licensed under CC BY 4.0. "
    "Cite: A. Jain et al., APL Materials 1, 011002 (2013), doi:10.1063/1.4812323."
)
AMCSD = (
    "Data from the American Mineralogist Crystal Structure Database. "
    "Cite: R. T. Downs and M. Hall-Wallace, American Mineralogist 88, 247-250 (2003), and the paper named in the entry."
)
AFLOW = (
    "Data from the AFLOW Library of Crystallographic Prototypes. "
    "Cite: M. J. Mehl et al., Computational Materials Science 136, S1-S828 (2017), "
    "doi:10.1016/j.commatsci.2017.01.017, and the paper named in the entry."
)
COD = (
    "Data from the Crystallography Open Database (crystallography.net), in the public domain. "
    "Cite: S. Gražulis et al., Journal of Applied Crystallography 42, 726-729 (2009), doi:10.1107/S0021889809016690."
)

CREDITS = {
    "materials project": MATERIALS_PROJECT,
    "amcsd": AMCSD,
    "american mineralogist": AMCSD,
    "aflow": AFLOW,
    "crystallography open database": COD,
}
"""Credit lines by a part of the source's name in small letters."""


def attribution(material: Material | Reference) -> str:
    """The credit that goes with an entry; for a source without a known one, its name and licence."""
    source = material.source.lower()
    for part, credit in CREDITS.items():
        if part in source:
            return credit
    return f"Data from {material.source or 'an unnamed source'}, licence: {material.licence or 'not stated'}."


def attributions(materials: Iterable[Material | Reference]) -> list[str]:
    """The credits due to a list of entries, each once, in order of first use."""
    return list(dict.fromkeys(attribution(material) for material in materials))
