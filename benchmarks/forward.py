"""The forward model on formulas that it has not seen: its copper regression, what it reads of a site, and its gates.

    python -m benchmarks.forward {copper,features,gates} [--share 0.3] [--work FOLDER] [--json]

The spectra are `xas_feff9.parquet` and `xas_feff10_sites.parquet` in `$XSEARCH_DATA` and the sites that come with the
package. `copper` fits the regression of Cu K on two splits that its settings were not chosen on. `features` compares
the surroundings with CHGNet's features of the absorber, which needs the extra `relax`, and with both, for the kernel
regression and for the network; `gates` compares the network with one whose blocks have no gates and as many parameters.
Both predict three of five folds of formulas from the others; what a `--work` folder holds is not computed again.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._data import data_file
from benchmarks._forward_variants import compared_features, compared_gates
from xsearch.data.forward_sites import FOLDS, read_forward_examples
from xsearch.models.forward import errors
from xsearch.training.forward import METRICS
from xsearch.training.settings import FORWARD
from xsearch.training.site_kernel import by_length, fit_kernel, learn_metric

SPLITS = (40, 70)
"""First of the hundredths of the formulas' checksums that `copper` holds out."""

HELD_OUT_PERCENT = FOLDS[1]
"""As many hundredths as the first fold has."""


def copper(_: Path | None, share: float) -> Iterator[dict[str, Any]]:
    """Error of the kernel regression of copper, by split."""
    examples = read_forward_examples([data_file("xas_feff9.parquet")])
    checksum = np.array([zlib.crc32(str(formula).encode()) for formula in examples.formula])
    rows = (examples.edge_names == "Cu K") & (examples.code == "FEFF9") & (checksum // 100 % 1000 < 1000 * share)
    examples, hundredth = examples.take(rows), checksum[rows] % 100
    for first in SPLITS:
        held_out = (hundredth >= first) & (hundredth < first + HELD_OUT_PERCENT)
        training = by_length(examples.take(~held_out))[0]
        kernel = fit_kernel(training, *learn_metric(training, METRICS["long"]), FORWARD.aligned_eV)
        tested = examples.take(held_out & examples.long)
        error = errors(kernel.spectra(tested.features, tested.edge_numbers).mean(axis=0), tested)
        yield {"split": first, "n": len(tested), "mae_cu": float(error.mean()), "median": float(np.median(error))}


PARTS = {"copper": copper, "features": compared_features, "gates": compared_gates}


def main() -> None:
    """Print one line of JSON a split or a variant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS, nargs="?", default="copper")
    parser.add_argument("--work", type=Path, default=None, help="folder that keeps the errors of variants")
    parser.add_argument("--share", type=float, default=1.0, help="of the formulas, to try variants out")
    parser.add_argument("--json", action="store_true", help="a line is JSON in any case")
    given = parser.parse_args()
    for figures in PARTS[given.part](given.work, given.share):
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
