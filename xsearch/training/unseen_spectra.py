"""Spectra that the forward model predicts of formulas it has not seen, for simulated libraries.

The shipped regression was fitted to all formulas, so that its predictions of these are too good. Each formula is left
out in closed form (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 5.12, for groups): what
is left of its spectra is the inverse of its block of the inverse kernel, times its coefficients. The mean spectrum of
each edge belongs to the kernel, so that it too is that of the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.data.forward_sites import ForwardExamples, read_forward_examples
from xsearch.data.xanes_tables import make_tables
from xsearch.elements import SYMBOLS
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.forward import forward_ensemble
from xsearch.models.site_kernel import GRID_eV, SiteMetric, matern
from xsearch.spectra.xas import XasSpectrum
from xsearch.training.site_kernel import filled

RIDGES = (0.01, 0.03, 0.1, 0.3)
"""Added to the kernel's diagonal, which is one; that with the least error on what was left out is taken."""

EDGE_MEAN = 10.0
"""Variance of an edge's mean spectrum, in units of the kernel: so wide that nothing holds it back."""


def unseen_spectra() -> dict[tuple[str, str], XanesTable]:
    """Predicted spectra of the materials whose sites come with xsearch, by absorber and edge; sites count alike."""
    kernel, card = forward_ensemble().kernels["edges"], forward_ensemble().card
    examples = read_forward_examples((), shipped=True)
    learned = np.isin(examples.edge_numbers, kernel.metric.edges)
    examples = examples.take(learned & (examples.code == "FEFF10"))
    found = left_out(examples, kernel.metric)
    spectra = []
    keys = np.array([f"{m} {name}" for m, name in zip(examples.material, examples.edge_names, strict=True)])
    for key in sorted(set(keys)):
        rows = np.flatnonzero(keys == key)
        first = int(rows[0])
        name = str(examples.of_code[first])
        spectra.append(
            XasSpectrum(
                spectrum_id=f"{key} unseen",
                absorber=SYMBOLS[int(examples.z[first]) - 1],
                edge=str(examples.edge[first]),
                energy_eV=float(card["start_eV"].get(name, examples.start_eV[name])) + GRID_eV,
                mu=found[rows].mean(axis=0),
                spectrum_type="XANES",
                level="material",
                kind="predicted",
                code="xsearch forward, formula left out",
                source="xsearch forward model",
                licence="",
                reduced_formula=str(examples.formula[first]),
                material_id=str(examples.material[first]),
            )
        )
    return {(table.absorber, table.edge): table for table in make_tables(spectra)[0]}


def left_out(examples: ForwardExamples, metric: SiteMetric, ridges: tuple[float, ...] = RIDGES) -> NDArray[np.float64]:
    """(n, POINTS) spectra of sites as those of all other formulas predict them.

    Args:
        examples: of the metric's edges.
        metric: see `learn_metric`.
        ridges: that are tried.
    """
    whole = filled(examples)
    centred = whole - whole.mean(axis=0)
    points = metric.points(examples.features, examples.edge_numbers).astype(np.float64)
    same_edge = examples.edge_numbers[:, None] == examples.edge_numbers[None]
    kernel = np.asarray(matern(points, points)) + EDGE_MEAN * same_edge
    groups = [np.flatnonzero(examples.formula == name) for name in sorted(set(examples.formula))]
    best, least = centred, np.inf
    for ridge in ridges:
        left = left_of_each(kernel + ridge * np.eye(len(kernel)), centred, groups)
        if (error := float(np.abs(left)[examples.known].mean())) < least:
            best, least = left, error
    return whole - best


def left_of_each(
    kernel: NDArray[np.float64], values: NDArray[np.float64], groups: list[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """(n, m) values less what all others than their group predict of them.

    Args:
        kernel: (n, n), the ridge on its diagonal.
        values: (n, m).
        groups: places of each group; each place is in one.
    """
    inverse = np.linalg.inv(kernel)
    coefficients = inverse @ values
    left = np.empty_like(values)
    for places in groups:
        left[places] = np.linalg.solve(inverse[np.ix_(places, places)], coefficients[places])
    return left
