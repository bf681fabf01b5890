"""Disturbed measurements by the thousand: conditions drawn as records, and rows of an index measured under them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsearch.simulate.measurement import AXES, TUBE_SHARES, TUBES_A

MOST_FOREIGN = 6

CONDITIONS = np.dtype(
    [
        ("wavelength_A", "f8"), ("alpha2_A", "f8"), ("first_deg", "f8"), ("last_deg", "f8"), ("step_deg", "f8"),
        ("mean_strain", "f8"), ("shape_strain", "f8", (6,)), ("zero_deg", "f8"), ("displacement_deg", "f8"),
        ("b_iso_A2", "f8"), ("march", "f8"), ("axis", "i8", (3,)), ("grain_scatter", "f8"),
        ("instrument_deg", "f8"), ("size_A", "f8"), ("microstrain", "f8"), ("direction", "f8"), ("lorentzian", "f8"),
        ("counts", "f8"), ("floor", "f8"), ("slope", "f8"), ("hump", "f8"), ("hump_deg", "f8"),
        ("hump_width_deg", "f8"), ("noise", "f8"),
        ("foreign_deg", "f8", (MOST_FOREIGN,)), ("foreign_height", "f8", (MOST_FOREIGN,)),
    ]
)  # fmt: skip
"""One record a measurement, the fields of `measurement.Conditions`."""


def draw_many(count: int, random: np.random.Generator) -> NDArray[np.void]:
    """(count,) records of conditions as they occur in laboratories.

    Strains follow pairs of computed and measured cells: the mean is about -0.5 % and 1 % wide, the axes of one crystal
    differ by 1 % in the median.
    """
    c = np.zeros(count, CONDITIONS)
    tubes = np.array(TUBES_A)[random.choice(len(TUBES_A), count, p=TUBE_SHARES)]
    c["wavelength_A"], c["alpha2_A"] = tubes.T
    # the range is drawn in q, so that short wavelengths cover as much of the pattern as copper
    truncated = random.random(count) < 0.2
    low = np.where(truncated, random.uniform(10, 28, count), random.uniform(3, 16, count))
    high = np.where(truncated, random.uniform(48, 75, count), random.uniform(65, 90, count))
    for name, edge_deg in (("first_deg", low), ("last_deg", high)):
        sine = np.sin(np.radians(edge_deg / 2)) * c["wavelength_A"] / 1.540593
        c[name] = 2 * np.degrees(np.arcsin(np.minimum(0.95, sine)))
    short = np.where(c["wavelength_A"] > 1.2, 1.0, 0.5)
    c["step_deg"] = random.choice([0.01, 0.02, 0.02, 0.04, 0.06], count) * short
    c["mean_strain"] = np.clip(-0.005 + 0.007 * random.standard_t(4, count), -0.045, 0.045)
    shape = random.standard_t(3, (count, 6)) * np.array([0.005, 0.005, 0.005, 0.3, 0.3, 0.3])
    c["shape_strain"] = np.clip(shape, [-0.04] * 3 + [-2] * 3, [0.04] * 3 + [2] * 3)
    c["zero_deg"] = random.normal(0, 0.03, count)
    c["displacement_deg"] = random.normal(0, 0.03, count)
    c["b_iso_A2"] = random.uniform(0.2, 2.0, count)
    textured = random.random(count) < 0.4
    c["march"] = np.where(textured, np.exp(random.normal(0, 0.35, count)), 1.0)
    c["axis"] = np.array(AXES)[random.integers(len(AXES), size=count)]
    c["grain_scatter"] = np.abs(random.normal(0, 0.15, count))
    c["instrument_deg"] = random.uniform(0.04, 0.2, count) * short
    c["size_A"] = np.exp(random.uniform(np.log(150), np.log(5000), count))
    c["microstrain"] = np.abs(random.normal(0, 0.0015, count))
    c["direction"] = np.where(random.random(count) < 0.4, random.normal(0, 0.7, count), 0.0)
    c["lorentzian"] = random.uniform(0.2, 0.9, count)
    c["counts"] = np.exp(random.uniform(np.log(300), np.log(50_000), count))
    c["floor"] = np.exp(random.uniform(np.log(3), np.log(300), count))
    c["slope"] = random.exponential(1.5, count)
    c["hump"] = random.exponential(0.5, count)
    span = c["last_deg"] - c["first_deg"]
    c["hump_deg"] = c["first_deg"] + 0.4 * span * random.random(count)
    c["hump_width_deg"] = random.uniform(3, 8, count)
    c["noise"] = 1.0
    there = np.arange(MOST_FOREIGN) < random.poisson(0.7, count)[:, None]
    c["foreign_deg"] = c["first_deg"][:, None] + span[:, None] * random.random((count, MOST_FOREIGN))
    c["foreign_height"] = np.where(there, random.exponential(0.03, (count, MOST_FOREIGN)), 0.0)
    return c


def ideal(count: int, mean_strain: NDArray[np.floating] | float = 0.0) -> NDArray[np.void]:
    """(count,) records of one good measurement with copper and without noise, of cells strained as expected."""
    c = np.zeros(count, CONDITIONS)
    c["wavelength_A"], c["first_deg"], c["last_deg"], c["step_deg"] = 1.54184, 5.0, 88.0, 0.02
    c["mean_strain"] = mean_strain
    c["b_iso_A2"], c["march"], c["axis"] = 0.8, 1.0, AXES[0]
    c["instrument_deg"], c["size_A"], c["lorentzian"] = 0.14, 2000.0, 0.5
    c["counts"], c["floor"] = 1e5, 1.0
    c["hump_width_deg"] = 5.0
    return c
