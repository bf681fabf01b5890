"""The numbers that decide what reports mention. None of them changes a rank, a score or a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting


@dataclass(frozen=True)
class ReportSettings:
    """From which values on a report mentions, colours or lists something."""

    ordinary_strain: float = setting(0.006, "1", "set by hand: departures from the expected strain below it are usual")
    small_shape_change: float = setting(0.01, "1", "set by hand: smaller changes of a cell's shape are not mentioned")
    small_zero_shift_deg: float = setting(0.05, "degrees 2θ", "set by hand: usual alignment of a diffractometer")
    near_hull_eV: float = setting(0.03, "eV/atom", "set by hand: about kT at room temperature")
    clear_margin: float = setting(5.0, "ln", "set by hand: ln 150, very strong in Kass and Raftery (1995)")
    least_bayes_factor: float = setting(3.0, "1", "Kass and Raftery, J. Am. Stat. Assoc. 90, 773 (1995)")
    strong_score: float = setting(0.8, "1", "set by hand: rows from it on are green in a terminal")
    fair_score: float = setting(0.5, "1", "as the verdict `match`: rows from it on are yellow in a terminal")
    least_symmetry: float = setting(0.10, "1", "set by hand: symmetries below this probability are not listed")
    faintest_tick: float = setting(0.005, "of the strongest line", "set by hand: weaker lines get no tick mark")
    faintest_line: float = setting(0.002, "of the strongest line", "set by hand: weaker lines are not in JSON")


SETTINGS = ReportSettings()
