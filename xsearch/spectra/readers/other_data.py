"""Measurements that look like powder X-ray patterns and are none: neutrons, times of flight, pair distributions."""

import re

from xsearch.spectra.readers.headers import names_x_rays
from xsearch.spectra.readers.scan import NEUTRONS

_NEUTRONS = re.compile(r"\bneutron(?:s|en|i|ique|ica)?\b|中性子|中子|нейтрон", re.IGNORECASE)
_FLIGHT = re.compile(r"\btimes?[\s_-]*of[\s_-]*flight\b|(?<![a-z])tof(?![a-z])|flugzeit|飛行時間", re.IGNORECASE)
_DISTRIBUTION = re.compile(r"\bpair[\s_-]+distribution|(?<![a-z])G\s*\(\s*r\s*\)|outputtypes?\s*=\s*gr\b", re.I)

FLIGHT, DISTRIBUTION = "times of flight", "a pair distribution function"


def other_radiation(words: tuple[str, ...]) -> str:
    """What the words above a table say that was measured instead of an X-ray pattern; empty where they say nothing.

    Neutrons are not believed where a field names a tube: the word then tells of something else.
    """
    for line in words:
        if _FLIGHT.search(line):
            return FLIGHT
        if _DISTRIBUTION.search(line):
            return DISTRIBUTION
    return NEUTRONS if any(map(_NEUTRONS.search, words)) and not names_x_rays(words) else ""
