"""The numbers that decide a search by powder pattern."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xsearch.fit.settings import (
    CORRELATION,
    LE_BAIL,
    MULTIPHASE,
    CorrelationSettings,
    LeBailSettings,
    MultiphaseSettings,
)
from xsearch.indexes.settings import PRIOR, PriorSettings
from xsearch.preprocess.powder import NET_PATTERN, NetPatternSettings
from xsearch.settings import setting

BY_HAND = "set by hand"
SIMULATED = (
    "conditional logit of the right entry on simulated measurements, half of measured cells and half of computed "
    "entries: python -m xsearch.training.powder_ranking"
)
CONDITIONS = "chosen on simulated patterns: python -m benchmarks.conditions --half develop"
LEFT_OUT = "chosen on 150 simulated patterns of compounds that were left out of the index"


def _even(widest: float, step: float) -> NDArray[np.float64]:
    """Even values from `-widest` to `widest`."""
    return np.arange(-widest, widest + step / 2, step)


@dataclass(frozen=True, slots=True)
class RecallSettings:
    """How the profiles of an index are compared with a pattern, and how many rows go on."""

    widest_strain: float = setting(0.030, "ln length", f"{BY_HAND}: mean strains that are tried")
    strain_step: float = setting(0.006, "ln length", f"{BY_HAND}: lines are so wide that finer steps bring nothing")
    strain_sigma: float = setting(0.012, "ln length", f"{BY_HAND}: of a strain about that expected of the row")
    strain_cost: float = setting(0.02, "correlation", f"{BY_HAND}: cost is this · ln(1 + (strain / strain_sigma)²)")
    least_inside: float = setting(
        1e-3, "1", f"{BY_HAND}: rows with less of their squared profile in the measured range are not compared"
    )
    rows: int = setting(250, "rows", f"{BY_HAND}: of each recall list, with the prior and without, that are matched")

    @property
    def strains(self) -> NDArray[np.float64]:
        """Mean strains ln(measured / database) that are tried."""
        return _even(self.widest_strain, self.strain_step)


@dataclass(frozen=True, slots=True)
class VectorSettings:
    """How learned vectors recall and rank."""

    rows: int = setting(
        50, "rows", "python -m benchmarks.pxrd_recall: 400 patterns; 200 rows would add 0.5 % to the recall, 50 nothing"
    )
    temperature: float = setting(0.06, "cosine", "cosines divided by this are evidence; that of the training")


@dataclass(frozen=True, slots=True)
class CellRecallSettings:
    """How cells that index a pattern recall entries, where none of those recalled by profile explains it."""

    trials: int = setting(6, "cells", f"{BY_HAND}: the best of all lattices")
    farthest: float = setting(0.05, "ln length", f"{BY_HAND}: root mean square over the seven lengths of a lattice")
    rows: int = setting(25, "rows", f"{BY_HAND}: of each cell, the nearest")


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """What the terms of the evidence weigh, and which entries are one phase.

    A cell that may change its shape can imitate another, so that correlations with shapes kept are evidence beside
    those with shapes free, and the strain that is weighed is that of the kept shape. The first phases are fitted with
    preferred orientation, and the better of both correlations counts.
    """

    correlation_weights: tuple[float, ...] = setting(
        (0.83, 0.0, 1.73), "1", f"of -ln(1 - correlation) on each scale, shapes free; {SIMULATED}"
    )
    isotropic_weights: tuple[float, ...] = setting((0.81, 0.0, 0.0), "1", f"the same, shapes kept; {SIMULATED}")
    recall_weight: float = setting(1.54, "1", f"of -ln(1 - correlation) on the recall axis; {SIMULATED}")
    prior_weight: float = setting(1.05, "1", f"of the prior; {SIMULATED}")

    strain_sigma: float = setting(
        0.006,
        "ln length",
        "of computed cells; heavy-tailed, since most cells are close and a few far off: "
        f"-weight · ln(1 + (strain / sigma)² / 3) - ln sigma; {SIMULATED}, where 0.004 to 0.009 do as well",
    )
    shape_sigma: float = setting(0.008, "ln length", f"{BY_HAND}: of computed cells")
    measured_strain_sigma: float = setting(
        0.002, "ln length", f"{BY_HAND}: of measured cells; two of one compound differ by 0.1 % in the median of AMCSD"
    )
    measured_shape_sigma: float = setting(0.003, "ln length", f"{BY_HAND}: of measured cells, likewise")
    strain_weight: float = setting(0.69, "1", SIMULATED)
    shape_weight: float = setting(0.0, "1", f"{SIMULATED}: correlations with shapes kept say it all")
    lines_weight: float = setting(
        0.0, "1", f"of ln(lines): a crystal with many lines fits more patterns by chance; {SIMULATED}"
    )
    fewest_lines: int = setting(120, "lines", f"{BY_HAND}: below, the number of lines costs no less")
    points_weight: float = setting(
        0.51, "1", f"of -ln(mean square of what is left at the points, in its expected size); {SIMULATED}"
    )
    least_points: float = setting(0.1, "1", f"{BY_HAND}: smaller mean squares are not distinguished")
    march_weight: float = setting(1.22, "1", f"of -(ln r)², r the March parameter; {SIMULATED}")
    most_march: float = setting(1.0, "1", f"{BY_HAND}: of (ln r)² at most")
    fitted_bonus: float = setting(0.71, "log-evidence", f"of a Le Bail fitted row; {SIMULATED}")
    fitted_margin: float = setting(
        3.0, "log-evidence", f"phases so near to the first are fitted; more bring nothing: {SIMULATED}"
    )
    fewest_fitted: int = setting(4, "phases", f"{BY_HAND}: that are fitted in any case")
    most_fitted: int = setting(60, "phases", f"{BY_HAND}: that are fitted at most")
    good_whole: float = setting(0.4, "1", f"{BY_HAND}: misfit of calculated intensities that explain the pattern")
    missing_element_cost: float = setting(
        2.0,
        "log-evidence",
        f"{BY_HAND}: of each element of `only` that an entry lacks: one given element in eight is not in the phase",
    )
    gas_cost: float = setting(3.0, "log-evidence", f"{BY_HAND}: of a gas at room temperature, which is no powder")
    other_conditions_cost: float = setting(
        1.0, "log-evidence", f"{BY_HAND}: of a crystal that was determined under another pressure or temperature"
    )
    same_phase_volume: float = setting(
        0.05,
        "1",
        f"{BY_HAND}: entries of one formula and space group are one phase where strained volumes agree so well",
    )


PHASES = RankingSettings(
    correlation_weights=CORRELATION.weights,
    isotropic_weights=(0.0, 0.0, 0.0),
    recall_weight=CORRELATION.recall_weight,
    prior_weight=1.0,
    strain_weight=0.85,
    shape_weight=0.20,
    lines_weight=0.2,
    gas_cost=0.0,
    other_conditions_cost=0.0,
)
"""What the terms weigh for a phase of a mixture, whose cell is fitted jointly and once; set by hand."""


@dataclass(frozen=True, slots=True)
class TwinSettings:
    """Which phases a pattern cannot tell apart, and which of them stands for them."""

    bayes_factor: float = setting(3.0, "1", "barely worth mentioning below: Kass and Raftery 1995")
    fewer_elements: int = setting(2, "elements", f"{BY_HAND}: a twin with so many fewer stands for the group")


@dataclass(frozen=True, slots=True)
class HitSettings:
    """What is reported of a hit's fit."""

    explained_width: float = setting(0.007, "ln q", f"{BY_HAND}: at which unexplained intensity is measured")
    faintest_line: float = setting(0.01, "strongest line", f"{BY_HAND}: fainter lines are not counted")


