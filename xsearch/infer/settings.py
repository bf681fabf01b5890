"""The numbers that decide an inference, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.infer.disorder_settings import DISORDER, DisorderSettings
from xsearch.settings import setting


@dataclass(frozen=True, slots=True)
class ProposalSettings:
    """Which substitutions of templates are proposed, and in which order.

    Attributes:
        charge_floor: log-probability that a formula without balanced charges counts with.
        merged_penalty: taken where one element takes two slots of a template, as manganese in Mn3O4 on a spinel.
        known_penalty: taken from formulas that the index holds; a new form of a known compound stays possible.
        repeat_penalty: taken, for the order alone, for each likelier crystal of the same template and formula.
        member_weight: weight of the logarithm of a template's number of formulas.
        unknown_hull_eV: energy above the hull, per atom, of entries whose energy is unknown.
        most_assignments: assignments kept for closer consideration, by their substitution alone; of several sets of
            elements together, but no fewer of each than proposals are kept of one.
        most_sites: largest cell of a template.
        per_template: crystals kept for each template and formula. Entries of one template may differ in cell shape
            and free coordinates, so that the likeliest substitution alone does not suffice.
        most: proposals kept.
        most_sets_counted: where it is not certain which elements there are, up to so many times as many are proposed
            and screened as for one set of elements.
    """

    charge_floor: float = setting(-6.0, "ln", "set by hand: many known phases are not ionic")
    merged_penalty: float = setting(2.0, "ln", "set by hand")
    known_penalty: float = setting(3.0, "ln", "set by hand: no entry of the index matched the pattern")
    repeat_penalty: float = setting(0.7, "ln", "set by hand")
    member_weight: float = setting(0.5, "1", "set by hand")
    unknown_hull_eV: float = setting(0.05, "eV/atom", "set by hand")
    most_assignments: int = setting(200_000, "1", "set by hand")
    most_sites: int = setting(120, "1", "set by hand")
    per_template: int = setting(12, "1", "set by hand")
    most: int = setting(12_000, "1", "twice what is screened: templates of one crystal system may be left alone")
    most_sets_counted: int = setting(4, "1", "set by hand")


@dataclass(frozen=True, slots=True)
class ScreeningSettings:
    """How substituted crystals are compared with a pattern by the thousand.

    Attributes:
        most: proposals simulated, the most probable first.
        smoothing: place in `LogQSettings.smoothings` of the smoothing, wide enough for a cell a little out of shape.
        d_min_A: smallest d-spacing simulated.
        farthest_strain: largest ln(measured / predicted length) tried.
        length_error: standard deviation of the predicted lengths, relative; larger strains count against a crystal.
        largest_scale: largest ln(predicted / template length) of a substitution.
        prior_weight: correlation that a unit of the log prior is worth in the order.
    """

    most: int = setting(6000, "1", "set by hand")
    smoothing: int = setting(1, "1", "set by hand")
    d_min_A: float = setting(1.3, "A", "set by hand")
    farthest_strain: float = setting(0.06, "ln length", "set by hand")
    length_error: float = setting(0.015, "1", "set by hand")
    largest_scale: float = setting(0.35, "ln length", "set by hand")
    prior_weight: float = setting(0.01, "1/ln", "set by hand")


@dataclass(frozen=True, slots=True)
class RefinementSettings:
    """How many crystals are fitted by a strain fit, and which are tried on a higher symmetry.

    Attributes:
        most: screened crystals that are fitted.
        d_min_A: smallest d-spacing simulated for a fit.
        symmetrised: likeliest fitted crystals that are tried on a higher symmetry.
        symmetrising_symprecs_A: tolerances of that symmetry; a template's own elements distort it by no more.
        misfit_ratio: how many times the misfit of the less symmetric crystals a more symmetric one may have to replace
            them.
    """

    most: int = setting(240, "1", "set by hand")
    d_min_A: float = setting(1.08, "A", "set by hand")
    symmetrised: int = setting(80, "1", "set by hand")
    symmetrising_symprecs_A: tuple[float, ...] = setting((0.1, 0.2), "A", "set by hand")
    misfit_ratio: float = setting(
        1.4,
        "1",
        "36 right formulas that fit on both symmetries: 33 had the higher one, with misfits of up to 1.4 times",
    )


@dataclass(frozen=True, slots=True)
class FinalRefinementSettings:
    """How many crystals are refined point by point.

    Attributes:
        most: refined, the likeliest by their strain fits first.
        most_alike: of one formula, space group and volume; further ones add nothing.
    """

    most: int = setting(20, "1", "set by hand")
    most_alike: int = setting(3, "1", "set by hand")


@dataclass(frozen=True, slots=True)
class PlacementSettings:
    """When and how templates are placed into cells that the pattern gives.

    Attributes:
        explained_misfit: misfit of the best refined candidate up to which no templates are placed.
        indexed_cells, fitted_cells: cells tried at most, of those from indexing and of those of refined candidates.
        least_correlation: of a strain fit whose cell is tried: its lines lie where the pattern has some.
        same_length: relative difference of all reduced lengths below which two cells are the same.
        volume_tolerance: largest |ln(predicted / cell volume)| of a template that is placed.
        largest_strain: of a lattice mapping: root of the sum of the squared principal strains, volume apart.
        mappings: ways to map a template onto a cell, those of least strain first.
        most_simulated, most_fitted, most_refined: placed crystals simulated in all cells together, fitted, and refined.
        smoothing: place in `LogQSettings.smoothings`: narrow, since the lines lie where they belong.
    """

    explained_misfit: float = setting(1.1, "1", "100 of 160 right first candidates had less, and 13 of 80 wrong ones")
    indexed_cells: int = setting(8, "1", "of 29 true lattices among the first 20 of indexing 24 were the first")
    fitted_cells: int = setting(3, "1", "set by hand")
    least_correlation: float = setting(0.9, "1", "set by hand")
    same_length: float = setting(0.01, "1", "set by hand")
    volume_tolerance: float = setting(0.12, "ln volume", "four standard deviations of the predicted volume's error")
    largest_strain: float = setting(0.35, "1", "set by hand")
    mappings: int = setting(4, "1", "set by hand")
    most_simulated: int = setting(4000, "1", "set by hand")
    most_fitted: int = setting(40, "1", "the right ones were among the first few")
    most_refined: int = setting(10, "1", "the right ones were among the first few")
    smoothing: int = setting(2, "1", "set by hand")


@dataclass(frozen=True, slots=True)
class LoweringSettings:
    """When a candidate is replaced by a form of lower symmetry.

    Attributes:
        tried: pairs of formula and space group that are tried.
        misfit_range: misfits of candidates that are tried: below nothing is left to explain, above more is wrong than
            the symmetry.
        strain: of the lattice that a lower symmetry starts from: unsplit lines do not show which way they part.
        symprec_A: tolerance at which the strained lattice is no longer taken for the higher one.
        least_distortion: share of a lattice's shortest vector by which it must leave the higher symmetry: atoms with
            more freedom can fit better without any distortion.
        least_gain: log-evidence that a lower symmetry must gain.
        largest_misfit_share: of the higher symmetry's misfit that may be left.
        as_good: difference of log-evidence below which the lower symmetry with fewer cell parameters is taken.
    """

    tried: int = setting(3, "1", "set by hand")
    misfit_range: tuple[float, float] = setting((0.4, 8.0), "1", "set by hand")
    strain: float = setting(0.006, "1", "set by hand")
    symprec_A: float = setting(0.004, "A", "set by hand")
    least_distortion: float = setting(0.003, "1", "lattices that were right had left the higher symmetry by 0.8 %")
    least_gain: float = setting(
        30.0,
        "ln",
        "110 compounds lowered: 3 that had the lower symmetry gained 42 to 60 and kept a quarter of "
        "the misfit; right ones gained up to 26 in wrong symmetries",
    )
    largest_misfit_share: float = setting(0.5, "1", "as `least_gain`")
    as_good: float = setting(10.0, "ln", "set by hand")


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """How the terms of the evidence are scaled and bounded. The weights of the terms are fitted with these.

    Attributes:
        least_misfit: misfits 1 - r below it are noise.
        most_strain, most_shape, most_turn_deg, most_hull_eV: where these terms end.
        typical_spread: of a pattern, that the term `fit_spread` is counted from.
        behind: log-evidence by which a candidate is clearly behind another one of its formula where the misfit is 1.
        misfit_offset: added to the misfit of a final refinement: errors are overestimated where it is small.
    """

    least_misfit: float = setting(0.004, "1", "set by hand")
    most_strain: float = setting(0.05, "ln length", "set by hand")
    most_shape: float = setting(0.04, "ln length", "set by hand")
    most_turn_deg: float = setting(5.0, "deg", "set by hand")
    most_hull_eV: float = setting(0.3, "eV/atom", "set by hand")
    typical_spread: float = setting(5.0, "ln bins", "set by hand")
    behind: float = setting(5.0, "ln", "set by hand")
    misfit_offset: float = setting(0.3, "1", "set by hand")


@dataclass(frozen=True, slots=True)
class VerdictSettings:
    """What is said of the first candidate.

    Attributes:
        confident: probability from which the verdict is `match`.
        refused_up_to: probability that the first candidate is right up to which the verdict is `no confident match`.
        least_correlation: of the first candidate's strain fit, below which it does not account for the pattern,
            however likely its formula is.
        most_folded: candidates of one formula and structure type whose probabilities are added up.
    """

    confident: float = setting(0.8, "1", "set by hand")
    refused_up_to: float = setting(
        0.4,
        "1",
        "folds by formula: 95 % of 178 right first candidates had more, 9 % of 60 for patterns of other elements",
    )
    least_correlation: float = setting(
        0.63, "1", "the best of 26 trials with random lines had up to 0.61; 98 of 100 right answers had more than 0.63"
    )
    most_folded: int = setting(3, "1", "set by hand")


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """How measured edges order the candidates, through spectra that the forward model predicts.

    Attributes:
        largest_shift_eV: added to a predicted spectrum; codes and beamlines do not share an energy axis.
        step_eV: of shifts and energies.
        least_overlap_eV: of the predicted with the measured spectrum.
        log_odds: that a difference of one in correlation is worth; the model's errors keep it small.
        most: candidates whose spectra are predicted.
    """

    largest_shift_eV: float = setting(14.0, "eV", "set by hand: metals are off by up to 10 eV")
    step_eV: float = setting(0.5, "eV", "set by hand")
    least_overlap_eV: float = setting(25.0, "eV", "set by hand")
    log_odds: float = setting(12.0, "ln", "set by hand")
    most: int = setting(12, "1", "set by hand")


NO_GAIN = "python -m benchmarks.chain, 154 compounds: no gain beside the crystal system"


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How much what spectra say of a compound counts in an inference.

    Attributes:
        reported_share: of the reported oxidation states in those that a spectrum gives, so that none is impossible.
        coordination_weight: of the logarithm of a predicted probability, where there is no pattern.
        system_weight: the same of the system among proposals, before any is compared with a pattern.
        pattern_coordination, pattern_distance, pattern_system, pattern_extinction, pattern_neighbour: the same among
            candidates that were fitted to a pattern, of coordination numbers, distances, crystal system, extinction
            group and neighbour elements.
        pattern_density, pattern_gap, pattern_formation_energy, pattern_metal: likewise of properties of the material.
        least_probability: that a prediction leaves to anything.
        disfavoured: log-odds against the most favoured from which a formula or a candidate counts as disfavoured.
        formulas, structures: without a pattern, likeliest formulas whose crystals are made, and crystals of each.
    """

    reported_share: float = setting(
        0.1, "1", "400 simulated compounds whose formulas the site model had not seen: 0.02 to 0.3 do alike"
    )
    coordination_weight: float = setting(
        0.25,
        "1",
        "100 simulated compounds, formulas held out: 47 first formulas right instead of 43; 0.5 gives 46, 1 45",
    )
    system_weight: float = setting(0.0, "1", "not measured yet; 0 leaves the prediction out")
    pattern_coordination: float = setting(0.0, "1", NO_GAIN)
    pattern_distance: float = setting(0.0, "1", NO_GAIN)
    pattern_system: float = setting(
        0.5,
        "1",
        "python -m benchmarks.chain, 35 compounds: right ones are likelier with 0.25 to 1, oftener first up to 0.5; "
        "119 others: likelier, as often first",
    )
    pattern_extinction: float = setting(0.0, "1", NO_GAIN)
    pattern_neighbour: float = setting(0.0, "1", NO_GAIN)
    pattern_density: float = setting(0.0, "1", NO_GAIN)
    pattern_gap: float = setting(0.0, "1", NO_GAIN)
    pattern_formation_energy: float = setting(0.0, "1", NO_GAIN)
    pattern_metal: float = setting(0.0, "1", NO_GAIN)
    least_probability: float = setting(0.01, "probability", "set by hand")
    disfavoured: float = setting(-2.3, "ln", "one in ten")
    formulas: int = setting(40, "1", "set by hand")
    structures: int = setting(6, "1", "set by hand")

    @property
    def with_pattern(self) -> dict[str, float]:
        """Weights among candidates that were fitted to a pattern, by kind of prediction."""
        return {
            "coordination": self.pattern_coordination,
            "distance": self.pattern_distance,
            "system": self.pattern_system,
            "extinction": self.pattern_extinction,
            "neighbour": self.pattern_neighbour,
            "density": self.pattern_density,
            "gap": self.pattern_gap,
            "formation_energy": self.pattern_formation_energy,
            "metal": self.pattern_metal,
        }

    @property
    def uses_symmetry(self) -> bool:
        """Whether the symmetry that a pattern shows counts anywhere."""
        return any((self.system_weight, self.pattern_system, self.pattern_extinction))

    @property
    def uses_properties(self) -> bool:
        """Whether what edges say of the material's properties counts anywhere."""
        return any((self.pattern_density, self.pattern_gap, self.pattern_formation_energy, self.pattern_metal))


