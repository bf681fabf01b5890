"""An answer as a search would give it, made of real parts: crystals, their simulated lines, a noisy pattern."""

import numpy as np
import pytest

from tests.crystals import FCC, rutile
from xsearch.answers import Evidence, Hit, SearchResult
from xsearch.chemistry import Crystal, Material
from xsearch.chemistry.formula import anonymous_formula, formula_unit, reduced_formula
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.fit.pattern_fit import PatternFit
from xsearch.options import Constraints
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.profile_curve import pattern_curve
from xsearch.spectra import PowderPattern

WAVELENGTH_A = 1.5406
STRAIN = (0.004, 0.004, -0.002)
ZERO_SHIFT_DEG = 0.02


def silicon() -> Crystal:
    """In its primitive cell."""
    lattice = FCC * 5.431
    return Crystal.ordered(lattice, np.array([[0, 0, 0], [0.25, 0.25, 0.25]]), ["Si", "Si"])


def wustite() -> Crystal:
    """With a partly empty site shared by two elements."""
    lattice = FCC * 4.30
    coords = np.array([[0, 0, 0], [0, 0, 0], [0.5, 0.5, 0.5]])
    return Crystal(lattice, coords, ("Fe", "Mg", "O"), np.array([0.7, 0.2, 1.0]))


def material(material_id: str, crystal: Crystal, symmetry: Symmetry, **more: object) -> Material:
    amounts = formula_unit(crystal)
    given = {"source": "Materials Project 2025-02", "licence": "CC-BY-4.0", **more}
    return Material(
        material_id=material_id,
        crystal=crystal,
        formula=reduced_formula(amounts),
        reduced_formula=reduced_formula(amounts),
        anonymous_formula=anonymous_formula(amounts),
        elements=tuple(sorted(set(crystal.elements))),
        space_group=symmetry.number,
        crystal_system=symmetry.crystal_system,
        **given,  # type: ignore[arg-type]
    )


def hit(rank: int, material_id: str, crystal: Crystal, strain: tuple[float, ...] = (0, 0, 0), **more: object) -> Hit:
    symmetry = find_symmetry(crystal)
    reflections = simulate_reflections([symmetry], d_min_A=0.7)[0]
    cell = reflections.cell * np.array([*np.exp(strain), 1, 1, 1])
    return Hit(
        rank=rank,
        material=material(material_id, crystal, symmetry, **more),
        score=0.9 / rank,
        evidence=Evidence(correlation=7.5, strain=-0.1),
        reflections=reflections,
        pattern_fit=PatternFit(
            strain=float(np.mean(strain)),
            cell=tuple(cell.tolist()),
            zero_shift_deg=ZERO_SHIFT_DEG,
            unexplained=0.05 * rank,
            fwhm_deg=0.12,
            correlations={0.0035: 0.91, 0.007: 0.95, 0.014: 0.97},
        ),
    )


@pytest.fixture(scope="session")
def hits() -> tuple[Hit, ...]:
    """Rutile with its name and strain; silicon from a primitive cell; a disordered oxide; all as found for rutile."""
    return (
        hit(1, "mp-2657", rutile(), STRAIN, name="Rutile", reference="A. Person, J. Cryst. 1 (1999)"),
        hit(2, "amcsd-7", silicon(), (0.01, 0.01, 0.01), source="American Mineralogist Crystal Structure Database"),
        hit(3, "lab/<1>", wustite(), source="my cifs", licence="private"),
    )


@pytest.fixture(scope="session")
def pattern(hits: tuple[Hit, ...]) -> PowderPattern:
    """The first hit's pattern in its strained cell, on a sloping background, with counting noise."""
    best = hits[0]
    x = np.arange(20, 80, 0.02)
    peaks = pattern_curve(best.reflections, np.array(best.cell), x, WAVELENGTH_A, 0.12, ZERO_SHIFT_DEG)
    ideal = 5000 * peaks / peaks.max() + 200 - x
    counts = np.random.default_rng(5).poisson(ideal).astype(float)
    return PowderPattern(x, counts, WAVELENGTH_A, source="sample 1.xy", notes=("wavelength from the command line",))


@pytest.fixture(scope="session")
def result(hits: tuple[Hit, ...], pattern: PowderPattern) -> SearchResult:
    """A confident answer."""
    return SearchResult(
        pattern=pattern,
        hits=hits,
        verdict="match",
        index_name="lab",
        index_version="0001-abcdef01",
        n_searched=1234,
        constraints=Constraints.parse(only="Ti O Si"),
        options={"top": 20},
        notes=("wavelength from the command line", "texture was allowed for"),
        timings_ms={"recall": 12.5},
    )
