"""Crystals, formulas, symmetry and what chemistry says about them."""

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.material import Material

__all__ = ["Crystal", "Material"]
