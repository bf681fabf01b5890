"""Reflections a second against pymatgen's `XRDCalculator`, one thread, the same crystals in one run.

    python -m benchmarks.pxrd_reflections [--n 200] [--json]

The crystals are a random sample of `mp_structures.parquet` in `$XSEARCH_DATA`, or without it the AFLOW prototypes that
pymatgen carries. Both sides simulate Cu Kα1 from 5 to 90° 2θ from the crystal as it is given: the symmetry is sought at
a tolerance so tight that no atom moves. Symmetry search and conversion are outside both clocks.
"""

import argparse
import json
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from pymatgen.analysis.diffraction.xrd import XRDCalculator

from benchmarks._data import found_file
from xsearch.builders.aflow import AflowSource
from xsearch.builders.parquet import ParquetSource
from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate.powder import line_positions, simulate_reflections

WAVELENGTH_A = 1.540593
"""Cu Kα1."""

FIRST_DEG, LAST_DEG = 5.0, 90.0
"""Range of 2θ."""

TIGHT_A = 1e-4
"""Tolerance of the symmetry search, so tight that no atom moves."""

SAME_LINE_DEG = 0.005
"""Intensities are summed within twice this distance of a reference line."""

FAINT = 0.01
"""Lines below this share of the strongest are not compared."""

ROUNDS = 5
"""Of which the median time counts."""

PROFILE_STEP_DEG, PROFILE_FWHM_DEG = 0.01, 0.1
"""Of the profiles whose cosine is compared."""


@dataclass(frozen=True)
class Agreement:
    """How far our lines are from the reference's.

    Attributes:
        cosine: of the two profiles.
        worst_angle_deg: largest distance of a reference line above 1 % from ours.
        worst_intensity: largest difference of intensity about such a line, as a share of the strongest line.
    """

    cosine: float
    worst_angle_deg: float
    worst_intensity: float


def agreement(crystal: Crystal, wavelength_A: float = WAVELENGTH_A) -> Agreement:
    """Compare our lines of a crystal with pymatgen's."""
    reference = XRDCalculator(wavelength=wavelength_A, symprec=0).get_pattern(
        crystal.to_structure(), scaled=False, two_theta_range=(FIRST_DEG, LAST_DEG)
    )
    symmetry = find_symmetry(crystal, TIGHT_A)
    (found,) = simulate_reflections([symmetry], d_min_A=_d_min(wavelength_A))
    angles, intensity, _ = line_positions(found, wavelength_A)
    # the reference adds up the cell as given, ours the conventional cell: |F|² goes with the square of the volume, and
    # the number of reflections at a spacing does not depend on the cell
    points = abs(np.linalg.det(symmetry.to_conventional))
    intensity = intensity * (crystal.volume_A3 / (symmetry.primitive.volume_A3 * points)) ** 2
    inside = (angles >= FIRST_DEG) & (angles <= LAST_DEG)
    angles, intensity = angles[inside], intensity[inside]
    ours, theirs = _profile(angles, intensity), _profile(reference.x, reference.y)
    highest = reference.y.max()
    worst_angle = worst_intensity = 0.0
    for angle in reference.x[reference.y >= FAINT * highest]:
        worst_angle = max(worst_angle, float(np.abs(angles - angle).min()))
        ours_here = intensity[np.abs(angles - angle) <= 2 * SAME_LINE_DEG].sum()
        theirs_here = reference.y[np.abs(reference.x - angle) <= 2 * SAME_LINE_DEG].sum()
        worst_intensity = max(worst_intensity, abs(ours_here - theirs_here) / highest)
    cosine = float(ours @ theirs / np.sqrt((ours @ ours) * (theirs @ theirs)))
    return Agreement(cosine, worst_angle, float(worst_intensity))


def _d_min(wavelength_A: float) -> float:
    return float(wavelength_A / (2 * np.sin(np.radians(LAST_DEG / 2))))


def _profile(angles: np.ndarray, intensity: np.ndarray) -> np.ndarray:
    grid = np.arange(FIRST_DEG, LAST_DEG, PROFILE_STEP_DEG)
    profile = np.zeros(len(grid))
    sigma = PROFILE_FWHM_DEG / 2.3548
    for angle, height in zip(angles, intensity, strict=True):
        part = slice(*np.searchsorted(grid, [angle - 6 * sigma, angle + 6 * sigma]))
        profile[part] += height * np.exp(-0.5 * ((grid[part] - angle) / sigma) ** 2)
    return profile


def crystals(n: int) -> tuple[str, list[Crystal]]:
    """The name of the sample, and its crystals."""
    source: Any
    if path := found_file("mp_structures.parquet"):
        name, source = f"{path.name}, random sample", ParquetSource.of([path])
    else:
        name, source = "AFLOW prototypes", AflowSource()
    total = source.count() or sum(1 for _ in source.items())
    chosen = set(np.random.default_rng(0).choice(total, min(n, total), replace=False).tolist())
    return name, [source.process(item).crystal for i, item in enumerate(source.items()) if i in chosen]


def measure(n: int) -> dict[str, Any]:
    """The figures."""
    name, sample = crystals(n)
    symmetries = [find_symmetry(crystal, TIGHT_A) for crystal in sample]
    structures = [crystal.to_structure() for crystal in sample]
    calculator = XRDCalculator(wavelength=WAVELENGTH_A, symprec=0)
    simulate_reflections(symmetries[:1])
    ours = []
    for _ in range(ROUNDS):
        begin = perf_counter()
        simulate_reflections(symmetries, d_min_A=_d_min(WAVELENGTH_A))
        ours.append(perf_counter() - begin)
    begin = perf_counter()
    for structure in structures:
        calculator.get_pattern(structure, two_theta_range=(FIRST_DEG, LAST_DEG))
    theirs = perf_counter() - begin
    compared = [agreement(crystal) for crystal in sample]
    return {
        "sample": name,
        "n": len(sample),
        "ratio": theirs / float(np.median(ours)),
        "ms_each": float(np.median(ours)) / len(sample) * 1e3,
        "ms_each_pymatgen": theirs / len(sample) * 1e3,
        "least_cosine": min(a.cosine for a in compared),
        "worst_angle_deg": max(a.worst_angle_deg for a in compared),
        "worst_intensity": max(a.worst_intensity for a in compared),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=200, help="how many crystals")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.n)
    print(
        json.dumps(figures) if arguments.json else "\n".join(f"{name:18s} {value}" for name, value in figures.items())
    )


if __name__ == "__main__":
    main()
