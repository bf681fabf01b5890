# %% [markdown]
# # A mixture with weights
#
# `examples/spectra/mixture.xy` is a simulated measurement of corundum and rutile. How many phases there are is decided
# by the evidence: a further phase must explain more than chance would.

# %% tags=["hidden"]
import tutorial_home

tutorial_home.small_starter()

# %%
import xsearch
from xsearch import report

index = xsearch.open_index("starter")
pattern = xsearch.read("examples/spectra/mixture.xy")
found = index.search_mixture(pattern, exactly="Ti Al O")
found

# %% [markdown]
# On the command line: `xsearch query examples/spectra/mixture.xy --phases auto --exactly Ti,Al,O`. The elements of
# `exactly` are those of the whole sample; no phase needs to hold them all.
#
# The weight fractions are those of the crystalline phases that were found. `--particle-size` of the command corrects
# them for absorption within the grains. What one, two and three phases leave unexplained:

# %%
[(len(one.components), round(one.unexplained, 3)) for one in found.mixtures]

# %%
report.plot(found)

# %% [markdown]
# ## A phase that is certainly there
#
# A standard, a holder or a substrate is given as *known*. Then the answer, its score and its verdict are about the
# rest.

# %%
index.search(pattern, known="Al2O3", only="Ti O", top=3)

# %% [markdown]
# ## What goes wrong
#
# - Searched as a single phase, the pattern gives the phase with the strongest lines, and a note that lines are left:

# %%
single = index.search(pattern, only="Ti Al O", top=1)
single.hits[0].formula, round(single.hits[0].fitted.unexplained, 2), [n for n in single.notes if "phase" in n]

# %% [markdown]
# - Two isostructural phases with nearly equal cells count as one.
# - A minor phase below the noise is missed.
#
# Go on with `xsearch query ... --refine rietx FOLDER`, which refines the phases and writes a project; see
# [getting started](../getting-started.md).
