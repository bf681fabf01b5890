"""Computed spectra, which start just below their edge, in the window of measured ones."""

import numpy as np
import pytest

from xsearch.errors import SpectrumError
from xsearch.preprocess.site_window import computed_window, normalize_computed, step_scaled
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xanes import Xanes


def iron(low: float, high: float, scale: float = 1.0) -> Xanes:
    """An iron edge at 7120 eV with a white line, cut to a range."""
    energy = np.arange(7120 + low, 7120 + high, 0.25)
    x = energy - 7120
    mu = 0.5 + np.arctan(x / 0.7) / np.pi + 0.5 * np.exp(-(((x - 6) / 3) ** 2)) + 0.05 * np.sin(x / 4) * (x > 10)
    return Xanes(energy, scale * mu, "Fe", "K")


def test_a_spectrum_that_starts_at_the_edge_gives_the_window_of_a_whole_one() -> None:
    whole, cut = window(normalize(iron(-60, 60))), computed_window(iron(-2.4, 52))
    assert cut.known[:190].all()
    assert cut.offset_eV == pytest.approx(whole.offset_eV, abs=0.6)
    one, other = (step_scaled(w.values[None], w.known[None])[0] for w in (whole, cut))
    assert np.abs(one - other)[:190].max() < 0.1
    assert np.abs(one - other)[:190].mean() < 0.02


def test_the_scale_of_a_code_does_not_matter() -> None:
    assert np.allclose(computed_window(iron(-3, 52)).values, computed_window(iron(-3, 52, 37.0)).values, atol=1e-5)


def test_a_wrong_edge_step_is_undone_by_scaling() -> None:
    read = window(normalize(iron(-60, 60)))
    off = step_scaled(1.1 * read.values[None], read.known[None])
    assert np.allclose(off, step_scaled(read.values[None], read.known[None]), atol=1e-5)


def test_short_windows_are_scaled_by_what_is_known() -> None:
    read = window(normalize(iron(-60, 60)))
    known = read.known.copy()
    known[80:] = False
    scaled = step_scaled(np.where(known, read.values, 0)[None].astype(np.float32), known[None])
    assert np.isfinite(scaled).all()
    assert scaled.max() < 2


def test_flat_spectra_are_refused() -> None:
    energy = np.arange(7110.0, 7180.0, 0.5)
    with pytest.raises(SpectrumError, match="nothing rises"):
        normalize_computed(Xanes(energy, np.ones_like(energy), "Fe", "K"))
