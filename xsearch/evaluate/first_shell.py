"""How near the first distance is that the near edge and EXAFS give of measured spectra, phases from other formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from xsearch.chemistry.formula import parse_formula
from xsearch.data.measured_truth import Truth
from xsearch.errors import SpectrumError
from xsearch.models.site_model import SiteModel, shipped_site_model
from xsearch.preprocess.exafs import Exafs, extract_exafs
from xsearch.preprocess.xanes import normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.xas.first_shell import FIRST_SHELL, PERIOD_ENDS, FirstShellSettings, first_shell, phase_A


class _Known(NamedTuple):
    """One spectrum: what is true, its EXAFS, and what the near edge predicts with the formula given."""

    truth: Truth
    exafs: Exafs
    xanes_A: float
    neighbor_z: int

    @property
    def compound(self) -> str:
        """Absorber, edge and formula."""
        return f"{self.truth.absorber} {self.truth.edge} {self.truth.formula}"


def evaluate_first_shell(known: Sequence[tuple[Truth, Xanes]], model: SiteModel | None = None) -> dict[str, Any]:
    """Errors of the mean neighbour distance, in Å, of spectra that hold EXAFS.

    The phases that maxima are corrected by are medians over compounds of other formulas.

    Args:
        known: as `read_known` gives them.
        model: the shipped one if None; it is given the formula.

    Returns:
        `n` spectra, `compounds` of them, `found` (share in which |χ(R)| has a maximum near the predicted distance), and
        for `xanes`, `exafs` (the near edge's where there is no maximum) and `both` the mean over compounds (`mae`) and
        the median (`median`).
    """
    model = model or shipped_site_model()
    spectra = [one for pair in known if (one := _read(*pair, model)) is not None]
    rows = []
    measured = _phases(spectra)
    for one in spectra:
        phases = _usual_phases(measured[measured.formula != one.truth.formula])
        shell = first_shell(one.exafs, one.xanes_A, one.neighbor_z, replace(FIRST_SHELL, phase_A=phases))
        true = one.truth.mnnd_A
        rows.append(
            {
                "compound": one.compound,
                "found": shell is not None,
                "xanes": abs(one.xanes_A - true),
                "exafs": abs((one.xanes_A if shell is None else shell.exafs_A) - true),
                "both": abs((one.xanes_A if shell is None else shell.combined_A) - true),
            }
        )
    table = pd.DataFrame(rows)
    by_compound = table.groupby("compound")[["xanes", "exafs", "both"]].mean()
    return {
        "n": len(table),
        "compounds": len(by_compound),
        "found": float(table.found.mean()),
        **{
            name: {"mae": float(by_compound[name].mean()), "median": float(by_compound[name].median())}
            for name in by_compound
        },
    }


def _read(truth: Truth, xanes: Xanes, model: SiteModel) -> _Known | None:
    try:
        spectrum = normalize(xanes)
        exafs = extract_exafs(spectrum)
    except SpectrumError:
        return None
    amounts = parse_formula(truth.formula)
    answer = model.predict([window(spectrum)], sorted(amounts), amounts)[0]
    return _Known(truth, exafs, answer.numbers["mnnd_A"][0], answer.classes["neighbor_z"][0][0])


def _phases(spectra: Sequence[_Known], settings: FirstShellSettings = FIRST_SHELL) -> pd.DataFrame:
    """Distance less maximum of each spectrum that has a maximum near the true distance."""
    rows = []
    for one in spectra:
        true = one.truth.mnnd_A
        shell = first_shell(one.exafs, true, one.neighbor_z, settings)
        if shell is not None:
            period = int(np.searchsorted(PERIOD_ENDS, one.neighbor_z))
            phase = true - shell.exafs_A + phase_A(one.neighbor_z, settings)
            rows.append((one.truth.formula, one.compound, period, phase))
    return pd.DataFrame(rows, columns=["formula", "compound", "period", "phase"])


def _usual_phases(
    measured: pd.DataFrame, settings: FirstShellSettings = FIRST_SHELL
) -> tuple[float, float, float, float]:
    """By the neighbour's period, the median over compounds; the shipped one where there is none."""
    medians = measured.groupby(["period", "compound"]).phase.median().groupby("period").median()
    first, second, third, fourth = (float(medians.get(p, settings.phase_A[p])) for p in range(4))
    return first, second, third, fourth
