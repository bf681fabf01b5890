"""From crystals to spectra."""

from xsearch.simulate.reflections import Reflections

__all__ = ["Reflections"]
