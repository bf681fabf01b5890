"""docs/json.md names every key of the documents."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from xsearch import report
from xsearch.answers import DiscriminatingReflection, Evidence, Rival, SearchResult
from xsearch.answers.symmetry import Symmetry
from xsearch.fit.pattern_fit import LeBailFit, PatternFit
from xsearch.fit.residuals import Residuals
from xsearch.report.json_text import FORMAT

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
OPEN = {"material", "matched_cell", "options", "settings", "timings_ms", "crystal_systems"}
"""Objects whose keys are not listed on the page."""


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            if key not in OPEN:
                yield from keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from keys(part)


def test_every_key_of_a_search_is_described(result: SearchResult) -> None:
    first = result.hits[0]
    rival = Rival("mp-856", "SnO2", ("O", "Sn"), 1.2, (DiscriminatingReflection(27.4, 0.6, 0.3, 0.6),))
    residuals = Residuals(0.1, 0.2, 1.5)
    fit = replace(first.fitted, le_bail=LeBailFit(0.1, 0.2, 0.3, 1.0, 0.0, (0.9, 0.9, 0.9), residuals, residuals))
    full = replace(first, rival=rival, duplicates=(first,), pattern_fit=fit)
    shown = replace(result, hits=(full,), symmetry=Symmetry({"cubic": 1.0}, {225: 1.0}))
    described = set(re.findall(r"`(\w+)`", PAGE))
    missing = set(keys(report.to_dict(shown))) - described
    assert not missing, missing
    assert {one.name for one in (*fields(Evidence), *fields(PatternFit))} <= described


def test_the_page_describes_the_format_that_is_written(result: SearchResult) -> None:
    assert report.to_dict(result)["format"] == FORMAT
    assert f"This page describes format {FORMAT}" in " ".join(PAGE.split())
