"""Figures of the models that read a single spectrum; parts of `python -m benchmarks.xanes`.

The shipped model was trained on every formula of the table: its figures are those of its cross-validation, and the
other parts are trained again without the formulas that they are tested on.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._data import LABELS, data_file

if TYPE_CHECKING:
    from xsearch.data.xanes_sites import Examples
    from xsearch.models.site_model import SiteModel
    from xsearch.training.held_out import OutOfFold
    from xsearch.training.site_model import Recipe

Figures = dict[str, Any]
SHOWN = (
    "n", "cn_accuracy", "cn_accuracy_clear", "cn_macro_f1", "cn_macro_f1_frequent", "os_accuracy", "os_accuracy_clear",
    "mnnd_mae", "mnnd_r2", "nnrs_r2", "mood_r2",
)  # fmt: skip


def descriptors() -> Figures:
    """The shipped model by cross-validation, as measured in its training, by what is given of the compounds."""
    from xsearch.models.site_model import shipped_site_model

    found: Figures = shipped_site_model().settings["cross_validation"]
    return found


def baseline() -> Figures:
    """Forests alone, 4-fold by formula over the whole table."""
    from xsearch.training.site_model import RECIPES, out_of_fold

    return _short(out_of_fold(_examples(), RECIPES["forest"]))


def robustness() -> Figures:
    """The recipe of the shipped model on one fold, with errors added before normalisation: energy scale and noise."""
    from xsearch.data.site_labels import labels_of, read_site_spectra
    from xsearch.data.site_mixtures import with_common_energies
    from xsearch.data.xanes_sites import join
    from xsearch.evaluate.descriptors import ScanErrors, report_on
    from xsearch.options import Conditioning
    from xsearch.training.site_model import RECIPES

    model, test, _ = _one_fold(_examples(), RECIPES["site"])
    spectra = read_site_spectra(_table())
    spectra = spectra[spectra.id.isin(set(test.ids))]
    labels = labels_of(_table(), LABELS)
    found = {}
    for name, shift_eV, noise in (("none", 0.0, 0.0), ("shift", 3.0, 0.0), ("noise", 0.0, 0.05), ("both", 3.0, 0.05)):
        with_errors = with_common_energies(join(ScanErrors(shift_eV, noise)(spectra), labels))
        for given in (Conditioning.NONE, Conditioning.ELEMENTS):
            report = report_on(with_errors, model, given).to_dict()
            found[f"{name}, elements {given}"] = {k: report[k] for k in SHOWN}
    return found


def learning() -> Figures:
    """How the figures of forests alone grow with the number of training formulas, one fold of four held out."""
    from xsearch.training.site_model import RECIPES

    examples = _examples()
    found = {}
    for share in (0.125, 0.25, 0.5, 1.0):
        model, _, held_out = _one_fold(examples, RECIPES["forest"], share)
        found[f"{model.settings['training']['formulas']} formulas"] = _short(held_out)
    return found


def speed() -> Figures:
    """`predict` warm, one spectrum at a time and many at once, normalisation included."""
    from xsearch.data.xanes_tables import read_spectra
    from xsearch.xas.prediction import predict

    spectra = [s.to_xanes() for s in read_spectra(_table())[0][:1000]]
    predict(spectra[:2])
    single, busy = [], []
    for xanes in spectra[:100]:
        start, start_busy = time.perf_counter(), time.process_time()
        predict([xanes])
        single.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_busy)
    start, start_busy = time.perf_counter(), time.process_time()
    predict(spectra)
    elapsed, used = time.perf_counter() - start, time.process_time() - start_busy
    return {
        "single_ms": 1e3 * float(np.median(single)),
        "single_cpu_ms": 1e3 * float(np.median(busy)),
        "batch_per_s": len(spectra) / elapsed,
        "batch_per_cpu_s": len(spectra) / used,
    }


def _table() -> Path:
    return data_file("xas_feff9.parquet")


def _examples() -> Examples:
    from xsearch.data.site_mixtures import with_common_energies
    from xsearch.data.xanes_sites import read_examples

    return with_common_energies(read_examples(_table(), LABELS, os.cpu_count() or 1))


def _one_fold(examples: Examples, recipe: Recipe, share: float = 1.0) -> tuple[SiteModel, Examples, OutOfFold]:
    """A recipe trained on a share of the formulas outside fold 0 of 4, and its answers within it."""
    from xsearch.data.xanes_sites import fold_of
    from xsearch.training.held_out import answers_of
    from xsearch.training.site_model import fit

    fold = np.array([fold_of(str(f), recipe.folds) for f in examples.formula])
    formulas = np.array(sorted(set(examples.formula[fold != 0])), object)
    np.random.default_rng(0).shuffle(formulas)
    chosen = np.isin(examples.formula, formulas[: round(share * len(formulas))])
    model, test = fit(examples.take(chosen), recipe), examples.take(fold == 0)
    held_out = answers_of(model, test, 0, recipe.seed)
    model.settings |= held_out.calibration()
    return model, test, held_out


def _short(held_out: OutOfFold) -> Figures:
    from xsearch.data.descriptor_scores import report_of

    report = report_of(held_out.examples, *held_out.blended()).to_dict()
    return {k: report[k] for k in SHOWN}
