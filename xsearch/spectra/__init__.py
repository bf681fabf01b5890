"""Measured and simulated spectra, and the readers of the files they come in."""

from xsearch.spectra.powder import PowderPattern

__all__ = ["PowderPattern"]
