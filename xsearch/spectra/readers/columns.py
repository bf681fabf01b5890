"""What the columns of a table are, from their names."""

import re
from enum import StrEnum

from xsearch.errors import SpectrumError
from xsearch.spectra.readers.scan import PowderAxis

MOST_LISTED = 40
"""Columns that a message lists; set by hand."""


class Role(StrEnum):
    """What a column can hold."""

    TWO_THETA = "2θ"
    THETA = "θ"
    Q = "q"
    D = "d"
    INTENSITY = "intensity"
    SIGMA = "sigma"
    ENERGY = "energy"
    MU = "mu"
    NORM = "normalised mu"
    I0 = "i0"
    TRANSMITTED = "transmitted"
    FLUORESCENCE = "fluorescence"
    REFERENCE = "reference"


# The words of each role as regular expressions, in lower case, with `_` for blanks. The order settles what two match.
_WORDS: dict[Role, tuple[str, ...]] = {
    Role.TWO_THETA: (r"(2|two|t)[_-]*(theta|θ|th)[a-z_]*", r"t?tth[a-z_]*", "2t", "angle.*", r"pos(ition)?",
                     "winkel", "角度"),
    Role.THETA: (r"(theta|θ|th)([_-]?(deg.*|angle))?", "bragg_?theta"),
    Role.Q: (r"\|?q\|?", r"q[_-]?(a|å|nm|inv|1/|per).*", "scattering_?vector.*", "momentum_?transfer.*"),
    Role.D: ("ds?", r"d[_-]?(spacings?|space|values?|wert|hkl|obs|a|å|nm)(_.*)?"),
    Role.SIGMA: (
        r"(sig(ma)?|esd|err(or)?s?|std(ev|dev)?|unc(ertainty)?|su|dy|di|weight|w)([_-].*)?",
        r".*_(err|sigma|esd|std)",
    ),
    Role.ENERGY: (r".*energ(y|ie).*", "e", "ev", "kev", "omega", r"(mono|dcm)[_-]?e"),
    Role.NORM: (
        r"(x?mu_?)?(norm(alised|alized)?|flat(tened)?)(_?(x?mu|mutrans|mufluor|abs.*|int.*))?",
        r"x?mu[_-](norm|flat).*",
    ),
    Role.REFERENCE: (r"(x?mu_?)?ref(er|erence)?", "i_?2", r"ir(ef)?(er(ence)?)?", "it2", r"ln\(i1/i2\)"),
    Role.FLUORESCENCE: (
        r"i?_?f(f|luor(escence)?)?", "i_?fluor.*", "fluo?r?.*", "vortex.*", "sdd.*", "xmap.*", "pips", "lytle", "roi.*",
    ),
    Role.MU: (
        r"x?mu(e|trans|fluor|t|x|_?raw|_?e)?([_(].*)?", r"abs(orption|orbance|orb)?", r"[µμ].*", "xanes", "xafs", "xas",
        r"trans(mission)?", r"ln_?\(?i0/?_?i[t1]?\)?", "tey", "tfy", "pfy",
    ),
    Role.I0: (r"i_?0([_-].*)?", "io", "mon(itor)?", "i_?zero", "incident"),
    Role.TRANSMITTED: (r"i_?t(r(ans(mi(ssion|tted))?)?)?([_-].*)?", r"i_?1([_-].*)?", "itrans.*"),
    Role.INTENSITY: (
        "i", "y", r"int(ens(ity|ities)?)?([_-].*)?", r"counts?([_-].*)?", "cts", "cps", "y?_?obs", "i_?obs", "yobs.*",
        "signal", r"det(ector)?\d?", "intensity.*", "psd", "mythen.*", r"exp(erimental)?",
        "impulse", "zählrate", r"intensit(ät|é|a|à|at)", "強度", "强度",
    ),
}  # fmt: skip
TWO_THETA_WORD = re.compile(r"(^|[^a-z0-9])(2|two)[\s_-]*(theta|θ|th(?![a-z]))|t?tth(?![a-z])|2θ")
"""In a name that says 2θ whatever else it says, such as `Theta-2Theta`."""
_PARTS = {"q": Role.Q, "i": Role.INTENSITY, "intensity": Role.INTENSITY}
"""Parts of a name that say what a column is where the whole does not, as in `chi_Q`."""
_PATTERNS = {role: re.compile("|".join(words)) for role, words in _WORDS.items()}


