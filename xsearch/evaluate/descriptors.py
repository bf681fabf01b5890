"""How well descriptors are predicted from spectra; labels come from the structures."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from xsearch.data.descriptor_scores import DescriptorReport, report_of
from xsearch.data.site_labels import labels_of, read_site_spectra
from xsearch.data.site_mixtures import with_common_energies
from xsearch.data.xanes_sites import Examples, formula_hashes, join
from xsearch.models.site_model import SiteModel, shipped_site_model
from xsearch.options import Conditioning, parse_choice
from xsearch.training.held_out import evaluate_examples

SHOWN = ("cn_accuracy", "cn_macro_f1", "os_accuracy", "mnnd_mae", "mnnd_r2", "nnrs_r2", "mood_r2")


@dataclass(frozen=True, slots=True)
class ScanErrors:
    """Errors added to every spectrum as read from the file, before normalisation, to measure robustness.

    Attributes:
        shift_eV: the energy scale is off by a random amount up to this.
        noise: standard deviation in edge steps.
        seed: of the chance.
    """

    shift_eV: float = 3.0
    noise: float = 0.05
    seed: int = 0

    def __call__(self, spectra: pd.DataFrame) -> pd.DataFrame:
        """The same table with errors in `energy` and `mu`."""
        chance = np.random.default_rng(self.seed)
        energies, values = [], []
        for energy, mu in zip(spectra.energy, spectra.mu, strict=True):
            step = float(np.median(mu[len(mu) // 2 :]))
            energies.append(np.asarray(energy) + chance.uniform(-self.shift_eV, self.shift_eV))
            values.append(np.asarray(mu) + chance.normal(0, self.noise * step, len(mu)))
        return spectra.assign(energy=energies, mu=values)


def evaluate_descriptors(
    path: Path,
    labels_cache: Path | None = None,
    processes: int | None = None,
    model: SiteModel | None = None,
    errors: ScanErrors | None = None,
    structures: Path | None = None,
    weights: Path | None = None,
    given: Conditioning | str = Conditioning.NONE,
) -> DescriptorReport:
    """Scores of a model on a table of site spectra; labels are computed from the structures.

    Args:
        path: such as `xas_feff9.parquet`; cells may stand beside it in `mp_cells_of_xas.parquet`.
        labels_cache: a file that keeps the labels between calls.
        processes: for the labels; one a core if None.
        model: the shipped one if None.
        errors: none are added if None.
        structures: a table of cells, where it does not stand beside the file.
        weights: a folder to load the model from.
        given: what the model is given of each compound: `none`, its `elements`, or its `formula`.

    Raises:
        XSearchError: for another word, or where the file, its structures or the weights cannot be used.
    """
    conditioning = parse_choice(Conditioning, given, "choice of what is given")
    if weights is not None:
        model = SiteModel.load(weights)
    spectra = read_site_spectra(path, structures)
    labels = labels_of(path, labels_cache, processes or os.cpu_count() or 1, structures)
    if errors is not None:
        spectra = errors(spectra[spectra.id.isin(set(labels.id))])
    return report_on(with_common_energies(join(spectra, labels)), model or shipped_site_model(), conditioning)


def report_on(examples: Examples, model: SiteModel, given: Conditioning = Conditioning.NONE) -> DescriptorReport:
    """Figures of a model on examples, with so much given of their compounds."""
    seen = np.isin(formula_hashes(examples.formula), model.formulas)
    answers = model.blend(evaluate_examples(model, examples, given), given)
    report = report_of(examples, *answers, formulas_seen=int(seen.sum()))
    measured = model.settings.get("cross_validation", {}).get(given)
    if report.n_formulas_in_training and measured:
        figures = ", ".join(f"{name} {measured[name]:.3f}" for name in SHOWN if measured[name] is not None)
        note = f"{report.note} On formulas that it never saw it has (N = {measured['n']:,}): {figures}."
        report = replace(report, note=note)
    return report
