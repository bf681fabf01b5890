"""Search for one pattern, look at the evidence, and write what a refinement needs.

python examples/search_a_pattern.py examples/spectra/rutile.xy
"""

import sys
from pathlib import Path

import xsearch
from xsearch import report
from xsearch.builders import ensure_starter

ensure_starter()  # the first time, this builds the index of 9,000 measured crystals
index = xsearch.open_index("starter")

path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "spectra" / "rutile.xy")
pattern = xsearch.read(path)
result = index.search(pxrd=pattern, only="Ti O")

print(f"{path.name}: {result.verdict}")
for note in result.notes:
    print(f"  assumed: {note}")
for hit in result.hits[:5]:
    fit = hit.fitted
    print(
        f"{hit.rank:3d} {hit.formula:12s} {hit.material_id:20s} score {hit.score:.2f} strain {100 * fit.strain:+.2f} % "
        f"zero shift {fit.zero_shift_deg:+.3f}° unexplained {100 * fit.unexplained:.0f} %"
    )

best = result.hits[0]
print("evidence:", ", ".join(f"{term} {value:.3g}" for term, value in best.evidence.terms().items()))
print(best.strained_structure)  # a pymatgen Structure, its cell fitted to the pattern
report.write_cifs(result, "out/cifs", top=3)
report.plot(result, "out/search.png")
report.to_dataframe(result).to_csv("out/hits.csv", index=False)
