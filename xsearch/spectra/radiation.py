"""X-ray wavelengths: the characteristic lines of laboratory tubes by name, and wavelengths as text."""

import math
import re

from xsearch.errors import WavelengthError
from xsearch.spectra.powder import LONGEST_WAVELENGTH_A, SHORTEST_WAVELENGTH_A

HC_EV_A = 12398.419843320026
"""Planck's constant times the speed of light in eV Å (exact in the SI of 2019)."""

LINES_A: dict[str, tuple[float, float, float]] = {
    "Cr": (2.289726, 2.293651, 2.084881),
    "Mn": (2.101854, 2.105822, 1.910216),
    "Fe": (1.936041, 1.939973, 1.756604),
    "Co": (1.788996, 1.792835, 1.620826),
    "Ni": (1.657930, 1.661756, 1.500152),
    "Cu": (1.540593, 1.544427, 1.392234),
    "Ga": (1.340127, 1.344026, 1.207930),
    "Mo": (0.709317, 0.713607, 0.632303),
    "Ag": (0.559422, 0.563813, 0.497082),
    "In": (0.512125, 0.516557, 0.454561),
}
"""Kα1, Kα2 and Kβ1 in Å by anode. Cr to Cu: Hölzer et al., Phys. Rev. A 56, 4554 (1997). Ga, Mo, Ag, In: Deslattes et
al., Rev. Mod. Phys. 75, 35 (2003), as in International Tables C, table 4.2.2.4."""

W_LALPHA_A = 1.476390
"""Lα1 of tungsten, which the filament of an aged tube puts onto the anode; Deslattes et al. (2003)."""

SAME_TUBE_A = 5e-4
"""A wavelength that far beyond the ends of a Kα doublet is still the tube's."""

_KALPHA2_TO_KALPHA1 = 0.5
"""Ratio of intensities, from the statistical weights of the 2p levels."""
_UNITS_A = {
    "": 1.0,
    "a": 1.0,
    "å": 1.0,
    "ang": 1.0,
    "angstrom": 1.0,
    "ångström": 1.0,
    "nm": 10.0,
    "pm": 0.01,
    "m": 1e10,
}
_ENERGY_UNITS_EV = {"ev": 1.0, "kev": 1000.0}
_NUMBER_AND_UNIT = re.compile(r"([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*([^\W\d_]*)")
_NAME = re.compile(r"(?P<anode>[a-z]{1,2})(?:k?(?P<line>a1|a2|a12|a|b1|b)?)")


def mean_kalpha_A(kalpha1_A: float, kalpha2_A: float, ratio: float = _KALPHA2_TO_KALPHA1) -> float:
    """The intensity-weighted mean of an unresolved Kα doublet, in Å; `ratio` is Kα2 : Kα1, one half as a rule."""
    return (kalpha1_A + ratio * kalpha2_A) / (1 + ratio)


def kbeta_of(wavelength_A: float) -> float | None:
    """Kβ1 of the tube whose Kα a wavelength is, None where it is no tube's."""
    for kalpha1, kalpha2, kbeta in LINES_A.values():
        if kalpha1 - SAME_TUBE_A < wavelength_A < kalpha2 + SAME_TUBE_A:
            return kbeta
    return None


def _named() -> dict[str, float]:
    wavelengths = {}
    for anode, (kalpha1, kalpha2, kbeta) in LINES_A.items():
        wavelengths[f"{anode}Ka"] = mean_kalpha_A(kalpha1, kalpha2)
        wavelengths[f"{anode}Ka1"] = kalpha1
        wavelengths[f"{anode}Ka2"] = kalpha2
        wavelengths[f"{anode}Kb"] = kbeta
    return wavelengths


RADIATIONS_A: dict[str, float] = _named()
"""Wavelengths in Å by name: `CuKa` is the weighted mean of the doublet, `CuKa1` its stronger line alone."""


def radiation_name(text: str) -> str | None:
    """The name in `RADIATIONS_A` that a text such as `Cu K-alpha1`, `cukα` or `Mo` means, or None.

    An anode without a line means its Kα doublet.
    """
    squeezed = text.strip().lower().replace("α", "a").replace("β", "b").replace("alpha", "a").replace("beta", "b")
    squeezed = re.sub(r"[\s_\-,.()]+", "", squeezed).replace("₁", "1").replace("₂", "2").replace("radiation", "")
    match = _NAME.fullmatch(squeezed)
    if match is None or match["anode"].capitalize() not in LINES_A:
        return None
    line = {"a12": "a", "b1": "b"}.get(match["line"] or "a", match["line"] or "a")
    return f"{match['anode'].capitalize()}K{line}"


def parse_wavelength(text: str | float) -> float:
    """The wavelength in Å that a person wrote.

    Args:
        text: a named radiation (`CuKa`, `Mo K-alpha1`), a number in Å (`0.7093`), or a number with its unit:
            `1.5406 A`, `0.07093 nm`, `71 pm`, or a photon energy such as `17.48 keV`.

    Returns:
        The wavelength in Å.

    Raises:
        WavelengthError: where the text means no wavelength, or one outside the range in which crystals diffract.
    """
    if isinstance(text, str):
        name = radiation_name(text)
        if name is not None:
            return RADIATIONS_A[name]
    match = _NUMBER_AND_UNIT.fullmatch(str(text).strip())
    if match is None:
        raise WavelengthError(_unknown(text))
    value = float(match[1].replace(",", "."))
    unit = match[2].lower()
    unit = unit.removesuffix("s") if unit.startswith("ang") else unit
    if unit in _ENERGY_UNITS_EV:
        wavelength_A = HC_EV_A / (value * _ENERGY_UNITS_EV[unit]) if value > 0 else math.inf
    elif unit in _UNITS_A:
        wavelength_A = value * _UNITS_A[unit]
    else:
        raise WavelengthError(_unknown(text))
    if not SHORTEST_WAVELENGTH_A <= wavelength_A <= LONGEST_WAVELENGTH_A:
        raise WavelengthError(
            f"Wavelength {text!r} means {wavelength_A:g} Å, outside {SHORTEST_WAVELENGTH_A:g} to "
            f"{LONGEST_WAVELENGTH_A:g} Å; a bare number is read as Å, so write energies as '17.48 keV'."
        )
    return wavelength_A


def describe_wavelength(wavelength_A: float) -> str:
    """A wavelength in words: `1.54059 Å (CuKa1)`; the name only where it agrees to 5 parts in 100,000."""
    for name, value in RADIATIONS_A.items():
        if abs(value - wavelength_A) < 5e-5 * value:
            return f"{wavelength_A:.6g} Å ({name})"
    return f"{wavelength_A:.6g} Å"


def _unknown(text: str | float) -> str:
    names = ", ".join(f"{anode}Ka" for anode in LINES_A)
    return (
        f"Unknown wavelength {text!r}; give a name ({names}; also with 1 or 2, as in CuKa1, or CuKb), a number in Å "
        "such as 1.5406, or a value with its unit such as '0.07093 nm' or '17.48 keV'."
    )
