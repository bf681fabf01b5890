"""XANES of a crystal in a file: predicted by the forward model, or computed by FEFF."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.cif import read_cif
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import distinct_sites
from xsearch.elements import usual_edge
from xsearch.errors import QueryError, SpectrumError
from xsearch.options import Engine
from xsearch.paths import WEIGHTS_FOLDER
from xsearch.preprocess.computed import feff_near_edge, mean_over_sites
from xsearch.simulate.feff import TIMEOUT_S, run_feff, without_log


@dataclass(frozen=True, slots=True, eq=False)
class CalculatedXanes:
    """A spectrum that was not measured.

    Attributes:
        energy_eV, mu, sigma: (n,) float64, edge step one; sigma is zero where FEFF computed the spectrum.
        absorber, edge: symbol, and such as `K`.
        method: `predicted` or `FEFF`.
        notes: what limits it.
    """

    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    sigma: NDArray[np.float64]
    absorber: str
    edge: str
    method: str
    notes: tuple[str, ...] = ()


def xanes_of_cif(
    path: str | Path,
    absorber: str,
    *,
    edge: str | None = None,
    engine: Engine = Engine.MODEL,
    feff: str | Path | None = None,
    timeout_s: float = TIMEOUT_S,
    weights: Path | None = None,
    notify: Callable[[str], None] | None = None,
) -> CalculatedXanes:
    """The edge of an element in the first crystal of a CIF file, averaged over its sites.

    Args:
        path: the file.
        absorber: symbol.
        edge: such as `K` or `L3`; by default that which beamlines of hard X-rays measure.
        engine: the forward model, which takes milliseconds, or FEFF, which takes a minute a site.
        feff: a FEFF executable, which is then the engine; else FEFF10 by pip.
        timeout_s: for each site that FEFF computes.
        weights: folder of the forward model; by default that of the package.
        notify: hears what FEFF is at.

    Raises:
        CrystalError, QueryError, MissingExtra, SpectrumError: in one line.
    """
    file = Path(path)
    if not file.exists():
        raise QueryError(f"{file}: no such file; give a crystal as a CIF file.")
    crystal = read_cif(file.read_text(encoding="utf-8", errors="replace"), file.name)[0].crystal
    if engine is Engine.FEFF or feff is not None:
        if absorber not in crystal.elements or not crystal.is_ordered:
            raise QueryError(f"{file.name}: an ordered crystal that holds {absorber} is needed.")
        wanted = edge or usual_edge(absorber)
        return computed_xanes(crystal, absorber, wanted, feff=feff, timeout_s=timeout_s, notify=notify)
    from xsearch.models.forward import forward_ensemble

    found = forward_ensemble(weights or WEIGHTS_FOLDER).predict(crystal, absorber, edge)
    return CalculatedXanes(found.energy_eV, found.mu, found.sigma, absorber, found.edge, "predicted", found.notes)


def computed_xanes(
    crystal: Crystal,
    absorber: str,
    edge: str,
    *,
    feff: str | Path | None = None,
    timeout_s: float = TIMEOUT_S,
    notify: Callable[[str], None] | None = None,
) -> CalculatedXanes:
    """The edge of an element as FEFF computes it: every distinct site, the mean by multiplicity, edge step one.

    Args:
        crystal: ordered, with the absorber in it.
        absorber, edge, feff, timeout_s, notify: as in `xanes_of_cif`.

    Raises:
        QueryError, MissingExtra, SpectrumError: in one line.
    """
    sites = distinct_sites(crystal, absorber)
    spectra = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for number, (site, _) in enumerate(sites, start=1):

            def of_site(stage: str, number: int = number) -> None:
                if notify is not None:
                    notify(f"site {number} of {len(sites)}: {stage}")

            where = Path(folder) / str(site)
            try:
                found = run_feff(crystal, site, where, edge, executable=feff, timeout_s=timeout_s, notify=of_site)
            except SpectrumError as error:
                raise SpectrumError(f"{without_log(error)}.") from None
            spectra.append(found)
    curves = [feff_near_edge(one.energy_eV, one.mu, one.mu0, absorber, edge) for one in spectra]
    energy, mu = mean_over_sites(curves, [count for _, count in sites])
    notes = [f"{len(sites)} distinct site{'s' if len(sites) > 1 else ''}, as FEFF's energies are: not aligned."]
    if not all(one.scf_converged for one in spectra):
        notes.append("The potentials of some sites did not converge.")
    return CalculatedXanes(energy, mu, np.zeros(len(energy)), absorber, edge, "FEFF", tuple(notes))
