"""What one encoder of both spectra gives on formulas held out, beside each spectrum and the composition alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xsearch.indexes import Index
from xsearch.models.joint_encoder import NAME, SYSTEMS, JointEncoder, JointInput, composition_reading
from xsearch.models.property_model import shipped_property_model
from xsearch.training.joint_samples import Views
from xsearch.training.property_samples import Samples
from xsearch.training.run_specfusion import paired_gain
from xsearch.training.specfusion import Seen, losses, outputs_of

if TYPE_CHECKING:
    from rich.table import Table

SPECTRA = {"pattern": (False, True), "edges": (True, False), "both": (False, False), "nothing": (True, True)}
"""By name, whether the pattern and the edges are hidden."""

GIVEN = ("alone", "elements", "formula")
"""What is known of the composition beside the spectra."""

CARD = """# Joint encoder: any number of edges and a powder pattern of one material

- Data: {n:,} materials with computed edges; patterns simulated from index `{index}`, version {version}.
- It reads what the shipped networks read from a pattern and from each edge; these stay as they are.
- Split: one formula in ten, which the powder networks have not seen either, is held out for the crystal system
  (N = {n_system:,}), and one in five, which SpecFusionNet has not seen, for properties.
- Command: `{command}`. sha256 {digest}.

Crystal system right; properties: mean absolute error, and share that is wrong of classes. Simulated measurements.

| what | N | {heads} |
|---|---|{rule}|
{rows}

Recall of materials by one edge and a pattern, both simulated, among all that have this edge, formulas held out:
{recall}.
"""


@dataclass(frozen=True, slots=True)
class JointEncoderReport:
    """Figures on formulas held out.

    Attributes:
        n_system, n_properties: materials that both are of.
        system: share whose crystal system is right, by `pattern`, `edges`, `both` and `nothing`, each followed by what
            is given of the composition, such as `both, elements`; `network` is the pattern's own network.
        properties: by property the same, as mean absolute errors or shares that are wrong; `specfusion, elements` and
            `specfusion, formula` are SpecFusionNet as shipped.
        gain: by how many standard errors of the paired difference both spectra are better than the better of one, by
            figure and what is given, such as `density_g_cm3, elements`.
        recall: as `xsearch.training.joint_recall.recall_of` gives it.
        folder: where the weights are.
    """

    n_system: int
    n_properties: int
    system: dict[str, float]
    properties: dict[str, dict[str, float]]
    gain: dict[str, float]
    recall: dict[str, object]
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "folder": str(self.folder)}

    def table(self) -> Table:
        """As a table for a terminal."""
        from rich.table import Table

        shown = Table(title=f"Formulas held out: {self.n_system:,} materials, properties of {self.n_properties:,}")
        columns = {"crystal system": self.system, **self.properties}
        for heading in ("seen", *columns):
            shown.add_column(heading, justify="left" if heading == "seen" else "right")
        for name in dict.fromkeys(name for column in columns.values() for name in column):
            shown.add_row(name, *(f"{column[name]:.3f}" if name in column else "" for column in columns.values()))
        shown.caption = f"Weights and card are in {self.folder}."
        return shown


def report_of(
    network: JointEncoder,
    of_systems: tuple[Views, Samples, np.ndarray],
    of_properties: tuple[Views, Samples],
    recall: dict[str, object],
    folder: Path,
) -> JointEncoderReport:
    """Figures of an encoder: materials with codes of their systems, materials with labels, and what is recalled."""
    views, samples, systems = of_systems
    right: dict[str, np.ndarray] = {}
    for name, given in seen_ways(network, views, samples).items():
        right[name] = answers(network, given)[0].argmax(1).numpy() == systems
    own = views.reading[:, 1, :SYSTEMS].argmax(1) == systems
    other_views, other = of_properties
    wrong = {
        name: losses(network.heads_of, answers(network, given)[1], other.labels)
        for name, given in seen_ways(network, other_views, other).items()
    }
    shipped = shipped_property_model().network
    for known, amounts in (("elements", False), ("formula", True)):
        wrong[f"specfusion, {known}"] = losses(shipped.heads, outputs_of(shipped, other, Seen(amounts)), other.labels)
    properties = {
        name: {way: float(np.nanmean(found[name])) for way, found in wrong.items()}
        for name in (*network.heads_of.numbers, *network.heads_of.classes)
        if np.isfinite(wrong["both, alone"][name]).any()
    }
    return JointEncoderReport(
        n_system=len(systems),
        n_properties=len(other),
        system={"network": float(own.mean()), **{name: float(one.mean()) for name, one in right.items()}},
        properties=properties,
        gain=_gains({name: {"crystal_system": ~one} for name, one in right.items()}) | _gains(wrong),
        recall=recall,
        folder=folder,
    )


def seen_ways(network: JointEncoder, views: Views, samples: Samples) -> dict[str, JointInput]:
    """A measurement of each material with all that may be hidden, by name."""
    compositions = {
        "alone": torch.zeros_like(samples.elements_only),
        "elements": samples.elements_only,
        "formula": samples.tokens.composition,
    }
    readings = {given: composition_reading(features, network.heads_of) for given, features in compositions.items()}
    return {
        f"{spectra}, {given}": views.input(torch.ones(1).long(), *readings[given]).hidden(*hidden)
        for spectra, hidden in SPECTRA.items()
        for given in GIVEN
    }


@torch.inference_mode()
def answers(network: JointEncoder, given: JointInput) -> tuple[Tensor, Tensor]:
    """Logits of systems (n, SYSTEMS), and the outputs of the properties' heads."""
    logits, numbers, classes = network.eval()(given)
    return logits, torch.cat([*numbers.values(), *classes.values()], 1)


def _gains(wrong: dict[str, dict[str, np.ndarray]]) -> dict[str, float]:
    found = {}
    for given in GIVEN:
        for name, both in wrong[f"both, {given}"].items():
            known = np.isfinite(both.astype(float))
            alone = [wrong[f"{one}, {given}"][name][known].astype(float) for one in ("pattern", "edges")]
            if known.any():
                better = min(alone, key=np.mean)
                found[f"{name}, {given}"] = paired_gain(better, both[known].astype(float))
    return found


def card_of(report: JointEncoderReport, n: int, index: Index, command: str) -> str:
    """The model card of weights that are saved."""
    columns = [f"{spectra}, {given}" for given in GIVEN for spectra in SPECTRA]
    rows = [("crystal system", report.n_system, report.system)]
    rows += [(name, report.n_properties, one) for name, one in report.properties.items()]
    return CARD.format(
        n=n,
        index=index.name,
        version=index.version,
        n_system=report.n_system,
        command=command,
        recall=json.dumps(report.recall).translate(str.maketrans("", "", '{}"')),
        digest=hashlib.sha256((report.folder / f"{NAME}.safetensors").read_bytes()).hexdigest(),
        heads=" | ".join(columns),
        rule="---|" * (len(columns) - 1) + "---",
        rows="\n".join(
            f"| {name} | {count} | " + " | ".join(f"{one[column]:.3f}" for column in columns) + " |"
            for name, count, one in rows
        ),
    )
