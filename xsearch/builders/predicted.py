"""`xsearch build predicted`: spectra from the forward model for entries that have none, marked as predicted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from xsearch.builders.digests import digest_of
from xsearch.builders.extension import extend, open_to_extend
from xsearch.builders.pipeline import BuildResult
from xsearch.builders.source import Item, SpectrumProcess
from xsearch.builders.workers import run_here
from xsearch.errors import BuildError, SpectrumError
from xsearch.indexes import sql
from xsearch.indexes.index import Index
from xsearch.models.forward import forward_ensemble, listed
from xsearch.spectra.xas import XasSpectrum

SOURCE = "xsearch forward model"
READ_AT_ONCE = 2000
"""Crystals in memory at a time; fewer predictions than that are made in this process. Set by hand."""


def add_predicted(
    name: str,
    absorbers: Collection[str] = (),
    *,
    limit: int | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> BuildResult:
    """Give the entries of an index that have no spectrum of an edge a predicted one, as its new version.

    Entries that got one before from the same weights keep it, so that a call with a higher limit goes on; predictions
    of other weights are replaced.

    Args:
        name: of an existing index.
        absorbers: elements, each with the edge that the model has learned; all of these if none is given.
        limit: at most so many spectra are predicted, to try it out.
        workers: processes; default one a core.
        progress: whether progress is reported on the error stream.

    Raises:
        MissingIndex: where there is no such index.
        BuildError: for an absorber that the model has not learned, where there is nothing to predict, or where the
            index was built on another axis.
    """
    learned = forward_ensemble().edges
    if unknown := sorted(set(absorbers) - {absorber for absorber, _ in learned}):
        raise BuildError(f"The forward model has not learned {', '.join(unknown)}; it predicts {listed(learned)}.")
    index = open_to_extend(name)
    edges = tuple(edge for edge in learned if not absorbers or edge[0] in absorbers)
    spectra = _Predictions(index, edges, limit)
    if not spectra.new:
        raise BuildError(f"Nothing to predict: every entry of {name!r} has a spectrum of each of {listed(edges)}.")
    several = workers if len(spectra.new) > READ_AT_ONCE else 1
    return extend(
        index,
        None,
        spectra,
        run=partial(run_here, workers=1),
        run_spectra=partial(run_here, workers=several),
        extra=dict(index.manifest.extra),
        workers=workers,
        progress=progress,
    )


@dataclass(frozen=True)
class _Predictions:
    """Spectra that are predicted for entries of an index.

    Attributes:
        index: see there.
        edges: absorbers and edges that are predicted.
        limit: of how many.
    """

    index: Index
    edges: tuple[tuple[str, str], ...]
    limit: int | None
    process: SpectrumProcess = field(default_factory=lambda: process_prediction, repr=False)

    @cached_property
    def new(self) -> list[tuple[int, str, str]]:
        """Row, absorber and edge of each spectrum to be predicted."""
        there = self._predicted
        found = []
        for absorber, edge in self.edges:
            for (row,) in self.index.sql(sql.WITHOUT_EDGE, [absorber, absorber, edge]).fetchall():
                if there.get((row, absorber, edge)) != code():
                    found.append((row, absorber, edge))
        return found[: self.limit]

    @cached_property
    def _predicted(self) -> dict[tuple[int, str, str], str]:
        rows = self.index.sql(sql.PREDICTED_SPECTRA).fetchall()
        return {(row, absorber, edge): made_by for row, absorber, edge, made_by in rows}

    @cached_property
    def ids(self) -> frozenset[str]:
        """Of all of them."""
        names = self.index.catalog.column("material_id")
        return frozenset(spectrum_id(names[row].as_py(), *edge) for row, *edge in self.new)

    def fingerprint(self) -> str:
        """A hash of the index, what is requested, and the weights."""
        return digest_of([self.index.version, self.edges, self.limit, code()])

    def items(self) -> Iterator[Item]:
        """Crystals, each with the edge that is predicted."""
        for first in range(0, len(self.new), READ_AT_ONCE):
            part = self.new[first : first + READ_AT_ONCE]
            materials = self.index.materials(np.array([row for row, *_ in part]))
            for material, (_, absorber, edge) in zip(materials, part, strict=True):
                yield Item(spectrum_id(material.material_id, absorber, edge), (material, absorber, edge))


def spectrum_id(material_id: str, absorber: str, edge: str) -> str:
    """Id of a predicted spectrum."""
    return f"{material_id}-predicted-{absorber}-{edge}"


def code() -> str:
    """The code of a predicted spectrum: the model and the hash of its weights."""
    return f"xsearch forward {forward_ensemble().card['sha256'][:8]}"


def process_prediction(item: Item) -> XasSpectrum:
    """A predicted spectrum of a material, the mean over its absorbing sites.

    Raises:
        SpectrumError: where the absorber stands alone.
    """
    material, absorber, edge = item.payload
    ensemble = forward_ensemble()
    predicted = ensemble.predict(material.crystal, absorber, edge)
    known = predicted.energy_eV <= predicted.energy_eV[0] + ensemble.reach_eV(absorber, edge)
    if not np.isfinite(predicted.mu).all():
        raise SpectrumError(f"{item.item_id}: the prediction is not finite.")
    return XasSpectrum(
        spectrum_id=item.item_id,
        absorber=absorber,
        edge=edge,
        energy_eV=predicted.energy_eV[known],
        mu=predicted.mu[known],
        spectrum_type="XANES",
        level="material",
        kind="predicted",
        code=code(),
        source=SOURCE,
        licence=material.licence,
        reduced_formula=material.reduced_formula,
        material_id=material.material_id,
        reference=f"mean of {predicted.sites} sites",
    )
