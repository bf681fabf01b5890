# %% [markdown]
# # A library of your own
#
# An index of the crystals of your laboratory, from CIF files, and of your own reference spectra.

# %% tags=["hidden"]
import tutorial_home

tutorial_home.small_starter()
import os
import tempfile

os.environ["XSEARCH_HOME"] = tempfile.mkdtemp(prefix="xsearch-own-")

# %% [markdown]
# First some CIF files. Here they are written from two prototypes; yours are in a folder already.

# %%
from pathlib import Path
from tempfile import mkdtemp

from xsearch.builders.aflow import AflowSource
from xsearch.report.structures import cif_text

mine = Path(mkdtemp())
wanted = {"aflow-A2B_tP6_136_f_a": "rutile", "aflow-A2B_tI12_141_e_a": "anatase"}
for item in AflowSource().items():
    if item.item_id in wanted:
        crystal = AflowSource().process(item).crystal
        (mine / f"{wanted[item.item_id]}.cif").write_text(cif_text(crystal), encoding="utf-8")
sorted(path.name for path in mine.iterdir())

# %% [markdown]
# `build_cif` reads a folder with all that lies below it; `xsearch build cif FOLDER --name mine` does the same. State
# the licence: every hit carries it.

# %%
from xsearch.builders import build_cif

built = build_cif(mine, "mine", licence="AFLOW, free for use with citation", progress=False)
built.entries, built.failures

# %%
import xsearch

index = xsearch.open_index("mine")
index.search(xsearch.read("examples/spectra/rutile.xy"))

# %% [markdown]
# ## What is in it
#
# The index can be queried with SQL; see [metadata](../metadata.md).

# %%
index.sql("select material_id, formula, space_group, n_sites, licence from materials").to_pandas()

# %% [markdown]
# ## Reference spectra
#
# `xsearch build add mine --spectra my_references/` adds measured edges: XDI files, Athena projects, Larch sessions or
# columns. The compound is what a CSV file beside them says, else what the file says, else a formula in its name. In
# Python:

# %%
import numpy as np

from xsearch.builders.add import add_entries

energy = np.arange(4900.0, 5200.0, 0.5)
mu = 0.5 + np.arctan((energy - 4975) / 2) / np.pi + 0.3 * np.exp(-(((energy - 4986) / 4) ** 2))
lines = "\n".join(f"{e:.2f} {m:.6f}" for e, m in zip(energy, mu, strict=True))
folder = Path(mkdtemp())
(folder / "TiO2_rutile.dat").write_text(f"# Ti K edge\n# energy mu\n{lines}\n", encoding="utf-8")
add_entries("mine", xanes=[folder], progress=False)
xsearch.open_index("mine").sql("select absorber, edge, kind, source from spectra").to_pandas()

# %% [markdown]
# A build is a new *version* of the index. The old one serves until the new one is whole, and `xsearch index rollback
# mine` goes back to it. See [index format](../index-format.md).
