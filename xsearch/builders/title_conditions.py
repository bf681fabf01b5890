"""Temperature and pressure of a measurement, from the words of its title."""

import re

_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+))"
_TEMPERATURE = re.compile(
    rf"(?:\bT(?:emperature)?\s*[=<>~][=<>~\s]*|\bat\s+){_NUMBER}(?:\(\d+\))?\s*(?:deg(?:rees?)?\.?\s*)?(K|C|kelvin|celsius)\b",
    re.IGNORECASE,
)
_PRESSURE = re.compile(
    rf"(?:\bP(?:ressure)?\s*[=<>~][=<>~\s]*|\bat\s+){_NUMBER}(?:\(\d+\))?\s*(GPa|MPa|Mbar|kbars?|kb|bars?|atm)\b",
    re.IGNORECASE,
)
_ROOM = re.compile(r"\b(?:room|ambient)\s+temperature\b|\bT\s*=\s*(?:ambient|room)", re.IGNORECASE)
_IN_AIR = re.compile(r"\b(?:room|ambient|atmospheric)\s+pressure\b|\bP\s*=\s*(?:ambient|room)", re.IGNORECASE)
_MADE = re.compile(
    r"quench|anneal|synthes|heat[- ]?treat|heated|equilibrat|grown|prepared|crystalli[sz]ed|formed|disordered|"
    r"ordered at|calcin|sinter|fired|stable|between|after|from",
    re.IGNORECASE,
)
_SAMPLE_LINE = re.compile(r"^\s*(?:sample|note|run|T\s*=|P\s*=)", re.IGNORECASE)

GPA = {"gpa": 1.0, "mpa": 1e-3, "mbar": 100.0, "kbar": 0.1, "kbars": 0.1, "kb": 0.1, "bar": 1e-4, "bars": 1e-4}
GPA["atm"] = 1.01325e-4
"""Units of pressure in GPa."""

ROOM_K, ATMOSPHERE_GPA = 295.0, 1e-4
"""What `room temperature` and `ambient pressure` mean."""


def conditions_in_title(title: str) -> tuple[float | None, float | None]:
    """Temperature in K and pressure in GPa that a title with its notes states for this very measurement.

    Only statements like `T = 500 C` count, or `at 500 C` in a line about the sample; how a sample was once made
    (quenched from, annealed at, synthesized at) does not.

    Args:
        title: of the publication, with the sample's description on lines of its own.
    """
    temperature = pressure = None
    for line in title.splitlines():
        about_sample = bool(_SAMPLE_LINE.match(line))
        for clause in re.split(r"[,;](?!\d)", line):
            if _MADE.search(clause):
                continue
            if temperature is None and (found := _TEMPERATURE.search(clause)) and _counts(found, about_sample):
                value = float(found[1])
                temperature = value if found[2].lower().startswith("k") else value + 273.15
            if pressure is None and (found := _PRESSURE.search(clause)) and _counts(found, about_sample):
                pressure = abs(float(found[1])) * GPA[found[2].lower()]
            if temperature is None and about_sample and _ROOM.search(clause):
                temperature = ROOM_K
            if pressure is None and about_sample and _IN_AIR.search(clause):
                pressure = ATMOSPHERE_GPA
    return (round(temperature, 2) if temperature is not None and temperature >= 0 else None), pressure


def _counts(found: re.Match[str], about_sample: bool) -> bool:
    return about_sample or not found[0].lower().startswith("at")
