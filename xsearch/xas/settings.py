"""The numbers that decide how X-ray absorption spectra are compared with a library, combined and scored."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from xsearch.settings import setting

BY_HAND = "set by hand"
FEFF_SHIFT = "mean and standard deviation of measured less FEFF energy on the edges of xas_measured.parquet, by bonding"
SIMULATED_EDGES = (
    "likelihood of the right compound on 1,073 simulated edges of 657 formulas, with errors of codes, samples, "
    "beamlines and predictions, rounded to what folds by formula agree on: python -m xsearch.training.edge_evidence"
)
NORMAL = (
    "half a squared standard deviation, as of a normal distribution: the expected shifts and their widths are those of "
    "measurements. 0.2 to 0.6 are likeliest on simulated edges, where shapes that codes err in shift too"
)
MEASURED_EDGES = "likeliest on 107 measured edges of 28 compounds (xas_measured.parquet)"
MINERALS = (
    "minerals say 10 an eV (python -m xsearch.training.entry_prior), but lie nearer the hull than compounds of a "
    f"laboratory; {MEASURED_EDGES}"
)


@dataclass(frozen=True, slots=True)
class MatchingSettings:
    """How a measured edge is aligned with library spectra."""

    widest_shift_eV: float = setting(10.0, "eV", f"{BY_HAND}: reaches the usual shift of metals")
    coarse_step_eV: float = setting(0.5, "eV", BY_HAND)
    fine_step_eV: float = setting(0.125, "eV", BY_HAND)
    refined: int = setting(300, "spectra", f"{BY_HAND}: the leaders of the coarse steps that are aligned by fine ones")
    least_overlap: int = setting(45, "points", f"{BY_HAND}: about 12 eV that both spectra must cover")
    derivative_scales_eV: tuple[float, ...] = setting((0.7, 2.0), "eV", BY_HAND)
    simulated_broadenings_eV: tuple[float, ...] = setting((0.0, 0.5, 1.0, 1.6), "eV", BY_HAND)
    measured_broadenings_eV: tuple[float, ...] = setting((0.0, 0.4), "eV", BY_HAND)
    metal_shift_eV: tuple[float, float] = setting((-9.5, 2.0), "eV", FEFF_SHIFT)
    oxide_shift_eV: tuple[float, float] = setting((-2.4, 2.3), "eV", FEFF_SHIFT)
    other_shift_eV: tuple[float, float] = setting((-3.5, 3.4), "eV", FEFF_SHIFT)
    other_edge_shift_eV: tuple[float, float] = setting(
        (-5.1, 5.0), "eV", f"{BY_HAND}: mean of the three, as wide as they lie apart; of edges beside K of Ti to Zn"
    )
    measured_shift_eV: tuple[float, float] = setting(
        (0.0, 1.5), "eV", "two tables to which beamlines set their foils differ so: xsearch.data.beamlines"
    )
    shift_penalty: float = setting(0.02, "correlation", f"{BY_HAND}: cost of a shift one standard deviation off")


@dataclass(frozen=True, slots=True)
class EdgeRecallSettings:
    """Which spectra of a library are matched."""

    all_below: int = setting(1000, "spectra", f"{BY_HAND}: of an edge; matching so many takes half a second")
    nearest: int = setting(400, "spectra", f"{BY_HAND}: by their vectors, that are matched of more")


@dataclass(frozen=True, slots=True)
class ExafsMatchingSettings:
    """How a measured χ(k) is aligned with library spectra, and what an agreement is worth."""

    widest_shift_eV: float = setting(10.0, "eV", f"{BY_HAND}: E0 of one compound is found on another shoulder")
    shift_step_eV: float = setting(0.5, "eV", BY_HAND)
    shift_sigma_eV: float = setting(3.0, "eV", f"{BY_HAND}: usual difference of two E0")
    shift_penalty: float = setting(0.02, "correlation", f"{BY_HAND}: as for the near edge")
    measured_debye_waller_A2: tuple[float, ...] = setting(
        (-0.006, -0.003, 0.0, 0.003, 0.006), "Å²", f"{BY_HAND}: between a cryostat and room temperature"
    )
    computed_debye_waller_A2: tuple[float, ...] = setting(
        (0.002, 0.005, 0.008, 0.012), "Å²", f"{BY_HAND}: of a first shell at room temperature"
    )
    shells_A: tuple[float, float] = setting((1.0, 4.5), "Å", f"{BY_HAND}: of |χ(R)|, without phase correction")
    closeness_weight: float = setting(4.0, "1", f"per factor e in 1 - r; {BY_HAND}: as for the near edge")
    least_distance: float = setting(0.01, "1 - r", f"{BY_HAND}: noise and background of two scans of one sample")
    simulation_error: float = setting(0.1, "1 - r", f"{BY_HAND}: of computed χ(k)")
    wrong_distance: float = setting(0.35, "1 - r", f"{BY_HAND}: usual distance of wrong compounds")
    shift_cost: float = setting(0.75, "log-evidence per squared deviation", f"{BY_HAND}: as for the near edge")


LABELLED = "likeliest on simulated measurements of unseen formulas: python -m xsearch.training.labelled_edges"


@dataclass(frozen=True, slots=True)
class LabelledEdgeSettings:
    """How much compounds whose spectra agree say of the absorber's surroundings, beside the site model."""

    sharpness: float = setting(0.74, "1", f"factor of the log-evidence; {LABELLED}")
    none_of_them: tuple[float, float, float] = setting(
        (9.8, 14.9, 0.0), "log-evidence",
        f"at which a compound is as likely as that it is none of them; nothing, elements, formula given; {LABELLED}",
    )  # fmt: skip
    most: tuple[float, float, float] = setting(
        (0.73, 0.98, 0.92), "1", f"weight of them all, at most; nothing, elements, formula given; {LABELLED}"
    )
    least: float = setting(0.02, "1", f"{BY_HAND}: below, they are not heard")


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What an agreement is worth, as log-evidence."""

    closeness_weight: float = setting(4.8, "1", f"per factor e in 1 - r; {SIMULATED_EDGES}")
    simulation_error: float = setting(0.0055, "1 - r", SIMULATED_EDGES)
    reference_error: float = setting(0.005, "1 - r", SIMULATED_EDGES)
    prediction_error: float = setting(0.01, "1 - r", SIMULATED_EDGES)
    least_distance: float = setting(1e-4, "1 - r", "numerical tolerance")
    wrong_distance: float = setting(
        0.027, "1 - r", f"distance of wrong compounds, at which all kinds weigh the same; {SIMULATED_EDGES}"
    )
    simulated_shift_cost: float = setting(0.5, "log-evidence per squared deviation", NORMAL)
    predicted_shift_cost: float = setting(0.5, "log-evidence per squared deviation", NORMAL)
    measured_shift_cost: float = setting(0.5, "log-evidence per squared deviation", NORMAL)
    theoretical_cost: float = setting(
        0.5,
        "log-evidence",
        f"of never having been reported: neither simulated edges nor measured cells can say; {MEASURED_EDGES}",
    )
    hull_cost_per_eV: float = setting(5.0, "log-evidence per eV/atom", MINERALS)
    unknown_hull_eV: float = setting(0.03, "eV/atom", MINERALS)
    highest_hull_eV: float = setting(0.2, "eV/atom", f"{BY_HAND}: beyond, an entry costs no more")
    missing_element_cost: float = setting(
        2.0,
        "log-evidence",
        f"{BY_HAND}: of each element of `only` that a compound lacks: one given element in eight is not in the phase",
    )
    polymorphs: int = setting(5, "entries", f"{BY_HAND}: of its formula that a reference without an entry stands for")
    polymorph_weight: float = setting(
        0.5, "1", f"of the entries' own simulated spectra among those that one reference stands for; {SIMULATED_EDGES}"
    )
    failure: float = setting(
        0.1, "probability", f"{BY_HAND}: that an edge or its library spectrum is too wrong to say anything"
    )
    recalled_by_edges: int = setting(250, "entries", f"{BY_HAND}: the best by edges, matched with a pattern as well")
    pattern_weight: float = setting(
        1.0,
        "1",
        "134 searches of measured patterns are likeliest at 1.2, 76 with one element known too; 1 keeps its scale",
    )
    volume_tolerance_factor: float = setting(
        3.0, "1", f"{BY_HAND}: on the volume tolerance of duplicates, since cells are not strained to edges"
    )


LCF_EVIDENCE = EvidenceSettings(
    closeness_weight=4.0,
    simulation_error=0.05,
    reference_error=0.0,
    prediction_error=0.125,
    wrong_distance=0.126,
    simulated_shift_cost=0.75,
    predicted_shift_cost=0.5,
    measured_shift_cost=1.5,
)
"""Of linear combination fits, whose costs were chosen with it. Likeliest on 107 measured edges of 28 compounds
(xas_measured.parquet) in folds by formula: unlike the evidence of searches it was not chosen on simulated edges."""


@dataclass(frozen=True, slots=True)
class LcfSettings:
    """How linear combinations are searched, fitted and charged for."""

    beam_width: int = setting(5, "fits", BY_HAND)
    rounds: int = setting(2, "rounds", BY_HAND)
    proposed_alone: int = setting(20, "spectra", BY_HAND)
    proposed_with_others: int = setting(12, "spectra", BY_HAND)
    proposed_of_compound: int = setting(2, "spectra", BY_HAND)
    scanned: int = setting(300, "spectra", f"{BY_HAND}: of a large library, kept after each of the first two scans")
    scan_broadening_eV: float = setting(1.0, "eV", f"{BY_HAND}: of computed spectra in scans")
    scan_margin: float = setting(inf, "log-evidence", "below the best compound alone, no pair is left out")
    shift_steps_eV: tuple[float, ...] = setting((0.5, 0.25, 0.125), "eV", BY_HAND)
    tie_eV: float = setting(
        0.5, "eV", "spread of measured references' energies; half and twice as much find the same fits"
    )
    fixed_cost: float = setting(
        2.0, "log-evidence", "106 of 107 measured edges of one compound stay one with their elements, 105 without"
    )
    choice_cost: float = setting(0.5, "log-evidence per ln(compounds)", "as fixed_cost")
    independent_points: float = setting(
        4, "points", "8 to 9 in 10 fractions of sums of measured spectra are off by less than two standard deviations"
    )
    tail_start_eV: float = setting(15.0, "eV", f"{BY_HAND}: above the edge, where noise is estimated")
    fewest_tail_points: int = setting(8, "points", BY_HAND)


SECOND_COMPOUND = LcfSettings(beam_width=2, rounds=1, proposed_alone=5, proposed_with_others=3, scan_margin=5.0)
"""Of the search for a second compound in a search for one: it reports 126 of 240 sums of two measured edges, the full
search 128 in four times the time. With a margin of 3 it misses 3 of 50 known sums."""


@dataclass(frozen=True, slots=True)
class XasSettings:
    """Every stage of a search by X-ray absorption."""

    recall: EdgeRecallSettings = field(default_factory=EdgeRecallSettings)
    matching: MatchingSettings = field(default_factory=MatchingSettings)
    exafs: ExafsMatchingSettings = field(default_factory=ExafsMatchingSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    labelled_edges: LabelledEdgeSettings = field(default_factory=LabelledEdgeSettings)
    lcf_evidence: EvidenceSettings = LCF_EVIDENCE
    lcf: LcfSettings = field(default_factory=LcfSettings)
    second_compound: LcfSettings = SECOND_COMPOUND


DEFAULTS = XasSettings()
"""What a search uses unless it is given other settings."""
