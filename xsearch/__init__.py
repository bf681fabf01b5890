"""xsearch: which crystal gave these spectra?"""

__version__ = "0.1.0"
