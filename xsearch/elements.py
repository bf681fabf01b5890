"""The chemical elements and their absorption edges."""

from collections.abc import Iterable

SYMBOLS: tuple[str, ...] = tuple(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf".split()
)
"""The symbols up to californium, the last element with tabulated X-ray form factors, in order of atomic number."""

ATOMIC_NUMBERS: dict[str, int] = {symbol: z for z, symbol in enumerate(SYMBOLS, start=1)}

EDGES = ("K", "L1", "L2", "L3", "L2,3", "M4", "M5")
"""The absorption edges that spectra are named by; `L2,3` is one spectrum over both."""

LAST_K = "I"
"""K edges up to this element, L3 edges of heavier ones: what beamlines of hard X-rays measure."""

_HIGHEST_OXIDATION_STATES = (
    "H1 Li1 Be2 B3 C4 N5 Na1 Mg2 Al3 Si4 P5 S6 Cl7 K1 Ca2 Sc3 Ti4 V5 Cr6 Mn7 Fe3 Co3 Ni3 Cu3 Zn2 Ga3 Ge4 As5 Se6 Br7 "
    "Rb1 Sr2 Y3 Zr4 Nb5 Mo6 Tc7 Ru6 Rh4 Pd4 Ag2 Cd2 In3 Sn4 Sb5 Te6 I7 Xe6 Cs1 Ba2 La3 Ce4 Pr4 Nd3 Pm3 Sm3 Eu3 Gd3 "
    "Tb4 Dy3 Ho3 Er3 Tm3 Yb3 Lu3 Hf4 Ta5 W6 Re7 Os8 Ir5 Pt4 Au3 Hg2 Tl3 Pb4 Bi5 Th4 Pa5 U6 Np6 Pu6 Am4 Cm4 Bk4 Cf3"
)
_HIGHEST = {word.rstrip("12345678"): int(word[-1]) for word in _HIGHEST_OXIDATION_STATES.split()}


def highest_oxidation_state(element: str) -> int:
    """The highest oxidation state that compounds of an element have as a rule; 0 where there are none (Greenwood and
    Earnshaw, Chemistry of the Elements)."""
    return _HIGHEST.get(element, 0)


def usual_edge(absorber: str) -> str:
    """The edge of an element that is meant where none is named."""
    return "K" if ATOMIC_NUMBERS[absorber] <= ATOMIC_NUMBERS[LAST_K] else "L3"


def element_masks(elements: Iterable[str]) -> tuple[int, int]:
    """A set of elements as two 64-bit masks: hydrogen to gadolinium, terbium and beyond; bit 0 is the first."""
    bits = 0
    for element in elements:
        bits |= 1 << (ATOMIC_NUMBERS[element] - 1)
    return bits & 0xFFFF_FFFF_FFFF_FFFF, bits >> 64
