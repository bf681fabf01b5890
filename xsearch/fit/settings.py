"""The numbers that decide the fits of crystals to powder patterns.

Expected sizes are standard deviations of a normal prior: the evidence charges for what is moved by more.
"""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.preprocess.axis import MATCH_AXIS, RECALL_AXIS
from xsearch.settings import setting

BY_HAND = "set by hand"
MEASURED = "a ranking weight, chosen on 97 measured patterns: xsearch evaluate pxrd pxrd_measured.parquet --index mp"
HAND = "set by hand on simulated laboratory patterns"
LEARNED = "set by hand; the size of displacements is learned for each crystal (MacKay, Neural Comput. 4 (1992) 415)"


@dataclass(frozen=True, slots=True)
class RietveldSettings:
    """What is refined, how far it is expected to move, what errors a pattern has, and how steps are taken."""

    most_lines: int = setting(250, "1", "the strongest lines are calculated; in a large cell the others lie under them")
    faintest: float = setting(3e-4, "1", "share of the strongest line below which a line is left out, " + HAND)
    margin_deg: float = setting(1.5, "deg", "lines so far beyond the ends of the pattern reach into it")
    cell_share: float = setting(
        0.25, "1", "of the expected changes of a strain fit: half a per cent of a length, " + HAND
    )
    shift_deg: float = setting(0.05, "deg", "zero shift and sample displacement, " + HAND)
    b_step_A2: float = setting(0.5, "A^2", "overall B factor, " + HAND)
    width_step: float = setting(0.4, "1", "logarithm of the line width, " + HAND)
    size_deg: float = setting(0.03, "deg", "width that grows with 1 / cos theta (Scherrer), " + HAND)
    size_step: float = setting(1.0, "1", "logarithm of size_deg, " + HAND)
    microstrain_deg: float = setting(0.1, "deg", "width that grows with tan theta (Stokes and Wilson), " + HAND)
    microstrain_step: float = setting(0.8, "1", "logarithm of microstrain_deg, " + HAND)
    texture: float = setting(0.2, "1", "logarithm of the March parameter along each axis, " + HAND)
    most_texture: float = setting(2.0, "1", "largest logarithm of an intensity factor by texture, " + HAND)
    atom_sigma_A: float = setting(0.07, "A", "typical displacement along each allowed direction, " + LEARNED)
    first_size: float = setting(
        2.0, "atom_sigma_A", "where learning starts, wide so that atoms come far enough; " + LEARNED
    )
    largest_size: float = setting(6.0, "atom_sigma_A", "where learning ends; " + LEARNED)
    held: float = setting(2.0, "1", "displacements of typical size that count beside those seen; " + LEARNED)
    grains: tuple[float, float] = setting(
        (0.2, 0.12),
        "1",
        "scatter of intensities before and after atoms may move; where they stand is part of the first",
    )
    shape_error: float = setting(0.03, "1", "relative error of the profile, " + HAND)
    place_error_deg: float = setting(0.01, "deg", "error of a line's place, " + HAND)
    least_error: float = setting(1e-3, "highest point", "smallest error of a point, " + HAND)
    foreign: float = setting(0.02, "1", "share of points that are something else's, " + HAND)
    foreign_height: float = setting(0.05, "highest point", "how high these stand, of both signs, " + HAND)
    background_sigma: float = setting(0.01, "highest point", "expected error of the background, " + HAND)
    turns: int = setting(12, "1", "steps at most where atoms stay, " + HAND)
    turns_before_atoms: int = setting(3, "1", "these only bring the lines to where they belong")
    turns_with_atoms: int = setting(16, "1", "steps at most where atoms move, " + HAND)
    largest_step: float = setting(1.5, "expected change", "of a Gauss-Newton step, " + HAND)
    shorter: tuple[float, ...] = setting((1.0, 0.4, 0.15), "1", "shares of a step that are tried, " + HAND)
    least_gain: float = setting(0.3, "nat", "a step that brings less is the last, " + HAND)
    most_moves: int = setting(100, "1", "crystals with more free displacements keep their atoms, for speed")
    most_atoms: int = setting(80, "1", "crystals with more atoms keep them where they are, for speed")
    least_scale: float = setting(0.05, "1", "of the pattern's intensity that a crystal is scaled to at least, " + HAND)


RIETVELD = RietveldSettings()


