"""XANES of a crystal in a file: predicted by the forward model, or computed by an installed FEFF."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.cif import read_cif
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.errors import QueryError


@dataclass(frozen=True, slots=True, eq=False)
class CalculatedXanes:
    """A K-edge spectrum that was not measured.

    Attributes:
        energy_eV, mu, sigma: (n,) float64; sigma is zero where FEFF computed the spectrum.
        absorber: symbol.
        method: `predicted` or `FEFF`.
        notes: what limits it.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    sigma: NDArray[np.float64]
    absorber: str
    method: str
    notes: tuple[str, ...] = ()


def xanes_of_cif(path: str | Path, absorber: str, *, feff: str | Path | None = None) -> CalculatedXanes:
    """The K edge of an element in the first crystal of a CIF file, averaged over its sites.

    Args:
        path: the file.
        absorber: symbol.
        feff: a FEFF executable; the forward model if None.

    Raises:
        CrystalError, QueryError, MissingExtra, SpectrumError: in one line.
    """
    file = Path(path)
    if not file.exists():
        raise QueryError(f"{file}: no such file; give a crystal as a CIF file.")
    crystal = read_cif(file.read_text(encoding="utf-8", errors="replace"), file.name)[0].crystal
    if feff is None:
        from xsearch.models.forward import forward_ensemble

        predicted = forward_ensemble().predict(crystal, absorber)
        return CalculatedXanes(
            predicted.energy_eV, predicted.mu, predicted.sigma, absorber, "predicted", predicted.notes
        )
    from xsearch.simulate.feff import run_feff

    symmetry = find_symmetry(crystal)
    sites = [i for i, element in enumerate(crystal.elements) if element == absorber]
    if not sites or not crystal.is_ordered:
        raise QueryError(f"{file.name}: an ordered crystal that holds {absorber} is needed.")
    distinct = {symmetry.orbits[site]: site for site in reversed(sites)}
    weights = [sum(symmetry.orbits[s] == orbit for s in sites) for orbit in distinct]
    with tempfile.TemporaryDirectory() as folder:
        spectra = [run_feff(crystal, site, Path(folder) / str(site), executable=feff) for site in distinct.values()]
    grid = np.linspace(
        max(s.energy_eV[0] for s in spectra), min(s.energy_eV[-1] for s in spectra), max(len(s) for s in spectra)
    )
    mean = np.average([np.interp(grid, s.energy_eV, s.mu) for s in spectra], axis=0, weights=weights)
    return CalculatedXanes(grid, mean, np.zeros(len(grid)), absorber, "FEFF", (f"{len(spectra)} distinct sites.",))
