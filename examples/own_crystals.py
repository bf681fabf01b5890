"""Make an index of your own crystals and search in it: here rutile and anatase, written as CIF files first.

python examples/own_crystals.py
"""

import tempfile
from pathlib import Path

import xsearch
from xsearch.builders import build_cif
from xsearch.builders.aflow import AflowSource
from xsearch.report.structures import cif_text

MINE = {"aflow-A2B_tP6_136_f_a": "rutile", "aflow-A2B_tI12_141_e_a": "anatase"}

with tempfile.TemporaryDirectory() as folder:
    for item in AflowSource().items():
        if item.item_id in MINE:
            material = AflowSource().process(item)
            text = cif_text(material.crystal, comments=[f"{MINE[item.item_id]}, {material.reference}"])
            (Path(folder) / f"{MINE[item.item_id]}.cif").write_text(text, encoding="utf-8")
    built = build_cif(folder, "mine", licence="AFLOW, free for use with citation")

print(f"{built.entries} crystals in index {built.name}")
pattern = xsearch.read(Path(__file__).parent / "spectra" / "rutile.xy")
for hit in xsearch.open_index("mine").search(pxrd=pattern).hits:
    print(hit.rank, hit.material_id, hit.formula, f"{hit.score:.2f}")
