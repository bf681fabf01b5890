"""Athena project files (.prj): gzipped text in which Perl, or JSON, lists the spectra of a project."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from xsearch.edge_names import parse_absorber, parse_edge
from xsearch.errors import SpectrumError
from xsearch.spectra.mend import MIN_POINTS
from xsearch.spectra.normalisation import stated_in_file
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan

_ARRAY = re.compile(r"^@(?P<name>args|x|y)\s*=\s*\((?P<body>.*)\);\s*$")
_TOKEN = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([\[\]])|([^\s,'\"\[\]]+)")
_NO_XANES = ("chi", "chi(k)", "detector", "background")


@dataclass(frozen=True, slots=True)
class Group:
    """One spectrum of a project.

    Attributes:
        label: what the user called it.
        args: its parameters, by Athena's names.
        energy_eV: its energies, as measured.
        mu: its absorption.
    """

    label: str
    args: dict[str, str]
    energy_eV: tuple[float, ...]
    mu: tuple[float, ...]

    def number(self, name: str) -> float | None:
        """A parameter as a number, or None where it is none."""
        try:
            value = float(self.args.get(name, ""))
        except ValueError:
            return None
        return value if math.isfinite(value) else None


def read_athena(source: SourceFile, wanted: Wanted) -> tuple[XasScan, ...]:
    """All spectra of an Athena project, with the edge energy and the ranges that it states.

    Raises:
        SpectrumError: where the file is no project, or holds none.
    """
    groups, broken = groups_of(source)
    lost = (
        (f"{broken} of {broken + len(groups)} spectra of the project are broken and were left out.",) if broken else ()
    )
    return tuple(_scan(group, lost) for group in groups)


def groups_of(source: SourceFile) -> tuple[list[Group], int]:
    """All absorption spectra of a project, in its order, and how many are broken.

    Raises:
        SpectrumError: where the file is no project, or holds none.
    """
    text = source.text()
    try:
        found = list(_json_groups(text) if text.lstrip().startswith("{") else _perl_groups(text))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise SpectrumError(f"{source.name}: a broken Athena project; save it again from Athena.") from None
    groups = [group for group in found if group is not None]
    spectra = [
        group
        for group in groups
        if group.args.get("datatype", "xmu").lower() not in _NO_XANES and group.args.get("is_chi") != "1"
    ]
    if not spectra:
        raise SpectrumError(f"{source.name}: no spectrum in it; an Athena project with mu(E) data is expected.")
    return spectra, len(found) - len(groups)


def _scan(group: Group, notes: tuple[str, ...]) -> XasScan:
    energy_eV = np.array(group.energy_eV)
    shift_eV = group.number("bkg_eshift") or 0.0
    if shift_eV:
        energy_eV = energy_eV + shift_eV
        notes = (*notes, f"The project's energy shift of {shift_eV:+g} eV was applied.")
    pre1, pre2, nor1, nor2 = (group.number(name) for name in ("bkg_pre1", "bkg_pre2", "bkg_nor1", "bkg_nor2"))
    stated = stated_in_file(energy_eV, group.number("bkg_e0"), (pre1, pre2), (nor1, nor2))
    absorber, edge = _edge(group)
    return XasScan(energy_eV, np.array(group.mu), absorber, edge, "eV", notes, group.label, stated)


def _edge(group: Group) -> tuple[str | None, str | None]:
    """The absorber and edge that the project states."""
    try:
        return parse_absorber(group.args["bkg_z"]), parse_edge(group.args["fft_edge"])
    except (KeyError, SpectrumError):
        return None, None


def _perl_groups(text: str) -> Iterator[Group | None]:
    """The groups of the Perl form, in which each ends with the line `[record]`; None for one that is broken."""
    arrays: dict[str, list[str]] = {}
    for line in (*text.splitlines(), "[record]"):
        if match := _ARRAY.match(line):
            arrays[match["name"]] = _values(match["body"])
        elif line.startswith(("[record]", "$old_group")):
            if arrays:
                yield _group(_pairs(arrays.get("args", [])), arrays.get("x"), arrays.get("y"))
            arrays = {}


def _values(body: str) -> list[str]:
    """The values of a Perl list; those of a list within it are one value, joined by line breaks."""
    values: list[str] = []
    inner: list[str] | None = None
    for single, double, bracket, bare in _TOKEN.findall(body):
        if bracket == "[":
            inner = []
        elif bracket == "]":
            values.append("\n".join(inner or []))
            inner = None
        else:
            (values if inner is None else inner).append(re.sub(r"\\(.)", r"\1", single or double or bare).strip())
    return values


def _pairs(values: list[str]) -> dict[str, str]:
    """Names and values that follow one another. Where an older version wrote titles of several lines as several values,
    names after them are found by how they begin."""
    args: dict[str, str] = {}
    place = 0
    while place + 1 < len(values):
        args.setdefault(values[place], values[place + 1])
        place += 2
        if place > 3 and values[place - 2] == "titles":
            while place < len(values) and not re.fullmatch(r"[a-z][a-z0-9]*(_\w+)?", values[place]):
                place += 1
    if "bkg_z" not in args and "bkg_z" in values:
        args |= {name: value for name, value in pairwise(values) if re.match(r"(bkg|fft)_", name)}
    return args


def _json_groups(text: str) -> Iterator[Group | None]:
    """The groups of the JSON form, in the order that it lists; None for one that is broken."""
    project: dict[str, Any] = json.loads(text)
    for key in project.get("_____order", [key for key in project if not key.startswith("_")]):
        group = project.get(key)
        if not isinstance(group, dict) or not {"args", "x", "y"} & group.keys():
            continue
        args = group.get("args", {})
        if isinstance(args, list):
            args = dict(zip(args[::2], args[1::2], strict=False))
        named = {str(name): str(value) for name, value in args.items()} if isinstance(args, dict) else {}
        yield _group({"label": key, **named}, group.get("x"), group.get("y"))


def _group(args: dict[str, str], x: Any, y: Any) -> Group | None:
    """A group, or None where its numbers are missing or broken."""
    try:
        energies, mu = tuple(map(float, x)), tuple(map(float, y))
    except (TypeError, ValueError):
        return None
    if len(energies) != len(mu) or len(energies) < MIN_POINTS:
        return None
    return Group(args.get("label", "?"), args, energies, mu)
