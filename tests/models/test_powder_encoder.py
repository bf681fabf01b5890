"""The powder network with torch and without."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from xsearch.errors import XSearchError
from xsearch.models.powder_encoder import encoder_from
from xsearch.models.powder_net import Config, PowderNet
from xsearch.preprocess.axis import INPUT_AXIS
from xsearch.preprocess.network_input import network_input
from xsearch.preprocess.powder import net_pattern
from xsearch.spectra import PowderPattern

SMALL = Config(stem=8, middle=12, wide=16, trunk=24, embedding=10)


@pytest.fixture
def trained() -> PowderNet:
    """A network whose normalisation has seen some patterns."""
    torch.manual_seed(0)
    net = PowderNet(SMALL).train()
    for _ in range(3):
        net(torch.rand(16, 2, INPUT_AXIS.bins) * 2)
    return net.eval()


@pytest.fixture
def pattern() -> PowderPattern:
    angles = np.arange(10, 80, 0.02)
    lines = sum(1000 * np.exp(-0.5 * ((angles - at) / 0.06) ** 2) for at in (25.3, 37.8, 48.0, 53.9))
    return PowderPattern(angles, np.random.default_rng(0).poisson(lines + 50).astype(float), 1.5406)


def test_without_torch_it_says_the_same(trained: PowderNet, tmp_path: Path) -> None:
    save_file(trained.state_dict(), tmp_path / "net.safetensors")
    inputs = np.random.default_rng(0).random((5, 2, INPUT_AXIS.bins)).astype(np.float32)
    with torch.inference_mode():
        expected = trained(torch.from_numpy(inputs))
    encoder = encoder_from(tmp_path / "net.safetensors")
    found = encoder.read(inputs)
    for here, there in zip((found.vectors, found.system_logits, found.group_logits), expected, strict=True):
        assert here == pytest.approx(there.numpy(), abs=2e-5)
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert encoder.dimensions == 10
    assert encoder.read(inputs[2:3]).vectors[0] == pytest.approx(found.vectors[2], abs=1e-5)


def test_missing_weights_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(XSearchError, match="there are no weights; `xsearch train pxrd` makes them"):
        encoder_from(tmp_path / "none.safetensors")


def test_the_input_is_zero_where_nothing_was_measured(pattern: PowderPattern) -> None:
    made = network_input(net_pattern(pattern))
    assert made.shape == (2, INPUT_AXIS.bins)
    assert set(np.unique(made[1])) == {0.0, 1.0}
    assert (made[0][made[1] == 0] == 0).all()
    assert made[0].max() == pytest.approx(1.02**INPUT_AXIS.power - 0.02**INPUT_AXIS.power, rel=1e-5)


def test_the_input_hardly_depends_on_the_unit_of_intensity(pattern: PowderPattern) -> None:
    scaled = PowderPattern(pattern.two_theta_deg, 7.5 * pattern.intensity, pattern.wavelength_A)
    assert network_input(net_pattern(scaled)) == pytest.approx(network_input(net_pattern(pattern)), abs=0.01)
