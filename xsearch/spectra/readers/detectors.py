"""What the columns of an X-ray absorption scan are, by the names that beamlines give them.

Sources: headers of files of APS (MRCAT, XSD, GSECARS, DND), NSLS (XDAC) and NSLS-II (BMM, ISS, QAS, TES), SSRL, ALS,
CLS (HXMA, SXRMB, BioXAS), ESRF (SPEC, BLISS; BM23, BM30, BM31, DUBBLE, ID26), SOLEIL (SAMBA, LUCIA, ROCK), Diamond
(B18, I18, I20), DESY (FIO files), MAX IV (Balder), Elettra, ALBA (CLAESS), Photon Factory, SPring-8, SLRI, the
Australian Synchrotron, LNLS, BSRF and SSRF; the dictionary of XDI; and the readers of Athena (Demeter) and Larch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache


class Signal(StrEnum):
    """What a column of a scan can hold."""

    ENERGY = "energy"
    ANGLE = "angle"
    MU = "mu"
    NORM = "normalised mu"
    I0 = "i0"
    TRANSMITTED = "transmitted"
    REFERENCE = "reference"
    FLUORESCENCE = "fluorescence"
    CHAMBER = "ion chamber"
    NONE = "no absorption"


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name.

    Attributes:
        signal: what it holds, or None where the name says nothing.
        family: the name without its number, by which the channels of one detector are found.
        number: of a channel, or None.
        corrected: whether the name says that dead time is corrected for.
        is_sum: whether the name says that channels are summed.
        rank: of several energies the lowest is taken: measured ones before those that were requested.
    """

    signal: Signal | None
    family: str
    number: int | None = None
    corrected: bool = False
    is_sum: bool = False
    rank: int = 0


