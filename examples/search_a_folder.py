"""Search for every pattern of a folder and make one table of the answers.

python examples/search_a_folder.py examples/spectra --wavelength CuKa
"""

import argparse
from pathlib import Path

import pandas as pd

import xsearch
from xsearch import report

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("--index", default=None, help="by default the one in use")
parser.add_argument("--wavelength", default=None, help="for files that do not tell theirs")
asked = parser.parse_args()

index = xsearch.open_index(asked.index)
rows = []
for path in sorted(asked.folder.iterdir()):
    try:
        result = index.search(pxrd=xsearch.read(path, wavelength=asked.wavelength), top=1)
    except xsearch.XSearchError as error:
        rows.append({"file": path.name, "verdict": f"not searched: {error}"})
        continue
    best = report.to_dataframe(result).iloc[:1].to_dict("records")
    rows.append({"file": path.name, "verdict": result.verdict, **(best[0] if best else {})})

table = pd.DataFrame(rows)
print(table.reindex(columns=["file", "verdict", "formula", "name", "material_id", "score", "strain"]).to_string())
