"""Measured and simulated spectra, and the readers of the files they come in."""

from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.xanes import Xanes

__all__ = ["PowderPattern", "Xanes"]
