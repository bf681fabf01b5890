"""The log-evidence for a crystal, by named terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class Evidence:
    """Natural logarithms of likelihoods and priors, up to a constant; None for a term that was not weighed.

    Attributes:
        prior: before any measurement.
        correlation: of the strained profile with the pattern, on all widths.
        recall: of the coarse profile with the pattern.
        strain: of the mean strain, given the expected one.
        shape: of the strain beyond its isotropic part.
        lines: what the number of the crystal's lines costs, since a crystal with many fits more by chance.
        missing_elements: what the elements cost that were given and that the crystal lacks.
        intensities: of the calculated intensities, where the lines were fitted.
        edges: edge, such as `Fe K`, to that of its spectrum.
        margin: how far the sum is ahead of the best other phase.
        margin_to_third: how far it is ahead of the third best other phase.
        posterior: among the compared compounds, a probability; by edges alone.
    """

    prior: float | None = None
    correlation: float | None = None
    recall: float | None = None
    strain: float | None = None
    shape: float | None = None
    lines: float | None = None
    missing_elements: float | None = None
    intensities: float | None = None
    edges: Mapping[str, float] = field(default_factory=dict)
    margin: float | None = None
    margin_to_third: float | None = None
    posterior: float | None = None

    def terms(self) -> dict[str, float]:
        """The terms that were weighed, by name; those of edges by the edge."""
        named = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "edges"}
        return {name: value for name, value in {**named, **self.edges}.items() if value is not None}
