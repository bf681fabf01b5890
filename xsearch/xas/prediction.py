"""From measured edges to what surrounds their absorbers, by models and by the spectra that come with xsearch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.formula import parse_formula
from xsearch.errors import QueryError, SpectrumError
from xsearch.options import parse_elements
from xsearch.preprocess.exafs import extract_exafs
from xsearch.preprocess.xanes import NormalizedXanes, XanesWindow, deglitch, normalize, window
from xsearch.reading import AS_THE_FILE_SAYS, Reading
from xsearch.spectra.measurement import read_edge
from xsearch.spectra.xanes import Xanes
from xsearch.xas.first_shell import FirstShell, first_shell
from xsearch.xas.labelled_edges import KnownSurroundings, with_known_compounds

if TYPE_CHECKING:  # the networks come with torch, which what only shows answers need not load
    from xsearch.models.property_model import PropertyAnswer, PropertyModel
    from xsearch.models.site_blend import SiteAnswer
    from xsearch.models.site_model import SiteModel


@dataclass(frozen=True, slots=True, eq=False)
class EdgePrediction:
    """What the models answer to one spectrum.

    Attributes:
        spectrum: normalised, with both edge energies and notes on what was assumed.
        window: what the models read.
        site: the answer.
        properties: of the material; None where its elements are not given.
        known: what compounds say of the site whose shipped spectra agree; None where nothing was compared or agrees.
        shell: distance of the first shell by EXAFS too; None where the spectrum holds none or shows no maximum.
        model: the site model.
        ms: wall time of preprocessing and prediction, shared evenly in a batch.
    """

    spectrum: NormalizedXanes
    window: XanesWindow
    site: SiteAnswer
    properties: PropertyAnswer | None
    model: SiteModel
    ms: float
    known: KnownSurroundings | None = None
    shell: FirstShell | None = None

    def attribution(self, task: str) -> NDArray[np.float32]:
        """(200,) which energies carried the answer to a task, see `xsearch.models.attribution`."""
        from xsearch.models.attribution import attribution

        return attribution(self.model, self.window, task)


def predict(
    spectra: Sequence[Xanes],
    model: SiteModel | None = None,
    elements: Iterable[str] = (),
    property_model: PropertyModel | None = None,
    amounts: Mapping[str, float] | None = None,
    *,
    library: bool = True,
) -> list[EdgePrediction]:
    """Predict the surroundings of each spectrum's absorber.

    Args:
        spectra: as read from files.
        model: the shipped one if None.
        elements: everything that the sample holds; if given, the answers are conditioned on them, and properties of the
            material are predicted too.
        property_model: the shipped one if None.
        amounts: the formula, if known; it improves oxidation states above all.
        library: whether compounds count whose spectra come with xsearch and agree.

    Raises:
        SpectrumError: for a spectrum that cannot be normalised, with the reason.
        QueryError: for an unknown element, or a formula without the absorber.
    """
    from xsearch.models.property_model import shipped_property_model
    from xsearch.models.site_model import shipped_site_model

    start = time.perf_counter()
    chosen = model or shipped_site_model()
    normalized = [normalize(xanes) for xanes in spectra]
    windows = [window(spectrum) for spectrum in normalized]
    given = list(amounts if amounts is not None else elements)
    answers = chosen.predict(windows, given, amounts)
    heard = [
        with_known_compounds(answer, read, given, amounts) if library else (answer, None)
        for answer, read in zip(answers, windows, strict=True)
    ]
    properties = [
        (property_model or shipped_property_model()).predict([w], given, amounts) if given else None for w in windows
    ]
    ms = (time.perf_counter() - start) * 1e3 / max(len(spectra), 1)
    rows = zip(normalized, windows, heard, properties, strict=True)
    return [
        EdgePrediction(spectrum, read, site, of_material, chosen, ms, said, _shell(spectrum, site))
        for spectrum, read, (site, said), of_material in rows
    ]


def _shell(spectrum: NormalizedXanes, answer: SiteAnswer) -> FirstShell | None:
    """The first shell, of a spectrum that reaches far enough and an answer that says about where it is."""
    if "mnnd_A" not in answer.numbers or "neighbor_z" not in answer.classes:
        return None
    try:
        exafs = extract_exafs(spectrum)
    except SpectrumError:
        return None
    return first_shell(exafs, answer.numbers["mnnd_A"][0], answer.classes["neighbor_z"][0][0])


def predict_file(
    path: str | Path,
    *,
    absorber: str | None = None,
    edge: str | None = None,
    elements: str | Iterable[str] | None = None,
    formula: str | None = None,
    weights: str | Path | None = None,
    without_glitches: bool = False,
    library: bool = True,
    reading: Reading = AS_THE_FILE_SAYS,
) -> EdgePrediction:
    """Predict from a file.

    Args:
        path: a XANES spectrum in any format that `xsearch.spectra.read` knows, as `FILE[:ABSORBER[:EDGE]]`.
        absorber, edge: where the file does not state them.
        elements: everything that the sample holds, such as `Fe,Ti,O`; if given, its properties are predicted too.
        formula: of the compound, such as `FeTiO3`, instead of its elements.
        weights: a folder that `xsearch train` wrote; by default the models that come with the package.
        without_glitches: whether outliers of a single point are replaced first, see `deglitch`.
        library: whether compounds count whose spectra come with xsearch and agree.
        reading: which columns are meant, and how the edge is normalised.

    Raises:
        SpectrumError: where it is not a XANES spectrum or cannot be normalised.
        QueryError: where both elements and a formula are given, or the formula lacks the absorber.
        CrystalError: where the formula is none.
        XSearchError: where the folder holds no model.
    """
    if elements and formula:
        raise QueryError("Elements and a formula were given; one of them is enough.")
    amounts = parse_formula(formula) if formula else None
    spectrum = read_edge(path, absorber, edge, reading)
    if without_glitches:
        spectrum = deglitch(spectrum)
    given = sorted(parse_elements(elements or ()))
    if weights is None:
        return predict([spectrum], elements=given, amounts=amounts, library=library)[0]
    from xsearch.models.property_model import PropertyModel
    from xsearch.models.site_model import SiteModel

    folder = Path(weights)
    has_properties = (folder / "specfusion.json").exists()
    of_material = PropertyModel.load(folder) if (given or amounts) and has_properties else None
    return predict([spectrum], SiteModel.load(folder), given, of_material, amounts, library=library)[0]
