"""The answer of an inference: crystals that are in no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xsearch.answers.link import Link
from xsearch.answers.notebook import shown
from xsearch.answers.result import Verdict
from xsearch.answers.site_disorder import SiteDisorder
from xsearch.chemistry.crystal import Crystal
from xsearch.errors import QueryError
from xsearch.fit.pattern_fit import Cell, PatternFit
from xsearch.fit.rietveld import Refined
from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A crystal in no database, substituted from an entry of one, or solved from the pattern alone.

    Attributes:
        rank: 1 for the best.
        formula: reduced; with fractions where sites are shared or partly empty.
        crystal: cell and atoms refined against the pattern, or of the predicted volume where there is no pattern.
        space_group: number.
        crystal_system: of that space group.
        template: key of the structure type; empty where the crystal was solved, as are the next three.
        source_id: the entry whose crystal was taken.
        source_formula: of that entry.
        substitution: element of the source to the element put in its place.
        probability: 0 to 1, among everything that was considered.
        members: number of formulas of that structure type in the index.
        evidence: log-evidence by named terms.
        cell: conventional, a b c in Å and angles in degrees.
        pattern_fit: of the strained crystal to the pattern; None where there was no pattern.
        xanes_agreement: by absorber, Pearson's r of the predicted with the measured spectrum at the best shift.
        assumptions: everything that was assumed for this candidate, one line each.
        refined: its Rietveld refinement against the pattern, where there is one.
        disorder: sites that two elements share, or that are partly empty.
    """

    rank: int
    formula: str
    crystal: Crystal
    space_group: int
    crystal_system: str
    template: str
    source_id: str
    source_formula: str
    substitution: dict[str, str]
    probability: float
    members: int
    evidence: dict[str, float]
    cell: Cell
    pattern_fit: PatternFit | None = None
    xanes_agreement: dict[str, float] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    refined: Refined | None = None
    disorder: tuple[SiteDisorder, ...] = ()

    @property
    def inferred_id(self) -> str:
        """A name that nobody takes for a database entry, such as `inferred:Ca2MnAlO5:mp-1234`."""
        return f"inferred:{self.formula}:{self.source_id or f'solved-{self.rank}'}"

    @property
    def solved(self) -> bool:
        """Whether it was solved from the pattern alone, without a template."""
        return not self.source_id

    @property
    def origin(self) -> str:
        """Formula and id of the template in one text; or that there was none."""
        return "solved without a template" if self.solved else f"{self.source_formula} {self.source_id}"

    @property
    def structure(self) -> Structure:
        """The crystal as a pymatgen Structure."""
        return self.crystal.to_structure()


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """The answer to what a compound in no database may be.

    Attributes:
        elements: that were given.
        candidates: the best first, whatever the verdict; where it is `no confident match`, they are the best tries and
            no answer.
        verdict: `match`, `tentative` or `no confident match`; without a pattern never better than `tentative`.
        pattern: that was explained, or None.
        n_proposed, n_screened, n_fitted: substitutions considered, simulated, and fitted closely.
        notes: what was assumed, one line each.
        options: of the inference, in plain values.
        timings_ms: wall time of each stage in milliseconds.
        settings: stage to its settings, as `xsearch.settings.settings_record` gives them.
        chain: what spectra said of the compound, and what each prediction changed.
    """

    elements: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    verdict: Verdict
    pattern: PowderPattern | None = None
    n_proposed: int = 0
    n_screened: int = 0
    n_fitted: int = 0
    notes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    timings_ms: dict[str, float] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chain: tuple[Link, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether nothing explains the pattern."""
        return self.verdict == "no confident match"

    def best(self) -> Candidate:
        """The first candidate, as the answer.

        Raises:
            QueryError: where nothing explains the pattern.
        """
        if self.refused or not self.candidates:
            raise QueryError("Nothing was inferred; " + (self.notes[-1] if self.notes else "there are no candidates."))
        return self.candidates[0]

    def _repr_html_(self) -> str:
        """The verdict and a row a candidate, for notebooks."""
        rows = [
            (
                one.rank, one.formula, one.space_group, one.crystal_system, one.probability,
                one.origin,
                ", ".join(f"{new} for {old}" for old, new in one.substitution.items() if new != old),
            )
            for one in self.candidates
        ]  # fmt: skip
        headings = ("#", "formula", "space group", "system", "probability", "template", "substitution")
        return shown(f"inferred from {' '.join(self.elements)}", self.verdict, headings, rows, self.notes)
