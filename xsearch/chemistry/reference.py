"""A compound that is known by its measured spectrum alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """The compound of a measured reference spectrum that belongs to no entry: its formula is known, its crystal is not.

    Its attributes have the names of those of `Material`.

    Attributes:
        material_id: of the reference spectrum.
        source, licence: of the spectrum.
        reduced_formula: of the compound; empty where it is not known.
        elements: in alphabetical order.
        name: phase or sample, as its source calls it.
        reference: in one line.
    """

    material_id: str
    source: str
    licence: str
    reduced_formula: str
    elements: tuple[str, ...]
    name: str | None = None
    reference: str | None = None

    @property
    def formula(self) -> str:
        """As `reduced_formula`."""
        return self.reduced_formula

    @property
    def space_group(self) -> None:
        """Not known."""
        return None

    @property
    def crystal_system(self) -> None:
        """Not known."""
        return None

    @property
    def energy_above_hull_eV(self) -> None:
        """Not known."""
        return None

    @property
    def is_theoretical(self) -> bool:
        """A measured compound was synthesised."""
        return False
