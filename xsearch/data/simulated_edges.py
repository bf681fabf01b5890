"""Simulated measurements of computed near edges, and libraries of an edge as users have them.

Codes err: energies above the edge are stretched here and compressed there, and structure is too high or too low, alike
for all compounds of an edge. So samples differ from computed spectra by a smooth error that they share and by a small
one of their own, and lie at another energy. Where two codes computed a compound, one of them may play the sample and
the other the library. Beamlines then measure the sample: calibration, resolution, noise, self-absorption, the edge
step, the range of the scan. Some compounds have a predicted spectrum instead of a computed one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from xsearch.data.augmentation import Augmentation, STEP_eV, broaden, hold_ends, read_at
from xsearch.data.beamlines import BEAMLINES, Beamlines, BeamlineSettings, draw_beamlines
from xsearch.indexes.xanes_table import XanesTable, concatenate
from xsearch.preprocess.edge import core_hole_width
from xsearch.preprocess.xanes import WINDOW_POINTS, NormalizedXanes, WINDOW_GRID_eV
from xsearch.settings import setting
from xsearch.spectra.edges import tabulated_edge
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.matching import ShiftPrior, shift_prior

BY_HAND = "set by hand"

SAMPLE = Augmentation(
    calibration_eV=0.0,
    misplaced_eV=0.0,
    self_absorption=0.0,
    sharpening=0.0,
    noise=0.0,
    broadening_eV=0.8,
    scale=0.0,
    slope=0.0,
    crop_eV=(0.0, 0.0),
    short_end_eV=(99.0, 99.0),
    probability=0.9,
)
"""How a sample differs from its computed spectrum by itself, beside the error of the code."""

BEAMLINE = Augmentation(
    calibration_eV=0.0,
    stretch=0.0,
    disorder_A2=0.0,
    white_line=0.0,
    noise=0.03,
    broadening_eV=0.0,
    self_absorption=0.43,
    scale=0.05,
    slope=0.05,
)
"""How a measurement differs from the sample beside the beamline's calibration and resolution: self-absorption takes up
to 30 % of the structure, and the post-edge may rise or fall by a tenth where its fit went astray."""


CODES = (
    "so that the distance 1 - r between a sample and its computed spectrum, 0.01 to 0.09 (10 to 90 % of them), is that "
    "between FEFF9, FEFF10 and VASP of one material (xas_feff9, xas_feff10; Ti, V, Cu)"
)


@dataclass(frozen=True, slots=True)
class CodeErrorSettings:
    """Smooth random errors of a code, which all samples of a search share."""

    warp_eV: float = setting(1.5, "eV", f"standard deviation of energies far above the edge, {CODES}")
    warp_length_eV: float = setting(10.0, "eV", f"{BY_HAND}: over which it changes, and from which above the edge")
    gain: float = setting(0.6, "ln height", f"standard deviation of the height of structure, {CODES}")
    gain_length_eV: float = setting(6.0, "eV", f"{BY_HAND}: over which it changes, and that counts as structure")
    own_shift_eV: float = setting(
        1.0,
        "eV",
        "standard deviation of a compound's shift about that of its edge: VASP less FEFF9 scatter by 1.1 eV over 21 "
        "titanium compounds",
    )
    strength: tuple[float, float] = setting(
        (0.4, 1.6), "1", f"{BY_HAND}: factor of both, drawn for each search: FEFF9 is nearer to FEFF10 than to VASP"
    )


CODE_ERRORS = CodeErrorSettings()


@dataclass(frozen=True, slots=True)
class SimulatedLibrarySettings:
    """What a simulated library holds."""

    most_spectra: int = setting(600, "spectra", f"{BY_HAND}: of an edge, so that all of them are matched at once")
    whole: float = setting(0.4, "probability", f"{BY_HAND}: that no compound's computed spectra are left out")
    least_kept: float = setting(0.1, "of the compounds", f"{BY_HAND}: that otherwise keep theirs")
    referenced: float = setting(0.6, "probability", f"{BY_HAND}: that there are measured references")
    least_referenced: float = setting(0.05, "of the compounds", f"{BY_HAND}: that then have one, at least")
    most_referenced: float = setting(0.5, "of the compounds", f"{BY_HAND}: that then have one, at most")
    right_referenced: float = setting(0.5, "probability", f"{BY_HAND}: that the query's compound is one of them then")
    only_references: float = setting(0.3, "probability", f"{BY_HAND}: that it has no computed spectrum then")
    other_code: float = setting(0.5, "probability", f"{BY_HAND}: that another code plays the sample where one can")
    predicted: float = setting(0.3, "probability", f"{BY_HAND}: that there are predicted spectra, where any are given")
    least_predicted: float = setting(0.2, "of the compounds", f"{BY_HAND}: that then have one instead, at least")


SIMULATED_LIBRARY = SimulatedLibrarySettings()


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedSearch:
    """A measured edge and the library in which it is searched.

    Attributes:
        query: the edge.
        library: with computed spectra and simulated references, those of the right compound among them.
        formula, row: of the right compound.
        by_other_code: whether another code than the library's played the sample.
    """

    query: NormalizedXanes
    library: EdgeLibrary
    formula: str
    row: int
    by_other_code: bool

    def without_right(self) -> EdgeLibrary:
        """The library without spectra of the right formula."""
        return self.library.take(self.library.spectra.reduced_formula != self.formula)


def simulated_search(
    computed: EdgeLibrary,
    place: int,
    random: np.random.Generator,
    settings: SimulatedLibrarySettings = SIMULATED_LIBRARY,
    predicted: XanesTable | None = None,
    beamlines: BeamlineSettings = BEAMLINES,
) -> SimulatedSearch:
    """A simulated measurement of one compound, and a library with and without references.

    Args:
        computed: computed spectra of an edge, of entries of an index.
        place: of the spectrum that is measured.
        random: where chance comes from.
        settings: what the library holds.
        predicted: of some of the materials, by a model that had not seen their formulas.
        beamlines: how those err that measure the sample and the references.
    """
    table, row = computed.spectra, int(computed.row[place])
    code, formula = str(table.code[place]), str(table.reduced_formula[place])
    others = (computed.row == row) & (table.code != code)
    by_other_code = bool(others.any()) and random.random() < settings.other_code
    kept = table.code != code if by_other_code else np.ones(len(table), bool)
    rows = np.unique(computed.row[kept])
    if random.random() >= settings.whole:
        share = random.uniform(settings.least_kept, 1.0)
        rows = rows[random.random(len(rows)) < share]
    kept &= np.isin(computed.row, rows) | (computed.row == row)
    if (excess := int(kept.sum()) - settings.most_spectra) > 0:
        spare = np.flatnonzero(kept & (computed.row != row))
        kept[random.choice(spare, min(excess, len(spare)), replace=False)] = False
    referenced = np.zeros(len(table), bool)
    if random.random() < settings.referenced:
        same_code = np.flatnonzero((table.code == code) & (computed.row != row))
        _, first = np.unique(table.reduced_formula[same_code].astype(str), return_index=True)
        one_each = same_code[first]
        low, high = np.log([settings.least_referenced, settings.most_referenced])
        share = float(np.exp(random.uniform(low, high)))
        referenced[one_each[random.random(len(one_each)) < share]] = True
        referenced[table.reduced_formula == formula] = False
        referenced[place] = random.random() < settings.right_referenced
    if referenced[place] and random.random() < settings.only_references:
        kept &= computed.row != row
    measured = np.flatnonzero(referenced | (np.arange(len(table)) == place))
    samples = _samples(table.take(measured), random, by_other_code)
    offset = samples.offset_eV + _code_shifts_eV(shift_prior(samples), random).astype(np.float32)
    at = int(np.flatnonzero(measured == place)[0])
    if by_other_code:  # whose energies are its own: a sample lies where the library's spectra of it say
        offset[at] += np.median(table.offset_eV[others]) - table.offset_eV[place]
    samples = replace(samples, offset_eV=offset)
    # the sample is measured at a beamline of its own, the references at a few others
    edge_eV = tabulated_edge(table.absorber, table.edge).energy_eV
    there = draw_beamlines(1 + int(random.integers(1, beamlines.most + 1)), edge_eV, random, beamlines)
    query = _measured(samples.take(np.array([at])), there.take(np.zeros(1, np.int64)), random)
    library = computed.take(kept)
    if predicted is not None and random.random() < settings.predicted:
        library = _with_predictions(library, predicted, random.uniform(settings.least_predicted, 1.0), random)
    if referenced.any():
        references = samples.take(referenced[measured])
        by = there.take(random.integers(1, len(there), len(references)))
        library = _with_references(library, _measured(references, by, random))
    return SimulatedSearch(_as_spectrum(query), library, formula, row, by_other_code)


def _samples(table: XanesTable, random: np.random.Generator, as_they_are: bool) -> XanesTable:
    return table if as_they_are else _augmented(with_code_errors(table, random), SAMPLE, random)


def with_code_errors(
    table: XanesTable, random: np.random.Generator, settings: CodeErrorSettings = CODE_ERRORS
) -> XanesTable:
    """Spectra as another code, or nature, has them: all with the same smooth error."""
    values = hold_ends(torch.from_numpy(np.ascontiguousarray(table.values)), torch.from_numpy(table.known.copy()))
    above = np.clip(WINDOW_GRID_eV / settings.warp_length_eV, 0.0, 1.0)
    strength = random.uniform(*settings.strength)
    warp = strength * settings.warp_eV * above * smooth_noise(random, settings.warp_length_eV)
    gain = np.exp(strength * settings.gain * smooth_noise(random, settings.gain_length_eV))
    values = read_at(values, torch.from_numpy(warp).float().expand_as(values))
    level = broaden(values, torch.full((len(values),), settings.gain_length_eV))
    values = level + (values - level) * torch.from_numpy(gain).float()
    return replace(table, values=np.where(table.known, values.numpy(), 0.0).astype(np.float32))


def _code_shifts_eV(
    usual: ShiftPrior, random: np.random.Generator, settings: CodeErrorSettings = CODE_ERRORS
) -> NDArray[np.float64]:
    """(n,) how far samples of one edge lie from a code's energies: what its atom lacks is shared."""
    own = np.minimum(settings.own_shift_eV, usual.sigma_eV)
    shared = random.normal() * np.sqrt(usual.sigma_eV**2 - own**2)
    return np.asarray(usual.mean_eV + shared + random.normal(0.0, own))


