"""The command that makes the shipped site model: `python -m xsearch.training.run_site TABLE.parquet`."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from xsearch.evaluate.descriptors import DescriptorReport, report_on
from xsearch.models.site_model import WEIGHTS, SiteModel
from xsearch.training.site_model import Recipe, train_site_model
from xsearch.training.xanes_data import Examples, read_examples, split

CARD = """# Site model: what surrounds the absorber of a XANES spectrum

Two networks (SPT, XAStruct) and forests, blended per task, with calibrated probabilities.

- Data: {spectra:,} site spectra of {formulas:,} formulas from `{data}`; codes {codes}; absorbers {edges}.
- Labels: computed from the structures by `xsearch.chemistry.descriptors`.
- Split: by reduced formula (a hash modulo 10): fold 0 for the figures below, fold 1 for weights and calibration.
- Seed: {seed}. Command: `{command}`.
- Not for: absorbers outside that list (the answer says so), L edges, anything but the near edge.

| figures on fold 0 | model | one constant answer |
|---|---|---|
{figures}

{by_code}

| file | bytes | sha256 |
|---|---|---|
{files}
"""


def make_site_model(
    data: Path,
    out: Path = WEIGHTS,
    labels_cache: Path | None = None,
    work: Path | None = None,
    processes: int = 1,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> DescriptorReport:
    """Train the site model on a table of site spectra, save it with its card, and report on formulas it never saw.

    Args:
        data: such as `xas_feff9.parquet`.
        out: where weights and card go.
        labels_cache: a file that keeps the labels between calls.
        work: a folder for checkpoints, from which an interrupted training goes on.
        processes: for the labels.
        seed: of weights, order, augmentation and forests.
        say: told in one line what is going on.
    """
    examples = read_examples(data, labels_cache, processes)
    training, validation, test = split(examples)
    recipe = Recipe(seed=seed, schedules=tuple((n, replace(s, seed=seed + s.seed)) for n, s in Recipe().schedules))
    model = train_site_model(training, validation, recipe, work, say)
    model.save(out)
    model = SiteModel.load(out)  # what is reported on is what was written
    report = report_on(test, model)
    (out / "site_model.md").write_text(_card(data, out, model, report, training, test, seed))
    return report


def _card(
    data: Path, out: Path, model: SiteModel, report: DescriptorReport, training: Examples, test: Examples, seed: int
) -> str:
    rows = [f"| {name} | {getattr(report, name):.4f} | {value:.4f} |" for name, value in report.majority.items()]
    names = (
        "spt.safetensors",
        "xastruct.safetensors",
        "xastruct_b.safetensors",
        "site_forests.safetensors",
        "site_model.json",
    )
    paths = [out / name for name in names if (out / name).exists()]
    files = [f"| {p.name} | {p.stat().st_size:,} | {hashlib.sha256(p.read_bytes()).hexdigest()} |" for p in paths]
    parts = []
    for code in sorted(set(test.code)):
        some = report_on(test.take(test.code == code), model)
        parts.append(
            f"- {code}, {some.n} spectra: CN {some.cn_accuracy:.3f} (macro-F1 {some.cn_macro_f1:.3f}; "
            f"{some.cn_accuracy_clear:.3f} where CrystalNN is sure), oxidation state {some.os_accuracy:.3f}, "
            f"distance MAE {some.mnnd_mae:.4f} Å (R² {some.mnnd_r2:.3f}), NNRS R² {some.nnrs_r2:.3f}, "
            f"MOOD R² {some.mood_r2:.3f}."
        )
    return CARD.format(
        spectra=len(training),
        formulas=len(set(training.formula)),
        data=data.name,
        codes=", ".join(sorted(set(training.code))),
        edges=", ".join(model.settings["edges"]),
        seed=seed,
        command=f"python -m xsearch.training.run_site {data.name} --seed {seed}",
        figures="\n".join(rows),
        by_code="\n".join(parts),
        files="\n".join(files),
    )


def main() -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(description="Train the site model on a table of site spectra.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--labels", type=Path, help="file that keeps the labels between runs")
    parser.add_argument("--work", type=Path, help="folder for checkpoints")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    options = (given.out, given.labels, given.work, given.processes, given.seed)
    report = make_site_model(given.data, *options, say=lambda line: print(line, flush=True))
    for name, value in report.to_dict().items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
