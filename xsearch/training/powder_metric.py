"""Train the linear metric of powder profiles on simulated measurements of an index, in about two minutes.

    python -m xsearch.training.powder_metric --index mp [--leave-out LABELLED.parquet] [--out FILE]

One formula in ten is held out, and so are those of the labelled patterns. The directions are the leading solutions of
B v = λ (W + r I) v: B is the covariance of profiles over crystals, W that of what a measurement does to them.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from xsearch.data.labelled_patterns import labelled_formulas
from xsearch.data.simulated_measurements import drawn_conditions, measured_row
from xsearch.data.splits import split_rows
from xsearch.errors import SpectrumError
from xsearch.indexes import Index
from xsearch.models.powder_metric import METRIC_FILE, TENSOR, PowderMetric, centred_profiles, metric_from
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.preprocess.profile import centred_pattern

PATTERNS, TESTED = 10_000, 300
DIMENSIONS = 64
RIDGE = 10.0
"""Added to the diagonal of W, in units of its mean: from 3 to 30, and from 64 to 128 dimensions, recall is the same."""

MADE_SHARE = 0.6
"""Share of training entries that are of compounds reported from experiment."""

EVERY = 5
"""One profile in so many makes B."""

RECALLED = 200


def measured(index: Index, row: int, random: np.random.Generator) -> NetPattern:
    """A simulated measurement of a row, strained about what is expected of its cell.

    Raises:
        SpectrumError: where no line is seen in it.
    """
    return net_pattern(measured_row(index, row, drawn_conditions(index, row, random), random))


def train(index: Index, rows: NDArray[np.int64], count: int, random: np.random.Generator) -> PowderMetric:
    """The metric from `count` simulated measurements of some rows.

    Args:
        index: the index.
        rows: to train on.
        count: of patterns.
        random: draws rows and conditions.
    """
    made = index.columns.is_theoretical[rows] == 0
    share = np.where(made, MADE_SHARE / max(made.sum(), 1), (1 - MADE_SHARE) / max((~made).sum(), 1))
    drawn: list[int] = []
    seen: list[NDArray[np.float32]] = []
    for row in random.choice(rows, size=2 * count, p=share / share.sum()).tolist():
        if len(drawn) == count:
            break
        try:
            seen.append(centred_pattern(measured(index, row, random)))
        except SpectrumError:
            continue
        drawn.append(row)
    strain = index.columns.expected_strain
    away = np.array(seen) - centred_profiles(index.profiles[drawn], strain[drawn])
    within = away.T.astype(np.float64) @ away / len(away)
    some = rows[::EVERY]
    between = np.cov(centred_profiles(index.profiles[some], strain[some]).T.astype(np.float64))
    bins = len(within)
    ridge = RIDGE * np.trace(within) / bins * np.eye(bins)
    _, directions = eigh(between, within + ridge, subset_by_index=[bins - min(DIMENSIONS, bins), bins - 1])
    return PowderMetric(directions.astype(np.float32))


def recalled(index: Index, metric: PowderMetric, rows: NDArray[np.int64], random: np.random.Generator) -> list[int]:
    """How many computed rows stand before the right one, for a simulated measurement of each of some rows."""
    library = np.flatnonzero(index.columns.cell_of < 0)
    strain = index.columns.expected_strain
    parts = np.array_split(library, len(library) // 8192 + 1)
    vectors = np.concatenate([metric.of_rows(index.profiles[part], strain[part]) for part in parts])
    places = []
    for row in rows.tolist():
        try:
            cosine = vectors @ metric.of_pattern(measured(index, row, random))
        except SpectrumError:
            continue
        places.append(int((cosine > cosine[np.searchsorted(library, row)]).sum()))
    return places


def main() -> None:
    """Train, test on formulas held out, and write weights and card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", default="mp")
    parser.add_argument("--leave-out", type=Path, help="labelled patterns whose formulas take no part")
    parser.add_argument("--out", type=Path, default=METRIC_FILE)
    parser.add_argument("--patterns", type=int, default=PATTERNS)
    asked = parser.parse_args()
    index = Index.open(asked.index)
    left_out = labelled_formulas(asked.leave_out) if asked.leave_out else frozenset()
    split = split_rows(index, left_out)
    random = np.random.default_rng(0)
    train_rows, held_out = (rows[index.columns.cell_of[rows] < 0] for rows in (split.train, split.formulas))
    trained = train(index, train_rows, asked.patterns, random)
    write(trained, asked.out)
    tested = random.choice(held_out, min(TESTED, len(held_out)), replace=False)
    places = np.array(recalled(index, metric_from(asked.out), tested, random))
    share = float(np.mean(places < RECALLED))
    print(f"Right row first {np.mean(places < 1):.3f}, among the first {RECALLED} {share:.3f}, N = {len(places)}.")
    asked.out.with_suffix(".md").write_text(
        _card(asked, index, len(train_rows), len(left_out), share, len(places)), encoding="utf-8"
    )
    print(f"Written: {asked.out}")


def write(metric: PowderMetric, path: Path) -> None:
    """Write a metric's directions."""
    from safetensors.numpy import save_file

    save_file({TENSOR: np.ascontiguousarray(metric.directions)}, path)


def _card(asked: argparse.Namespace, index: Index, rows: int, left_out: int, share: float, tested: int) -> str:
    named = f" --leave-out {asked.leave_out.name}" if asked.leave_out else ""
    return (
        "# PowderMetric: 64 numbers of a powder profile\n\n"
        f"- Data: {asked.patterns:,} simulated measurements of {rows:,} rows of index `{index.name}`, version "
        f"{index.version}.\n"
        f"- Split: one formula in 10 held out; {left_out} formulas of labelled patterns take no part.\n"
        f"- Seed 0. Command: `python -m xsearch.training.powder_metric --index {index.name}{named}`.\n"
        f"- sha256 {hashlib.sha256(asked.out.read_bytes()).hexdigest()}.\n"
        f"- Simulated under all that measurement does, formulas held out: right row among the first {RECALLED} of "
        f"the index in {share:.3f} of {tested}.\n"
    )


if __name__ == "__main__":
    main()
