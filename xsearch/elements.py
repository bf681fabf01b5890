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


def element_masks(elements: Iterable[str]) -> tuple[int, int]:
    """A set of elements as two 64-bit masks: hydrogen to gadolinium, terbium and beyond; bit 0 is the first."""
    bits = 0
    for element in elements:
        bits |= 1 << (ATOMIC_NUMBERS[element] - 1)
    return bits & 0xFFFF_FFFF_FFFF_FFFF, bits >> 64