@dataclass(frozen=True, slots=True)
class RivalSettings:
    """Which hits get a rival, and which reflections discriminate."""

    hits: int = setting(5, "hits", f"{BY_HAND}: the first ones get a rival")
    most_reflections: int = setting(3, "reflections", BY_HAND)
    least_difference: float = setting(0.02, "highest point", f"{BY_HAND}: smaller differences do not discriminate")
    apart: float = setting(3.0, "line widths", f"{BY_HAND}: distance of discriminating reflections")


@dataclass(frozen=True, slots=True)
class SecondPhaseSettings:
    """When the first hit leaves the lines of a second phase."""

    least_noise: float = setting(
        6.0, "standard deviations", f"of the rise of a line, averaged over its width; {CONDITIONS}"
    )
    least_height: float = setting(0.002, "highest line", f"lines of 10 % by weight are often no higher; {CONDITIONS}")
    clear_height: float = setting(0.01, "highest line", f"lower ones must rise over the background too; {CONDITIONS}")
    least_over_background: float = setting(0.1, "background", f"so much: splines ripple where humps are; {CONDITIONS}")
    absent_share: float = setting(
        0.3, "1", f"a line is foreign where the calculated profile reaches less of it; {CONDITIONS}"
    )
    absent_free_share: float = setting(
        0.5, "1", f"and where lines with free intensities reach less of it: texture changes intensities; {CONDITIONS}"
    )
    widest: float = setting(3.0, "line widths", f"{BY_HAND}: what is broader is left of a hump")
    matched_width: float = setting(0.4, "line widths", "physics: the average that finds a line of this width best")
    near_widths: float = setting(0.5, "line widths", f"{BY_HAND}: so far from a crystal's line none is foreign")
    near_deg: float = setting(0.06, "deg", f"{BY_HAND}: the same at least")
    most_named: int = setting(5, "lines", BY_HAND)
    least_kept: float = setting(0.9, "1", f"{BY_HAND}: where known phases leave less, their lines stood")
    holder_lines: int = setting(2, "lines", f"{BY_HAND}: that a holder's metal must explain to be named")
    holder_away_deg: float = setting(0.8, "deg", f"{BY_HAND}: its lines lie within this of where they are tabulated")
    holder_seen: float = setting(0.8, "1", f"{BY_HAND}: of the metal's intensity that must be in the pattern")
    tube_forgiven: float = setting(1.3, "1", f"{BY_HAND}: a line of the tube may be so much stronger than expected")


