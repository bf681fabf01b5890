"""The crystal system's network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from xsearch.errors import XSearchError
from xsearch.models.crystal_system import AXIS, SYSTEMS, Config, CrystalSystemNet, load, network_input, save
from xsearch.preprocess.powder import net_pattern
from xsearch.spectra import PowderPattern


@pytest.fixture
def pattern() -> PowderPattern:
    angles = np.arange(10, 80, 0.02)
    lines = sum(1000 * np.exp(-0.5 * ((angles - at) / 0.06) ** 2) for at in (25.3, 37.8, 48.0, 53.9))
    return PowderPattern(angles, np.random.default_rng(0).poisson(lines + 50).astype(float), 1.5406)


def test_one_logit_a_system_and_no_sample_sees_another() -> None:
    torch.manual_seed(0)
    net = CrystalSystemNet(Config()).eval()
    x = torch.rand(5, 2, AXIS.bins)
    with torch.inference_mode():
        together, alone = net(x), net(x[2:3])
    assert together.shape == (5, len(SYSTEMS))
    assert torch.allclose(together[2], alone[0], atol=1e-5)


def test_the_network_is_small() -> None:
    assert sum(p.numel() for p in CrystalSystemNet(Config()).parameters()) * 4 < 3_000_000


def test_the_input_is_zero_where_nothing_was_measured(pattern: PowderPattern) -> None:
    made = network_input(net_pattern(pattern))
    assert made.shape == (2, AXIS.bins)
    assert set(np.unique(made[1])) == {0.0, 1.0}
    assert (made[0][made[1] == 0] == 0).all()
    assert made[0].max() == pytest.approx(1.02**AXIS.power - 0.02**AXIS.power, rel=1e-5)


def test_the_input_does_not_depend_on_the_unit_of_intensity(pattern: PowderPattern) -> None:
    scaled = PowderPattern(pattern.two_theta_deg, 7.5 * pattern.intensity, pattern.wavelength_A)
    assert network_input(net_pattern(scaled)) == pytest.approx(network_input(net_pattern(pattern)), abs=1e-5)


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    net = CrystalSystemNet(Config(layers=1)).eval()
    save(net, tmp_path / "net.safetensors")
    again = load(tmp_path / "net.safetensors")
    assert again.config == net.config
    x = torch.rand(2, 2, AXIS.bins)
    with torch.inference_mode():
        assert torch.equal(net(x), again(x))


def test_missing_weights_say_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(XSearchError, match=r"there are no weights; `python -m xsearch\.training"):
        load(tmp_path / "none.safetensors")
