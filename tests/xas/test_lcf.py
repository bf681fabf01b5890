"""Sums of library spectra on made edges: the compiled fit and the scan against slow ones, and the search for a sum."""

import numpy as np
import pytest

from tests.xas.test_matching import cut, spectrum, table
from xsearch.spectra.xanes import Xanes
from xsearch.xas.lcf import EdgeSum, EdgeTarget, Part
from xsearch.xas.lcf_search import CompoundSearch, same_compound
from xsearch.xas.library import EdgeLibrary
from xsearch.xas.scan import Scan

COMPOUNDS = 12
KINDS = [(f"Fe{n}O", 0) for n in range(COMPOUNDS)]


def mixed(*weighed: tuple[int, float], shift_eV: float = 0.0, noise: float = 0.003) -> Xanes:
    """A weighed sum of made edges."""
    parts = [(spectrum(seed), weight) for seed, weight in weighed]
    mu = sum(weight * one.mu for one, weight in parts)
    energy = parts[0][0].energy_eV
    return Xanes(energy + shift_eV, mu + np.random.default_rng(1).normal(0, noise, len(energy)), "Fe", "K")


def target(xanes: Xanes, kind: str = "measured") -> EdgeTarget:
    """An edge before the made library, of which no spectrum is likelier than another."""
    spectra = table([cut(spectrum(seed)) for seed in range(COMPOUNDS)], kind)
    library = EdgeLibrary(spectra, np.full(COMPOUNDS, -1), np.full(COMPOUNDS, "", object))
    return EdgeTarget(cut(xanes), library, np.zeros(COMPOUNDS), COMPOUNDS)


def slow(asked: EdgeTarget, parts: tuple[Part, ...]) -> tuple[np.ndarray, float]:
    """Weights by numpy's least squares, and the mean correlation."""
    moved = [asked.moved(part) for part in parts]
    inside = np.all([asked.window.known, *(here for _, here in moved)], axis=0)
    centred = [values[:, inside] - values[:, inside].mean(1, keepdims=True) for values, _ in moved]
    wanted = asked.asked[:, inside] - asked.asked[:, inside].mean(1, keepdims=True)
    norm = np.linalg.norm(wanted, axis=1, keepdims=True)
    design = np.stack([(one / norm).ravel() for one in centred], axis=1)
    weights = np.linalg.lstsq(design, (wanted / norm).ravel(), rcond=None)[0]
    total = sum(weight * one for weight, one in zip(weights, centred, strict=True))
    return weights, float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(total, wanted, strict=True)]))


@pytest.mark.parametrize(
    "parts", [((3, 0.4, 0.0),), ((3, 0.4, 0.0), (7, -0.9, 0.4)), ((3, 0.0, 0.0), (7, 1.0, 0.0), (5, 9.0, 1.0))]
)
def test_the_compiled_fit_is_least_squares(parts: tuple[tuple[int, float, float], ...]) -> None:
    asked = target(mixed((3, 0.5), (7, 0.3), (5, 0.2)))
    chosen = tuple(Part(*part) for part in parts)
    found = asked.fit(chosen)
    weights, correlation = slow(asked, chosen)
    assert (weights > 0).all()
    assert found.weights == pytest.approx(weights, rel=1e-6)
    assert found.correlation == pytest.approx(correlation, abs=1e-6)


def test_a_sum_with_a_negative_weight_or_the_same_spectrum_twice_is_none() -> None:
    asked = target(mixed((3, 1.0)))
    weights, _ = slow(asked, pair := (Part(3, 0.0, 0.0), Part(next_negative(asked), 0.0, 0.0)))
    assert weights.min() < 0
    assert asked.fit(pair).evidence == -np.inf
    assert asked.fit((Part(3, 0.0, 0.0), Part(3, 0.0, 0.0))).evidence == -np.inf


def next_negative(asked: EdgeTarget) -> int:
    """A spectrum that would have to be taken off."""
    return next(n for n in range(COMPOUNDS) if n != 3 and slow(asked, (Part(3, 0.0, 0.0), Part(n, 0.0, 0.0)))[0][1] < 0)


