# %% [markdown]
# # A series
#
# Patterns of one sample over temperature, time or place. Here anatase turns into rutile; the patterns are simulated
# from two prototypes, with counting noise.

# %% tags=["hidden"]
import tutorial_home

tutorial_home.small_starter()

# %%
import numpy as np
import pandas as pd

import xsearch
from xsearch.builders.aflow import AflowSource
from xsearch.chemistry.symmetry import find_symmetry
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.profile_curve import pattern_curve

prototypes = {item.item_id: item for item in AflowSource().items()}
anatase, rutile = (
    simulate_reflections([find_symmetry(AflowSource().process(prototypes[name]).crystal)])[0]
    for name in ("aflow-A2B_tI12_141_e_a", "aflow-A2B_tP6_136_f_a")
)
angles = np.arange(15.0, 80.0, 0.03)
curves = [pattern_curve(one, one.cell, angles, 1.5406, 0.12, 0.0) for one in (anatase, rutile)]
random = np.random.default_rng(0)


def measured(share_of_rutile):
    net = (1 - share_of_rutile) * curves[0] / curves[0].max() + share_of_rutile * curves[1] / curves[1].max()
    counts = random.poisson(3000 * net + 60)
    return xsearch.PowderPattern(angles, counts.astype(float), 1.5406, source=f"scan {share_of_rutile:.2f}")


shares = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
series = [measured(share) for share in shares]

# %% [markdown]
# From files it is `xsearch.spectra.read_each("map.h5")`, which gives every scan of a file, or `xsearch query
# series/*.xy --wavelength 0.4592 --phases auto --json all.json` for a folder.
#
# ## Which phases, scan by scan

# %%
index = xsearch.open_index("starter")
rows = []
for share, pattern in zip(shares, series, strict=True):
    found = index.search_mixture(pattern, phases=2, exactly="Ti O")
    weights = {
        f"{one.hit.formula}, {one.hit.material.space_group}": one.weight_fraction for one in found.best.components
    }
    rows.append({"drawn": share, "verdict": found.verdict, **weights})

table = pd.DataFrame(rows).round(2)
table

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.2))
for name in table.columns[2:]:
    axes.plot(table.drawn, table[name].fillna(0), marker="o", label=name)
axes.set_xlabel("share of rutile's strongest line")
axes.set_ylabel("weight fraction")
axes.legend()
figure.tight_layout()

# %% [markdown]
# Each scan is searched on its own, so that a phase that appears or vanishes is seen, with its own verdict. The weight
# fractions need not run along the diagonal: the axis is the share of the strongest lines, not of the weight.
