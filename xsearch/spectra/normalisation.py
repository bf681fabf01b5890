"""How a spectrum is to be normalised, where its file or its user says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Edge energy and ranges of a normalisation, as in Athena and Larch; None is left to `normalize`.

    Attributes:
        e0_eV: the edge energy.
        pre_edge_eV: range relative to E0 in which the pre-edge line is fitted.
        post_edge_eV: range relative to E0 in which the post-edge curve is fitted.
    """

    e0_eV: float | None = None
    pre_edge_eV: tuple[float, float] | None = None
    post_edge_eV: tuple[float, float] | None = None

    def __str__(self) -> str:
        """What is stated, for a note."""
        parts = [] if self.e0_eV is None else [f"E0 {self.e0_eV:.2f} eV"]
        for name, bounds in (("pre-edge", self.pre_edge_eV), ("post-edge", self.post_edge_eV)):
            parts += [] if bounds is None else [f"{name} {bounds[0]:g} to {bounds[1]:g} eV"]
        return ", ".join(parts) or "nothing stated"


UNSTATED = Normalisation()
"""Nothing is said."""
_LEAST_POINTS = 4
"""In a range, for a curve to be fitted there."""


def stated_in_file(
    energy_eV: NDArray[np.float64], e0_eV: float | None, *ranges_eV: tuple[float | None, float | None]
) -> Normalisation:
    """The edge energy and ranges that a file states, as far as its scan covers them.

    Args:
        energy_eV: (n,) of the scan.
        e0_eV: what is stated.
        ranges_eV: pre-edge and post-edge, relative to E0.
    """
    if e0_eV is None or not np.nanmin(energy_eV) < e0_eV < np.nanmax(energy_eV):
        return UNSTATED
    relative = energy_eV - e0_eV
    pre, post = (
        (low, high)
        if low is not None and high is not None and np.sum((relative > low) & (relative < high)) >= _LEAST_POINTS
        else None
        for low, high in ranges_eV
    )
    return Normalisation(e0_eV, pre, post)
