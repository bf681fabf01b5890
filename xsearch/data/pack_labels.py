"""Pack the shipped near edges with what surrounds their absorbers: `python -m xsearch.data.pack_labels`.

Each spectrum of a material and each measured reference, as searches read it, beside the descriptors of its structure.
A reference has those of the structure of its formula that lies lowest in energy.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from xsearch.data.shipped_library import REFERENCES, SITES, STRUCTURES
from xsearch.data.structure_sites import structure_sites
from xsearch.data.xanes_tables import make_tables
from xsearch.data.xas_tables import XasTables, spectrum_of_rows
from xsearch.elements import ATOMIC_NUMBERS
from xsearch.indexes.xanes_table import XanesTable
from xsearch.models.tasks import CLASSES
from xsearch.xas.labelled_edges import LABELLED, LABELLED_EDGES

TEXTS = ("spectrum_id", "material_id", "reduced_formula", "kind", "code", "source")


def labelled(tables: list[XanesTable], sites: pd.DataFrame, lowest: dict[str, str]) -> pd.DataFrame:
    """A row a spectrum of a material or reference whose structure is known.

    Args:
        tables: spectra by edge.
        sites: as `structure_sites` gives them.
        lowest: by reduced formula, id of the structure that lies lowest.
    """
    by_absorber = {(str(m), str(e)): rows for (m, e), rows in sites.groupby(["material_id", "element"])}
    found = []
    for table in tables:
        for place in range(len(table)):
            material = str(table.material_id[place]) or lowest.get(str(table.reduced_formula[place]), "")
            if table.level[place] != "material" or (material, table.absorber) not in by_absorber:
                continue
            known = np.flatnonzero(table.known[place])
            found.append(
                {
                    "absorber": table.absorber,
                    "edge": table.edge,
                    **{name: getattr(table, name)[place] for name in TEXTS},
                    "first": known[0],
                    "values": table.values[place][known[0] : known[-1] + 1].astype(np.float16),
                    "offset_eV": table.offset_eV[place],
                    **_labels(by_absorber[material, table.absorber]),
                }
            )
    return pd.DataFrame(found)


def _labels(sites: pd.DataFrame) -> dict[str, object]:
    """Shares of each class of the labelled tasks, and the mean distance, over the kinds of an absorber's sites."""
    share = sites.multiplicity.to_numpy(float) / sites.multiplicity.sum()
    numbers = {
        "cn": sites.cn.to_numpy(float),
        "oxidation_state": sites.oxidation_state.to_numpy(float),
        "ocn": sites.ocn.to_numpy(float),
        "neighbor_z": np.array([ATOMIC_NUMBERS[e] for e in sites.neighbor], float),
    }
    labels: dict[str, object] = {"mnnd_A": float(share @ sites.mnnd_A.to_numpy(float))}
    for task in LABELLED:
        known = np.isin(numbers[task], CLASSES[task])
        values, place = np.unique(numbers[task][known].astype(int), return_inverse=True)
        total = np.bincount(place.ravel(), share[known], len(values))
        labels[f"{task}_values"] = values.tolist() if known.all() else []
        labels[f"{task}_shares"] = np.round(total, 4).tolist() if known.all() else []
    return labels


def lowest_structures(structures: Path) -> dict[str, str]:
    """By reduced formula, the id of the structure that lies lowest above the hull."""
    table = pd.read_parquet(structures, columns=["material_id", "reduced_formula", "energy_above_hull"])
    table = table.sort_values(["energy_above_hull", "material_id"], na_position="last").drop_duplicates(
        "reduced_formula"
    )
    return dict(zip(table.reduced_formula, table.material_id, strict=True))


def _write(table: pd.DataFrame, out: Path) -> None:
    split = {"values.list.element": "BYTE_STREAM_SPLIT"}
    texts = [name for name in table if table[name].dtype == object and isinstance(table[name].iloc[0], str)]
    packed = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(packed, out, compression="zstd", compression_level=19, use_dictionary=texts, column_encoding=split)


def near_edges() -> Iterator[XanesTable]:
    """Tables of the shipped references and computed materials, by edge."""
    usable = ((name, rows) for name, rows in XasTables((REFERENCES, SITES)).spectra() if not rows[0]["refused"])
    spectra = (spectrum_of_rows(name, rows) for name, rows in usable)
    yield from make_tables(spectra)[0]


def main() -> None:
    """Describe the structures and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="file that keeps the described sites")
    given = parser.parse_args()
    sites = structure_sites(STRUCTURES, given.cache, say=print)
    table = labelled(list(near_edges()), sites, lowest_structures(STRUCTURES))
    _write(table, LABELLED_EDGES)
    edges = table.groupby(["absorber", "edge"]).ngroups
    print(f"{len(table)} spectra of {edges} edges; {LABELLED_EDGES.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
