"""A real index of the AFLOW prototypes, and patterns as measurement makes them: fixtures for any folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.once import made_once
from xsearch.builders.aflow import AflowSource
from xsearch.builders.pipeline import build
from xsearch.indexes import Chunk, Staging
from xsearch.search import SearchIndex, open_index
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern


def _build(home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSEARCH_HOME", str(home))
        build(AflowSource(), "aflow", workers=1, measured_cells=False, progress=False)


@pytest.fixture(scope="session")
def prototypes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index of the 288 crystals that pymatgen carries; to be copied by who changes it."""
    return made_once(tmp_path_factory, "prototypes", _build) / "indexes" / "aflow"


@pytest.fixture(scope="session")
def prototypes(prototypes_folder: Path) -> SearchIndex:
    """That index, opened."""
    return open_index(prototypes_folder)


@pytest.fixture(scope="session")
def without_vectors(prototypes: SearchIndex, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same index as an xsearch without weights makes it."""
    folder = tmp_path_factory.mktemp("plain") / "plain"
    entries = [replace(entry, vector=None) for entry in prototypes.index.chunk(np.arange(len(prototypes))).entries()]
    with Staging.open(folder, "without vectors", prototypes.index.manifest.settings) as staging:
        staging.write(0, Chunk.from_entries(entries))
        staging.publish(1, {"source": "AFLOW"})
    return folder


Measure = Callable[..., PowderPattern]


@pytest.fixture(scope="session")
def measured(prototypes: SearchIndex) -> Measure:
    """Makes the pattern of a row as an instrument would: strained, shifted, with background and counting noise."""

    def make(
        row: int,
        *,
        strain: float = 0.0,
        axial: float = 0.0,
        zero_deg: float = 0.0,
        wavelength_A: float = 1.540593,
        counts: float = 20_000,
        fwhm: float = 0.12,
        seed: int = 0,
    ) -> PowderPattern:
        found = prototypes.index.reflections(row)
        cell = found.cell.copy()
        cell[:3] *= np.exp(strain)
        cell[2] *= np.exp(axial)
        angles = np.arange(8.0, 85.0, 0.02)
        curve = pattern_curve(found, cell, angles, wavelength_A, fwhm, zero_deg)
        expected = counts * curve / curve.max() + 150 * np.exp(-angles / 30) + 30
        return PowderPattern(
            angles, np.random.default_rng(seed).poisson(expected).astype(float), wavelength_A, source="made"
        )

    return make