# Regular expressions over names in lower case, with `_` for blanks and marks; each must match the whole name.
_ENERGY = (
    r"(.*_)?(abs(orption)?_?|photon_?|mono(chromator)?_?|dcm_?|enc(oder)?_?|beam_?|x_?ray_?|requested_?"
    r"|achieved_?|set_?"
    r"|qexafs_?|zap_?|real_?|calib(rated)?_?|incident_?|absolute_?)?en(er|re)g(y|ie)(dcm|_?enc(oder)?|_?rbv"
    r"|_?sp|_?fbk" r"|_?set|_?read(back)?|_?feedback|_?requested|_?achieved|_?abs(olute)?|_?[12]|_?ev|_?kev|_?x)?",
    r"e(_?e?v)?", r"(e|energy)_?kev", "kev", "ev", "en(e|er)?", "hv", "photon_?e", r"(mono|dcm)_?e(_?ev)?", "e_?mono",
    r"e_?(phot(on)?|x|abs|inc|real|enc)", "omega", r"(arr_)?(hdh_)?ene(_?enc)?", r"energia", r"energy_?to_?ev",
    r"x_?energy", r"energy_alt",
)  # fmt: skip
_NAMED_OTHERWISE = ("bragg1_?with_?offset",)
"""Energies that are called by something else."""
_NOT_THE_ENERGY = (
    r".*(undul|gap|ring|storage|sr_?energy|machine|err|diff|offset|loss|emission|xes|resol|window|roi|harm"
    r"|spectrom|delta"
    r"|steps?$|^id|_id_|rel(ative)?|_cal_|shift|time|gev|wavelength"
    r"|transfer).*",
)
_REQUESTED = re.compile(
    r".*(request|set|_sp$|nominal|target|feedback|fbk|demand"
    r"|drive)"
)
_MEASURED = re.compile(
    r".*(enc|achiev|measur|real|rbv|readback|actual"
    r"|calib)"
)
_ANGLE = (
    r"(.*_)?(bragg|theta|two_?theta|tth|2_?theta|2th|th)(_?angle|_?deg(rees?)?|_?rbv"
    r"|_?enc(oder)?|_?[co])?", r"(.*_)?angle(_?deg(rees?)?|_?read|_?drive|_?[co])?", r"mono_?(angle|pos(ition)?|th)",
    "winkel",
)  # fmt: skip
_NEVER = (
    r".*(time|seconds?|epoch|clock|preset|dwell|date|hora|event|index|encoder|motor|gap|current|pressure|icr|ocr|"
    r"dead|live|offset|gain|shutter|feedback|lifetime|elapsed|pitch|piezo|harmonic|timestamp|step_?pos|ring|srcur|"
    r"(in|out)put_?counts|counter_?time|temperature|sample_?[xyz]$|voltage|humidity|derivative|status|monotonic|rois?_?(start|end)).*",
)  # fmt: skip
"""Words in the name of what is no detector, whatever else stands in it."""
_NONE = (
    r"sec", "s", "t", "n", "no", "nr", "num(ber)?", "pt_?no", r"point_?(no|nr|number)?s?", "scan(_?(no|number))?",
    "h", "k", "l", "x", "y", "z",
    r"(nd?er|sec|nsec|bkg|nbkg|fbkg|n?bkg_?.*|(pre|post)_?(edge|line).*|chie?|der|stddev.*|std|sigma)",
    r"mca_?(time|live).*", r"(tp|real|live|tscaler|scaler_?time|timer|ct_?time|acq|sampletime)", r"temp(_.*)?", r"t1",
    r"(mono_?|dcm_?)?(x|y|z|roll|yaw|crystal.*|pos.*|step.*)", r"d_?spacing", r"k_?(value|space|1_?a)?", "chi.*",
    r"dt_?\d*", r"mu_?0", r"ratio.*", r"(gray|user)_?.*code", "wheel", "xas_?mode", r"fl(ag|ux)_?.*",
    r"(slit|bpm|mirror).*", "id.*gap", r"err(or)?s?(_.*)?", "sig(ma)?",
    r".*_(err(or)?|sigma|std|stddev|esd|weight)s?", r"[ls]?cur(rent)?", r"i_?ring", r"mcts", "mostab", r"machine.*",
    r"beam_?current", r"nexp", "e_?e0", r"offsets?", r"wavelength.*",
)  # fmt: skip
_MU = (
    r"(x?mu|µ|μ)(_?(e|t|x|raw|trans(mission)?|fluor(escence)?|tr|fl|t_?raw|abs|sample|s))?(_?(mean|avg|average"
    r"|sum|merge))?", r"abs(orption|orbance|orb)?(_?(coeff(icient)?|raw))?", r"x(anes|afs|as)(_?(raw|mu))?",
    r"(ln|log)_?(i_?0|io)_?_?(i?t|i_?1).*", r"trans(mission)?_?mu", r"mu(trans|fluor|tey|tfy)",
    r"(tey|tfy|pfy)_norm.*", r"mu_?(from_)?.*(trans|fluor).*", r"ff_?i_?0", r"ff_?over_?i_?0",
    r"(if|ff|fluo?r?.*)_(div_|over_|_)?(i_?0|io)", r"(log|ln)_?(it|i0t|i1).*", r"absorbed", r"intensity_?norm",
)  # fmt: skip
_MU_REFERENCE = (
    r"(x?mu|µ|μ)_?(ref(er(ence)?)?|r|foil)(_?.*)?", r"(ln|log)_?(i?t|i_?1)_?_?(i?_?ref|ir|i_?2).*",
    r"ref_?(x?mu|abs).*",
)  # fmt: skip
_NORM = (
    r"(x?mu_?)?(norm(ali[sz]ed|al)?|flat(tened)?)(_?(x?mu|mutrans|mufluor|abs.*|int(ensity)?|e|mean))?",
    r"x?mu_?(norm|flat)", r"norm(ali[sz]ed)?_(x?mu|absorption)", r"intensity",
)  # fmt: skip
_I0 = (
    r"(.*_)?i_?(0|o|zero)(_?(det(ector)?|mon(itor)?|eh\d?|kb|sis|ch\w*|corr|raw|mean|counts?|cps|v|amp|[a-d]"
    r"|\d+|sum|bpm.*" r"|xbpm|mesh|scaler|fbk|offset_?corr.*|mcs\d*))?", r"i_?0_.*", "izerop?", "io", "mon_?i?0?",
    r"mon(itor)?(_?\d+)?", r"incident(_?(beam|flux|intensity|i))?", r"incoming(_?beam)?(_?data)?",
    r"(ic|ion(_?ch(amber)?)?|ionc|ion_?cell)_?0", r"(au|gold|ni)_?mesh", r"i_?0_?mesh", "upstream",
    r"mcs0?4(_.*)?_?fbk", r"(.*_)?i_?0det(ector)?", r"aux_?i0", r"mon_?\d", r"sample_?i0",
)  # fmt: skip
_TRANSMITTED = (
    r"(.*_)?i_?t(r(ans(mi(ssion|tted))?)?)?(_?(det(ector)?|eh\d?|ch\w*|corr|raw|mean|counts?|cps|v|amp|\d+|sum"
    r"|scaler))?", r"(.*_)?i_?1(_?(det(ector)?|eh\d?|ch\w*|corr|raw|mean|counts?|cps|v|amp|sum|scaler|[a-d]|\d+))?",
    r"transm?(ission|itted)?" r"(_?(intensity|beam|counts?|i))?", r"i_?transm?(itted|ission)?(_?\w*)?",
    r"(.*_)?sample_?(det(ector)?|i)?", r"absorbed_?beam(_?data)?", r"(ic|ion(_?ch(amber)?)?|ionc)_?1", r"ion_?1_?\d",
    "downstream", r"photo_?diode", "pin(_?diode)?", r"mcs0?5(_.*)?_?fbk", r"transmi(tted|ssion)_?data",
    r"(.*_)?i_?1det(ector)?",
)  # fmt: skip
_REFERENCE = (
    r"(.*_)?i_?r(ef(er(ence)?)?)?(_?(det(ector)?|eh\d?|ch\w*|corr|raw|counts?|cps|\d+))?",
    r"(.*_)?i_?[23](_?(det(ector)?|eh\d?" r"|ch\w*|corr|raw|mean|counts?|cps|v|[a-d]|\d+))?",
    r"ref(er(ence)?)?(_?(det(ector)?|i|foil|counts?))?", "foil", r"it_?2", r"(ic|ion(_?ch(amber)?)?|ionc)_?[23]",
    r"mcs0?6(_.*)?_?fbk", r"i_?rfr",
)  # fmt: skip
_PART = (
    r"(?:_?(?:ch(?:an(?:nel)?)?|det|corr?(?:ected)?|cor|dtc?|sum|total|tot|counts?|raw|roi|sca|mca|element"
    r"|pix(?:el)?|sdd|"
    r"vortex|digit|bin|in|window|data|k_?a(?:lpha)?|fe|c|x|[a-d]"
    r"|\d))*"
)
"""What may follow the name of a detector; each part takes a character at least, so that no name takes long."""
_FLUORESCENCE = (
    rf"(.*_)?i_?f(f|l(uo?r?(esc(ence)?)?)?)?{_PART}",
    rf"(.*_)?(t|p|i?p)?fy{_PART}", rf"(.*_)?fl(uo?|uor(escen(ce|cia|z))?)?{_PART}", r"ff_?\d*",
    rf"(.*_)?(vortex|sdd|xmap|xmapd|xia|dxp|mercury|falcon_?x?|xsp(ress)?|xs|ge|canberra|pilatus|gesdd|med|hpge"
    rf"|dante|amptek|ketek" rf"|mca|roi|sca|lytle|pips|stern_?heald|maia|element|ch(an(nel)?)?){_PART}",
    rf"(.*_)?[a-z]{{1,2}}_?[kl]_?(a|b|alpha|beta){_PART}", rf"[a-z]{{1,2}}_?(mca|roi|sdd|vortex|ff|dtc){_PART}",
    rf"dtc?{_PART}", r"(corr(ected)?|cor)_?(i|roi|counts?|fluo?|sca|ff|if)?[_\d]*", r"mcs0?3(_.*)?_?fbk",
    r"(tey|channeltron)(_?(c|signal|current|corr))?",
    r"(sample_?)?(drain|tey)(_?current)?", r"e_?yield", r"(zap_)?det_dtc[_\d]*", r"(bg|nd)_?\d+",
    r"\d*el_?sum",
)  # fmt: skip
_CHAMBER = re.compile(
    r"(?P<family>ion(_?i|_?ch(amber)?)?|ic|ich|vfc|v_?to_?f|keithley|kei|picoamp|em|nova_?px|albaem_?\d*(_?ch)?|i"
    r"|(a_?)?em_?\d*_?ch|qem\d*_?(ch|current)?|pandabox|ni\d*_ai"
    r"|(scaler?|scal|counter|cnt|cntr|ct|adc|volt(age)?|v|c|det(ector)?|p|ai|daq|amp|d|sc|ch(an(nel)?)?)(_?(ch(an(nel)?)?|in|ai|s))?)"
    r"_?0*(?P<number>\d{1,2})(_?(raw|mean|counts?|cps|v|det(ector)?))?"
)
"""Counters that are known by their number alone: of an `i0`, its sample and its reference, in this order."""
_CORRECTED = re.compile(r".*(_c$|_c_?\d+$|corr|dtc|dt_?corr|deadtime_?corr|dead_?time_?corr)")
_SUM = re.compile(r".*(sum|total|tot$|all$)")
_ORDER: tuple[tuple[Signal, tuple[str, ...]], ...] = (
    (Signal.NONE, _MU_REFERENCE),
    (Signal.NORM, _NORM),
    (Signal.MU, _MU),
    (Signal.I0, _I0),
    (Signal.TRANSMITTED, _TRANSMITTED),
    (Signal.REFERENCE, _REFERENCE),
    (Signal.NONE, _NONE),
    (Signal.FLUORESCENCE, _FLUORESCENCE),
)
"""What a name is compared with, the first that fits decides; energies and angles are looked at before."""


