"""Small real inputs for builds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xsearch.builders.aflow import AflowSource
from xsearch.builders.material import draft
from xsearch.builders.source import Item
from xsearch.chemistry.crystal import Crystal, cell_parameters, lattice_from_parameters
from xsearch.chemistry.material import Material


@pytest.fixture(scope="session")
def prototypes() -> list[Item]:
    """The AFLOW prototypes with few atoms, as items; they need nothing but pymatgen."""
    return [item for item in AflowSource().items() if len(item.payload["snl"]["sites"]) <= 12]


@pytest.fixture(scope="session")
def rows_of() -> Callable[[list[Item]], pa.Table]:
    """Turns prototypes into a Parquet table like that of a computed database, ids `mp-1`, `mp-2`, ..."""

    def table(items: list[Item]) -> pa.Table:
        rows = []
        for number, item in enumerate(items, start=1):
            snl = item.payload["snl"]
            parameters = cell_parameters(np.array(snl["lattice"]["matrix"]))
            rows.append(
                {
                    "material_id": f"mp-{number}",
                    **dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), parameters, strict=True)),
                    "species": [site["species"][0]["element"] for site in snl["sites"]],
                    "frac_coords": np.concatenate([site["abc"] for site in snl["sites"]]).astype(np.float32),
                    "licence": "CC-BY-4.0",
                    "energy_above_hull": 0.01 * number,
                    "theoretical": number % 2 == 0,
                }
            )
        return pa.Table.from_pylist(rows)

    return table


@pytest.fixture
def small_parquet(tmp_path: Path, prototypes: list[Item], rows_of: Callable[[list[Item]], pa.Table]) -> Path:
    """Sixty prototypes as a Parquet file."""
    path = tmp_path / "small.parquet"
    pq.write_table(rows_of(prototypes[:60]), path)
    return path


@pytest.fixture
def rocksalt() -> Callable[..., Material]:
    """Makes materials with the structure of NaCl."""

    def make(material_id: str, a: float, elements: tuple[str, str] = ("Na", "Cl"), **known) -> Material:
        faces = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
        coords = np.concatenate([faces, faces + 0.5])
        crystal = Crystal.ordered(
            lattice_from_parameters(a, a, a, 90, 90, 90), coords, [elements[0]] * 4 + [elements[1]] * 4
        )
        return draft(material_id, crystal, source="test", licence="CC0", **known)

    return make