@dataclass(frozen=True, slots=True)
class SolvingSettings:
    """How crystals that are solved without a template stand among those of templates.

    Attributes:
        compared_formulas: likeliest formulas by chemistry that are compared with the cells, where none is stated.
        formulas: likeliest ones by both that are solved.
        log_substitution: that a solved crystal counts with.
        hull_eV: energy above the hull, per atom, that it counts with.
    """

    compared_formulas: int = setting(60, "1", "set by hand")
    formulas: int = setting(3, "1", "set by hand")
    log_substitution: float = setting(-4.0, "ln", "set by hand: as of an unusual substitution")
    hull_eV: float = setting(0.05, "eV/atom", "set by hand: that of unknown energies")


@dataclass(frozen=True, slots=True)
class RelaxationSettings:
    """When a relaxation ends, and what energies count.

    Attributes:
        converged_eV_A: largest force on an atom of a relaxed crystal.
        converged_GPa: largest component of its stress, where the cell is free.
        most_steps: of the relaxation.
        longest_step_A: of any atom.
        curvature_eV_A2: of the energy by a displacement, before any is known.
        stiffness_GPa: the same of the energy by a strain.
        least_curvature_eV_A2: that a step is calculated with.
        energy_scale_eV: energy per atom above the best of the same formula that costs a factor of e in probability.
        most_energy: natural logarithm of the probability that an energy may cost.
    """

    converged_eV_A: float = setting(0.1, "eV/A", "the default of CHGNet's StructOptimizer")
    converged_GPa: float = setting(0.2, "GPa", "set by hand: 0.2 % of the volume where the bulk modulus is 100 GPa")
    most_steps: int = setting(150, "1", "set by hand")
    longest_step_A: float = setting(0.2, "A", "set by hand")
    curvature_eV_A2: float = setting(70.0, "eV/A2", "the usual first guess of BFGS for solids, that of ASE")
    stiffness_GPa: float = setting(150.0, "GPa", "set by hand: a usual elastic constant")
    least_curvature_eV_A2: float = setting(0.5, "eV/A2", "set by hand: keeps steps along soft modes short")
    energy_scale_eV: float = setting(
        0.05, "eV/atom", "CHGNet's mean error is 0.03 eV per atom (Deng et al., Nat. Mach. Intell. 5, 1031, 2023)"
    )
    most_energy: float = setting(12.0, "natural logarithm", "set by hand")


RELAXATION_SETTINGS = RelaxationSettings()
"""The shipped numbers."""


@dataclass(frozen=True, slots=True)
class InferenceSettings:
    """All numbers that decide an inference.

    Attributes:
        same_volume: difference of ln volume below which two crystals of one symmetry and formula are the same.
    """

    proposals: ProposalSettings = ProposalSettings()
    screening: ScreeningSettings = ScreeningSettings()
    refinement: RefinementSettings = RefinementSettings()
    final_refinement: FinalRefinementSettings = FinalRefinementSettings()
    placement: PlacementSettings = PlacementSettings()
    lowering: LoweringSettings = LoweringSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    verdict: VerdictSettings = VerdictSettings()
    edges: EdgeSettings = EdgeSettings()
    links: LinkSettings = LinkSettings()
    solving: SolvingSettings = SolvingSettings()
    relaxation: RelaxationSettings = RelaxationSettings()
    disorder: DisorderSettings = DISORDER
    same_volume: float = setting(0.03, "ln volume", "set by hand")


INFERENCE_SETTINGS = InferenceSettings()
"""The shipped numbers."""