_ION_CHAMBERS = ("i", "ion", "ic", "ich", "ion_ch", "ion_chamber", "ionch", "ionchamber", "ioni", "ion_i")
"""Families in which 0, 1 and 2 stand for i0, the transmitted beam and the reference everywhere."""
_DEVICE = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)+:")
"""Of a control system's name for a value, such as `BL1606-ID-1:mcs04:fbk`."""
_UNIT = re.compile(
    r"[(\[{](e|k?ev|counts?|cps|a\.?u\.?|deg(rees?)?|s|sec|v|a|arb[^)]*|c/s|°|amp[^)]*|unit[^)]*)[)\]}]"
    r"|(?<=\w)/(k?ev|counts?|s|cps|a\.?u\.?|deg)$"
)
_LONGEST = 60
"""Characters of a name that are looked at."""


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{word})" for word in words))


def _fits(words: tuple[str, ...], name: str) -> bool:
    return _pattern(words).fullmatch(name) is not None


@lru_cache(maxsize=4096)
def column_of(label: str) -> Column:
    """What a column holds by its name."""
    name = _plain(label[:_LONGEST])
    if not name:
        return Column(None, "")
    if _fits(_NAMED_OTHERWISE, name) or (_fits(_ENERGY, name) and not _fits(_NOT_THE_ENERGY, name)):
        rank = 2 if _REQUESTED.match(name) else 0 if _MEASURED.match(name) else 1
        return Column(Signal.ENERGY, name, rank=rank)
    if _fits(_ANGLE, name):
        return Column(Signal.ANGLE, name)
    family, number = _family(name)
    corrected, is_sum = bool(_CORRECTED.match(name)), bool(_SUM.match(name))
    if ("energ" in name and _fits(_NOT_THE_ENERGY, name)) or (_fits(_NEVER, name) and not corrected):
        return Column(Signal.NONE, family, number)
    if (chamber := _CHAMBER.fullmatch(name)) and not _fits(_I0, name):
        return Column(Signal.CHAMBER, chamber["family"].strip("_"), int(chamber["number"]))
    for signal, words in _ORDER:
        if _fits(words, name):
            return Column(signal, family, number, corrected, is_sum)
    return Column(None, family, number, corrected, is_sum)


