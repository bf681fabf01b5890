"""Loads what a build of the Materials Project needs, kernels and the identity of its code too; others fork from it."""

import faiss
import numpy as np

from tests.mp_library import Library
from xsearch.builders.identity import made_with
from xsearch.builders.mp_client import rester_class
from xsearch.builders.mp_documents import process_summary, process_xas
from xsearch.builders.source import Item
from xsearch.builders.transform import Batch, MaterialTransform, SpectraTransform

_library = Library(3, spectra_share=1.0)
MaterialTransform(process_summary)(Batch(0, tuple(Item(d["material_id"], d) for d in _library.summary)))
SpectraTransform(process_xas)(Batch(0, (Item("first", ("mp-1000", _library.xas[0])),)))
for _route in ("summary", "xas"):
    rester_class(_route)
made_with(False, MaterialTransform, SpectraTransform, process_summary, process_xas)
faiss.IndexFlatIP(2).add(np.eye(2, dtype=np.float32))
