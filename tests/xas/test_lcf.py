"""Linear combination fits of made edges: the compiled fit and the scan against slow ones, and the search."""

import numpy as np
import pytest

from tests.xas.test_matching import cut, spectrum, table
from xsearch.spectra.xanes import Xanes
from xsearch.xas.compounds import Compound
from xsearch.xas.lcf import Component, LcfFit, LcfTarget
from xsearch.xas.lcf_scan import LcfScan
from xsearch.xas.lcf_search import CompoundSearch
from xsearch.xas.library import EdgeLibrary

COMPOUNDS = 12
NAMES = [Compound(f"Fe{n}O", 0) for n in range(COMPOUNDS)]


def mixed(*weighed: tuple[int, float], shift_eV: float = 0.0, noise: float = 0.003) -> Xanes:
    """A linear combination of made edges."""
    components = [(spectrum(seed), weight) for seed, weight in weighed]
    mu = sum(weight * one.mu for one, weight in components)
    energy = components[0][0].energy_eV
    return Xanes(energy + shift_eV, mu + np.random.default_rng(1).normal(0, noise, len(energy)), "Fe", "K")


def target(xanes: Xanes, kind: str = "measured", compounds: list[Compound] = NAMES) -> LcfTarget:
    """An edge before the made library, of which no spectrum is likelier than another."""
    spectra = table([cut(spectrum(seed)) for seed in range(COMPOUNDS)], kind)
    library = EdgeLibrary(spectra, np.full(COMPOUNDS, -1), np.full(COMPOUNDS, "", object))
    return LcfTarget(cut(xanes), library, compounds, np.zeros(COMPOUNDS))


def slow(edge: LcfTarget, components: tuple[Component, ...]) -> tuple[np.ndarray, float]:
    """Weights by numpy's least squares, and the mean correlation."""
    moved = [edge.shifted(one) for one in components]
    inside = np.all([edge.window.known, *(here for _, here in moved)], axis=0)
    centred = [values[:, inside] - values[:, inside].mean(1, keepdims=True) for values, _ in moved]
    wanted = edge.measured[:, inside] - edge.measured[:, inside].mean(1, keepdims=True)
    norm = np.linalg.norm(wanted, axis=1, keepdims=True)
    design = np.stack([(one / norm).ravel() for one in centred], axis=1)
    weights = np.linalg.lstsq(design, (wanted / norm).ravel(), rcond=None)[0]
    total = sum(weight * one for weight, one in zip(weights, centred, strict=True))
    return weights, float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(total, wanted, strict=True)]))


@pytest.mark.parametrize(
    "components", [((3, 0.4, 0.0),), ((3, 0.4, 0.0), (7, -0.9, 0.4)), ((3, 0.0, 0.0), (7, 1.0, 0.0), (5, 9.0, 1.0))]
)
def test_the_compiled_fit_is_least_squares(components: tuple[tuple[int, float, float], ...]) -> None:
    edge = target(mixed((3, 0.5), (7, 0.3), (5, 0.2)))
    chosen = tuple(Component(*one) for one in components)
    found = edge.fit(chosen)
    weights, correlation = slow(edge, chosen)
    assert (weights > 0).all()
    assert found.weights == pytest.approx(weights, rel=1e-6)
    assert found.correlation == pytest.approx(correlation, abs=1e-6)


def test_a_fit_with_a_negative_weight_or_the_same_spectrum_twice_is_none() -> None:
    edge = target(mixed((3, 1.0)))
    weights, _ = slow(edge, pair := (Component(3, 0.0, 0.0), Component(next_negative(edge), 0.0, 0.0)))
    assert weights.min() < 0
    assert edge.fit(pair).evidence == -np.inf
    assert edge.fit((Component(3, 0.0, 0.0), Component(3, 0.0, 0.0))).evidence == -np.inf


def next_negative(edge: LcfTarget) -> int:
    """A spectrum that would have to be taken off."""
    return next(
        n for n in range(COMPOUNDS) if n != 3 and slow(edge, (Component(3, 0.0, 0.0), Component(n, 0.0, 0.0)))[0][1] < 0
    )


