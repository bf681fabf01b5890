# %% [markdown]
# # A first search
#
# A powder pattern of one phase, measured with copper: which crystal gave it? You need xsearch
# (see [getting started](../getting-started.md)) and the file `examples/spectra/rutile.xy` of the repository.
#
# On the command line the whole of this page is one line, `xsearch query examples/spectra/rutile.xy --only Ti,O`.
# Here is the same in Python.

# %% tags=["hidden"]
import tutorial_home

tutorial_home.small_starter()

# %%
import xsearch
from xsearch import report

pattern = xsearch.read("examples/spectra/rutile.xy")
pattern.wavelength_A, len(pattern.two_theta_deg), pattern.notes

# %% [markdown]
# The wavelength stands in the file, and the note says so. Where a file does not state it, `read` raises an error until
# you give it: `xsearch.read("sample.xy", wavelength="CuKa")`.
#
# Now an index. Without any other, the *starter index* is built at the first query: some 10,000 crystals. This page is
# built with a tenth of it: prototypes, and the crystals whose absorption spectra come with xsearch.

# %%
index = xsearch.open_index("starter")
found = index.search(pxrd=pattern, only="Ti O")
found

# %% [markdown]
# The **verdict** comes first: `match`, `tentative` or `no confident match`. Then a row a phase: further entries of the
# same phase are folded into it. The **score** is an estimate of the probability that the hit is right; **strain** is by
# how much the measured cell is longer than the stored one. Below stands what was assumed.
#
# ## Check it by eye
#
# The measured pattern in black, the hits under it. Intensities are drawn as square roots, so that weak lines show.

# %%
report.plot(found)

# %% [markdown]
# ## The evidence
#
# Each hit says why it stands where it stands.

# %%
print(*report.reasons(found.hits[0]), sep="\n")

# %% [markdown]
# ## Without the elements
#
# Elements help more than anything else. Without them the right crystal has to beat everything that has similar lines:

# %%
index.search(pxrd=pattern, top=5)

# %% [markdown]
# ## Keep the answer
#
# `report.write_cifs` writes two CIF files a hit: the cell as stored, and the cell fitted to your pattern, which is
# where a refinement starts. `report.to_json` writes the complete record, `report.to_dataframe` gives a table.

# %%
import os

out = os.environ.get("XSEARCH_DOCS_OUT", "out")
[path.name for path in report.write_cifs(found, out, top=1)]

# %%
report.to_dataframe(found)[["formula", "material_id", "space_group", "score", "strain"]].head(3)

# %% [markdown]
# Next: [an edge](an_edge.py), [a mixture with weights](a_mixture.py), and
# [what the scores mean](../scores-and-verdicts.md).
