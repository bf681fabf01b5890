"""Words above a table that say the radiation."""

import math
import re

from xsearch.errors import WavelengthError
from xsearch.spectra.radiation import HC_EV_A, LINES_A, RADIATIONS_A, mean_kalpha_A, parse_wavelength, radiation_name
from xsearch.spectra.readers.scan import StatedWavelength

_VALUE = (
    r"\s*[\"']?\s*[\(\[]?\s*(?P<unit1>Å|A|Ang\w*|nm|m|keV|eV)?\s*[\)\]]?\s*[:=,;\t ]\s*[\"']?\s*"
    r"(?P<number>[-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?)\s*(?P<unit2>[^\W\d_]*)"
)
_WAVELENGTH = re.compile(r"(?:wave[\s_-]*length|lambda|λ|\b_?wl)\s*_?(?P<which>\w*)" + _VALUE, re.IGNORECASE)
_KALPHA = re.compile(
    r"k[\s_-]*(?:alpha|α|a)[\s_-]*(?P<which>[12])[^0-9=:,\t]{0,24}[=:,\t ]\s*(?P<number>\d*[.,]\d+)", re.IGNORECASE
)
_ENERGY = re.compile(r"(?:photon|beam|x-?ray|incident)?[\s_-]*energy" + _VALUE, re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?P<name>" + "|".join(LINES_A) + r")[\s_-]*-?K[\s_-]*(?P<line>(?:alpha|α|a|beta|β|b)[\s_-]*[12]?)?(?![a-z])",
    re.IGNORECASE,
)
_ANODE = re.compile(
    r"\b(?:anode|target|tube|x-?ray[\s_-]*source|radiation)\w*[\s_-]*(?:material|name|element|type)?\s*[:=,\t ]\s*"
    r"[\"']?(?P<name>" + "|".join(LINES_A) + r"|copper|molybdenum|cobalt|iron|chromium|silver)\b",
    re.IGNORECASE,
)
_METALS = {"copper": "Cu", "molybdenum": "Mo", "cobalt": "Co", "iron": "Fe", "chromium": "Cr", "silver": "Ag"}


_FIRST_LINE = (
    "",
    "1",
    "k",
    "ka",
    "ka1",
    "kalpha",
    "kalpha1",
    "alpha",
    "alpha1",
    "a1",
    "used",
    "value",
    "_value",
    "lambda",
)
_UNIT_WORDS = ("a", "ang", "angstrom", "nm", "m")


def find_wavelength(header: tuple[str, ...]) -> StatedWavelength | None:
    """The wavelength that the words above a table state; a number goes before a name, a name before an anode alone."""
    for search in (_doublet, _numeric, _first_kalpha, _by_energy, _by_name, _by_anode):
        found = search(header)
        if found is not None:
            return found
    return None


def stated_lines(
    kalpha1_A: float | None, kalpha2_A: float | None, ratio: float | None, anode: str | None, only_kalpha1: bool = False
) -> StatedWavelength | None:
    """The wavelength that an instrument's file states by its lines: the weighted mean of an unresolved Kα doublet.

    Args:
        kalpha1_A: Kα1 in Å.
        kalpha2_A: Kα2 in Å.
        ratio: Kα2 : Kα1; None means one half.
        anode: the tube's metal, used where no number is stated.
        only_kalpha1: whether a monochromator leaves Kα1 alone.
    """
    if kalpha1_A and math.isfinite(kalpha1_A) and kalpha1_A > 0:
        if only_kalpha1 or not kalpha2_A or ratio == 0:
            return StatedWavelength(kalpha1_A, f"Kα1 = {kalpha1_A:g} Å")
        mean = mean_kalpha_A(kalpha1_A, kalpha2_A, 0.5 if ratio is None else ratio)
        return StatedWavelength(mean, f"mean of Kα1 = {kalpha1_A:g} Å and Kα2 = {kalpha2_A:g} Å")
    name = radiation_name(anode) if anode else None
    return None if name is None else StatedWavelength(RADIATIONS_A[name], f"anode {anode}, mean of its Kα lines")


def _numeric(header: tuple[str, ...]) -> StatedWavelength | None:
    for line in header:
        for match in _WAVELENGTH.finditer(line):
            which = match["which"].lower().strip("_")
            if which not in _FIRST_LINE and which not in _UNIT_WORDS:
                continue
            value = _in_angstrom(
                match["number"], match["unit2"] or match["unit1"] or (which if which in _UNIT_WORDS else "")
            )
            if value is not None:
                return StatedWavelength(value, match[0].strip())
    return None


def _doublet(header: tuple[str, ...]) -> StatedWavelength | None:
    lines = _kalpha_lines(header)
    return stated_lines(lines["1"], lines["2"], None, None) if {"1", "2"} <= lines.keys() else None


def _first_kalpha(header: tuple[str, ...]) -> StatedWavelength | None:
    return stated_lines(_kalpha_lines(header).get("1"), None, None, None)


def _kalpha_lines(header: tuple[str, ...]) -> dict[str, float]:
    lines: dict[str, float] = {}
    for line in header:
        for match in _KALPHA.finditer(line) if "ratio" not in line.lower() else ():
            value = _in_angstrom(match["number"], "")
            if value is not None:
                lines.setdefault(match["which"], value)
    return lines


def _by_energy(header: tuple[str, ...]) -> StatedWavelength | None:
    for line in header:
        match = _ENERGY.search(line)
        unit = (match["unit2"] or match["unit1"] or "").lower() if match else ""
        if match and unit in ("ev", "kev"):
            value = _in_angstrom(match["number"], unit)
            if value is not None:
                return StatedWavelength(value, match[0].strip())
    return None


def _by_name(header: tuple[str, ...]) -> StatedWavelength | None:
    for line in header:
        match = _NAMED.search(line)
        name = radiation_name(match[0]) if match else None
        if match and name:
            return StatedWavelength(RADIATIONS_A[name], match[0].strip())
    return None


def _by_anode(header: tuple[str, ...]) -> StatedWavelength | None:
    for line in header:
        match = _ANODE.search(line)
        if match:
            anode = _METALS.get(match["name"].lower(), match["name"].capitalize())
            return StatedWavelength(RADIATIONS_A[f"{anode}Ka"], f"{match[0].strip()}, mean of its Kα lines")
    return None


def _in_angstrom(number: str, unit: str) -> float | None:
    """A header's number in Å. Without a unit a number below 1e-8 is in metres; what is no wavelength is passed over."""
    value = float(number.replace(",", "."))
    if value <= 0:
        return None
    if unit.lower() not in ("a", "å", "nm", "pm", "m", "ev", "kev") and not unit.lower().startswith("ang"):
        unit = "m" if value < 1e-8 else ""
    if unit.lower() == "m" and value > 1e-6:
        unit = ""
    if unit.lower() in ("ev", "kev"):
        value, unit = HC_EV_A / (value * (1000 if unit.lower() == "kev" else 1)), ""
    try:
        return parse_wavelength(f"{value!r} {unit}".strip())
    except WavelengthError:
        return None