def columns_of(labels: Sequence[str]) -> tuple[Column, ...]:
    """What columns hold by their names; of counters that are known by number alone, also by what stands beside them.

    Where there is no `i0`, the first of them is that, the second the transmitted beam, and the third the reference.
    """
    columns = [column_of(label) for label in labels]
    has_i0 = any(column.signal is Signal.I0 for column in columns)
    families: dict[str, list[int]] = {}
    for index, column in enumerate(columns):
        if column.signal is Signal.CHAMBER:
            families.setdefault(column.family, []).append(index)
    for family, members in families.items():
        members.sort(key=lambda i: columns[i].number or 0)
        if has_i0 and family in _ION_CHAMBERS:
            roles = {1: Signal.TRANSMITTED, 2: Signal.REFERENCE}
            for i in members:
                columns[i] = replace(columns[i], signal=roles.get(columns[i].number or 0, Signal.NONE))
        elif not has_i0 and len(members) > 1:
            chain = (Signal.I0, Signal.TRANSMITTED, Signal.REFERENCE)
            for place, i in enumerate(members):
                columns[i] = replace(columns[i], signal=chain[place] if place < len(chain) else Signal.NONE)
            has_i0 = True
    return tuple(columns)


def _plain(label: str) -> str:
    """A name in lower case with `_` for blanks and marks, without its unit: `Photon Energy [eV]` is `photon_energy`."""
    word = label.strip().strip("\"'").lower()
    word = _DEVICE.sub("", word.removeprefix("$(").rstrip(")") if word.startswith("$(") else word)
    if word.startswith(("ln(", "log(", "-ln(", "-log(")):
        word = word.lstrip("-").replace("(", "_").replace(")", "").replace("/", "_")
    word = re.sub(
        r"[(\[{](e|k?ev|counts?|cps|a\.?u\.?|deg(rees?)?|s|sec|v|a|arb[^)]*|c/s|°|amp[^)]*|unit[^)]*)[)\]}]", "", word
    )
    word = re.sub(r"(?<=\w)/(k?ev|counts?|s|cps|a\.?u\.?|deg)$", "", word)
    return re.sub(r"[^\wµμ]+", "_", word).strip("_")


def _family(name: str) -> tuple[str, int | None]:
    """A name without the number of its channel, and that number: the last one in it."""
    numbers = list(re.finditer(r"\d+", name))
    if not numbers:
        return name, None
    # channels are summed, not the regions of interest of one channel
    last = numbers[-2] if len(numbers) > 1 and re.search(r"roi_?\d+$", name) else numbers[-1]
    return (name[: last.start()] + "#" + name[last.end() :]), int(last[0])
