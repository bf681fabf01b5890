"""Make the example patterns in examples/spectra: crystals of the AFLOW prototypes, measured as a laboratory would.

Each pattern has a background, lines with a Kα2 partner where a tube makes one, a zero error, a cell that is a little
off the published one, texture, and counting noise. Run it again and the same files come out.

    python examples/make_spectra.py
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsearch.builders.aflow import AflowSource
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate import Reflections
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra.radiation import LINES_A

FOLDER = Path(__file__).parent / "spectra"


@dataclass(frozen=True)
class Sample:
    """What is measured, and how well.

    Attributes:
        name: of the file.
        phases: prototype label to share of the scattering.
        anode: of the tube.
        strain: linear, of all cells: what a solid solution or another temperature does.
        zero_shift_deg: of the goniometer.
        fwhm_deg: of the lines.
        counts: of the strongest line.
        header: what the file says above the numbers.
    """

    name: str
    phases: dict[str, float]
    anode: str = "Cu"
    strain: float = 0.0
    zero_shift_deg: float = 0.0
    fwhm_deg: float = 0.12
    counts: float = 4000
    header: str = ""


RUTILE, CORUNDUM = "aflow-A2B_tP6_136_f_a", "aflow-A2B3_hR10_167_c_e"
SAMPLES = (
    Sample("rutile.xy", {RUTILE: 1}, strain=0.0015, zero_shift_deg=0.03, header="# Cu Kα, wavelength = 1.5418\n"),
    Sample("corundum.csv", {CORUNDUM: 1}, "Mo", strain=-0.001, zero_shift_deg=-0.02, fwhm_deg=0.08),
    Sample("mixture.xy", {RUTILE: 0.45, CORUNDUM: 0.55}, fwhm_deg=0.2, header="# Cu Kα, wavelength = 1.5418\n"),
)


def main() -> None:
    """Write every sample's file."""
    FOLDER.mkdir(exist_ok=True)
    items = {item.item_id: item for item in AflowSource().items()}
    for seed, sample in enumerate(SAMPLES):
        phases = {}
        for label, share in sample.phases.items():
            symmetry = find_symmetry(AflowSource().process(items[label]).crystal)
            phases[label] = (simulate_reflections([symmetry], d_min_A=0.6)[0], share)
        x, counts = measure(sample, list(phases.values()), np.random.default_rng(seed))
        separator = "," if sample.name.endswith("csv") else " "
        rows = "".join(f"{angle:.3f}{separator}{count:d}\n" for angle, count in zip(x, counts, strict=True))
        (FOLDER / sample.name).write_text(sample.header + rows, encoding="utf-8")
        print(f"{sample.name}: {len(x)} points, {' + '.join(sample.phases)}")


def measure(
    sample: Sample, phases: list[tuple[Reflections, float]], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Angles and counts of a sample, as a diffractometer would record them."""
    short = sample.anode == "Mo"
    x = np.arange(5 if short else 15, 45 if short else 90, 0.01 if short else 0.02)
    alpha1_A, alpha2_A, _ = LINES_A[sample.anode]
    net = np.zeros_like(x)
    for reflections, share in phases:
        cell = reflections.cell * np.array([*[np.exp(sample.strain)] * 3, 1, 1, 1])
        textured = replace(
            reflections,
            structure_factor_sq=(reflections.structure_factor_sq * random.normal(1, 0.1, len(reflections)).clip(0.5)),
        )
        profile = sum(
            weight * pattern_curve(textured, cell, x, wavelength_A, sample.fwhm_deg, sample.zero_shift_deg)
            for wavelength_A, weight in ((alpha1_A, 2 / 3), (alpha2_A, 1 / 3))
        )
        net += share * profile / profile.max()
    background = 120 * np.exp(-x / 25) + 40 + 30 * np.exp(-(((x - 0.3 * x[-1]) / 8) ** 2))
    return x, random.poisson(sample.counts * net / net.max() + background)


if __name__ == "__main__":
    main()
