# %% [markdown]
# # Gallery
#
# Figures that xsearch draws, each with the line that made it. On the command line the same comes from `--plot out.pdf`
# (or `.png`, `.svg`) of `query`, `predict` and `simulate`.

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

index = xsearch.open_index("starter")
references = pq.read_table(REFERENCES).to_pandas().set_index("id")


def reference(name):
    row = references.loc[name]
    return xsearch.Xanes(row.energy, row.mu_raw, row.element, row.edge, source=row["sample"])


# %% [markdown]
# ## A pattern over its hits
#
# Molybdenum radiation; the wavelength is given, since the file does not state it.

# %%
corundum = xsearch.read("examples/spectra/corundum.csv", wavelength="MoKa")
report.plot(index.search(corundum, top=3))

# %% [markdown]
# ## A mixture and its phases

# %%
report.plot(index.search_mixture(xsearch.read("examples/spectra/mixture.xy"), exactly="Ti Al O"))

# %% [markdown]
# ## An edge over its hits
#
# Chromium K of K₂CrO₄ at 15 K (XAS Data Library), its own scans left out.

# %%
chromate = [
    name for name in references.index[references.formula == "K2CrO4"] if "15K" in references.loc[name, "sample"]
]
report.plot(index.search(xanes=reference(chromate[0]), only="K Cr O", leave_out_spectra=chromate))

# %% [markdown]
# ## A pattern and an edge of one sample
#
# Cr₂O₃: a simulated measurement of its pattern, and a measured edge whose own scan is left out.

# %%
from xsearch.data.simulated_measurements import augmented_pattern

row = index.sql("select row_id from materials where material_id = 'mp-19399'").column("row_id")[0].as_py()
pattern = augmented_pattern(index.index.material(row).crystal, 3)
report.plot(index.search(pattern, reference("xasexp-0048"), only="Cr O", leave_out_spectra=["xasexp-0048"]))
