"""How well the forward model predicts spectra from structures."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from xsearch.data.forward_sites import read_forward_examples
from xsearch.errors import SpectrumError
from xsearch.models.forward import forward_ensemble, listed, score_spectra


def evaluate(path: str | Path) -> dict[str, Any]:
    """Compare predicted with computed spectra.

    Formulas that the weights were trained on are left out; a file that holds nothing else is scored as it is, and the
    answer says so in `note`: those figures do not hold for other compounds.

    Args:
        path: a Parquet file with the columns of `xas_feff9.parquet`; cells from `mp_cells_of_xas.parquet` beside it.

    Returns:
        What `score_spectra` gives, how many spectra were left out as seen or of unknown edges or codes, how many could
        not be used, and `held_out`, the card's figures of formulas held out in training.

    Raises:
        SpectrumError: where columns are missing or nothing is left.
    """
    ensemble = forward_ensemble()
    examples = read_forward_examples([Path(path)], ensemble.card["start_eV"], kind=ensemble.features)
    codes = zip(examples.edge_names, examples.code, strict=True)
    learned = np.array([ensemble.card["code"].get(name) == code for name, code in codes], bool)
    if not learned.any():
        raise SpectrumError(f"{path}: no edge that the model has learned from the same code: {listed(ensemble.edges)}.")
    trained_on = set(ensemble.card["formulas_crc32"])
    seen = np.array([zlib.crc32(str(formula).encode()) in trained_on for formula in examples.formula])
    rows = learned & ~seen
    if only_seen := not rows.any():
        rows = learned
    scored = examples.take(rows)
    found, _ = ensemble.spectra(scored.features, scored.edge_names)
    held_out = ensemble.card["held_out"]
    answer = {
        **score_spectra(found, scored),
        "left_out_as_trained_on": 0 if only_seen else int((learned & seen).sum()),
        "every_formula_was_trained_on": bool(only_seen),
        "unknown_edges": int((~learned).sum()),
        "unusable": examples.dropped,
        "held_out": {name: held_out[name] for name in ("n", "mae_cu", "mae_others", "median_others")},
    }
    if only_seen:
        answer["note"] = "Every formula was trained on: only `held_out` says how well other compounds are predicted."
    return answer
