"""From measured edges to what surrounds their absorbers, without any index."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.elements import SYMBOLS
from xsearch.errors import QueryError, SpectrumError
from xsearch.models.property_model import PropertyAnswer, PropertyModel, shipped_property_model
from xsearch.models.site_model import SiteAnswer, SiteModel, shipped_site_model
from xsearch.preprocess.xanes import NormalizedXanes, XanesWindow, deglitch, normalize, window
from xsearch.spectra import read
from xsearch.spectra.xanes import Xanes

if TYPE_CHECKING:
    from rich.table import Table

NAMES = {
    "oxidation_state": "oxidation state",
    "cn": "coordination number",
    "ocn": "oxygen neighbours",
    "neighbor_z": "neighbour element",
    "psgo": "site symmetry order",
    "mnnd_A": "mean neighbour distance (Å)",
    "nnrs_A": "spread of the distances (Å)",
    "mood_A": "least O-O distance (Å)",
    "nnosm": "neighbours' mean oxidation state",
    "cn2": "atoms in the second shell",
    "band_gap_eV": "band gap, DFT (eV)",
    "density_g_cm3": "density (g/cm³)",
    "formation_energy_eV_atom": "formation energy (eV/atom)",
    "fermi_level_eV": "Fermi level, DFT (eV)",
    "is_metal": "metal",
    "is_gap_direct": "direct gap",
    "is_magnetic": "magnetic",
    "magnetic_ordering": "magnetic ordering, DFT",
}


@dataclass(frozen=True, slots=True, eq=False)
class EdgePrediction:
    """What one spectrum tells.

    Attributes:
        spectrum: normalised, with both edge energies and notes on what was assumed.
        window: what the model read.
        site: the answer.
        properties: of the material; None where its elements were not told.
        model: what gave the answer.
        ms: wall time of preprocessing and prediction, shared evenly in a batch.
    """

    spectrum: NormalizedXanes
    window: XanesWindow
    site: SiteAnswer
    properties: PropertyAnswer | None
    model: SiteModel
    ms: float

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        s = self.spectrum
        return {
            "absorber": s.absorber,
            "edge": s.edge,
            "e0_eV": round(s.e0_eV, 2),
            "centre_eV": round(s.centre_eV, 2),
            "tabulated_e0_eV": s.tabulated_e0_eV,
            "edge_step": s.edge_step,
            "normalisation": s.method,
            "notes": list(s.notes),
            "site": self.site.to_dict(),
            "properties": None if self.properties is None else self.properties.to_dict(),
            "ms": round(self.ms, 2),
        }

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        named = self.site.to_dict()
        shown = Table(title=f"{self.spectrum.absorber} {self.spectrum.edge}, E0 {self.spectrum.e0_eV:.1f} eV")
        shown.add_column("quantity")
        shown.add_column("answer", justify="right")
        shown.add_column("next", justify="right")
        for task in (t for t in NAMES if t in self.site.classes):
            best, *others = named["neighbor" if task == "neighbor_z" else task]
            rest = ", ".join(f"{o['value']} {o['probability']:.0%}" for o in others[:2])
            shown.add_row(NAMES[task], f"{best['value']}  {best['probability']:.0%}", rest)
        for task, (value, uncertainty) in self.site.numbers.items():
            shown.add_row(NAMES[task], f"{value:.3f} ± {uncertainty:.3f}", "")
        if self.properties is not None:
            for name, (value, uncertainty) in self.properties.numbers.items():
                shown.add_row(NAMES[name], f"{value:.2f} ± {uncertainty:.2f}", "")
            for name, shares in self.properties.classes.items():
                answer = max(shares, key=lambda c: shares[c])
                shown.add_row(NAMES[name], f"{answer}  {shares[answer]:.0%}", "")
        if self.site.unfamiliar:
            shown.caption = " ".join(self.site.unfamiliar)
        return shown

    def attribution(self, task: str) -> NDArray[np.float32]:
        """(200,) which energies carried the answer to a task, see `xsearch.models.attribution`."""
        from xsearch.models.attribution import attribution

        return attribution(self.model, self.window, task)

    def plot(self, task: str = "cn", path: str | Path | None = None) -> Any:
        """The spectrum with the energies coloured that carried the answer to a task, as a matplotlib Figure.

        Args:
            task: such as `cn`, `oxidation_state` or `mnnd_A`.
            path: where to save it; the suffix (.png, .svg, .pdf) decides the format.
        """
        from xsearch.report.xanes_plot import attribution_figure

        figure = attribution_figure(self.spectrum, self.attribution(task), f"{NAMES[task]}: {self._said(task)}")
        if path is not None:
            from xsearch.report.plot import save_figure

            save_figure(figure, path)
        return figure

    def _said(self, task: str) -> str:
        if task in self.site.numbers:
            value, uncertainty = self.site.numbers[task]
            return f"{value:.3f} ± {uncertainty:.3f}"
        value, probability = self.site.classes[task][0]
        return f"{SYMBOLS[value - 1] if task == 'neighbor_z' else value} ({probability:.0%})"


def predict(
    spectra: Sequence[Xanes],
    model: SiteModel | None = None,
    elements: Iterable[str] = (),
    property_model: PropertyModel | None = None,
    amounts: Mapping[str, float] | None = None,
) -> list[EdgePrediction]:
    """Predict the surroundings of each spectrum's absorber.

    Args:
        spectra: as read from files.
        model: the shipped one if None.
        elements: everything that the sample holds; if told, the answers make use of it, and properties of the material
            are predicted too.
        property_model: the shipped one if None.
        amounts: the formula, if known: it tells more, of oxidation states above all.

    Raises:
        SpectrumError: for a spectrum that cannot be normalised, with the reason.
        QueryError: for an unknown element, or a formula without the absorber.
    """
    start = time.perf_counter()
    chosen = model or shipped_site_model()
    normalized = [normalize(xanes) for xanes in spectra]
    windows = [window(spectrum) for spectrum in normalized]
    told = list(amounts if amounts is not None else elements)
    answers = chosen.predict(windows, told, amounts)
    properties = [(property_model or shipped_property_model()).predict([w], told) if told else None for w in windows]
    ms = (time.perf_counter() - start) * 1e3 / max(len(spectra), 1)
    rows = zip(normalized, windows, answers, properties, strict=True)
    return [EdgePrediction(*row, model=chosen, ms=ms) for row in rows]


def predict_file(
    path: str | Path,
    *,
    absorber: str | None = None,
    edge: str | None = None,
    elements: str | Iterable[str] | None = None,
    formula: str | None = None,
    weights: str | Path | None = None,
    without_glitches: bool = False,
) -> EdgePrediction:
    """Predict from a file.

    Args:
        path: a XANES spectrum in any format that `xsearch.spectra.read` knows.
        absorber, edge: where the file does not tell them.
        elements: everything that the sample holds, such as `Fe,Ti,O`; if told, its properties are predicted too.
        formula: of the compound, such as `FeTiO3`, instead of its elements.
        weights: a folder that `xsearch train` wrote; by default the models that come with the package.
        without_glitches: whether single points that stand out are replaced first, see `deglitch`.

    Raises:
        SpectrumError: where it is no XANES spectrum or cannot be normalised.
        QueryError: where both elements and a formula are given, or the formula lacks the absorber.
        CrystalError: where the formula is none.
        XSearchError: where the folder holds no model.
    """
    if elements and formula:
        raise QueryError("Elements and a formula were given; one of them is enough.")
    amounts = parse_formula(formula) if formula else None
    spectrum = read(path, kind="xanes", absorber=absorber, edge=edge)
    if not isinstance(spectrum, Xanes):
        raise SpectrumError(f"{path}: is no XANES spectrum; `xsearch query` takes powder patterns.")
    if without_glitches:
        spectrum = deglitch(spectrum)
    told = re.findall(r"[^\s,;]+", elements) if isinstance(elements, str) else list(elements or ())
    if weights is None:
        return predict([spectrum], elements=told, amounts=amounts)[0]
    folder = Path(weights)
    has_properties = (folder / "specfusion.json").exists()
    of_material = PropertyModel.load(folder) if (told or amounts) and has_properties else None
    return predict([spectrum], SiteModel.load(folder), told, of_material, amounts)[0]