@dataclass(frozen=True, slots=True)
class PointSettings:
    """How a net pattern becomes the points of a refinement."""

    merged: int = setting(2, "points", "0.04°, a third of the narrowest line after the smoothing of the net pattern")
    narrowest_steps: float = setting(6.0, "steps", "width that the smoothing of a net pattern leaves to a sharp line")
    widest_deg: float = setting(6.0, "deg", "physics: of a line from crystals of 2 nm, with copper to 60°")
    knot_deg: float = setting(
        8.0, "deg", BY_HAND + ": distance of the knots of the background functions, between a line and a hump"
    )


POINTS = PointSettings()


@dataclass(frozen=True, slots=True)
class CorrelationSettings:
    """How stored crystals are strained to a pattern, and their profiles correlated with it."""

    smoothings: tuple[float, ...] = setting(
        (0.02, 0.01, 0.005, 0.003), "ln q", BY_HAND + ": of the pattern while a strain is sought, coarse to fine"
    )
    scales: tuple[float, ...] = setting(
        (MATCH_AXIS.width, 0.007, 0.014), "ln q", BY_HAND + ": widths on which strained profiles are compared"
    )
    weights: tuple[float, ...] = setting((3.0, 2.6, 2.1), "1", "of -ln(1 - correlation) on each scale, " + MEASURED)
    recall_weight: float = setting(
        4.2, "1", "of -ln(1 - correlation) on the recall axis, with an isotropic strain only, " + MEASURED
    )
    least_distance: float = setting(1e-3, "1 - r", BY_HAND + ": closer correlations are not distinguished")
    most_lines: int = setting(150, "lines", BY_HAND + ": the strongest of a crystal are strained, for speed")
    power: float = setting(0.35, "1", "of a line's area as its weight, that of the axis")
    stiffness: float = setting(0.012, "1", BY_HAND + ": of the strain penalty against the sum over lines")
    strain_sigma: float = setting(0.012, "ln length", BY_HAND + ": of the mean strain about its expectation")
    shape_sigma: float = setting(0.010, "ln length", BY_HAND + ": of a change of shape")
    zero_sigma_deg: float = setting(0.1, "deg", BY_HAND + ": of the zero shift")

    @property
    def scales_and_recall(self) -> tuple[float, ...]:
        """The scales and that of recall, where one profile stands for both, as for a mixture."""
        return (*self.scales, RECALL_AXIS.width)

    @property
    def weights_and_recall(self) -> tuple[float, ...]:
        """The weights on `scales_and_recall`."""
        return (*self.weights, self.recall_weight)


CORRELATION = CorrelationSettings()


@dataclass(frozen=True, slots=True)
class LogQSettings:
    """How patterns are smoothed and compressed on the screening axis."""

    smoothings: tuple[float, ...] = setting(
        (0.012, 0.007, 0.004, 0.0022),
        "ln q",
        BY_HAND + ": from one that finds a cell to one that tells neighbours apart",
    )
    spread_place: int = setting(2, "1", BY_HAND + ": place of the smoothing at which occupied bins are counted")
    cut_noise: float = setting(
        8.0, "standard deviations", BY_HAND + ": intensities above the cut count by their square root"
    )
    cut_share: float = setting(1e-3, "highest bin", BY_HAND + ": of the cut, besides the noise")


LOG_Q = LogQSettings()

B_EXPECTED_A2 = 1.0
"""Overall B factor that is expected of a crystal at room temperature."""


@dataclass(frozen=True, slots=True)
class StrainFitSettings:
    """How a cell is fitted to a pattern by the correlation, from a predicted one."""

    length_sigma: float = setting(
        0.02, "ln length", BY_HAND + ": error of predicted lengths, and of one axis to others"
    )
    angle_sigma_deg: float = setting(2.0, "deg", BY_HAND + ": expected change of a cell angle")
    zero_sigma_deg: float = setting(0.06, "deg", BY_HAND + ": expected zero shift")
    b_sigma_A2: float = setting(0.6, "A^2", BY_HAND + ": expected difference of the overall B factor from 1 A^2")
    misfit_weight: float = setting(20.0, "1", BY_HAND + ": of ln misfit against half the squared changes")
    least_misfit: float = setting(0.01, "1 - r", BY_HAND + ": that texture and noise leave anyway")
    most_steps: int = setting(15, "steps", "of BFGS, " + BY_HAND)
    most_line_steps: int = setting(6, "steps", "of one line search of BFGS, " + BY_HAND)
    misfit_tolerance: float = setting(4e-5, "1", "relative decrease: a thousandth of the misfit is enough")
    slope_tolerance: float = setting(0.01, "1", "of the loss by one standard deviation, " + BY_HAND)
    fwhm_factors: tuple[float, ...] = setting((0.6, 0.8, 1.0, 1.3, 1.7), "typical FWHM", BY_HAND + ": widths tried")
    scan_reach: float = setting(
        0.06, "ln length", BY_HAND + ": scales about that of the screening from which fits start"
    )
    scan_steps: int = setting(25, "scales", BY_HAND)
    scan_shapes: tuple[float, ...] = setting(
        (0.0, -0.022, 0.022, -0.045, 0.045), "ln length", BY_HAND + ": changes of single axes from which fits start"
    )
    scan_penalty: float = setting(0.02, "correlation", BY_HAND + ": cost of a scanned change of one length_sigma")
    scan_lines: int = setting(60, "lines", BY_HAND + ": the strongest, in the scan")
    most_lines: int = setting(200, "lines", "the strongest are fitted; in a large cell the others lie under them")
    faintest: float = setting(5e-4, "strongest line", BY_HAND + ": fainter lines are left out")
    farthest: float = setting(
        12.0, "standard deviations", "their cost outweighs any misfit; a step without bounds can overflow"
    )


