"""Folding of spectra by learned periods."""

import pytest
import torch

from xsearch.models.absorber import SITE_CONTEXT
from xsearch.models.composition import PRIOR_FEATURES
from xsearch.models.spt_folded import CYCLES, PHASES, PeriodFolding, SptFolded

POINTS = torch.arange(200.0)


def test_a_wave_of_the_period_stands_in_columns() -> None:
    folding = PeriodFolding(1, 1)
    wave = torch.sin(2 * torch.pi * POINTS / 20)[None, None]
    right, wrong = (folding._folded(wave, torch.tensor(period))[0, 0, :9] for period in (20.0, 26.0))
    assert right.shape == (9, PHASES)
    assert float(right.std(0).max()) < 0.02, "every cycle is alike"
    assert float(wrong.std(0).max()) > 0.3


def test_what_is_folded_is_unfolded_again() -> None:
    folding = PeriodFolding(1, 1)
    smooth = torch.sin(2 * torch.pi * POINTS / 70)[None, None]
    period = torch.tensor(23.0)
    again = folding._unfolded(folding._folded(smooth, period), period)
    assert again.shape == smooth.shape
    assert float((again - smooth)[..., :190].abs().mean()) < 0.05


def test_periods_are_learned_and_the_bands_add_up_to_one() -> None:
    torch.manual_seed(0)
    net = SptFolded()
    batch = torch.rand(4, 200), torch.ones(4, 200, dtype=torch.bool), torch.zeros(4), torch.rand(4, SITE_CONTEXT)
    found = net(*batch, torch.rand(4, PRIOR_FEATURES))
    (found.logits["cn"].sum() + found.means["cn2"].sum()).backward()
    gradient = net.bands.log_period.grad
    assert gradient is not None
    assert (gradient != 0).all()
    share = net.share_of_bands(torch.rand(4, 4, 16, 200), torch.rand(4, 64))
    assert share.sum(1).tolist() == pytest.approx([1.0] * 4)
    assert CYCLES * float(net.bands.log_period.exp().min()) >= 200
    assert float(net.bands.periods_eV().min()) == pytest.approx(10 * 56 / 199, rel=0.1)
