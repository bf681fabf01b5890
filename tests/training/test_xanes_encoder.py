"""Vectors of near edges: what training makes of them, in numpy as in torch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.training.oxides import write_table
from xsearch.data.site_labels import labels_of
from xsearch.data.xanes_sites import Examples, read_examples
from xsearch.models.xanes_encoder import INPUTS, XanesEncoder, encoder_from
from xsearch.training.xanes_encoder import XanesNet, agreement_loss, of_materials, train, write
from xsearch.training.xanes_recall import recall_figures


def oxides(folder: Path) -> Examples:
    table = write_table(folder / "spectra.parquet")
    labels_of(table, folder / "labels.parquet")
    return of_materials(read_examples(table, folder / "labels.parquet"))


def test_numpy_reads_what_torch_was_trained_to() -> None:
    torch.manual_seed(0)
    net = XanesNet().eval()
    inputs = np.random.default_rng(0).normal(size=(5, INPUTS)).astype(np.float32)
    with torch.inference_mode():
        expected = net(torch.from_numpy(inputs)).numpy()
    found = XanesEncoder({name: tensor.numpy() for name, tensor in net.state_dict().items()}).read(inputs)
    assert np.allclose(found, expected, atol=1e-5)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_only_spectra_of_one_edge_are_rivals() -> None:
    same = torch.eye(4)
    apart = agreement_loss(same, same.roll(2, 0), torch.tensor([0, 0, 1, 1]))
    together = agreement_loss(same, same.roll(2, 0), torch.zeros(4, dtype=torch.long))
    assert float(together) > float(apart) + 1, "a likeness to another edge's spectrum costs nothing"


def test_training_brings_a_compound_s_spectra_together(tmp_path: Path) -> None:
    losses: list[float] = []
    examples = _as_one_edge(oxides(tmp_path))
    encoder = train(examples, steps=200, report=lambda epoch, loss, net: losses.append(loss))
    assert len(losses) == 2
    assert losses[-1] < losses[0]
    figures = recall_figures(encoder, examples, np.ones(len(examples), bool))["measured"]
    assert figures["n"] == 18
    assert figures["vectors@1"] <= figures["vectors@10"] <= figures["vectors@50"] == 1


def _as_one_edge(examples: Examples) -> Examples:
    """All of them as of iron, so that an edge has eighteen materials."""
    return replace(examples, z=np.full(len(examples), 26, np.int64))


def test_an_encoder_survives_its_file(tmp_path: Path) -> None:
    torch.manual_seed(1)
    tensors = {name: tensor.numpy() for name, tensor in XanesNet().state_dict().items()}
    write(XanesEncoder(tensors), tmp_path / "encoder.safetensors")
    back = encoder_from(tmp_path / "encoder.safetensors")
    inputs = np.random.default_rng(0).normal(size=(3, INPUTS)).astype(np.float32)
    assert back.dimensions == 64
    assert len(back.identity) == 16
    assert np.allclose(back.read(inputs), XanesEncoder(tensors).read(inputs), atol=5e-3)