def smooth_noise(random: np.random.Generator, length_eV: float) -> NDArray[np.float64]:
    """(200,) Gaussian noise of unit variance on the window's grid, smooth over a length."""
    sigma = length_eV / STEP_eV
    distance = np.arange(-int(4 * sigma), int(4 * sigma) + 1)
    kernel = np.exp(-0.5 * (distance / sigma) ** 2)
    white = random.normal(size=WINDOW_POINTS + len(kernel) - 1)
    return np.convolve(white, kernel / np.sqrt((kernel**2).sum()), mode="valid")


def _measured(samples: XanesTable, by: Beamlines, random: np.random.Generator) -> XanesTable:
    """What beamlines, one for each sample, measure."""
    held = hold_ends(torch.from_numpy(np.ascontiguousarray(samples.values)), torch.from_numpy(samples.known.copy()))
    resolved = broaden(held, torch.from_numpy(by.resolution_eV).float()).numpy()
    values = np.where(samples.known, resolved, 0.0).astype(np.float32)
    offset = (samples.offset_eV + by.calibration_eV).astype(np.float32)
    return _augmented(replace(samples, values=values, offset_eV=offset), BEAMLINE, random)


def _augmented(table: XanesTable, augmentation: Augmentation, random: np.random.Generator) -> XanesTable:
    generator = torch.Generator().manual_seed(int(random.integers(2**31)))
    width = torch.full((len(table),), core_hole_width(table.absorber, table.edge))
    values, known, offset = augmentation(
        torch.from_numpy(np.ascontiguousarray(table.values)),
        torch.from_numpy(np.ascontiguousarray(table.known)),
        torch.from_numpy(np.ascontiguousarray(table.offset_eV)),
        generator,
        width,
    )
    return replace(
        table,
        values=values.numpy().astype(np.float32),
        known=known.numpy(),
        offset_eV=offset.numpy().astype(np.float32),
    )


