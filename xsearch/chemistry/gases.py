"""Compounds that are gases at room temperature and ambient pressure, which no powder on a bench consists of."""

GASES = frozenset(
    "H2 He N2 O2 F2 Ne Ar Kr Xe Cl2 O3 CO CO2 N2O NO N2O3 NO2 CF4 CH4 H4C C2H2 H2C2 HC C2H4 H2C C2H6 H3C C2N CN NF3 "
    "H3N HF HCl HBr HI H2S H2Se H2Te SO2 SF4 SF6 SeF6 TeF6 BF3 BCl3 BH3 SiH4 SiF4 GeH4 GeF4 PH3 PF3 PF5 AsH3 AsF5 OF2 "
    "Cl2O ClO2 ClF ClF3 ClF5 IF7 WF6 ReF7".split()
)
"""Reduced formulas, in the spellings that databases use; they boil or sublime below 298 K (CRC Handbook)."""
