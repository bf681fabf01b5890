"""The numbers that decide a Rietveld refinement.

Expected sizes are standard deviations of a normal prior: the evidence charges for what is moved by more.
"""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting

HAND = "set by hand on simulated laboratory patterns"
LEARNED = "set by hand; the size of displacements is learned for each crystal (MacKay, Neural Comput. 4 (1992) 415)"


@dataclass(frozen=True, slots=True)
class RietveldSettings:
    """What is refined, how far it is expected to move, what errors a pattern has, and how steps are taken."""

    most_lines: int = setting(250, "1", "the strongest lines are calculated; in a large cell the others lie under them")
    faintest: float = setting(3e-4, "1", "share of the strongest line below which a line is left out, " + HAND)
    margin_deg: float = setting(1.5, "deg", "lines so far beyond the ends of the pattern reach into it")
    cell_share: float = setting(
        0.25, "1", "of the expected changes of a strain fit: half a per cent of a length, " + HAND
    )
    shift_deg: float = setting(0.05, "deg", "zero shift and sample displacement, " + HAND)
    b_step_A2: float = setting(0.5, "A^2", "overall B factor, " + HAND)
    width_step: float = setting(0.4, "1", "logarithm of the line width, " + HAND)
    size_deg: float = setting(0.03, "deg", "width that grows with 1 / cos theta (Scherrer), " + HAND)
    size_step: float = setting(1.0, "1", "logarithm of size_deg, " + HAND)
    microstrain_deg: float = setting(0.1, "deg", "width that grows with tan theta (Stokes and Wilson), " + HAND)
    microstrain_step: float = setting(0.8, "1", "logarithm of microstrain_deg, " + HAND)
    texture: float = setting(0.2, "1", "logarithm of the March parameter along each axis, " + HAND)
    most_texture: float = setting(2.0, "1", "largest logarithm of an intensity factor by texture, " + HAND)
    atom_sigma_A: float = setting(0.07, "A", "typical displacement along each allowed direction, " + LEARNED)
    first_size: float = setting(
        2.0, "atom_sigma_A", "where learning starts, wide so that atoms come far enough; " + LEARNED
    )
    largest_size: float = setting(6.0, "atom_sigma_A", "where learning ends; " + LEARNED)
    held: float = setting(2.0, "1", "displacements of typical size that count beside those seen; " + LEARNED)
    grains: tuple[float, float] = setting(
        (0.2, 0.12),
        "1",
        "scatter of intensities before and after atoms may move; where they stand is part of the first",
    )
    shape_error: float = setting(0.03, "1", "relative error of the profile, " + HAND)
    place_error_deg: float = setting(0.01, "deg", "error of a line's place, " + HAND)
    least_error: float = setting(1e-3, "highest point", "smallest error of a point, " + HAND)
    foreign: float = setting(0.02, "1", "share of points that are something else's, " + HAND)
    foreign_height: float = setting(0.05, "highest point", "how high these stand, of both signs, " + HAND)
    background_sigma: float = setting(0.01, "highest point", "expected error of the background, " + HAND)
    turns: int = setting(12, "1", "steps at most where atoms stay, " + HAND)
    turns_before_atoms: int = setting(3, "1", "these only bring the lines to where they belong")
    turns_with_atoms: int = setting(16, "1", "steps at most where atoms move, " + HAND)
    largest_step: float = setting(1.5, "expected change", "of a Gauss-Newton step, " + HAND)
    shorter: tuple[float, ...] = setting((1.0, 0.4, 0.15), "1", "shares of a step that are tried, " + HAND)
    least_gain: float = setting(0.3, "nat", "a step that brings less is the last, " + HAND)
    most_moves: int = setting(100, "1", "crystals with more free displacements keep their atoms, for speed")
    most_atoms: int = setting(80, "1", "crystals with more atoms keep them where they are, for speed")
    least_scale: float = setting(0.05, "1", "of the pattern's intensity that a crystal is scaled to at least, " + HAND)


RIETVELD = RietveldSettings()
