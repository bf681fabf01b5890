# %% [markdown]
# # From the Materials Project
#
# The whole Materials Project, some 150,000 crystals with their properties and absorption spectra, on your own machine:
#
# ```
# export MP_API_KEY=...
# xsearch build mp --name mp
# ```
#
# The key is free ([get one](https://materialsproject.org/api)). A whole build takes hours, most of them the network's;
# parts are chosen by `--only`, `--edges`, `--ids` and `--limit`.
#
# So that this page needs neither a key nor a network, it talks to a small stand-in of the service on this machine, with
# prototypes under invented ids. The client is the real one.

# %% tags=["hidden"]
import warnings

import tutorial_home  # noqa: F401

warnings.filterwarnings("ignore")
import os
import tempfile

from tests.mp_library import Library
from tests.mp_server import KEY, serving

os.environ |= {"NO_PROXY": "127.0.0.1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "MP_API_KEY": KEY}
os.environ["XSEARCH_HOME"] = tempfile.mkdtemp(prefix="xsearch-mp-")
stand_in = serving(Library(60))
server = stand_in.__enter__()
os.environ["MP_API_ENDPOINT"] = server.url

# %%
import os

from xsearch.builders.mp import build_mp
from xsearch.builders.mp_selection import Selection

built = build_mp("mp", Selection(limit=40), endpoint=os.environ["MP_API_ENDPOINT"], workers=1, progress=False)
built.entries, built.spectra, built.failures

# %% [markdown]
# Entries are the crystals, and the measured cells of the same phases that were linked to them.
#
# ## What came
#
# Properties are columns with their unit in the name; the Materials Project's own names are understood too.

# %%
import xsearch

index = xsearch.open_index("mp")
index.sql(
    "select material_id, formula, space_group, band_gap, e_above_hull, theoretical from materials "
    "where cell_of is null order by e_above_hull limit 5"
).to_pandas()

# %% [markdown]
# ## Updates
#
# Run the same command again later: only what has changed is fetched and computed, and what was deprecated goes. Here
# one entry changes on the server. The new version stands beside the old one, which `xsearch index rollback mp` brings
# back.

# %%
from pathlib import Path

server.library.change(server.library.summary[3]["material_id"])
server.library.db_version = "2026.01.01"
again = build_mp("mp", Selection(limit=40), endpoint=os.environ["MP_API_ENDPOINT"], workers=1, progress=False)
again.entries, sorted(path.name for path in (Path(os.environ["XSEARCH_HOME"]) / "indexes/mp/versions").iterdir())

# %% tags=["hidden"]
stand_in.__exit__(None, None, None)

# %% [markdown]
# ## Search
#
# `xsearch query sample.xrdml --index mp --only Fe,O,Ti`, or make it the default with `xsearch index use mp`. Conditions
# on properties narrow a search: `--where "band_gap > 1 and e_above_hull < 0.05"`. See
# [the Materials Project on your machine](../materials-project.md) and [metadata](../metadata.md).
