# %% [markdown]
# # An unknown compound
#
# Where no entry of the index fits, the crystal can be inferred from the structures of other compounds. To show it,
# every entry of TiO₂ is left out here: the search must not find rutile, and the inference must build it.

# %% tags=["hidden"]
import tutorial_home

tutorial_home.small_starter()

# %%
import xsearch
from xsearch.infer import infer, library_of

index = xsearch.open_index("starter")
pattern = xsearch.read("examples/spectra/rutile.xy")
rows = index.sql("select row_id from materials where reduced_formula = 'TiO2'").column("row_id").to_pylist()
index.search(pattern, only="Ti O", leave_out_rows=rows, top=3)

# %% [markdown]
# `no confident match` is an answer. Now the inference: each structure type of the index is a template, whose elements
# are replaced by those of the sample.

# %%
answer = infer(library_of(index.index), ["Ti", "O"], pattern, excluded=["TiO2"], top=5)
answer

# %% [markdown]
# The same on the command line is `xsearch infer examples/spectra/rutile.xy --exactly Ti,O --leave-out TiO2`.
#
# Each candidate says where it comes from and what was assumed:

# %%
best = answer.best()
print(best.inferred_id)
print(*best.assumptions, sep="\n")
print(best.structure)

# %% [markdown]
# ## Elements that cannot be right
#
# The same pattern with wrong elements: nothing explains it, and the answer says so.

# %%
wrong = infer(library_of(index.index), ["Na", "Cl"], pattern, top=3)
wrong.verdict, wrong.refused

# %% [markdown]
# How the stages work, and how often they are right, stands in [unknown compounds](../unknown-compounds.md) and
# [benchmarks](../benchmarks.md).