def test_the_scan_agrees_with_the_fit() -> None:
    asked = target(mixed((3, 0.6), (7, 0.4)))
    base = asked.fit((Part(3, 0.0, 0.0),))
    scan = Scan(asked, np.arange(COMPOUNDS))
    value, shift_eV = scan.best(base)
    assert value.argmax() == 7
    for at in np.flatnonzero(np.isfinite(value)):
        part = scan.part(at, shift_eV[at])
        fitted = asked.fit((*base.parts, part))
        free = fitted.evidence + 2 * asked.part_cost
        assert value[at] == pytest.approx(free, abs=0.6), part


@pytest.mark.parametrize(("shift_eV", "kind"), [(0.0, "measured"), (0.8, "measured"), (-2.4, "simulated")])
def test_two_compounds_and_their_shares_are_found(shift_eV: float, kind: str) -> None:
    asked = target(mixed((3, 0.7), (7, 0.3), shift_eV=shift_eV), kind)
    explored = CompoundSearch(asked, KINDS)
    best = explored.search(4)
    chosen = max(best, key=lambda one: one.evidence)
    assert sorted(chosen.places) == [3, 7]
    share = dict(zip(chosen.places, chosen.shares, strict=True))
    assert share[3] == pytest.approx(0.7, abs=0.02 if kind == "measured" else 0.05)
    assert [part.shift_eV for part in chosen.parts] == pytest.approx([shift_eV] * 2, abs=0.3)
    assert (asked.share_errors(chosen) < 0.05).all()
    assert explored.best_without(KINDS[3]) < chosen.evidence


def test_three_compounds_are_found_and_a_pure_one_stays_one() -> None:
    best = CompoundSearch(target(mixed((1, 0.5), (5, 0.3), (9, 0.2))), KINDS).search(4)
    assert sorted(max(best, key=lambda one: one.evidence).places) == [1, 5, 9]
    for seed in (0, 4, 8):
        best = CompoundSearch(target(mixed((seed, 1.0), noise=0.01)), KINDS).search(4)
        assert max(best, key=lambda one: one.evidence).places == (seed,)


def test_no_more_compounds_than_asked_for() -> None:
    best = CompoundSearch(target(mixed((3, 0.6), (7, 0.4))), KINDS).search(1)
    assert [len(one.parts) for one in best] == [1]


def test_a_shift_in_common_costs_less_than_one_apart() -> None:
    asked = target(mixed((3, 0.6), (7, 0.4)))
    together = asked.shifts_cost((Part(3, 1.0, 0.0), Part(7, 1.0, 0.0)))
    assert together == pytest.approx(asked.shifts_cost((Part(3, 1.0, 0.0),)))
    assert asked.shifts_cost((Part(3, 1.0, 0.0), Part(7, -1.0, 0.0))) > together


def test_errors_of_shares_grow_with_what_is_left() -> None:
    errors = []
    for noise in (0.002, 0.02):
        asked = target(mixed((3, 0.6), (7, 0.4), noise=noise))
        found: EdgeSum = asked.fit((Part(3, 0.0, 0.0), Part(7, 0.0, 0.0)))
        errors.append(asked.share_errors(found))
        assert errors[-1][0] == pytest.approx(errors[-1][1])
    assert errors[1][0] > 3 * errors[0][0]


def test_phases_of_one_formula_are_told_apart_where_both_are_known() -> None:
    assert same_compound(("TiO2", 136), ("TiO2", 136))
    assert same_compound(("TiO2", 136), ("TiO2", 0))
    assert not same_compound(("TiO2", 136), ("TiO2", 141))
    assert not same_compound(("TiO2", 0), ("Ti2O3", 0))
    twins = [("FeO", 0) if n in (3, 7) else KINDS[n] for n in range(COMPOUNDS)]
    best = CompoundSearch(target(mixed((3, 0.6), (7, 0.4))), twins).search(4)
    assert all(set(one.places) != {3, 7} for one in best)