@dataclass(frozen=True, slots=True)
class MixtureSettings:
    """How the phases of a mixture are searched for."""

    rows_first: int = setting(400, "rows", f"{BY_HAND}: of each recall list, matched to the whole pattern")
    rows_later: int = setting(200, "rows", f"{BY_HAND}: of each recall list, matched to what a fit leaves")
    proposed_first: int = setting(80, "phases", f"{BY_HAND}: that go into joint fits, for the whole pattern")
    proposed_later: int = setting(30, "phases", f"{BY_HAND}: that go into joint fits, for what a fit leaves")
    beam_width: int = setting(4, "fits", f"{BY_HAND}: of one size that are carried on")
    rounds: int = setting(2, "rounds", f"{BY_HAND}: in which the phases of a fit are sought again")
    free_passes: int = setting(12, "passes", f"{BY_HAND}: of the free intensities that are taken off")
    forgiven: float = setting(1.1, "1", f"{BY_HAND}: so many times the lines with free intensities are taken off")
    least_left: float = setting(
        0.004, "highest point", f"{BY_HAND}: height of the highest remaining line, below which no phase is sought"
    )


@dataclass(frozen=True, slots=True)
class IsotypeSettings:
    """How rows of the pattern's structure type are found at other sizes of the cell."""

    widest_shift: float = setting(0.12, "ln length", f"{BY_HAND}: change of every length that is tried")
    shift_step: float = setting(0.01, "ln length", BY_HAND)
    rows: int = setting(150, "rows", f"{BY_HAND}: that are matched")
    shift_cost: float = setting(
        0.004, "correlation", f"{BY_HAND}: of ln(1 + (shift / shift_sigma)²); similar sizes are a little likelier"
    )
    shift_sigma: float = setting(0.03, "ln length", BY_HAND)

    @property
    def shifts(self) -> NDArray[np.float64]:
        """ln(measured / database) of every length that is tried."""
        return _even(self.widest_shift, self.shift_step)


