"""The CNN-Transformer with torch and without."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from xsearch.errors import XSearchError
from xsearch.models.powder_net import Config
from xsearch.models.powder_symmetry import reader_from
from xsearch.models.powder_symmetry_net import SymmetryConfig, SymmetryNet
from xsearch.preprocess.axis import INPUT_AXIS

SMALL = Config(stem=8, middle=12, wide=16, trunk=24)


def trained() -> SymmetryNet:
    """A network whose normalisation has seen some patterns, and whose attention says something."""
    torch.manual_seed(0)
    net = SymmetryNet(SymmetryConfig(inner=20), SMALL).train()
    torch.nn.init.normal_(net.attended.weight)
    for _ in range(3):
        net(torch.rand(16, 2, INPUT_AXIS.bins) * 2)
    return net.eval()


def test_without_torch_it_says_the_same(tmp_path: Path) -> None:
    net = trained()
    save_file(net.state_dict(), tmp_path / "net.safetensors", metadata={"config": json.dumps(asdict(net.config))})
    inputs = np.random.default_rng(0).random((5, 2, INPUT_AXIS.bins)).astype(np.float32)
    with torch.inference_mode():
        systems, groups, volume = (one.numpy() for one in net(torch.from_numpy(inputs)))
    found = reader_from(tmp_path / "net.safetensors").read(inputs)
    assert found.system_logits == pytest.approx(systems, abs=2e-4)
    assert found.group_logits == pytest.approx(groups, abs=2e-4)
    assert found.ln_volume[:, 0] == pytest.approx(volume[:, 0], abs=2e-4)
    assert np.log(found.ln_volume[:, 1]) == pytest.approx(volume[:, 1], abs=2e-4)


def test_attention_sees_which_lines_stand_where(tmp_path: Path) -> None:
    net = trained()
    inputs = torch.rand(1, 2, INPUT_AXIS.bins)
    moved = inputs.roll(700, 2)
    with torch.inference_mode():
        assert not torch.allclose(net(inputs)[0], net(moved)[0], atol=1e-3)


def test_missing_weights_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(XSearchError, match=r"no weights; `python -m xsearch.training.powder_symmetry` makes them"):
        reader_from(tmp_path / "none.safetensors")
