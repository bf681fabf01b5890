"""Measured and simulated spectra, and the readers of the files they come in."""

from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.radiation import RADIATIONS_A, parse_wavelength
from xsearch.spectra.readers import read, read_each
from xsearch.spectra.xanes import Xanes

__all__ = ["RADIATIONS_A", "PowderPattern", "Xanes", "parse_wavelength", "read", "read_each"]
