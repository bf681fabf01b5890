"""SPT after its paper beside the simpler network, trained alike and tested on formulas held out.

    python -m benchmarks.spt [--sites 5000] [--epochs 30] [--work FOLDER] [--json]

Computed spectra of sites of `xas_feff9.parquet` in `$XSEARCH_DATA`, all those of formulas in the order of their hashes
until there are enough; a quarter of the formulas is held out. `spt` splits a spectrum into bands of its Fourier
transform, `spt_folded` folds it by learned periods (arXiv:2603.27684); both are trained for equally many epochs.
`xastruct`, which the package ships, is trained on the same spectra by its own schedule. Answers are of the spectrum
alone: clean, with noise of 0.05 edge steps added before normalisation, and as simulated measurements. `constant` is one
answer to all, the commonest class or the median. With a folder, labels and checkpoints are kept and an interrupted run
goes on.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch

from benchmarks._data import data_file
from xsearch.data.descriptor_scores import report_of
from xsearch.data.site_labels import cells_of, label_sites, read_cells, read_site_spectra
from xsearch.data.site_mixtures import with_common_energies
from xsearch.data.xanes_sites import Examples, join
from xsearch.evaluate.descriptors import ScanErrors
from xsearch.models.site_model import SiteModel
from xsearch.models.spt import Spt
from xsearch.models.spt_folded import SptFolded
from xsearch.models.tasks import CLASSES, NUMBERS
from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV
from xsearch.training.held_out import MEASURED, evaluate_examples, simulated
from xsearch.training.site_model import RECIPES, Recipe, trained_folds

KINDS = ("spt", "spt-folded", "xastruct")
NOISE = 0.05
"""Of edge steps, as `xsearch evaluate descriptors` adds it."""

SHOWN = (
    "os_accuracy", "os_macro_f1", "cn_accuracy", "cn_macro_f1", "mnnd_mae", "mnnd_r2", "nnrs_r2", "mood_r2", "cn2_r2",
    "nnosm_r2", "ocn_accuracy", "neighbor_accuracy", "site_symmetry_accuracy", "psgo_accuracy",
)  # fmt: skip


def chosen_spectra(table: Path, sites: int) -> pd.DataFrame:
    """Spectra of sites, all those of formulas in the order of their hashes until there are enough."""
    spectra = read_site_spectra(table)
    formulas = sorted(set(spectra.reduced_formula), key=lambda one: hashlib.sha256(one.encode()).hexdigest())
    counts = spectra.reduced_formula.value_counts()
    enough = int(np.searchsorted(np.cumsum([counts[one] for one in formulas]), sites)) + 1
    return spectra[spectra.reduced_formula.isin(formulas[:enough])]


def labels_of_spectra(table: Path, spectra: pd.DataFrame, kept: Path) -> pd.DataFrame:
    """Their labels, taken from a file where an earlier run wrote it."""
    if not kept.exists():
        crystals = read_cells(cells_of(table), set(spectra.material_id))
        label_sites(spectra, crystals).to_parquet(kept)
    return pd.read_parquet(kept)


def recipe_of(kind: str, epochs: int) -> Recipe:
    """One fold of the formulas tested; both kinds of SPT for so many epochs."""
    recipe = replace(RECIPES[kind], tested=1)
    if kind == "xastruct":
        return recipe
    return replace(recipe, networks=tuple((name, replace(plan, epochs=epochs)) for name, plan in recipe.networks))


def figures_of(model: SiteModel, examples: Examples) -> dict[str, float]:
    """Scores of a model's network to spectra, from the spectrum alone."""
    (name,) = model.networks
    said = evaluate_examples(model, examples).parts[name]
    classes, numbers = ({task: said[task] for task in tasks if task in said} for tasks in (CLASSES, NUMBERS))
    report = report_of(examples, classes, numbers)
    return {shown: round(getattr(report, shown), 4) for shown in SHOWN if np.isfinite(getattr(report, shown))}


def bands_of(network: torch.nn.Module) -> dict[str, float]:
    """What a network splits a spectrum into: mean period in eV of each band, or the periods that it folds by."""
    if isinstance(network, Spt):
        shares = network.bands.shares().detach().numpy()
        cycles = np.arange(shares.shape[1])
        length_eV = WINDOW_POINTS * float(WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0])
        found = length_eV / np.maximum(shares @ cycles / shares.sum(1), 1e-6)
    elif isinstance(network, SptFolded):
        found = network.bands.periods_eV().detach().numpy()
    else:
        return {}
    return {f"band_{place}_eV": round(float(one), 2) for place, one in enumerate(sorted(found), start=1)}


def figures(sites: int, epochs: int, work: Path) -> dict:
    """Train each kind and score it on the formulas held out."""
    table = data_file("xas_feff9.parquet")
    spectra = chosen_spectra(table, sites)
    labels = labels_of_spectra(table, spectra, work / f"labels_{sites}.parquet")
    examples = with_common_energies(join(spectra, labels))
    noisy = with_common_energies(join(ScanErrors(shift_eV=0.0, noise=NOISE)(spectra), labels))
    found: dict = {}
    for kind in KINDS:
        ((model, held),) = trained_folds(examples, recipe_of(kind, epochs), work / kind, print_line)
        test = held.examples
        ways = {
            "clean": test,
            "noise": noisy.take(np.isin(noisy.ids, test.ids)),
            "measurement": simulated(test, 1, MEASURED),
        }
        (network,) = model.networks.values()
        found[kind] = {way: figures_of(model, seen) for way, seen in ways.items()} | bands_of(network)
        found |= {"n": len(test), "n_formulas": len(set(test.formula)), "n_trained": len(examples) - len(test)}
    constant = report_of(test, {}, {}).majority
    return {**found, "constant": {name: round(constant[name], 4) for name in SHOWN}}


def print_line(line: str) -> None:
    """Progress, beside the figures."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Print scores of both kinds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--work", type=Path, help="a folder for labels and checkpoints")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as aside:
        work = arguments.work or Path(aside)
        work.mkdir(parents=True, exist_ok=True)
        found = figures(arguments.sites, arguments.epochs, work)
    if arguments.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{found['n']} spectra of {found['n_formulas']} formulas, {found['n_trained']} trained on")
    columns = [(kind, way) for kind in KINDS for way in ("clean", "noise", "measurement")]
    print(f"{'':24s}" + " ".join(f"{f'{kind} {way}':>22s}" for kind, way in columns) + "   constant")
    for name in SHOWN:
        shown = " ".join(f"{found[kind][way].get(name, np.nan):22.3f}" for kind, way in columns)
        print(f"{name:24s}{shown}   {found['constant'][name]:.3f}")


if __name__ == "__main__":
    main()
