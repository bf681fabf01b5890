"""An X-ray absorption spectrum as a library keeps it: raw numbers and their provenance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.mend import mend_axis
from xsearch.spectra.xanes import Xanes

KINDS = ("simulated", "measured", "predicted")
LEVELS = ("material", "site")
TYPES = ("XANES", "EXAFS", "XAFS")


@dataclass(frozen=True, slots=True, eq=False)
class XasSpectrum:
    """A spectrum of a library, kept as it came: descending or repeated energies and negative values included.

    Attributes:
        spectrum_id: unique in an index, such as `mp-149-XANES-Si-K`.
        absorber: the element's symbol.
        edge: such as `K` or `L2,3`.
        energy_eV: (n,) float64.
        mu: (n,) float64 in any linear unit; NaN where the source gives no number.
        spectrum_type: one of `TYPES`; an XAFS spectrum holds both the near edge and the extended part.
        level: one of `LEVELS`: the mean over a material's absorbers, or one of them.
        kind: one of `KINDS`.
        code: what made it, such as `FEFF9`, or a beamline.
        source: where it comes from.
        licence: of the data.
        reduced_formula: of the compound; empty where it is not known.
        material_id: the index's entry that it belongs to; None for a reference without an entry.
        site_index: of the absorbing atom, for a site's spectrum.
        reference: file name, publication or task, in one line.
        last_updated: as the source states it.
    """

    spectrum_id: str
    absorber: str
    edge: str
    energy_eV: NDArray[np.float64]
    mu: NDArray[np.float64]
    spectrum_type: str
    level: str
    kind: str
    code: str
    source: str
    licence: str
    reduced_formula: str = ""
    material_id: str | None = None
    site_index: int | None = None
    reference: str | None = None
    last_updated: str | None = None

    def __post_init__(self) -> None:
        x = np.ascontiguousarray(self.energy_eV, dtype=np.float64)
        y = np.ascontiguousarray(self.mu, dtype=np.float64)
        if x.ndim != 1 or x.shape != y.shape:
            raise SpectrumError(
                f"{self.spectrum_id}: energies and absorption must be two lists of one length, got {x.shape} and "
                f"{y.shape}."
            )
        for value, known, what in (
            (self.kind, KINDS, "kind"),
            (self.level, LEVELS, "level"),
            (self.spectrum_type, TYPES, "type"),
        ):
            if value not in known:
                raise SpectrumError(f"{self.spectrum_id}: {what} {value!r}; one of {', '.join(known)} is expected.")
        object.__setattr__(self, "energy_eV", x)
        object.__setattr__(self, "mu", y)

    def to_xanes(self) -> Xanes:
        """The spectrum with a rising axis and finite values; its notes say what was repaired.

        Raises:
            SpectrumError: where too few points are left.
        """
        x, y, notes = mend_axis(self.energy_eV, self.mu, self.spectrum_id, "energy")
        return Xanes(x, y, self.absorber, self.edge, self.spectrum_id, notes)
