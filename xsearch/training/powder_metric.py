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
from xsearch.training.settings import METRIC


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
    reported = index.columns.is_theoretical[rows] == 0
    weight = METRIC.reported_share
    share = np.where(reported, weight / max(reported.sum(), 1), (1 - weight) / max((~reported).sum(), 1))
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
    deviations = np.array(seen) - centred_profiles(index.profiles[drawn], strain[drawn])
    within = deviations.T.astype(np.float64) @ deviations / len(deviations)
    some = rows[:: METRIC.every]
    between = np.cov(centred_profiles(index.profiles[some], strain[some]).T.astype(np.float64))
    bins = len(within)
    ridge = METRIC.ridge * np.trace(within) / bins * np.eye(bins)
    _, directions = eigh(between, within + ridge, subset_by_index=[bins - min(METRIC.dimensions, bins), bins - 1])
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
    parser.add_argument("--patterns", type=int, default=METRIC.patterns)
    arguments = parser.parse_args()
    index = Index.open(arguments.index)
    left_out = labelled_formulas(arguments.leave_out) if arguments.leave_out else frozenset()
    split = split_rows(index, left_out)
    random = np.random.default_rng(0)
    train_rows, held_out = (rows[index.columns.cell_of[rows] < 0] for rows in (split.train, split.formulas))
    trained = train(index, train_rows, arguments.patterns, random)
    write(trained, arguments.out)
    tested = random.choice(held_out, min(METRIC.tested, len(held_out)), replace=False)
    places = np.array(recalled(index, metric_from(arguments.out), tested, random))
    share = float(np.mean(places < METRIC.recalled))
    first = f"Right row first {np.mean(places < 1):.3f}"
    print(f"{first}, among the first {METRIC.recalled} {share:.3f}, N = {len(places)}.")
    arguments.out.with_suffix(".md").write_text(
        _card(arguments, index, len(train_rows), len(left_out), share, len(places)), encoding="utf-8"
    )
    print(f"Written: {arguments.out}")


def write(metric: PowderMetric, path: Path) -> None:
    """Write a metric's directions."""
    from safetensors.numpy import save_file

    save_file({TENSOR: np.ascontiguousarray(metric.directions)}, path)


def _card(arguments: argparse.Namespace, index: Index, rows: int, left_out: int, share: float, tested: int) -> str:
    named = f" --leave-out {arguments.leave_out.name}" if arguments.leave_out else ""
    return (
        "# PowderMetric: 64 numbers of a powder profile\n\n"
        f"- Data: {arguments.patterns:,} simulated measurements of {rows:,} rows of index `{index.name}`, version "
        f"{index.version}.\n"
        f"- Split: one formula in 10 held out; {left_out} formulas of labelled patterns take no part.\n"
        f"- Seed 0. Command: `python -m xsearch.training.powder_metric --index {index.name}{named}`.\n"
        f"- sha256 {hashlib.sha256(arguments.out.read_bytes()).hexdigest()}.\n"
        "- Simulated under all that measurement does, formulas held out: right row among the first "
        f"{METRIC.recalled} of the index in {share:.3f} of {tested}.\n"
    )


if __name__ == "__main__":
    main()
