"""Matching of edges on made spectra: the true one is first, and its shift and broadening are found."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from xsearch.indexes.xanes_table import XanesTable
from xsearch.preprocess.xanes import XanesWindow, normalize, window
from xsearch.spectra.xanes import Xanes
from xsearch.xas.evidence import spectrum_evidence
from xsearch.xas.matching import masked_correlation, match
from xsearch.xas.settings import DEFAULTS, LCF_EVIDENCE

ENERGY = np.arange(7060.0, 7260.0, 0.25)


def spectrum(seed: int, shift_eV: float = 0.0, broadening_eV: float = 0.0, noise: float = 0.0) -> Xanes:
    """An iron edge whose peaks depend on the seed alone."""
    chance = np.random.default_rng(seed)
    mu = 0.5 + np.arctan((ENERGY - 7120) / 1.5) / np.pi
    for _ in range(5):
        centre, width, height = chance.uniform(7122, 7155), chance.uniform(1.5, 5), chance.uniform(-0.25, 0.5)
        mu = mu + height * np.exp(-(((ENERGY - centre) / width) ** 2))
    if broadening_eV:
        mu = gaussian_filter1d(mu, broadening_eV / 0.25, mode="nearest")
    mu = mu + np.random.default_rng(seed + 1000).normal(0, noise, len(mu)) if noise else mu
    return Xanes(ENERGY + shift_eV, mu, "Fe", "K")


def table(windows: list[XanesWindow], kind: str = "simulated") -> XanesTable:
    n = len(windows)
    names = np.array([f"mp-{i}" for i in range(n)], object)
    texts = {"level": "material", "code": "FEFF9", "source": "test", "licence": "CC0", "kind": kind}
    same = {name: np.full(n, text, object) for name, text in texts.items()}
    return XanesTable(
        absorber="Fe", edge="K",
        values=np.stack([w.values for w in windows]),
        known=np.stack([w.known for w in windows]),
        offset_eV=np.array([w.offset_eV for w in windows], np.float32),
        elements=tuple(frozenset(("Fe", "O")) for _ in windows),
        spectrum_id=names, material_id=names, reduced_formula=names,
        **same,
    )  # fmt: skip


def cut(xanes: Xanes) -> XanesWindow:
    return window(normalize(xanes))


@pytest.fixture(scope="module")
def library() -> XanesTable:
    return table([cut(spectrum(seed)) for seed in range(40)])


@pytest.mark.parametrize(("shift", "broadening"), [(-2.5, 0.0), (1.5, 0.6), (-4.0, 1.0)])
def test_shifted_broadened_noisy_spectrum_finds_itself(library: XanesTable, shift: float, broadening: float) -> None:
    found = match(cut(spectrum(17, shift, broadening, 0.02)), library, is_simulation=True)
    assert found.score.argmax() == 17
    assert found.shift_eV[17] == pytest.approx(shift, abs=0.6)
    assert abs(found.broadening_eV[17] - broadening) <= 0.5


def test_correlation_forgives_a_wrong_edge_step(library: XanesTable) -> None:
    query = cut(spectrum(5))
    weak = XanesWindow(0.8 * query.values, query.known, query.offset_eV, "Fe", "K")
    assert match(weak, library, is_simulation=True).correlation[5] > 0.999


def test_usual_shift_of_the_bonding_is_preferred() -> None:
    near, far = cut(spectrum(3, shift_eV=2.4)), cut(spectrum(3, shift_eV=-6.0))
    found = match(cut(spectrum(3)), table([near, far]))
    assert found.score[0] > found.score[1] + 0.02


def test_masked_correlation_is_the_plain_one_on_what_both_know() -> None:
    chance = np.random.default_rng(0)
    a, b = chance.random((3, 200)).astype(np.float32), chance.random((2, 200)).astype(np.float32)
    a_known, b_known = (np.ones_like(x) for x in (a, b))
    a_known[:, :30], b_known[:, 170:] = 0, 0
    slow = np.corrcoef(np.vstack([a[:, 30:170], b[:, 30:170]]))[:3, 3:]
    assert np.allclose(masked_correlation(a, a_known, b, b_known), slow, atol=1e-4)


def test_a_predicted_spectrum_says_less_than_a_simulated_one_for_and_against(library: XanesTable) -> None:
    predicted = table([cut(spectrum(seed)) for seed in range(40)], kind="predicted")
    query = cut(spectrum(17, -2.5, 0.6, 0.02))
    evidence = [spectrum_evidence(match(query, one), one.kind) for one in (library, predicted)]
    assert evidence[0].argmax() == evidence[1].argmax() == 17
    assert np.ptp(evidence[1]) < 0.9 * np.ptp(evidence[0])
    assert evidence[1][17] < evidence[0][17]
    assert evidence[1].min() > evidence[0].min()


def test_a_predicted_energy_is_held_less_firmly(library: XanesTable) -> None:
    far, near = cut(spectrum(3, -9.0)), cut(spectrum(3, -2.4))
    settings = replace(DEFAULTS, evidence=LCF_EVIDENCE)  # those whose costs differ
    costs = []
    for kind in ("simulated", "predicted"):
        one = table([cut(spectrum(3))], kind=kind)
        evidence = [spectrum_evidence(match(query, one), one.kind, settings)[0] for query in (near, far)]
        costs.append(evidence[0] - evidence[1])
    assert 0 < costs[1] < 0.7 * costs[0]
