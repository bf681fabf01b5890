"""The radiation that the words above a table state, each in a field of its own: `wavelength = 1.5406`, `Anode: Cu`.

A word anywhere else states nothing: neither a sputter target nor a temperature in K is a tube.
"""

import math
import re
from collections.abc import Iterator

from xsearch.errors import WavelengthError
from xsearch.spectra.radiation import HC_EV_A, LINES_A, RADIATIONS_A, mean_kalpha_A, parse_wavelength, radiation_name
from xsearch.spectra.readers.scan import StatedWavelength

_START = r"(?:^|(?<=[,;|\t\"'{}()\[\]>])|(?<=\s\s)|(?<=[\d.]\s)|(?<=[\"',]\s))\s*[\"'*_]?\s*"
"""Where a field begins: at the head of a line or after what parts fields."""
_NUMBER = r"(?P<number>[-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?)(?![\d.])"
_UNIT = r"(?P<{}>Å|A\b|Ang\w*|Ångström|nm|pm|m\b|keV|eV|オングストローム|埃)"
_IS = (
    r"\s*[\"']?\s*(?:in\s+|/\s*)?[\(\[]?\s*(?:" + _UNIT.format("unit1") + r")?\s*[\)\]]?\s*[\"']?\s*"
    r"(?P<sign>[:=：＝,;\t]|\s)\s*[\"']?\s*" + _NUMBER + r"\s*[\"']?\s*[\(\[]?\s*(?P<unit2>[^\W\d_]*)"
)  # fmt: skip
_OF_BEAM = (
    r"(?:(?:x-?\s?rays?|incident|beam|photon|used|mean|average|calibrated|refined|nominal|exact|radiation|source|synchrotron|mono(?:chromator)?)"
    r"[\s_.-]*)*"
)
_WAVELENGTH_WORDS = (
    r"wave[\s_-]*lengths?", "lambda", "λ", "wl", "wellenl(?:ä|ae)nge", r"longueurs?\s+d\s*['’´`]?\s*ondes?",
    r"longitud\s+de\s+onda", r"comprimento\s+de\s+onda", r"lunghezza\s+d\s*['’´`]?\s*onda", "golflengte",
    "v(?:å|a)gl(?:ä|a)ngd", r"bølgelengde", r"długość\s+fali", r"vlnov(?:á|a)\s+d(?:é|e)lka", r"длина\s+волны",
    "波長", "波长", "파장",
)  # fmt: skip
_ENERGY_WORDS = ("energy", "energie", "énergie", "energía", "energia", "энергия", "エネルギー", "能量", "에너지",
                 r"energy[\s_]*(?=k?ev)", "e")  # fmt: skip