def test_the_scan_agrees_with_the_fit() -> None:
    edge = target(mixed((3, 0.6), (7, 0.4)))
    base = edge.fit((Component(3, 0.0, 0.0),))
    scan = LcfScan(edge, np.arange(COMPOUNDS))
    value, shift_eV = scan.best(base)
    assert value.argmax() == 7
    for at in np.flatnonzero(np.isfinite(value)):
        one = scan.component(at, shift_eV[at])
        fitted = edge.fit((*base.components, one))
        free = fitted.evidence + 2 * edge.component_cost
        assert value[at] == pytest.approx(free, abs=0.6), one


@pytest.mark.parametrize(("shift_eV", "kind"), [(0.0, "measured"), (0.8, "measured"), (-2.4, "simulated")])
def test_two_compounds_and_their_fractions_are_found(shift_eV: float, kind: str) -> None:
    edge = target(mixed((3, 0.7), (7, 0.3), shift_eV=shift_eV), kind)
    explored = CompoundSearch(edge)
    best = explored.search(4)
    chosen = max(best, key=lambda one: one.evidence)
    assert sorted(chosen.places) == [3, 7]
    fraction = dict(zip(chosen.places, chosen.fractions, strict=True))
    assert fraction[3] == pytest.approx(0.7, abs=0.02 if kind == "measured" else 0.05)
    assert [one.shift_eV for one in chosen.components] == pytest.approx([shift_eV] * 2, abs=0.3)
    assert (edge.fraction_errors(chosen) < 0.05).all()
    assert explored.best_without(NAMES[3]) < chosen.evidence


def test_three_compounds_are_found_and_a_pure_one_stays_one() -> None:
    best = CompoundSearch(target(mixed((1, 0.5), (5, 0.3), (9, 0.2)))).search(4)
    assert sorted(max(best, key=lambda one: one.evidence).places) == [1, 5, 9]
    for seed in (0, 4, 8):
        best = CompoundSearch(target(mixed((seed, 1.0), noise=0.01))).search(4)
        assert max(best, key=lambda one: one.evidence).places == (seed,)


def test_no_more_compounds_than_requested() -> None:
    best = CompoundSearch(target(mixed((3, 0.6), (7, 0.4)))).search(1)
    assert [len(one.components) for one in best] == [1]


def test_a_shift_in_common_costs_less_than_one_apart() -> None:
    edge = target(mixed((3, 0.6), (7, 0.4)))
    together = edge.cost_of_shifts((Component(3, 1.0, 0.0), Component(7, 1.0, 0.0)))
    assert together == pytest.approx(edge.cost_of_shifts((Component(3, 1.0, 0.0),)))
    assert edge.cost_of_shifts((Component(3, 1.0, 0.0), Component(7, -1.0, 0.0))) > together


def test_errors_of_fractions_grow_with_what_is_left() -> None:
    errors = []
    for noise in (0.002, 0.02):
        edge = target(mixed((3, 0.6), (7, 0.4), noise=noise))
        found: LcfFit = edge.fit((Component(3, 0.0, 0.0), Component(7, 0.0, 0.0)))
        errors.append(edge.fraction_errors(found))
        assert errors[-1][0] == pytest.approx(errors[-1][1])
    assert errors[1][0] > 3 * errors[0][0]


def test_phases_of_one_formula_are_distinguished_where_both_are_known() -> None:
    assert Compound("TiO2", 136).may_be(Compound("TiO2", 136))
    assert Compound("TiO2", 136).may_be(Compound("TiO2", 0))
    assert not Compound("TiO2", 136).may_be(Compound("TiO2", 141))
    assert not Compound("TiO2", 0).may_be(Compound("Ti2O3", 0))
    twins = [Compound("FeO", 0) if n in (3, 7) else NAMES[n] for n in range(COMPOUNDS)]
    best = CompoundSearch(target(mixed((3, 0.6), (7, 0.4)), compounds=twins)).search(4)
    assert all(set(one.places) != {3, 7} for one in best)
