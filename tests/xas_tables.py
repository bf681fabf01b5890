"""Tables of synthetic copper K edges."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ENERGY = np.arange(8950.0, 9060.0, 0.5)


def copper(white_line: float) -> list[float]:
    x = ENERGY - 8990
    return list(0.5 + np.arctan(x / 1.5) / np.pi + white_line * np.exp(-(((x - 8) / 4) ** 2)))


def simulated(material: str, white_line: float, **more: Any) -> dict[str, Any]:
    row = {"material_id": material, "absorber": "Cu", "edge": "K", "energy": list(ENERGY), "mu": copper(white_line)}
    return {**row, "code": "FEFF9", "reduced_formula": "CuO", "source": "made", "licence": "CC0-1.0", **more}


def measured(name: str, formula: str, white_line: float, **more: Any) -> dict[str, Any]:
    row = {"id": name, "element": "Cu", "edge": "K", "formula": formula, "energy": list(ENERGY)}
    return {**row, "mu_raw": copper(white_line), "usable_query": True, "suspect": False, "source": "lab", **more}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path