_LINE_WORD = r"k[\s_-]*(?:alpha|α|a)[\s_-]*[12]?|alpha[\s_-]*1|used|value|lambda|first|[1k]"
_WAVELENGTH = re.compile(
    rf"{_START}(?:[a-z][a-z0-9]*[._])*{_OF_BEAM}(?:{'|'.join(_WAVELENGTH_WORDS)})"
    rf"(?:[\s_.(\[-]*(?:of\s+)?(?:{_LINE_WORD}|{_UNIT.format('unit0')})[)\]]?)?{_IS}",
    re.IGNORECASE,
)
_ENERGY = re.compile(rf"{_START}(?:[a-z][a-z0-9]*[._])*{_OF_BEAM}(?:{'|'.join(_ENERGY_WORDS)}){_IS}", re.IGNORECASE)
_KALPHA = re.compile(
    rf"{_START}(?:[a-z][a-z0-9]*[._])*(?:[a-z]{{1,2}}[\s_-]*)?(?:wave[\s_-]*length[\s_-]*)?"
    r"k[\s_-]*(?:alpha|α|a)[\s_-]*(?P<which>[12])[^0-9=:,\t]{0,24}[=:,\t ]\s*[\"']?(?P<number>\d*[.,]\d+)",
    re.IGNORECASE,
)
_ANODES = "|".join(LINES_A)
_NAME = rf"(?P<name>(?:{_ANODES})[\s_-]*K[_-]?(?:\s?alpha|\s?α|a|\s?beta|\s?β|b)[\s_-]*[12]?)(?![a-z0-9])"
_NAMED = (
    re.compile(rf"{_START}{_OF_BEAM}(?:radiation|source|line|x-?\s?rays?|anode|tube|wave[\s_-]*length|lambda|λ|strahlung|rayonnement|"
               rf"radiaci[oó]n|radiazione|излучение|x?線源?|辐射|射线)[\w\s]{{0,12}}?"
               rf"\s*[:=：＝,\t]\s*[\"']?{_NAME}", re.IGNORECASE),
    re.compile(rf"{_NAME}[\s_-]*(?:x-?\s?ray\s*)?(?:radiation|doublet|line\b|source|strahlung|線|辐射)", re.IGNORECASE),
    re.compile(rf"(?:^|[,;|\t])\s*[\"']?{_NAME}[\"']?\s*(?:$|[,;|\t])", re.IGNORECASE),
)  # fmt: skip
_METALS = {
    "copper": "Cu", "kupfer": "Cu", "cuivre": "Cu", "cobre": "Cu", "rame": "Cu", "銅": "Cu", "铜": "Cu",
    "molybdenum": "Mo", "molybdän": "Mo", "molybdène": "Mo", "cobalt": "Co", "kobalt": "Co", "iron": "Fe",
    "eisen": "Fe", "chromium": "Cr", "chrom": "Cr", "silver": "Ag", "silber": "Ag", "argent": "Ag",
}  # fmt: skip
_METAL = (
    rf"[\"']?\s*(?P<name>{_ANODES}|{'|'.join(_METALS)})(?![\w-])"
    r"(?=\s*(?:$|[\"',;|\t(/\[]|\d|radiation|k[\s_-]?[aα]))"
)
_ANODE = re.compile(
    rf"{_START}(?:[a-z][a-z0-9]*[._])*(?:x-?\s?ray[\s_-]*)?(?:tube[\s_-]*)?"
    r"(?:anode(?:n)?|anodo|ánodo|анод|x-?\s?ray\s+(?:target|source|tube)|tube|tubo|röhre|radiation|(?:xg|tube)[\s_-]*target|対陰極|阳极|陽極|ターゲット|管球|靶材?|x?線源)"
    rf"(?:[\s_-]*(?:material|name|element|type|metal))?\s*[:=：＝,\t ]\s*{_METAL}",
    re.IGNORECASE,
)
_TARGET = re.compile(
    rf"{_START}target(?:[\s_-]*(?:material|name|element|metal))?\s*[:=：＝,\t]\s*{_METAL}[\"']?\s*(?:$|[,;|\t])",
    re.IGNORECASE,
)
_COATING = re.compile(r"sputter|deposit|evaporat|coating|\bfilms?\b|substrate|\bPLD\b|magnetron|\d\s*W\b", re.I)
"""What targets are for, too."""
_RUNS_OF_BLANKS = re.compile(r"(\s)\s{2,}")
_LONGEST_LINE = 1000
"""Characters of a line of words that are looked at."""
_KNOWN_UNITS = ("", "a", "å", "ang", "nm", "pm", "m", "ev", "kev", "オングストローム", "埃")


def find_wavelength(header: tuple[str, ...]) -> StatedWavelength | None:
    """The wavelength that the words above a table state; a number goes before a name, a name before an anode alone."""
    for search in (_doublet, _numeric, _first_kalpha, _by_energy, _by_name, _by_anode):
        found = search(header)
        if found is not None:
            return found
    return None


def names_x_rays(header: tuple[str, ...]) -> bool:
    """Whether a field names a tube's line or anode."""
    return _by_name(header) is not None or _by_anode(header) is not None


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
        if only_kalpha1 or not kalpha2_A or not math.isfinite(kalpha2_A) or ratio == 0:
            return StatedWavelength(kalpha1_A, f"Kα1 = {kalpha1_A:g} Å")
        mean = mean_kalpha_A(kalpha1_A, kalpha2_A, 0.5 if ratio is None or not 0 < ratio <= 1 else ratio)
        return StatedWavelength(mean, f"mean of Kα1 = {kalpha1_A:g} Å and Kα2 = {kalpha2_A:g} Å")
    name = radiation_name(anode) if anode else None
    return None if name is None else StatedWavelength(RADIATIONS_A[name], f"anode {anode}, mean of its Kα lines")