STRAIN_FIT = StrainFitSettings()


@dataclass(frozen=True, slots=True)
class LeBailSettings:
    """How the lines of a strained cell are fitted with free intensities, and with the calculated ones."""

    weight_floor: float = setting(0.01, "highest point", BY_HAND + ": of the weights; what is fainter counts little")
    merged: int = setting(2, "points", "to one while lines move, as of a refinement; a line has three or more of these")
    least_misfit: float = setting(0.01, "1", BY_HAND + ": smaller misfits are not distinguished")
    first_passes: int = setting(5, "passes", BY_HAND + ": of the free intensities at first")
    passes: int = setting(3, "passes", BY_HAND + ": of the free intensities after each round that moves the lines")
    last_passes: int = setting(4, "passes", BY_HAND + ": of the free intensities in the end")
    rounds: int = setting(3, "rounds", BY_HAND + ": that move the lines")
    good_cell: float = setting(0.05, "1", BY_HAND + ": misfit of free intensities below which no other start is tried")
    even_share: float = setting(0.02, "strongest line", BY_HAND + ": added to areas at the start, so that none is 0")
    narrowest_deg: float = setting(0.008, "deg", BY_HAND + ": smallest full width of a line, at a synchrotron")
    widest_deg: float = setting(6.0, "deg", "physics: of a line from crystals of 2 nm, with copper to 60°")
    strain_sigma: float = setting(0.004, "ln length", BY_HAND + ": how far a strain may move from the match")
    zero_sigma_deg: float = setting(0.1, "deg", BY_HAND + ": how far the zero shift may move from the match")
    width_sigma: float = setting(0.3, "ln width", BY_HAND)
    growth_sigma: float = setting(0.5, "ln width per tan theta", BY_HAND)
    largest_strain_step: float = setting(0.003, "ln length", BY_HAND + ": of one round")
    stiffness: float = setting(0.02, "1", BY_HAND + ": weight of these changes against the pattern")
    calculated_steps: int = setting(8, "steps", BY_HAND + ": Gauss-Newton, with the calculated intensities")
    largest_calculated_step: float = setting(0.7, "1", BY_HAND + ": in ln scale, B and ln intensity by texture")
    b_sigma_A2: float = setting(1.0, "A^2", BY_HAND + ": of a difference in B")
    march_stiffness: float = setting(0.05, "1", BY_HAND + ": weight of the square of ln r against the pattern")
    tried_log_march: tuple[float, ...] = setting(
        (-0.8, -0.4, -0.15, 0.15, 0.35, 0.6), "1", BY_HAND + ": ln of March parameters that each axis is tried with"
    )
    grains: float = setting(0.15, "1", BY_HAND + ": expected scatter of lines' intensities")
    shape_error: float = setting(0.03, "1", BY_HAND + ": expected relative error of the profile, as of a refinement")
    place_error_deg: float = setting(0.01, "deg", BY_HAND + ": expected error of a line's place, as of a refinement")
    least_error: float = setting(1e-3, "highest point", BY_HAND + ": smallest expected error of a point")


LE_BAIL = LeBailSettings()


