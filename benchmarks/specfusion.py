"""What SpecFusionNet reads properties from: parts of its input hidden, on formulas that it was not trained on.

    python -m benchmarks.specfusion [--json]

Spectra of `xas_feff9.parquet` and `xas_library_sites.parquet`, labels of `mp_structures.parquet` and
`mp_labels.parquet` in `$XSEARCH_DATA`. Numbers: mean absolute error; classes: share that is wrong. Inputs are hidden
from the shipped network, which is not trained again.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from benchmarks._data import data_file
from xsearch.chemistry.element_descriptors import DESCRIPTORS, TRANSITION_METAL
from xsearch.models.property_model import shipped_property_model
from xsearch.models.specfusion import SpecFusion
from xsearch.training.property_samples import Samples
from xsearch.training.run_specfusion import held_out, read_samples
from xsearch.training.specfusion import Seen, composition_outputs, losses, outputs_of

SPECTRA = ("xas_feff9.parquet", "xas_library_sites.parquet")
LABELS = ("mp_structures.parquet", "mp_labels.parquet")


def edges_of(samples: Samples, network: SpecFusion, transition: bool) -> Samples:
    """The samples with the edges of transition metals alone, or of all other elements alone."""
    tokens = samples.tokens
    chosen = (network.kinds[tokens.z] == TRANSITION_METAL) == transition
    return replace(samples, tokens=replace(tokens, edge=torch.where(chosen, tokens.edge, -1)))


@contextmanager
def blanked(table: torch.Tensor, column: int | None = None) -> Iterator[None]:
    """A table of a network, or one column of it, set to its mean for a while."""
    kept = table.detach().clone()
    part = table.data if column is None else table.data[:, column]
    try:
        part.copy_(part.mean(0, keepdim=True).expand_as(part) if column is None else part.mean().expand_as(part))
        yield
    finally:
        table.data.copy_(kept)


def figures(network: SpecFusion, test: Samples, names: list[str]) -> dict[str, dict[str, float]]:
    """By what is hidden, how wrong the answers are."""

    def wrong(outputs: torch.Tensor) -> dict[str, float]:
        found = losses(network.heads, outputs, test.labels)
        return {name: round(float(np.nanmean(found[name])), 4) for name in names}

    assert network.composition is not None
    found = {
        "all": wrong(outputs_of(network, test)),
        "elements without amounts": wrong(outputs_of(network, test, Seen(amounts=False))),
        "transition metals alone": wrong(outputs_of(network, edges_of(test, network, True))),
        "other elements alone": wrong(outputs_of(network, edges_of(test, network, False))),
        "without spectra": wrong(outputs_of(network, test, Seen(edges=False))),
        "composition alone": wrong(composition_outputs(network.composition, test)),
    }
    for column, name in enumerate(DESCRIPTORS):
        with blanked(network.descriptors, column):
            found[f"without {name}"] = wrong(outputs_of(network, test))
    for name, table in (("atomic number", network.atom.weight), ("kind of element", network.kind.weight)):
        with blanked(table):
            found[f"without {name}"] = wrong(outputs_of(network, test))
    return found


def main() -> None:
    """Print how wrong the answers are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    samples, _, _ = read_samples([data_file(one) for one in SPECTRA], [data_file(one) for one in LABELS])
    test = samples.take(held_out(samples.formula))
    model = shipped_property_model()
    found = figures(model.network, test, model.settings["shipped"])
    several = int(((test.tokens.edge >= 0).sum(1) > 1).sum())
    if arguments.json:
        print(json.dumps({"n": len(test), "n_several_edges": several, **found}, indent=1))
        return
    print(f"{len(test)} materials, {several} with several edges")
    for hidden, wrong in found.items():
        print(f"{hidden:28s}", "  ".join(f"{name} {value:.3f}" for name, value in wrong.items()))


if __name__ == "__main__":
    main()