def stated_kbeta(kbeta_A: float | None, anode: str | None) -> StatedWavelength | None:
    """The wavelength of a file whose scan was measured with Kβ: its own number, else that of the anode."""
    if kbeta_A and math.isfinite(kbeta_A) and kbeta_A > 0:
        return StatedWavelength(kbeta_A, f"Kβ = {kbeta_A:g} Å")
    name = radiation_name(f"{anode}Kb") if anode else None
    return None if name is None else StatedWavelength(RADIATIONS_A[name], f"anode {anode}, its Kβ line")


def _numeric(header: tuple[str, ...]) -> StatedWavelength | None:
    for match in _matches(_WAVELENGTH, header):
        unit = match["unit2"] or match["unit1"] or match["unit0"] or ""
        if match["sign"].isspace() and not _is_unit(unit):
            continue  # `Lambda 750 detector`
        value = _in_angstrom(match["number"], unit)
        if value is not None:
            return StatedWavelength(value, _words(match))
    return None


def _doublet(header: tuple[str, ...]) -> StatedWavelength | None:
    lines = _kalpha_lines(header)
    return stated_lines(lines["1"], lines["2"], None, None) if {"1", "2"} <= lines.keys() else None


def _first_kalpha(header: tuple[str, ...]) -> StatedWavelength | None:
    return stated_lines(_kalpha_lines(header).get("1"), None, None, None)


def _kalpha_lines(header: tuple[str, ...]) -> dict[str, float]:
    lines: dict[str, float] = {}
    for match in _matches(_KALPHA, tuple(line for line in header if "ratio" not in line.lower())):
        value = _in_angstrom(match["number"], "")
        if value is not None:
            lines.setdefault(match["which"], value)
    return lines


def _by_energy(header: tuple[str, ...]) -> StatedWavelength | None:
    for match in _matches(_ENERGY, header):
        unit = (match["unit2"] or match["unit1"] or "").lower()
        value = _in_angstrom(match["number"], unit) if unit in ("ev", "kev") else None
        if value is not None:
            return StatedWavelength(value, _words(match))
    return None


def _by_name(header: tuple[str, ...]) -> StatedWavelength | None:
    for pattern in _NAMED:
        for match in _matches(pattern, header):
            name = radiation_name(match["name"])
            if name:
                return StatedWavelength(RADIATIONS_A[name], match["name"].strip())
    return None


def _by_anode(header: tuple[str, ...]) -> StatedWavelength | None:
    coating = any(_COATING.search(line) for line in header)
    for pattern in (_ANODE,) if coating else (_ANODE, _TARGET):
        for match in _matches(pattern, header):
            anode = _METALS.get(match["name"].lower(), match["name"].capitalize())
            words = f"{_words(match)}, mean of its Kα lines"
            return StatedWavelength(RADIATIONS_A[f"{anode}Ka"], words)
    return None


def _matches(pattern: re.Pattern[str], header: tuple[str, ...]) -> Iterator[re.Match[str]]:
    for line in header:
        # Runs of blanks would make the search slow; two of them part fields as well as many.
        yield from pattern.finditer(_RUNS_OF_BLANKS.sub(lambda run: run[1] * 2, line[:_LONGEST_LINE]))


def _words(match: re.Match[str]) -> str:
    """How the file says it, without the marks about it."""
    return " ".join(match[0].strip(" \t,;|\"'{}()[]*_").split())


def _is_unit(unit: str) -> bool:
    lowered = unit.lower()
    return (unit != "M" and lowered in _KNOWN_UNITS) or lowered.startswith(("ang", "ång"))


def _in_angstrom(number: str, unit: str) -> float | None:
    """A header's number in Å. Without a unit a number below 1e-8 is in metres; what is no wavelength is passed over."""
    value = float(number.replace(",", "."))
    if value <= 0:
        return None
    if not _is_unit(unit) or not unit:
        unit = "m" if value < 1e-8 else ""
    if (unit.lower() == "m" and value > 1e-6) or unit in ("オングストローム", "埃"):
        unit = ""
    if unit.lower() in ("ev", "kev"):
        value, unit = HC_EV_A / (value * (1000 if unit.lower() == "kev" else 1)), ""
    try:
        return parse_wavelength(f"{value!r} {unit}".strip())
    except WavelengthError:
        return None
