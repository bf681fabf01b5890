"""Templates put into cells that the pattern tells, where none of them meets it from its own.

A template of the right type may have a cell whose shape is far off, by a fourth along an axis; no search for the best
strain finds the way from there. Where the cell is known beforehand, there is none to find: every template whose volume
agrees is mapped onto it by whole numbers, and its lines then lie where those of the pattern do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.log_q_pattern import N_BINS, WIDTHS, LogQPattern, tap_table
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.strain_fit_kernels import compress, correlation, deposit
from xsearch.infer.lattice_mapping_kernels import UNIMODULAR, map_metric, reduce
from xsearch.infer.proposals import Proposals
from xsearch.infer.refinement import (
    LARGEST_SCALE,
    PRIOR_IN_SCREEN,
    Fitted,
    coordinated,
    fit_closely,
    with_higher_symmetries,
)
from xsearch.infer.screening import line_widths, smallest_spacing, triclinic_lines
from xsearch.infer.substitute import predicted_scale, substituted
from xsearch.infer.template_library import TemplateLibrary
from xsearch.infer.trial_cells import TrialCell
from xsearch.simulate.form_factors import form_factor_table
from xsearch.simulate.line_kernels import LARGEST_SINE
from xsearch.spectra import PowderPattern

SAME_VOLUME = 0.12
"""Difference in the logarithm of the volume up to which a template may belong into a cell: four standard deviations of
the prediction's error."""

LARGEST_STRAIN = 0.35
"""Of a mapping: root of the sum of the squared principal strains, volume apart."""

MAPPINGS = 4
"""Ways to lay a template into a cell that are tried."""

DRAWN, FITTED, LOOKED_AT = 4000, 40, 10
"""Crystals that are drawn in all cells together, fitted, and refined: the right ones stood among the first few."""

PLACE = 2
"""Which of `profile.WIDTHS` candidates are compared at: narrow, since the lines are where they belong."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A proposal laid into a cell.

    Attributes:
        place: of the proposal. cell: place of the cell.
        crystal: in the cell.
        scale: ln(length / predicted length).
        correlation: Pearson's r with the pattern.
    """

    place: int
    cell: int
    crystal: Crystal
    scale: float
    correlation: float


def fit_in_cells(
    library: TemplateLibrary,
    proposals: Proposals,
    pattern: PowderPattern,
    cells: Sequence[TrialCell],
    *,
    coordination: Mapping[str, Sequence[int]] | None = None,
    system: str | None = None,
    threads: int = 2,
) -> Fitted:
    """Lay proposals into cells and strain the best to the pattern.

    Args:
        library: that the proposals were made from.
        proposals: in order of their prior.
        pattern: measured.
        cells: that it may have.
        coordination: coordination numbers that an element may have, such as `{"Mn": (4, 6)}`.
        system: keep one crystal system; in another cell a template may lose its own.
        threads: for the close fits.
    """
    target = prepare(pattern).log_q
    scales = predicted_scale(library, proposals)
    usable = np.flatnonzero(np.abs(scales) < LARGEST_SCALE)
    known, scales = proposals.take(usable), scales[usable]
    laid = list(lay(library, known, scales, cells, target))
    laid.sort(key=lambda one: -one.correlation - PRIOR_IN_SCREEN * float(known.prior[one.place]))
    symmetries: list[Symmetry] = []
    chosen: list[Laid] = []
    for one in _different(laid, known):
        if len(chosen) >= FITTED:
            break
        if coordination and not coordinated(one.crystal, coordination):
            continue
        # the crystal gets the volume that was predicted, as everywhere, and the shape of the cell
        lattice_A = one.crystal.lattice_A * np.exp(-one.scale)
        try:
            symmetries.append(find_symmetry(replace(one.crystal, lattice_A=lattice_A)))
        except CrystalError:
            continue
        chosen.append(one)
    systems = SYSTEM_OF_GROUP[np.array([symmetry.number for symmetry in symmetries], np.int64)]
    taken = known.take(np.array([one.place for one in chosen], np.int64)).in_systems(systems, proposals)
    plain = fit_closely(taken, symmetries, np.array([one.scale for one in chosen]), target, threads)
    fitted = replace(with_higher_symmetries(plain, proposals, target, threads), n_screened=len(laid))
    kept = [k for k, found in enumerate(fitted.symmetries) if system in (None, found.crystal_system)]
    return fitted.taken(kept)


