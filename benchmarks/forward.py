"""Error of the forward model's copper regression on two splits that its settings were not chosen on.

    python -m benchmarks.forward [--json]

The settings were chosen on the held-out formulas of the card. The spectra are `xas_feff9.parquet` in `$XSEARCH_DATA`.
"""

from __future__ import annotations

import argparse
import json
import zlib

import numpy as np

from benchmarks._data import data_file
from xsearch.data.forward_sites import TEST_PERCENT, read_forward_examples
from xsearch.models.forward import errors
from xsearch.training.forward import METRICS
from xsearch.training.settings import FORWARD
from xsearch.training.site_kernel import by_length, fit_kernel, learn_metric

SPLITS = (40, 70)
"""First of the hundredths of the formulas' checksums that are held out."""


def main() -> None:
    """Print one line a split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="a line is JSON in any case")
    parser.parse_args()
    examples = read_forward_examples([data_file("xas_feff9.parquet")])
    copper = examples.take((examples.edge_names == "Cu K") & (examples.code == "FEFF9"))
    hundredth = np.array([zlib.crc32(str(formula).encode()) % 100 for formula in copper.formula])
    for first in SPLITS:
        held_out = (hundredth >= first) & (hundredth < first + TEST_PERCENT)
        training = by_length(copper.take(~held_out))[0]
        kernel = fit_kernel(training, *learn_metric(training, METRICS["long"]), FORWARD.aligned_eV)
        tested = copper.take(held_out & copper.long)
        error = errors(kernel.spectra(tested.features, tested.edge_numbers).mean(axis=0), tested)
        figures = {"split": first, "n": len(tested), "mae_cu": float(error.mean()), "median": float(np.median(error))}
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
