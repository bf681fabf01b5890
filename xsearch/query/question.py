"""What is to be found out about a measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xsearch.chemistry.formula import stated_formula
from xsearch.chemistry.sample_conditions import UNSTATED, SampleConditions
from xsearch.errors import QueryError
from xsearch.options import (
    ANY,
    POTENTIAL,
    Constraints,
    Elements,
    Potential,
    Prior,
    Range,
    parse_choice,
    parse_numbers,
    parse_seconds,
)
from xsearch.search.known import Given
from xsearch.search.scope import constraints_of
from xsearch.spectra.measurement import Measurement


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A measurement, the constraints on the answer, and how it is to be found.

    Attributes:
        measurement: the spectra of one sample, and what is known of it.
        constraints: on the answer: its elements, symmetry and metadata.
        search: whether the entries of the index are compared.
        infer: whether crystals in no database are inferred, from the templates of the index.
        phases: how many phases a mixture may have at most; None for one compound.
        top: how many hits, and how many candidates, to give; None for the usual numbers.
        prior: what counts beside the measurement.
        measured_cells: whether measured cells linked to a computed entry are searched beside it.
        conditions: pressure and temperature of the sample.
        range: which part of absorption spectra is compared.
        deglitch: whether single points that stand out of XANES spectra are replaced first.
        leave_out: reduced formulas whose entries give no template.
        alloy: True to infer without charge balance, False with it; None for what the elements suggest.
        relax: how many inferred crystals, the best first, are relaxed.
        potential: that relaxes them.
        relax_seconds: how long that may take in all, in seconds.
        formula: of the compound that is inferred, as atoms of each element; fractions stand for shared or partly
            empty sites.
        solve_seconds: how long crystals are solved from the pattern, without a template; 0 for not at all.
        disorder: infer sites that are shared or partly empty even where an ordered crystal explains the pattern.
        particle_size_um: diameter of the particles of a mixture, by which its weights are corrected for absorption.
        known: phases that are there, as text with commas between or a sequence; the answer is about the rest.
        standard: the name of a certified standard in the sample.

    Raises:
        QueryError: where the parts of the question contradict each other.
    """

    measurement: Measurement = field(default_factory=Measurement)
    constraints: Constraints = ANY
    search: bool = True
    infer: bool = False
    phases: int | None = None
    top: int | None = None
    prior: Prior = Prior.KNOWN
    measured_cells: bool = True
    conditions: SampleConditions = UNSTATED
    range: Range = Range.AUTO
    deglitch: bool = False
    leave_out: tuple[str, ...] = ()
    alloy: bool | None = None
    relax: int = 0
    potential: Potential = POTENTIAL
    relax_seconds: float = 60.0
    formula: Mapping[str, float] | None = None
    solve_seconds: float = 0.0
    disorder: bool = False
    particle_size_um: float | None = None
    known: str | Sequence[Given] | None = None
    standard: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prior", parse_choice(Prior, self.prior, "prior"))
        object.__setattr__(self, "potential", parse_choice(Potential, self.potential, "potential"))
        object.__setattr__(self, "range", parse_choice(Range, self.range, "range"))
        if not self.search and not self.infer:
            raise QueryError("Nothing is to be done; search an index, infer, or both.")
        if self.infer and self.phases:
            raise QueryError("An inference finds one compound; leave --phases or --infer out.")
        if self.infer and self.constraints.allowed is None:
            raise QueryError("Inference needs the elements; give them with --exactly or --only, such as Ca,Mn,Al,O.")
        if self.particle_size_um is not None and (not self.phases or self.measurement.edges):
            raise QueryError("A particle size corrects the weights of a mixture by its pattern; give --phases too.")
        measurement = self.measurement
        of_inference = (
            self.leave_out, self.relax, measurement.oxidation, measurement.coordination, self.formula,
            self.solve_seconds, self.disorder,
        )  # fmt: skip
        if not self.infer and (any(of_inference) or self.alloy is not None):
            raise QueryError(
                "Formula, oxidation states, coordination, alloy, left-out formulas, relaxation, solving and disorder "
                "are conditions of an inference; add --infer."
            )
        if self.phases and measurement.edges and (measurement.pattern is not None or len(measurement.edges) > 1):
            raise QueryError(
                "--phases takes one powder pattern or one edge apart and cannot be joined with --xanes; leave out one "
                "of them."
            )


def question_of(
    *,
    only: Elements = None,
    must: Elements = None,
    may: Elements = None,
    exclude: Elements = None,
    exactly: Elements = None,
    system: str | None = None,
    space_group: int | str | None = None,
    where: str | None = None,
    any_of: Elements = None,
    conditions: str | None = None,
    oxidation: Iterable[str] | None = None,
    coordination: Iterable[str] | None = None,
    formula: str | None = None,
    solve: str | None = None,
    **options: Any,
) -> Question:
    """A question from text, whose spectra are still to be read.

    Args:
        only, must, may, exclude, exactly, any_of, system, space_group, where: constraints, as `SearchIndex.search`
            takes them.
        conditions: pressure and temperature, such as `5 GPa, 600 K`; ambient by default.
        oxidation: known oxidation states, each as `Mn=3,4`.
        coordination: known coordination numbers, each as `Mn=4,6`.
        formula: of an inferred compound, such as `Ca2MnAlO5`; its elements are those of `exactly`.
        solve: how long crystals are solved without a template, such as `10m`.
        options: further fields of `Question`.

    Raises:
        QueryError: for what cannot be understood, and as `Question` does.
    """
    known = Measurement(
        oxidation=parse_numbers(oxidation or (), "oxidation states"),
        coordination=parse_numbers(coordination or (), "coordination numbers"),
    )
    stated = None if formula is None else stated_formula(formula)
    if stated is not None and not any((only, must, may, exactly, any_of)):
        exactly = ",".join(stated)
    constraints = constraints_of(only, must, may, exclude, exactly, system, space_group, where, any_of)
    options["leave_out"] = tuple(options.get("leave_out", ()))
    options |= {"formula": stated, "solve_seconds": parse_seconds(solve) if solve else 0.0}
    return Question(known, constraints, conditions=SampleConditions.parse(conditions), **options)
