"""The conditions of a measurement: one set by name, many as records, and how they are drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_FOREIGN = 6
"""Foreign lines that a record has room for."""

MOST_HUMPS, MOST_TUBE_LINES = 2, 2
"""Humps, and lines of the tube beside Kα, that a record has room for."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one measurement is like; `draw_conditions` gives typical ones.

    Attributes:
        wavelength_A: of Kα1, or of a single line where `alpha2_A` is 0. alpha2_A: of Kα2.
        first_deg, last_deg, step_deg: the range.
        mean_strain, shape_strain: ln(sample / computed cell), and (6,) as in `measurement.strained_cell`.
        zero_deg, displacement_deg: see `measurement.zero_shifted` and `measurement.displaced`.
        b_iso_A2: thermal motion.
        march, axis: March parameter and the indices of its direction.
        grain_scatter: relative standard deviation of line intensities.
        instrument_deg, size_A, microstrain, lorentzian: of the line shape.
        direction: how much broader lines along `axis` are than those across it, see `measurement.directional`.
        counts: of the highest point above the background. floor: background, in counts.
        fluorescence: of the sample, even at all angles, relative to the highest line.
        slope: of the background, relative to the floor.
        tail: of the direct beam at the first angle, relative to the highest line.
        humps: (k, 3) angle, full width at half maximum and height, relative to the highest line, of amorphous parts.
        tube: (k, 2) wavelength in Å of further lines of the tube, and their intensity relative to Kα1.
        foreign: (k, 2) angle and relative height of lines that are not the sample's.
    """

    wavelength_A: float
    alpha2_A: float
    first_deg: float
    last_deg: float
    step_deg: float
    mean_strain: float
    shape_strain: tuple[float, ...]
    zero_deg: float
    displacement_deg: float
    b_iso_A2: float
    march: float
    axis: tuple[int, int, int]
    grain_scatter: float
    instrument_deg: float
    size_A: float
    microstrain: float
    direction: float
    lorentzian: float
    counts: float
    floor: float
    fluorescence: float
    slope: float
    tail: float
    humps: tuple[tuple[float, float, float], ...]
    tube: tuple[tuple[float, float], ...]
    foreign: tuple[tuple[float, float], ...]


VECTORS = {
    "shape_strain": ("f8", (6,)),
    "axis": ("i8", (3,)),
    "humps": ("f8", (MOST_HUMPS, 3)),
    "tube": ("f8", (MOST_TUBE_LINES, 2)),
    "foreign": ("f8", (MOST_FOREIGN, 2)),
}

CONDITIONS = np.dtype([(name, *VECTORS.get(name, ("f8",))) for name in Conditions.__dataclass_fields__])
"""One record a measurement, with the fields of `Conditions`; unused humps and lines have no height."""

FWHM = 2 * np.sqrt(2 * np.log(2))
"""Of a Gaussian, in standard deviations."""

TUBES_A = ((1.540593, 1.544427), (0.709317, 0.713607), (1.788996, 1.792835), (1.54184, 0.0), (0.8, 0.0))
TUBE_SHARES = (0.62, 0.06, 0.05, 0.25, 0.02)
"""Kα1 and Kα2 of Cu, Mo and Co, unresolved Cu, a synchrotron; and how often each is drawn."""

AXES = ((0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1))

MEAN_STRAIN = -0.005
"""Mean of the strains drawn: computed cells are so much too long."""


def draw_conditions(random: np.random.Generator) -> Conditions:
    """Conditions as they occur in laboratories, at random."""
    return conditions_of(draw_many(1, random)[0])


def conditions_of(record: np.void) -> Conditions:
    """A record by name."""
    values = {name: record[name].tolist() for name in CONDITIONS.names or ()}
    for name in ("humps", "tube", "foreign"):
        values[name] = tuple(tuple(one) for one in values[name] if one[-1] > 0)
    values["shape_strain"], values["axis"] = tuple(values["shape_strain"]), tuple(values["axis"])
    return Conditions(**values)


def draw_many(count: int, random: np.random.Generator) -> NDArray[np.void]:
    """(count,) records of conditions as they occur in laboratories.

    Strains follow pairs of computed and measured cells: the mean is about -0.5 % and 1 % wide, the axes of one crystal
    differ by 1 % in the median. One range in five is truncated, one sample in ten fluoresces.
    """
    c = np.zeros(count, CONDITIONS)
    c["wavelength_A"], c["alpha2_A"] = np.array(TUBES_A)[random.choice(len(TUBES_A), count, p=TUBE_SHARES)].T
    truncated = random.random(count) < 0.2
    low = np.where(truncated, random.uniform(10, 28, count), random.uniform(3, 16, count))
    high = np.where(truncated, random.uniform(48, 75, count), random.uniform(65, 90, count))
    for name, copper_deg in (("first_deg", low), ("last_deg", high)):
        c[name] = _as_with_copper(copper_deg, c["wavelength_A"])
    short = np.where(c["wavelength_A"] > 1.2, 1.0, 0.5)
    c["step_deg"] = random.choice([0.01, 0.02, 0.02, 0.04, 0.06], count) * short
    c["mean_strain"] = np.clip(MEAN_STRAIN + 0.007 * random.standard_t(4, count), -0.045, 0.045)
    shape = random.standard_t(3, (count, 6)) * np.array([0.005, 0.005, 0.005, 0.3, 0.3, 0.3])
    c["shape_strain"] = np.clip(shape, [-0.04] * 3 + [-2] * 3, [0.04] * 3 + [2] * 3)
    c["zero_deg"] = random.normal(0, 0.03, count)
    c["displacement_deg"] = random.normal(0, 0.03, count)
    c["b_iso_A2"] = random.uniform(0.2, 2.0, count)
    c["march"] = np.where(random.random(count) < 0.4, np.exp(random.normal(0, 0.35, count)), 1.0)
    c["axis"] = np.array(AXES)[random.integers(len(AXES), size=count)]
    c["grain_scatter"] = np.abs(random.normal(0, 0.15, count))
    c["instrument_deg"] = random.uniform(0.04, 0.2, count) * short
    c["size_A"] = np.exp(random.uniform(np.log(150), np.log(5000), count))
    c["microstrain"] = np.abs(random.normal(0, 0.0015, count))
    c["direction"] = np.where(random.random(count) < 0.4, random.normal(0, 0.7, count), 0.0)
    c["lorentzian"] = random.uniform(0.2, 0.9, count)
    c["counts"] = np.exp(random.uniform(np.log(300), np.log(50_000), count))
    c["floor"] = np.exp(random.uniform(np.log(3), np.log(300), count))
    c["fluorescence"] = np.where(random.random(count) < 0.1, random.uniform(0.05, 0.6, count), 0.0)
    c["slope"] = random.exponential(1.5, count)
    span = c["last_deg"] - c["first_deg"]
    c["humps"][:, 0, 2] = random.exponential(0.5, count) * c["floor"] / c["counts"]
    c["humps"][:, 0, 0] = c["first_deg"] + 0.4 * span * random.random(count)
    c["humps"][:, 0, 1] = FWHM * random.uniform(3, 8, count)
    there = np.arange(MOST_FOREIGN) < random.poisson(0.7, count)[:, None]
    c["foreign"][:, :, 0] = c["first_deg"][:, None] + span[:, None] * random.random((count, MOST_FOREIGN))
    c["foreign"][:, :, 1] = np.where(there, random.exponential(0.03, (count, MOST_FOREIGN)), 0.0)
    return c


def ideal(count: int, mean_strain: NDArray[np.floating] | float = 0.0) -> NDArray[np.void]:
    """(count,) records of one good measurement with unresolved copper radiation."""
    c = np.zeros(count, CONDITIONS)
    c["wavelength_A"], c["first_deg"], c["last_deg"], c["step_deg"] = 1.54184, 5.0, 88.0, 0.02
    c["mean_strain"] = mean_strain
    c["b_iso_A2"], c["march"], c["axis"] = 0.8, 1.0, AXES[0]
    c["instrument_deg"], c["size_A"], c["lorentzian"] = 0.14, 2000.0, 0.5
    c["counts"], c["floor"] = 1e6, 1.0
    return c


def _as_with_copper(two_theta_deg: NDArray[np.float64], wavelength_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angle at which a wavelength reaches the same q as copper does at another."""
    sine = np.sin(np.radians(two_theta_deg / 2)) * wavelength_A / 1.540593
    return np.asarray(2 * np.degrees(np.arcsin(np.minimum(0.95, sine))))
