"""A small library of textbook structure types, made in memory."""

import pytest

from tests.crystals import caesium_chloride, fluorite, perovskite, rock_salt, rutile, template_library
from xsearch.chemistry.crystal import Crystal
from xsearch.infer.proposals import propose
from xsearch.infer.task import InferenceTask
from xsearch.infer.template_library import TemplateLibrary
from xsearch.spectra import PowderPattern

CRYSTALS = [
    rock_salt("Na", "Cl", 5.64), rock_salt("K", "Cl", 6.29), rock_salt("Na", "Br", 5.97), rock_salt("Mg", "O", 4.21),
    rock_salt("Ca", "O", 4.81), rock_salt("Ni", "O", 4.18), caesium_chloride("Cs", "Cl", 4.12),
    caesium_chloride("Ni", "Ti", 3.015), caesium_chloride("Ni", "Al", 2.887), perovskite("Sr", "Ti", 3.905),
    perovskite("Ba", "Ti", 4.00), perovskite("La", "Al", 3.79), perovskite("K", "Mg", 3.99, anion="F"),
    perovskite("Ba", "Zr", 4.19), rutile("Ti", "O", 4.594, 2.959), rutile("Sn", "O", 4.737, 3.186),
    rutile("Mg", "F", 4.62, 3.05), fluorite("Ca", "F", 5.46), fluorite("Ce", "O", 5.41), fluorite("Zr", "O", 5.09),
]  # fmt: skip


@pytest.fixture(scope="session")
def crystals() -> list[Crystal]:
    """Crystals of the library, in its order."""
    return CRYSTALS


@pytest.fixture(scope="session")
def library() -> TemplateLibrary:
    """Twenty textbook crystals of five structure types."""
    return template_library(CRYSTALS)


def task_of(library: TemplateLibrary, elements: list[str], pattern: PowderPattern, **options: object) -> InferenceTask:
    """Proposals for some elements and a pattern, ready to be compared; options as of `InferenceTask.prepare`."""
    return InferenceTask.prepare(library, propose(library, elements), pattern, **options)  # type: ignore[arg-type]
