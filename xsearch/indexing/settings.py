"""The numbers that decide an indexing."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsearch.settings import setting

WEIGHED = "fitted to simulated patterns: python -m benchmarks.indexing_weights"


@dataclass(frozen=True)
class LineSettings:
    """How lines are located in a pattern."""

    least_height: float = setting(0.004, "of the highest point", "set by hand")
    least_noise: float = setting(4.0, "standard deviations", "set by hand: of the height and of the rise of a line")
    least_rise: float = setting(0.05, "of the line's height", "set by hand: noise makes maxima on a line's top")
    top_share: float = setting(0.3, "FWHM", "set by hand: half the width about the top that the position is read from")
    fixed_error_deg: float = setting(0.02, "degrees 2θ", "set by hand: how far off a goniometer may put a line")
    width_error: float = setting(0.10, "FWHM", "set by hand: how far off a line's position may be for its width")
    same_wavelength_A: float = setting(2e-4, "Å", "set by hand: within which a wavelength is that of a tube's Kα1")
    kalpha2_heights: tuple[float, float] = setting(
        (0.25, 0.75), "of the Kα1 line", "set by hand about one half, the ratio of the two lines of a tube"
    )


@dataclass(frozen=True)
class IndexingSettings:
    """How cells are searched for and compared."""

    lines: LineSettings = field(default_factory=LineSettings)
    n_lines: int = setting(20, "lines", "de Wolff, J. Appl. Cryst. 1, 108 (1968): M20")
    n_checked: int = setting(10, "lines", "set by hand: first lines that a trial cell explains")
    spare_lines: int = setting(1, "lines", "set by hand: of the checked ones may be another phase's")
    kept: int = setting(24, "cells", "set by hand: trial cells of a lattice that go on to refinement")
    refines: bool = setting(False, "1", "set by hand: whether trial cells are refined before they are compared")
    joins_zones: bool = setting(False, "1", "set by hand: whether pairs of zones are joined, too")
    most_unindexed: int = setting(3, "lines", "set by hand: of all in a cell that is kept")
    deviation_floor: float = setting(0.15, "of the allowed error", "set by hand: few lines fit better by chance alone")
    counts_centring: bool = setting(
        False, "1", "set by hand: whether the largest volume allows for reflections that centrings leave out"
    )
    least_seen: float = setting(0.25, "of the reflections", "set by hand: with the density of lines, limits the volume")
    largest_volume_A3: float = setting(6000.0, "Å³", "set by hand: powder lines overlap in larger cells")
    zero_shift_sigma_deg: float = setting(0.05, "degrees 2θ", "set by hand: usual alignment of a diffractometer")
    zero_shifts_deg: tuple[float, ...] = setting(
        (0.0, 0.07, -0.07), "degrees 2θ", "set by hand: tried in turn, until a cell of `clear_rank` is found"
    )
    clear_rank: float = setting(15.0, "1", "set by hand: M_N after the costs of unindexed lines and free parameters")
    refinement_rounds: int = setting(3, "rounds", "set by hand: least squares on the assigned lines converge")
    same_length: float = setting(0.01, "relative", "set by hand: reduced cells within it are one lattice")
    same_angle_deg: float = setting(1.0, "degrees", "set by hand: reduced cells within it are one lattice")
    unindexed_cost: float = setting(0.5, "factor of M_N", "set by hand: for each unindexed line")
    parameter_cost: float = setting(0.9, "factor of M_N", "set by hand: for each free parameter of the lattice")
    least_of_best: float = setting(
        0.5, "of the best rank", "set by hand: the highest symmetry whose rank is so high describes a lattice"
    )
    likely_m_n: float = setting(10.0, "1", "de Wolff (1968): a cell with a larger M20 is probably right")
    likely_unindexed: int = setting(2, "lines", "de Wolff (1968): with no more unindexed lines")


@dataclass(frozen=True)
class PoolSettings:
    """How trial cells from several selections of lines are compared by all lines."""

    least_heights: tuple[float, ...] = setting(
        (0.015, 0.0, 0.05), "of the highest point", "set by hand: of the lines that cells are searched from, in turn"
    )
    fewest_lines: int = setting(4, "lines", "set by hand: a selection of fewer is passed over")
    n_lines: int = setting(45, "lines", "set by hand: that cells are compared by")
    error_share: float = setting(0.4, "of the allowed error", "set by hand: standard deviation of a line's place")
    foreign_strong: float = setting(0.03, "probability", "set by hand: that a strong line is another phase's")
    foreign_faint: float = setting(0.3, "probability", "set by hand: the same of the faintest, beyond that")
    faint_height: float = setting(0.02, "of the highest point", "set by hand: at which that has fallen to 1/e")
    zero_sigma_deg: float = setting(0.06, "degrees 2θ", "set by hand: usual alignment of a diffractometer")
    rounds: int = setting(3, "rounds", "set by hand: least squares on the lines that belong to a cell converge")
    parameter_cost: float = setting(5.0, "natural logarithm", "set by hand: of each free parameter of the lattice")
    clear_evidence: float = setting(45.0, "natural logarithm", "set by hand: a cell so likely ends the search")
    compared: int = setting(1500, "cells", "set by hand: the likeliest, of which each lattice stays once")
    same_lattice: float = setting(0.003, "relative", "set by hand: lengths within it are those of one lattice")
    considered: int = setting(80, "lattices", "set by hand: the likeliest by the lines, whose symmetry is sought")
    symmetry_tolerances: tuple[float, ...] = setting((0.01, 0.03), "of the shortest vector", "set by hand")
    derived_from: int = setting(6, "lattices", "set by hand: of the likeliest, multiples and parts are tried")
    derived_indices: tuple[int, ...] = setting((2, 3), "1", "set by hand: volume of a multiple or part")
    derived_kept: int = setting(20, "lattices", "set by hand: of multiples and parts")
    fitted: int = setting(60, "lattices", "set by hand: the likeliest by the lines are fitted to the whole pattern")


@dataclass(frozen=True)
class EvidenceSettings:
    """How a cell is compared with the whole pattern."""

    n_lines: int = setting(40, "lines", "set by hand: of `least_height`, up to the last of which the pattern counts")
    least_height: float = setting(0.01, "of the highest point", "set by hand: of lines that end the range")
    beyond_widths: float = setting(2.0, "FWHM", "set by hand: that the range goes on beyond its last line")
    points_per_width: float = setting(5.0, "points", "set by hand: to one full width, at least")
    shape_error: float = setting(0.06, "relative", "set by hand: of a line's shape")
    least_error: float = setting(5e-4, "highest point", "set by hand: of a point")
    same_wavelength_A: float = setting(2e-4, "Å", "set by hand: within which a wavelength is that of a tube's Kα1")
    shape_rounds: int = setting(3, "rounds", "set by hand: in which the widths of lines settle")
    largest_move: float = setting(0.3, "FWHM", "set by hand: of a line from its place in one round")
    width_sigma: float = setting(0.3, "ln width", "set by hand")
    growth_sigma: float = setting(0.5, "ln width per tan theta", "set by hand")
    lorentzians: tuple[float, ...] = setting((0.15, 0.5, 0.85), "of the area", "set by hand: shapes that are tried")
    line_slack_deg: float = setting(0.008, "degrees 2θ", "set by hand: of a line beside the place that the cell gives")
    foreign_slack_deg: float = setting(0.05, "degrees 2θ", "set by hand: of a foreign line beside its maximum")
    width_slack: float = setting(0.2, "ln width", "set by hand: of one line")
    slack_sweeps: int = setting(4, "sweeps", "set by hand: over all lines")
    sweeps: int = setting(25, "sweeps", "set by hand: of coordinate descent for the areas")
    rounds: int = setting(4, "rounds", "set by hand: that move the lines of a cell")
    cell_sigma: float = setting(0.005, "relative", "set by hand: how far the form of a cell may move from the trial")
    zero_sigma_deg: float = setting(0.08, "degrees 2θ", "set by hand: of a zero shift, and of a displacement")
    most_reflections: int = setting(1500, "reflections", "set by hand: a cell with more is not compared")
    one_line_deg: float = setting(1e-4, "degrees 2θ", "numerical: reflections so close are one")
    own_width: float = setting(0.35, "FWHM", "set by hand: within which a line of the pattern is a reflection's")
    b_iso_A2: float = setting(1.5, "Å²", "set by hand: usual thermal motion, and the fall of form factors")
    absent_shares: tuple[float, ...] = setting(
        (0.05, 0.15, 0.3, 0.5, 0.7, 0.85), "of the reflections", "set by hand: tried for those absent or too weak"
    )
    foreign_cost: float = setting(5.0, "natural logarithm", "set by hand: of each foreign line's place")
    weights: tuple[float, ...] = setting(
        (0.025, 0.010, 0.29, 1.08, 0.89, 0.89), "1", f"of the parts of the evidence, see `evidence.PARTS`; {WEIGHED}"
    )


@dataclass(frozen=True)
class ThoroughSettings:
    """How the cell of a pattern is sought with time enough."""

    search: IndexingSettings = field(
        default_factory=lambda: IndexingSettings(
            spare_lines=2, refines=True, joins_zones=True, counts_centring=True, kept=40
        )
    )
    pool: PoolSettings = field(default_factory=PoolSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    among_offset: float = setting(-0.38, "1", f"of the logistic function for the right cell being among all; {WEIGHED}")
    among_slope: float = setting(0.091, "1", f"of the same, by the best evidence of lines; {WEIGHED}")
    likely_probability: float = setting(0.6, "probability", "set by hand: from which a cell is said to be found")


DEFAULTS = IndexingSettings()
THOROUGH = ThoroughSettings()
