"""The forward model's copper regression on other splits than the card's: `python -m benchmarks.forward`.

The recipe was made while looking at the card's held-out formulas; at these it never looked. The spectra are found
through XSEARCH_DATA.
"""

from __future__ import annotations

import json
import zlib

import numpy as np

from benchmarks._data import data_file
from xsearch.data.forward_sites import TEST_PERCENT, read_forward_examples
from xsearch.models.forward import errors
from xsearch.training.forward import METRICS
from xsearch.training.site_kernel import ALIGNED_eV, by_length, fit_kernel, learn_metric

SPLITS = (40, 70)
"""First of the hundredths of the formulas' checksums that are held out."""


def main() -> None:
    """Print one line a split."""
    examples = read_forward_examples(data_file("xas_feff9.parquet"))
    copper = examples.take(examples.z == 29)
    hundredth = np.array([zlib.crc32(str(formula).encode()) % 100 for formula in copper.formula])
    for first in SPLITS:
        held_out = (hundredth >= first) & (hundredth < first + TEST_PERCENT)
        training = by_length(copper.take(~held_out))[0]
        kernel = fit_kernel(training, *learn_metric(training, METRICS["long"]), ALIGNED_eV)
        asked = copper.take(held_out & copper.long)
        error = errors(kernel.spectra(asked.features, asked.z).mean(axis=0), asked)
        figures = {"split": first, "n": len(asked), "mae_cu": float(error.mean()), "median": float(np.median(error))}
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