def lay(
    library: TemplateLibrary,
    proposals: Proposals,
    scales: NDArray[np.float64],
    cells: Sequence[TrialCell],
    target: LogQPattern,
) -> Iterator[Laid]:
    """All proposals in all cells whose volume agrees, each in the few ways that strain it least.

    Args:
        library: that the proposals were made from. proposals: in order of their prior.
        scales: (k,) ln(length / source length) that is predicted.
        cells: that are tried; the same number of crystals is drawn for each.
        target: the pattern.
    """
    volume_A3 = library.volume_per_atom_A3[proposals.row] * library.n_sites[proposals.row] * np.exp(3 * scales)
    found, strains = np.zeros(MAPPINGS, np.int64), np.zeros(MAPPINGS)
    draw = _Drawing(target)
    for number, cell in enumerate(cells):
        near = np.flatnonzero(np.abs(np.log(volume_A3 / cell.volume_A3)) < SAME_VOLUME)[: DRAWN // len(cells)]
        left = DRAWN // len(cells)
        goal = cell.lattice_A @ cell.lattice_A.T
        for place, crystal in zip(near.tolist(), substituted(library, proposals.take(near), scales[near]), strict=True):
            scale = float(np.log(cell.volume_A3 / crystal.volume_A3) / 3)
            basis, steps = crystal.lattice_A * np.exp(scale), np.empty((3, 3))
            reduce(basis, steps)
            count = map_metric(basis @ basis.T, goal, UNIMODULAR, LARGEST_STRAIN, found, strains)
            for way in found[:count]:
                inside = Crystal(
                    cell.lattice_A,
                    crystal.frac_coords @ np.linalg.inv(UNIMODULAR[way] @ steps),
                    crystal.elements,
                    crystal.occupancies,
                )
                yield Laid(place, number, inside, scale, draw.correlation(inside, cell.zero_shift_deg))
            left -= count
            if left <= 0:
                break


class _Drawing:
    """Patterns of crystals in their final cells, against a target."""

    def __init__(self, target: LogQPattern) -> None:
        self._target = target
        self._taps, self._reaches = tap_table()
        self._table = form_factor_table()
        self._d_min_A = smallest_spacing(target)
        self._drawn = np.zeros(N_BINS)

    def correlation(self, crystal: Crystal, zero_shift_deg: float) -> float:
        """Pearson's r of a crystal's pattern with the target."""
        target = self._target
        log_q, intensity = triclinic_lines(
            crystal, self._d_min_A, self._table, target.wavelength_A, target.polarisation
        )
        sigma = line_widths(log_q, target.wavelength_A, WIDTHS[PLACE], target.fwhm_deg)
        sine = np.minimum(np.exp(log_q) * target.wavelength_A / (4 * np.pi), LARGEST_SINE)
        log_q = log_q + np.radians(zero_shift_deg) / 2 * np.sqrt(1 / sine**2 - 1)
        deposit(log_q, intensity, sigma, self._taps, self._reaches, target.low, target.high, self._drawn)
        compress(self._drawn, target.total, target.cuts[PLACE], target.low, target.high)
        return float(correlation(self._drawn, target.rows[PLACE], target.low, target.high)[0])


def _different(laid: list[Laid], proposals: Proposals) -> Iterator[Laid]:
    """Those of one formula that draw the same pattern in the same cell once: a symmetry of the lattice relates them."""
    seen: set[tuple[float, ...]] = set()
    for one in laid:
        kind = (one.cell, round(one.correlation, 3), *proposals.coefficients[one.place].tolist())
        if kind not in seen:
            seen.add(kind)
            yield one
