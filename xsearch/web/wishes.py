"""From an address to a question: options by the names of the command line, with what each takes there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from xsearch.chemistry import Crystal
from xsearch.chemistry.cif import read_cif
from xsearch.errors import QueryError
from xsearch.options import parse_phases
from xsearch.query import Question, question_of
from xsearch.spectra.measurement import Measurement
from xsearch.web.element_options import ELEMENTS

TEXTS = {
    **ELEMENTS,
    "system": "system", "space-group": "space_group", "where": "where", "conditions": "conditions", "prior": "prior",
    "range": "range", "standard": "standard", "formula": "formula", "solve": "solve",
}  # fmt: skip
"""Options that take text, and the arguments of `question_of`."""

LISTS = {"oxidation": "oxidation", "coordination": "coordination", "leave-out": "leave_out"}
"""Options that are given again and again on the command line; here with semicolons between."""

SWITCHES = {
    "infer": "infer", "deglitch": "deglitch", "measured-cells": "measured_cells", "alloy": "alloy",
    "disorder": "disorder",
}  # fmt: skip
"""Options that are `yes` or `no`."""

OPTIONS = frozenset({*TEXTS, *LISTS, *SWITCHES, "known", "phases", "top", "particle-size"})
"""All that an address may hold of a question."""


def question_of_wishes(
    wishes: Mapping[str, str], measurement: Measurement, known: str | tuple[str | Crystal, ...] | None
) -> Question:
    """A question about a measurement.

    Raises:
        QueryError: for what cannot be understood.
    """
    if unknown := sorted(wishes.keys() - OPTIONS):
        raise QueryError(f"There is no option {unknown[0]!r}.")
    given = {name: text for name, text in wishes.items() if text.strip()}
    options: dict[str, object] = {TEXTS[name]: text for name, text in given.items() if name in TEXTS}
    for name, text in given.items():
        if name in LISTS:
            options[LISTS[name]] = [part.strip() for part in text.split(";") if part.strip()]
        elif name in SWITCHES:
            options[SWITCHES[name]] = _switch(name, text)
    if "phases" in given:
        options["phases"] = parse_phases(given["phases"])
    if "top" in given:
        options["top"] = _number(given["top"], 1, 200)
    if "particle-size" in given:
        options["particle_size_um"] = _size(given["particle-size"])
    question = question_of(**options, known=known)  # type: ignore[arg-type]
    stated = question.measurement
    return replace(
        question, measurement=replace(measurement, oxidation=stated.oxidation, coordination=stated.coordination)
    )


def known_phases(wishes: Mapping[str, str], dropped: Mapping[str, str]) -> tuple[str | Crystal, ...] | None:
    """Phases that are there: formulas, ids, standards, and CIF files that were dropped.

    Args:
        wishes: of which `known` is one.
        dropped: name to path of CIF files that were dropped; no other file is opened.

    Raises:
        QueryError: for what looks like a file and was not dropped.
    """
    names = [part.strip() for part in wishes.get("known", "").split(",") if part.strip()]
    crystals = {
        name: read_cif(Path(path).read_text(encoding="utf-8", errors="replace"), name)[0].crystal
        for name, path in dropped.items()
    }
    found: list[str | Crystal] = []
    for name in names:
        if name in crystals:
            found.append(crystals[name])
        elif re.search(r"[/\\~]|\.cif$", name, re.IGNORECASE):
            raise QueryError(f"{name} was not dropped on the page; drop the CIF file, or give a formula or an id.")
        else:
            found.append(name)
    found += [crystal for name, crystal in crystals.items() if name not in names]
    return tuple(found) or None


def _switch(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        raise QueryError(f"{name} is yes or no, not {text!r}.")
    return text == "yes"


def _number(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise QueryError(f"{text!r} is no number from {least} to {most}.")
    return int(text)


def _size(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0.01 <= found <= 1000:
        raise QueryError(f"{text!r} is no diameter of particles; a number from 0.01 to 1000 µm is expected.")
    return found
