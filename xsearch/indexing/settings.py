"""The numbers that decide an indexing."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsearch.settings import setting


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
    most_unindexed: int = setting(3, "lines", "set by hand: of all in a cell that is kept")
    deviation_floor: float = setting(0.15, "of the allowed error", "set by hand: few lines fit better by chance alone")
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


DEFAULTS = IndexingSettings()
