"""Which element takes whose place."""

import numpy as np

from xsearch.chemistry.substitution import SIZE, mine_substitution, substitution_table, tabulated_substitution
from xsearch.elements import ATOMIC_NUMBERS as Z


def test_neighbours_in_the_periodic_table_replace_each_other_more_than_strangers():
    table = substitution_table()
    assert table[Z["Sr"], Z["Ca"]] > table[Z["Sr"], Z["Si"]] + 1
    assert table[Z["Cl"], Z["Br"]] > table[Z["Cl"], Z["Na"]] + 1
    assert table[Z["La"], Z["Nd"]] > table[Z["La"], Z["P"]] + 1


def test_the_tabulated_ions_agree_with_what_was_mined_on_strong_pairs():
    table = tabulated_substitution()
    assert table[Z["Nd"], Z["Pr"]] > table[Z["Nd"], Z["S"]]
    assert np.allclose(table, table.T)


def test_mining_finds_the_pairs_that_share_slots():
    # forty templates: sodium and potassium share the first slot, chlorine and bromine the second
    templates = np.repeat(np.arange(40), 4)
    members = np.tile([[Z["Na"], Z["Cl"]], [Z["K"], Z["Cl"]], [Z["Na"], Z["Br"]], [Z["K"], Z["Br"]]], (40, 1))
    table = mine_substitution(members, templates, prior=np.zeros((SIZE, SIZE)))
    assert table[Z["Na"], Z["K"]] > 0
    assert table[Z["Cl"], Z["Br"]] > 0
    assert table[Z["Na"], Z["Cl"]] < 0


def test_templates_with_one_member_say_nothing():
    prior = np.full((SIZE, SIZE), 0.5)
    mined = mine_substitution(np.array([[11, 17], [19, 35]]), np.array([0, 1]), prior=prior)
    assert np.array_equal(mined, prior)