def roles_of(labels: tuple[str, ...]) -> tuple[Role | None, ...]:
    """The role of each column by its name, None where the name says nothing."""
    return tuple(role_of(label) for label in labels)


def role_of(label: str) -> Role | None:
    """The role that a column's name says, its unit aside."""
    word = label.strip().strip("\"'").lower().replace("^", "")
    if TWO_THETA_WORD.search(word) and not re.match(r"i(nt|_|\(|\b)|y\b|count|d[\s_(]|error|sig", word):
        return Role.TWO_THETA
    bare = word if word.startswith("ln(") else re.sub(r"\s*[(\[/,].*$", "", word).strip(" :=_-")
    for text in (bare, word):
        for role, pattern in _PATTERNS.items():
            if text and pattern.fullmatch(text.replace(" ", "_")):
                return role
    parts = [_PARTS[part] for part in re.split(r"[\s_.:]+", bare) if part in _PARTS]
    return parts[0] if len(parts) == 1 else None


def unit_of_label(label: str) -> PowderAxis | None:
    """The unit that a label states for an axis of a powder pattern, or None where it states none."""
    role, word = role_of(label), label.lower().replace(" ", "")
    if role is Role.TWO_THETA:
        return PowderAxis.TWO_THETA_RAD if "rad" in word else PowderAxis.TWO_THETA_DEG
    if role is Role.THETA:
        return PowderAxis.THETA_DEG
    if role is Role.D and "nm" in word:
        return PowderAxis.D_NM
    if role is Role.D:
        return PowderAxis.D_A if re.search(r"[aå](ng|\)|\]|$)", word[1:]) else None
    if role is Role.Q and "nm" in word:
        return PowderAxis.Q_INVNM
    if role is Role.Q and re.search(r"[aå](ng|-|\^|⁻|\)|\]|$|_)", word[1:]):
        return PowderAxis.Q_INVA
    return None


def named_columns(text: str, labels: tuple[str, ...], count: int, name: str) -> tuple[int, ...]:
    """The columns that a user names, each counted from 0.

    Args:
        text: a column's name, its number from 1, a range such as `FF1:FF8` or `4:11`, or a sum such as `FF1+FF3`.
        labels: the names of the columns as the file writes them, or empty.
        count: of columns.
        name: the file's name.

    Raises:
        SpectrumError: where a column is not there; the message lists those that are.
    """
    if (whole := _column(text, labels, count)) is not None:
        return (whole,)
    columns: list[int] = []
    for part in text.split("+"):
        ends = [_column(part, labels, count)]
        if ends[0] is None and ":" in part:
            ends = [_column(end, labels, count) for end in part.split(":", 1)]
        known = sorted(end for end in ends if end is not None)
        if len(known) < len(ends):
            listed = list_columns(labels, count)
            raise SpectrumError(f"{name}: no column {part.strip()!r} in it; its columns are {listed}.")
        columns += [column for column in range(known[0], known[-1] + 1) if column not in columns]
    return tuple(columns)


def list_columns(labels: tuple[str, ...], count: int) -> str:
    """The columns of a table for a message: `1 'Energy', 2 'I0'`."""
    listed = [f"{i + 1} {labels[i]!r}" if labels and labels[i] else str(i + 1) for i in range(min(count, MOST_LISTED))]
    return ", ".join(listed) + (f" and {count - MOST_LISTED} more" if count > MOST_LISTED else "")


def _column(text: str, labels: tuple[str, ...], count: int) -> int | None:
    """The column that a name or a number from 1 means: letter for letter, else in any case, else without its unit."""
    word = text.strip()
    for spell in (str.strip, str.lower, _bare):
        matches = [i for i, label in enumerate(labels) if label and spell(label) == spell(word)]
        if matches:
            return matches[0]
    return int(word) - 1 if word.isdecimal() and 1 <= int(word) <= count else None


def _bare(label: str) -> str:
    """A name in lower case, without its unit, and without blanks and marks."""
    return re.sub(r"[\s_\-]+", "", re.sub(r"\s*[(\[].*$", "", label.lower()))
