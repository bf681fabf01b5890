"""Athena project files (.prj): gzipped text in which Perl, or JSON, lists the spectra of a project."""

import json
import re
from dataclasses import dataclass

import numpy as np

from xsearch.errors import SpectrumError
from xsearch.options import parse_absorber, parse_edge
from xsearch.spectra.readers.source import SourceFile
from xsearch.spectra.readers.wanted import Wanted
from xsearch.spectra.readers.xas_scan import XasScan

_ARRAY = re.compile(r"^@(?P<name>args|x|y)\s*=\s*\((?P<body>.*)\);\s*$")
_FIELD = re.compile(r"'((?:[^'\\]|\\.)*)'|([^\s,'][^,]*)")
_NO_XANES = ("chi", "chi(k)", "detector", "background")


@dataclass(frozen=True, slots=True)
class Group:
    """One spectrum of a project.

    Attributes:
        label: what the user called it.
        args: its parameters, by Athena's names.
        energy_eV: its energies.
        mu: its absorption.
    """

    label: str
    args: dict[str, str]
    energy_eV: tuple[float, ...]
    mu: tuple[float, ...]


def read_athena(source: SourceFile, wanted: Wanted) -> tuple[XasScan, ...]:
    """All spectra of an Athena project.

    Raises:
        SpectrumError: where the file is no project, or holds none.
    """
    return tuple(_scan(group, source.name) for group in groups_of(source))


def _scan(group: Group, name: str) -> XasScan:
    notes = []
    energy_eV = np.array(group.energy_eV)
    shift_eV = _number(group.args.get("bkg_eshift"))
    if shift_eV:
        energy_eV = energy_eV + shift_eV
        notes.append(f"The project's energy shift of {shift_eV:+g} eV was applied.")
    if len(energy_eV) != len(group.mu):
        raise SpectrumError(
            f"{name}: spectrum {group.label!r} has {len(energy_eV)} energies and {len(group.mu)} values."
        )
    return XasScan(energy_eV, np.array(group.mu), *_edge(group), unit="eV", notes=tuple(notes), label=group.label)


def groups_of(source: SourceFile) -> list[Group]:
    """All absorption spectra of a project, in its order.

    Raises:
        SpectrumError: where the file is no project, or holds none.
    """
    text = source.text()
    try:
        groups = _json_groups(text) if text.lstrip().startswith("{") else _perl_groups(text)
    except (ValueError, TypeError, AttributeError, KeyError):
        raise SpectrumError(f"{source.name}: a broken Athena project; save it again from Athena.") from None
    groups = [group for group in groups if group.args.get("datatype", "xmu").lower() not in _NO_XANES]
    if not groups:
        raise SpectrumError(f"{source.name}: no spectrum in it; an Athena project with mu(E) data is expected.")
    return groups


def _edge(group: Group) -> tuple[str | None, str | None]:
    """The absorber and edge that the project states."""
    try:
        return parse_absorber(group.args["bkg_z"]), parse_edge(group.args["fft_edge"])
    except (KeyError, SpectrumError):
        return None, None


def _perl_groups(text: str) -> list[Group]:
    """The groups of the Perl form, in which each ends with the line `[record]`."""
    groups, arrays = [], {}
    for line in text.splitlines():
        if match := _ARRAY.match(line):
            arrays[match["name"]] = [_unquote(quoted or bare) for quoted, bare in _FIELD.findall(match["body"])]
        elif line.startswith(("[record]", "$old_group")):
            if {"args", "x", "y"} <= arrays.keys():
                groups.append(_perl_group(arrays))
            arrays = {}
    if {"args", "x", "y"} <= arrays.keys():
        groups.append(_perl_group(arrays))
    return groups


def _perl_group(arrays: dict[str, list[str]]) -> Group:
    names_and_values = arrays["args"]
    args = dict(zip(names_and_values[::2], names_and_values[1::2], strict=False))
    return Group(args.get("label", "?"), args, tuple(map(float, arrays["x"])), tuple(map(float, arrays["y"])))


def _json_groups(text: str) -> list[Group]:
    """The groups of the JSON form, in the order that it lists."""
    project = json.loads(text)
    groups = []
    for key in project.get("_____order", [key for key in project if not key.startswith("_")]):
        group = project[key]
        if not isinstance(group, dict) or not {"args", "x", "y"} <= group.keys():
            continue
        args = group["args"]
        if isinstance(args, list):
            args = dict(zip(args[::2], args[1::2], strict=False))
        args = {str(name): str(value) for name, value in args.items()}
        groups.append(Group(args.get("label", key), args, tuple(map(float, group["x"])), tuple(map(float, group["y"]))))
    return groups


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).strip()


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