CELLS = "python -m xsearch.training.symmetry --cells, 100 simulated patterns, formulas left out"
"""Source of the weight of cells."""


@dataclass(frozen=True, slots=True)
class SymmetrySettings:
    """How the symmetry posterior is taken from the evidence of crystals and from the network."""

    temperature: float = setting(1.0, "1", f"the evidence of a phase is divided by this; {LEFT_OUT}")
    least_share: float = setting(0.03, "probability", f"shared by what no crystal has, beside the network; {LEFT_OUT}")
    network_weight: float = setting(0.5, "1", f"exponent of the network's probabilities; {LEFT_OUT}")
    least_reported: float = setting(0.005, "probability", f"{BY_HAND}: less likely space groups are not listed")
    answer_weight: float = setting(0.83, "1", f"exponent of isotypes, network and lines beside whole cells; {CELLS}")
    cells_weight: float = setting(0.34, "1", f"exponent of the cells' probabilities by thorough indexing; {CELLS}")
    least_of_cells: float = setting(0.01, "probability", f"{BY_HAND}: of a system that no cell has; {CELLS}")
    hexagonal_share: float = setting(0.6, "1", f"of primitive hexagonal lattices that are not trigonal; {CELLS}")


@dataclass(frozen=True, slots=True)
class VerdictSettings:
    """How scores become a verdict."""

    largest_margin: float = setting(
        15.0, "log-evidence", f"{BY_HAND}: of a margin as a feature; the score was fitted with it"
    )
    confident: float = setting(
        0.6, "probability", f"least score of a match: with it 1 % of patterns get a wrong one; {CONDITIONS}"
    )
    tentative: float = setting(0.25, "probability", f"{BY_HAND}: least score of a tentative match")
    least_rivals: int = setting(
        2, "phases", f"{BY_HAND}: that an edge was compared with beside the first hit; with fewer nothing is a match"
    )


VERDICT = VerdictSettings()


@dataclass(frozen=True, slots=True)
class PowderSettings:
    """Every stage of a search by powder pattern."""

    net_pattern: NetPatternSettings = NET_PATTERN
    recall: RecallSettings = field(default_factory=RecallSettings)
    vectors: VectorSettings = field(default_factory=VectorSettings)
    prior: PriorSettings = PRIOR
    correlation: CorrelationSettings = CORRELATION
    ranking: RankingSettings = field(default_factory=RankingSettings)
    phase_ranking: RankingSettings = PHASES
    le_bail: LeBailSettings = LE_BAIL
    twins: TwinSettings = field(default_factory=TwinSettings)
    hits: HitSettings = field(default_factory=HitSettings)
    rivals: RivalSettings = field(default_factory=RivalSettings)
    second_phase: SecondPhaseSettings = field(default_factory=SecondPhaseSettings)
    multiphase: MultiphaseSettings = MULTIPHASE
    mixture: MixtureSettings = field(default_factory=MixtureSettings)
    cells: CellRecallSettings = field(default_factory=CellRecallSettings)
    isotypes: IsotypeSettings = field(default_factory=IsotypeSettings)
    symmetry: SymmetrySettings = field(default_factory=SymmetrySettings)
    verdict: VerdictSettings = VERDICT


DEFAULTS = PowderSettings()
"""What a search uses unless it is given other settings."""