def _with_predictions(
    library: EdgeLibrary, predicted: XanesTable, share: float, random: np.random.Generator
) -> EdgeLibrary:
    """A library in which a share of the compounds have a predicted spectrum instead of computed ones."""
    row_of = dict(zip(library.spectra.material_id.tolist(), library.row.tolist(), strict=True))
    row = np.array([row_of.get(one, -1) for one in predicted.material_id], np.int64)
    chosen = (row >= 0) & (random.random(len(row)) < share)
    if not chosen.any():
        return library
    left = library.take(~np.isin(library.row, row[chosen]))
    new = predicted.take(chosen)
    spectra = concatenate([left.spectra, new]) if len(left) else new
    return EdgeLibrary(
        spectra, np.append(left.row, row[chosen]), np.append(left.note, np.full(int(chosen.sum()), "", object))
    )


def _with_references(library: EdgeLibrary, references: XanesTable) -> EdgeLibrary:
    n = len(references)

    def text(value: str) -> NDArray[np.object_]:
        return np.full(n, value, object)

    named = replace(
        references,
        spectrum_id=np.array([f"reference of {one}" for one in references.spectrum_id], object),
        material_id=text(""),
        kind=text("measured"),
        level=text("material"),
        code=text("beamline"),
        source=text("simulated measurement"),
    )
    return EdgeLibrary(
        concatenate([library.spectra, named]),
        np.append(library.row, np.full(n, -1, np.int64)),
        np.append(library.note, text("")),
    )


def _as_spectrum(table: XanesTable) -> NormalizedXanes:
    """A table of one as a normalised spectrum whose window is that one again."""
    edge_eV = tabulated_edge(table.absorber, table.edge).energy_eV
    centre_eV = edge_eV + float(table.offset_eV[0])
    known = table.known[0]
    return NormalizedXanes(
        energy_eV=centre_eV + WINDOW_GRID_eV[known],
        mu=table.values[0][known].astype(np.float64),
        absorber=table.absorber,
        edge=table.edge,
        e0_eV=centre_eV,
        centre_eV=centre_eV,
        tabulated_e0_eV=edge_eV,
        edge_step=1.0,
        method="flattened",
        source="simulated measurement",
    )