@dataclass(frozen=True, slots=True)
class MultiphaseSettings:
    """How several phases are fitted together, and charged for."""

    fitted_scale: int = setting(1, "1", BY_HAND + ": place of the scale on which amounts are fitted")
    choice_cost: float = setting(
        0.9,
        "log-evidence per ln(rows)",
        "of a phase, by the number of rows it was chosen from, as BIC (Schwarz, Ann. Statist. 6 (1978) 461); chosen on "
        "simulated patterns, python -m benchmarks.simulated_mixtures --half develop: 29 of 30 pure ones stay one phase",
    )
    missing_element_cost: float = setting(
        3.0, "log-evidence", BY_HAND + ": of a required element that is in none of the phases; it may sit in a glass"
    )
    parts: int = setting(
        12, "parts", BY_HAND + ": of the axis, each left out once for the errors of amounts (jackknife)"
    )


MULTIPHASE = MultiphaseSettings()


@dataclass(frozen=True, slots=True)
class KnownPhaseSettings:
    """How a phase that is certainly there is fitted to a pattern that holds more."""

    strain_sigma: float = setting(0.003, "ln length", BY_HAND + ": of a measured cell: temperature and impurities")
    computed_strain_sigma: float = setting(0.008, "ln length", BY_HAND + ": of a computed cell, or one from a file")
    shape_sigma: float = setting(0.002, "ln length", BY_HAND + ": of a change of shape")
    zero_sigma_deg: float = setting(0.06, "deg", BY_HAND + ": of the zero shift; a holder lies below the sample")
    displacement_sigma_deg: float = setting(0.08, "deg", BY_HAND + ": of the sample's displacement")
    faintest: float = setting(0.005, "strongest line", BY_HAND + ": fainter lines are left out")
    faintest_judged: float = setting(0.03, "strongest line", BY_HAND + ": from which texture and scale are taken")
    averaged_widths: float = setting(0.4, "line widths", "physics: the average that finds a line of this width best")
    near_widths: float = setting(0.5, "line widths", BY_HAND + ": so far from its place a line is sought")
    near_deg: float = setting(0.06, "deg", BY_HAND + ": the same at least")
    scan_strains: tuple[float, ...] = setting(
        (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0), "strain_sigma", BY_HAND + ": tried at first"
    )
    scan_zeros: tuple[float, ...] = setting((-2.0, -1.0, 0.0, 1.0, 2.0), "zero_sigma_deg", BY_HAND + ": the same")
    scan_cost: float = setting(0.003, "highest line's root", BY_HAND + ": of one standard deviation, squared")
    strain_cost: float = setting(0.01, "ln height", BY_HAND + ": the same, where fits from several starts are compared")
    turns: int = setting(4, "turns", BY_HAND + ": of steps towards the maxima")
    robust_turns: int = setting(5, "turns", BY_HAND + ": in which lines of other phases lose their weight")
    place_error_deg: float = setting(0.02, "deg", BY_HAND + ": of a line's maximum")
    log_marches: tuple[float, ...] = setting(
        (-1.0, -0.7, -0.45, -0.25, -0.12, 0.12, 0.25, 0.45, 0.7), "1", BY_HAND + ": ln March parameters along each axis"
    )
    texture_cost: float = setting(0.1, "1", BY_HAND + ": of its square")
    above_cost: float = setting(0.3, "1", BY_HAND + ": of lines that are higher than calculated, against lower ones")
    scale_quantile: float = setting(0.35, "1", BY_HAND + ": of measured over calculated heights: others add to them")
    most_away: float = setting(1.0, "ln height", BY_HAND + ": a line counts no more")
    most_factor: float = setting(1.7, "1", BY_HAND + ": of a line's height by grains; higher ones are covered")
    forgiven: float = setting(1.15, "1", BY_HAND + ": as much more is taken off")
    width_factors: tuple[float, ...] = setting((0.4, 0.55, 0.75, 1.0, 1.35, 1.8, 2.5), "typical FWHM", BY_HAND)
    shape_lines: int = setting(6, "lines", BY_HAND + ": the strongest, from which width and Kα2 are taken")
    shape_window: float = setting(2.0, "line widths", BY_HAND + ": on each side of them")
    seen_share: float = setting(0.4, "1", BY_HAND + ": of a line's calculated height that must be there")
    seen_noise: float = setting(4.0, "standard deviations", BY_HAND + ": the same")
    window_kept: float = setting(0.5, "1", BY_HAND + ": where less is left, lines are not noted as another phase's")
    least_left: float = setting(0.004, "highest line", BY_HAND + ": of the highest line that is left to search for")
    symprec_A: float = setting(0.01, "A", BY_HAND + ": of the symmetry of tabulated crystals")
    least_seen: float = setting(0.5, "1", BY_HAND + ": of the phase's intensity that must be there")


KNOWN_PHASE = KnownPhaseSettings()
