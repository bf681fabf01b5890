"""What an inference gives back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsearch.answers import Verdict
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.material import Material
from xsearch.errors import QueryError
from xsearch.spectra import PowderPattern

if TYPE_CHECKING:
    import pandas as pd
    from pymatgen.core import Structure


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A crystal that no database holds, made from one that it does.

    Attributes:
        rank: 1 for the best.
        formula: reduced.
        crystal: cell and atoms refined against the pattern, or of the predicted volume where there is no pattern.
        space_group: number.
        crystal_system: of that space group.
        template: key of the structure type.
        source_id: the entry whose crystal was taken.
        source_formula: of that entry.
        substitution: element of the source to the element put in its place.
        probability: 0 to 1, among everything that was considered.
        members: formulas of that structure type in the index.
        evidence: the terms that the probability was made of, by name.
        strain: ln(length that meets the pattern / predicted length), or 0.
        cell: conventional, a b c in Å and angles in degrees.
        zero_shift_deg: added to the calculated 2θ.
        unexplained: share of the measured net intensity that it leaves unexplained.
        xanes_agreement: by absorber, Pearson's r of the predicted with the measured spectrum at the best shift.
        assumptions: everything that was assumed for this candidate, one line each.
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
    strain: float
    cell: tuple[float, ...]
    zero_shift_deg: float
    unexplained: float
    xanes_agreement: dict[str, float] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()

    @property
    def inferred_id(self) -> str:
        """A name that nobody takes for a database entry, such as `inferred:Ca2MnAlO5:mp-1234`."""
        return f"inferred:{self.formula}:{self.source_id}"

    @property
    def structure(self) -> Structure:
        """The crystal as a pymatgen Structure."""
        return self.crystal.to_structure()

    def to_material(self) -> Material:
        """As an entry that can stand in one list with those of an index; its source says that it was inferred."""
        from xsearch.chemistry.formula import anonymous_formula

        return Material(
            material_id=self.inferred_id,
            source="inferred by xsearch",
            licence="of the template's source",
            crystal=self.crystal,
            formula=self.formula,
            reduced_formula=self.formula,
            anonymous_formula=anonymous_formula(self.crystal.composition),
            elements=tuple(sorted(set(self.crystal.elements))),
            space_group=self.space_group,
            crystal_system=self.crystal_system,
            template=self.template,
            is_measured=False,
            is_theoretical=True,
            reference=f"{self.source_formula} ({self.source_id}) with " + replacements(self.substitution),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the crystal as lists."""
        plain = {
            name: getattr(self, name)
            for name in (
                "rank", "formula", "space_group", "crystal_system", "template", "source_id", "source_formula",
                "substitution", "probability", "members", "evidence", "strain", "cell", "zero_shift_deg",
                "unexplained", "xanes_agreement", "assumptions",
            )
        }  # fmt: skip
        return {
            "id": self.inferred_id,
            "inferred": True,
            **plain,
            "crystal": {
                "lattice_A": self.crystal.lattice_A.tolist(),
                "elements": list(self.crystal.elements),
                "frac_coords": self.crystal.frac_coords.tolist(),
            },
        }

    def write_cif(self, path: str | Path) -> Path:
        """Write the crystal, with its origin in comments; returns the path."""
        from pymatgen.io.cif import CifWriter

        lines = [f"# {self.inferred_id}: inferred by xsearch, in no database", *(f"# {a}" for a in self.assumptions)]
        target = Path(path)
        target.write_text("\n".join([*lines, str(CifWriter(self.structure, symprec=0.1))]), encoding="utf-8")
        return target


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
        options: how it was asked, in plain values.
        timings_ms: wall time of each stage in milliseconds.
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

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "inferred": True,
            "elements": list(self.elements),
            "verdict": self.verdict,
            "n_proposed": self.n_proposed,
            "n_screened": self.n_screened,
            "n_fitted": self.n_fitted,
            "notes": list(self.notes),
            "options": self.options,
            "timings_ms": self.timings_ms,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """JSON text, also written to `path` if given."""
        text = json.dumps(self.to_dict(), indent=2, default=float)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def to_dataframe(self) -> pd.DataFrame:
        """One row a candidate."""
        import pandas as pd

        rows = []
        for c in self.candidates:
            row = c.to_dict()
            row.pop("crystal")
            row.update({f"evidence_{k}": v for k, v in row.pop("evidence").items()})
            rows.append({**row, "substitution": replacements(c.substitution), "assumptions": "; ".join(c.assumptions)})
        return pd.DataFrame(rows)

    def table(self, top: int | None = None) -> Any:
        """The candidates as a rich table."""
        from rich.table import Table

        table = Table(title=f"Inferred from templates ({self.verdict}); in no database")
        for heading in ("rank", "formula", "space group", "system", "probability", "made from", "with", "unexplained"):
            table.add_column(heading, justify="right" if heading in ("rank", "probability", "unexplained") else "left")
        for c in self.candidates[:top]:
            table.add_row(
                str(c.rank), c.formula, str(c.space_group), c.crystal_system, f"{c.probability:.2f}",
                f"{c.source_formula} {c.source_id}", replacements(c.substitution), f"{c.unexplained:.2f}",
            )  # fmt: skip
        return table

    def write_cifs(self, folder: str | Path, top: int | None = None) -> list[Path]:
        """One CIF file a candidate; returns their paths."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        return [
            c.write_cif(target / f"{c.rank:02d}_inferred_{c.formula.replace('(', '').replace(')', '')}.cif")
            for c in self.candidates[:top]
        ]


def replacements(substitution: dict[str, str]) -> str:
    changed = [f"{new} for {old}" for old, new in substitution.items() if new != old]
    return ", ".join(changed) if changed else "its own elements"
