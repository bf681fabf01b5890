"""A normalised edge with the energies coloured that carried a prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsearch.preprocess.xanes import NormalizedXanes, WINDOW_GRID_eV

COLOURS = "YlOrRd"


def attribution_figure(spectrum: NormalizedXanes, attribution: NDArray[np.float32], title: str = "") -> Any:
    """The spectrum over its window; the darker the ground, the more that energy contributed to the answer.

    Args:
        spectrum: normalised.
        attribution: (200,) from 0 to 1, at `WINDOW_GRID_eV`.
        title: such as `coordination number 6 (93 %)`.

    Returns:
        A matplotlib Figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    energy = WINDOW_GRID_eV + spectrum.centre_eV
    inside = (spectrum.energy_eV >= energy[0]) & (spectrum.energy_eV <= energy[-1])
    shown = spectrum.mu[inside]
    top = 1.08 * float(shown.max())
    extent = (float(energy[0]), float(energy[-1]), min(0.0, float(shown.min())), top)
    ground = axes.imshow(attribution[None], extent=extent, aspect="auto", cmap=COLOURS, vmin=0, vmax=1, alpha=0.8)
    axes.plot(spectrum.energy_eV[inside], shown, color="black", linewidth=1.5)
    axes.axvline(spectrum.e0_eV, color="grey", linestyle=":", linewidth=1)
    axes.set_xlabel("energy (eV)")
    axes.set_ylabel("normalised absorption")
    axes.set_title(title or f"{spectrum.absorber} {spectrum.edge}")
    figure.colorbar(ground, label="weight in the answer")
    return figure
