# %% [markdown]
# # An edge
#
# An X-ray absorption near-edge spectrum is compared with the spectra of the index: measured references, and spectra
# that FEFF10 computed from crystals. The query of this page is itself a measured spectrum, iron K of magnetite from the
# XAS Data Library (CC0). It comes with xsearch as a reference, so it is left out of the library here.

# %% tags=["hidden"]
import tutorial_home

tutorial_home.small_starter()
import warnings

warnings.filterwarnings("ignore")

# %%
import pyarrow.parquet as pq

import xsearch
from xsearch import report
from xsearch.data.shipped_library import REFERENCES

references = pq.read_table(REFERENCES).to_pandas().set_index("id")


def reference(name):
    row = references.loc[name]
    return xsearch.Xanes(row.energy, row.mu_raw, row.element, row.edge, source=row["sample"])


magnetite = reference("xasexp-0107")
index = xsearch.open_index("starter")
found = index.search(xanes=magnetite, only="Fe O", leave_out_spectra=["xasexp-0107"])
found

# %% [markdown]
# With a file of your own it is `index.search(xanes=xsearch.read("Fe_K.xdi"), only="Fe O")`, or on the command line
# `xsearch query Fe_K.xdi --only Fe,O`.
#
# `r` is the correlation with the best library spectrum of the hit, at the best shift and broadening. The notes say with
# how many spectra the edge was compared, and which compounds of these elements have none: those cannot be found.

# %%
report.plot(found)

# %% [markdown]
# ## Computed spectra only
#
# The library holds no other reference of pyrite. FEFF10 computed its sister marcasite, FeS₂ too: the formula is right,
# the correlation is lower, and the verdict says that this is no confident match.

# %%
index.search(xanes=reference("xasexp-0110"), only="Fe S O", leave_out_spectra=["xasexp-0110"], top=4)

# %% [markdown]
# ## A wrong answer
#
# Hematite, with its reference left out. What is left of Fe₂O₃ is one computed spectrum, and measured magnetite is
# closer to measured hematite than that. The first hit is wrong, and its score is low: **an edge can only find what the
# library holds well**. Compare `r` with that of magnetite above, and read the note on what has no spectrum. A powder
# pattern of the same sample settles it.

# %%
index.search(xanes=reference("xasexp-0105"), only="Fe O", leave_out_spectra=["xasexp-0105"], top=3)

# %% [markdown]
# ## A mixture: linear combination fit
#
# The references are chosen by the search. Here 70 % of the iron is in magnetite and 30 % is metal.

# %%
import numpy as np

iron = reference("xasexp-0111")
energy = magnetite.energy_eV[(magnetite.energy_eV > iron.energy_eV[0]) & (magnetite.energy_eV < iron.energy_eV[-1])]


def step_of_one(spectrum):
    mu = np.interp(energy, spectrum.energy_eV, spectrum.mu)
    before, after = mu[energy < 7080].mean(), mu[energy > 7200].mean()
    return (mu - before) / (after - before)


mixed = xsearch.Xanes(energy, 0.7 * step_of_one(magnetite) + 0.3 * step_of_one(iron), "Fe", "K", source="mixed")
index.search_mixture(xanes=mixed, only="Fe O", leave_out_spectra=["xasexp-0107", "xasexp-0111"])

# %% [markdown]
# More in [XANES and EXAFS](../xanes.md).
