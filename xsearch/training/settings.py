"""The numbers that decide how weights are fitted. Each default is that of the weights that xsearch ships."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting

BY_HAND = "set by hand"


@dataclass(frozen=True, slots=True)
class ExpectedStrainSettings:
    """`xsearch.training.expected_strain`."""

    ridge: float = setting(0.3, "1", BY_HAND)
    outlier: float = setting(0.005, "ln length", f"{BY_HAND}: Cauchy scale; wrong pairs and pressure are beyond it")
    largest_strain: float = setting(0.05, "ln length", f"{BY_HAND}: pairs beyond are of different phases")
    rounds: int = setting(20, "rounds", f"{BY_HAND}: of reweighting, until nothing changes")
    folds: int = setting(5, "folds", BY_HAND)


EXPECTED_STRAIN = ExpectedStrainSettings()


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """`xsearch.training.score`."""

    twins_shown: int = setting(10, "hits", f"{BY_HAND}: of a search, among which the first one's twins are sought")
    folds: int = setting(5, "folds", BY_HAND)
    repeats: int = setting(3, "divisions", f"{BY_HAND}: whose folds are averaged")
    ridge: float = setting(
        1.7, "1", f"{BY_HAND}: cost of half the squared length of the weights, evidence scaled to unit variance"
    )
    sample_strain: float = setting(
        0.0005, "ln length", "two samples of one compound; literature values differ by 0.1 % an axis (AMCSD)"
    )


SCORE = ScoreSettings()


@dataclass(frozen=True, slots=True)
class EdgeScoreSettings:
    """`xsearch.training.edge_score`."""

    folds: int = setting(5, "folds", BY_HAND)
    ridge: float = setting(1.7, "1", f"{BY_HAND}: as of the score of powder patterns")
    least_compounds: int = setting(6, "compounds", f"{BY_HAND}: of an edge that is searched")
    large: int = setting(100, "compounds", f"{BY_HAND}: edges of more are drawn more often")
    times_of_large: int = setting(6, "times", f"{BY_HAND}: as often as others")


EDGE_SCORE = EdgeScoreSettings()


@dataclass(frozen=True, slots=True)
class EdgeEvidenceSettings:
    """`xsearch.training.edge_evidence`."""

    folds: int = setting(5, "folds", BY_HAND)
    ridge: float = setting(0.002, "nats a search", f"{BY_HAND}: cost of the squared ln of what a number is changed by")
    rounds: int = setting(1200, "steps", f"{BY_HAND}: of the simplex")


EDGE_EVIDENCE = EdgeEvidenceSettings()


@dataclass(frozen=True, slots=True)
class EntryPriorSettings:
    """`xsearch.training.entry_prior`."""

    folds: int = setting(5, "folds", BY_HAND)
    ridge: float = setting(0.3, "nats", f"{BY_HAND}: of the squared costs")


ENTRY_PRIOR = EntryPriorSettings()


@dataclass(frozen=True, slots=True)
class PowderRankingSettings:
    """`xsearch.training.powder_ranking`."""

    fitted: int = setting(60, "phases", f"{BY_HAND}: that get a Le Bail fit, so that fewer can be tried afterwards")
    phases_kept: int = setting(80, "phases", f"{BY_HAND}: of a pattern, the first ones; later ones are never first")
    ridge: float = setting(0.02, "1", f"{BY_HAND}: cost of half the squared length of the weights, a pattern")
    folds: int = setting(5, "folds", BY_HAND)
    laboratory: tuple[int, int] = setting(
        (7, 10), "patterns", f"{BY_HAND}: seven of ten are of copper, over the range that laboratories use for minerals"
    )


POWDER_RANKING = PowderRankingSettings()


@dataclass(frozen=True, slots=True)
class SymmetrySettings:
    """`xsearch.training.symmetry`."""

    folds: int = setting(5, "folds", BY_HAND)
    inverse_ridge: float = setting(
        0.1, "1", "best of 0.01, 0.03, 0.1 and 0.3 by folds on simulated patterns of index mp; scikit-learn's C"
    )


SYMMETRY = SymmetrySettings()


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """`xsearch.training.inference_ranking`."""

    strain_fit_shrinkage: float = setting(0.05, "1", f"{BY_HAND}: of the weights of the strain fits")
    refined_shrinkage: float = setting(0.02, "1", f"{BY_HAND}: of the weights of the refined candidates")
    answer_shrinkage: float = setting(1.0, "1", f"{BY_HAND}: of the probability that the first candidate is right")
    unanswerable_every: int = setting(
        4, "compounds", f"{BY_HAND}: one in so many is also inferred from wrong elements and from random lines"
    )
    most_matched: int = setting(20, "candidates", f"{BY_HAND}: of the right formula, compared with the true structure")
    other_structure: float = setting(0.5, "1", f"{BY_HAND}: weight of right formula and system, other structure")
    folds: int = setting(5, "folds", BY_HAND)


RANKING = RankingSettings()


@dataclass(frozen=True, slots=True)
class PowderSettings:
    """`xsearch train pxrd`."""

    crystals: int = setting(96, "crystals", f"{BY_HAND}: a step")
    views: int = setting(2, "patterns", f"{BY_HAND}: augmented, of each crystal")
    peak_rate: float = setting(2e-3, "1", f"{BY_HAND}: learning rate after the warm-up")
    least_rate: float = setting(2e-5, "1", f"{BY_HAND}: at the end of the cosine")
    warm_steps: int = setting(200, "steps", BY_HAND)
    weight_decay: float = setting(0.02, "1", BY_HAND)
    temperature: float = setting(0.06, "cosine", BY_HAND)
    queue: int = setting(4096, "vectors", f"{BY_HAND}: of recent crystals that serve as further negatives")
    system_weight: float = setting(1.0, "1", f"{BY_HAND}: of the crystal system's cross entropy")
    group_weight: float = setting(1.0, "1", f"{BY_HAND}: of the space group's cross entropy")
    label_smoothing: float = setting(0.05, "1", BY_HAND)
    save_every_s: float = setting(120.0, "s", BY_HAND)


POWDER = PowderSettings()


@dataclass(frozen=True, slots=True)
class PowderSymmetrySettings:
    """`xsearch.training.powder_symmetry`."""

    fresh: int = setting(80, "patterns", f"{BY_HAND}: of a step, simulated for it; half by the published protocol")
    replayed: int = setting(48, "patterns", f"{BY_HAND}: of a step, earlier ones at another scale: simulation is slow")
    kept: int = setting(40_000, "patterns", f"{BY_HAND}: that are replayed, the latest ones")
    widest_shift: int = setting(60, "bins", f"{BY_HAND}: of a replayed pattern, 6 % of the cell's lengths")
    peak_rate: float = setting(1e-3, "1", f"{BY_HAND}: learning rate after the warm-up")
    least_rate: float = setting(1e-5, "1", f"{BY_HAND}: at the end of the cosine")
    warm_steps: int = setting(200, "steps", BY_HAND)
    weight_decay: float = setting(0.02, "1", BY_HAND)
    average: float = setting(0.998, "1", f"{BY_HAND}: decay of the running average of the weights, which is kept")
    group_weight: float = setting(0.7, "1", f"{BY_HAND}: of the space group's cross entropy")
    extinction_weight: float = setting(0.5, "1", f"{BY_HAND}: of the extinction group's cross entropy")
    volume_weight: float = setting(0.2, "1", f"{BY_HAND}: of the volume's negative log-likelihood")
    label_smoothing: float = setting(0.03, "1", BY_HAND)
    tested: int = setting(500, "patterns", f"{BY_HAND}: held out, for the figures of the log")
    save_every_s: float = setting(180.0, "s", BY_HAND)


POWDER_SYMMETRY = PowderSymmetrySettings()


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """`xsearch.training.powder_metric`."""

    patterns: int = setting(10_000, "patterns", BY_HAND)
    tested: int = setting(300, "patterns", BY_HAND)
    dimensions: int = setting(64, "dimensions", "64 and 128 recall the same on pxrd_measured.parquet, see its card")
    ridge: float = setting(
        10.0, "mean of the diagonal of W", "from 3 to 30 recall is the same on pxrd_measured.parquet, see its card"
    )
    reported_share: float = setting(0.6, "1", f"{BY_HAND}: of experimentally reported entries")
    every: int = setting(5, "rows", f"{BY_HAND}: one profile in so many makes B")
    recalled: int = setting(200, "rows", f"{BY_HAND}: the list that recall is reported for")


METRIC = MetricSettings()


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """`xsearch.training.forward`: the network, and the kernel regression with its metric."""

    feature_noise: float = setting(0.08, "standard deviations", f"{BY_HAND}: added to standardised features")
    slope_weight: float = setting(0.5, "1", f"{BY_HAND}: of the slopes' error beside that of the values")
    smoothing: float = setting(1e-4, "tail squared", f"{BY_HAND}: of the absolute error near zero")
    rank: int = setting(192, "dimensions", "of the metric; with 128 the error on held-out copper is 1 % larger")
    components: int = setting(24, "components", f"{BY_HAND}: principal components of the spectra")
    aligned_eV: tuple[float, ...] = setting(
        (8.0, 22.0), "eV", "xas_feff9.parquet, formulas held out: views beyond half of the rise that lower the error"
    )
    widest_shift_eV: float = setting(6.0, "eV", BY_HAND)
    shift_step_eV: float = setting(0.2, "eV", BY_HAND)
    shift_ridge: float = setting(4.0, "ridges", f"{BY_HAND}: shifts are coarser than spectra")


FORWARD = ForwardSettings()


@dataclass(frozen=True, slots=True)
class CalibrationSettings:
    """How parts of a model are weighted and their probabilities calibrated."""

    steps: tuple[float, ...] = setting((0.0, 1.0, 2.0), "1", f"{BY_HAND}: of the grid of weights")
    widest_log_temperature: float = setting(0.9, "ln T", f"{BY_HAND}: of models with one part")
    temperatures: int = setting(37, "temperatures", BY_HAND)
    pool_ridge: float = setting(0.003, "1", f"{BY_HAND}: cost of the squared distance of the pool's weights from equal")
    declines: tuple[float, ...] = setting(
        (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0), "1", f"{BY_HAND}: powers of the distance that are tried"
    )
    usual_share: float = setting(0.9, "1", f"{BY_HAND}: of held-out spectra that are trusted in full")
    share_within: float = setting(0.68, "1", "one standard deviation of a normal distribution")
    familiar_share: float = setting(0.99, "1", f"{BY_HAND}: of held-out spectra that count as like the training data")


CALIBRATION = CalibrationSettings()


@dataclass(frozen=True, slots=True)
class PropertySettings:
    """`xsearch train specfusion`."""

    epochs: int = setting(16, "epochs", BY_HAND)
    composition_epochs: int = setting(6, "epochs", f"{BY_HAND}: of the part that sees the composition alone")
    held_out_every: int = setting(
        5, "formulas", f"{BY_HAND}: one in so many is held out, on which the spectrum must win"
    )
    most_tokens: int = setting(8, "elements and edges", f"{BY_HAND}: of a material; further ones are dropped")
    edge_hidden: float = setting(0.15, "1", f"{BY_HAND}: how often an edge is hidden in training")
    amounts_hidden: float = setting(0.5, "1", f"{BY_HAND}: how often only the elements are given in training")
    pattern_hidden: float = setting(0.2, "1", f"{BY_HAND}: how often a pattern is hidden in training")
    least_labels: int = setting(100, "materials", f"{BY_HAND}: below, a property gets no head")
    least_gain: float = setting(
        2.0, "standard errors", "by which a spectrum must beat the composition alone, or the head is not shipped"
    )


PROPERTIES = PropertySettings()


@dataclass(frozen=True, slots=True)
class JointSettings:
    """`xsearch train joint`."""

    epochs: int = setting(40, "epochs", BY_HAND)
    draws: int = setting(2, "measurements", f"{BY_HAND}: of each material's pattern and edges")
    temperature: float = setting(0.05, "1", f"{BY_HAND}: of the cosines that tell materials apart")
    pattern_hidden: float = setting(0.2, "1", f"{BY_HAND}: share of batches without patterns")
    edges_hidden: float = setting(0.2, "1", f"{BY_HAND}: share of batches without edges")
    edge_hidden: float = setting(0.3, "1", f"{BY_HAND}: how often an edge beside others is hidden")
    given: tuple[float, float, float] = setting(
        (0.4, 0.3, 0.3), "1", f"{BY_HAND}: how often nothing, the elements or the formula is given"
    )
    least_library: int = setting(10, "materials", f"{BY_HAND}: of an edge, below which nothing is recalled by it")


JOINT = JointSettings()
