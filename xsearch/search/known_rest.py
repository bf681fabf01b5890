"""Known phases fitted first and taken off, the rest of the pattern searched for, and the shares of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from xsearch.answers import Hit, KnownPhase, Mixture, MixtureResult, SearchResult
from xsearch.chemistry.standards import Standard
from xsearch.errors import QueryError, SpectrumError
from xsearch.fit.known_phase import KnownPhaseFit, fit_known_phase
from xsearch.fit.multiphase import Component, MixturePattern
from xsearch.fit.settings import CORRELATION, KNOWN_PHASE, KnownPhaseSettings
from xsearch.fit.strain import ZERO_SHIFT
from xsearch.fit.strained_lines import strained_profiles
from xsearch.indexes import Index
from xsearch.preprocess.counting import counting_noise
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.search.known import KnownCrystal
from xsearch.search.mixture_hits import absorption_factors, cell_mass, cell_volume, crystal_mass
from xsearch.search.scope import Left, Scope
from xsearch.search.settings import PowderSettings
from xsearch.simulate.reflections import Reflections
from xsearch.spectra import PowderPattern
from xsearch.spectra.measurement import Measurement

AnyResult = TypeVar("AnyResult", bound=SearchResult)

NOTHING_LEFT = "Nothing is left of the pattern beside the known phases."


@dataclass(frozen=True, slots=True, eq=False)
class TakenOff:
    """A pattern less its known phases.

    Attributes:
        pattern: what is left; its angles corrected where a standard was given.
        net: the net pattern with the known phases in it, on the same angles.
        kept: (n,) share of `net` that is left.
        found: the known phases that were seen, with their fits.
        phases: every known phase.
        notes: what was found and could not be found.
    """

    pattern: PowderPattern
    net: NetPattern
    kept: NDArray[np.float64]
    found: tuple[tuple[KnownCrystal, KnownPhaseFit], ...]
    phases: tuple[KnownPhase, ...]
    notes: tuple[str, ...]


def take_off(
    pattern: PowderPattern,
    known: tuple[KnownCrystal, ...],
    powder: PowderSettings,
    settings: KnownPhaseSettings = KNOWN_PHASE,
) -> TakenOff:
    """Fit known phases to a pattern, the one with most intensity first, and take them off.

    Raises:
        SpectrumError: where the pattern shows no line.
        QueryError: where a standard's lines are not there.
    """
    notes: list[str] = []
    for one in known:
        if one.standard is not None:
            pattern, note = _on_scale(pattern, one, one.standard, powder, settings)
            notes.append(note)
    net = net_pattern(pattern, powder.net_pattern)
    left, kept = net, np.ones(len(net.net))
    waiting, found = list(known), list[tuple[KnownCrystal, KnownPhaseFit]]()
    while waiting:
        fits = [
            fit_known_phase(
                one.reflections(net.wavelength_A), left, one.expected_strain, one.strain_sigma, settings=settings
            )
            for one in waiting
        ]
        seen = [-1.0 if fit is None or fit.seen < settings.least_seen else fit.intensity for fit in fits]
        place = int(np.argmax(seen))
        best = fits[place]
        if best is None or seen[place] <= 0:
            break
        found.append((waiting.pop(place), best))
        kept = kept * best.kept
        if (net.net * kept).max() <= 0:
            break
        left = net.scaled(kept)
    notes += [f"{one.name} was given as known, and its lines are not in the pattern." for one in waiting]
    phases = tuple(_phase_of(one, fit) for one, fit in found) + tuple(_phase_of(one, None) for one in waiting)
    return TakenOff(_rest(pattern, net, kept), net, kept, tuple(found), phases, tuple(notes))


def _on_scale(
    pattern: PowderPattern,
    one: KnownCrystal,
    standard: Standard,
    powder: PowderSettings,
    settings: KnownPhaseSettings,
) -> tuple[PowderPattern, str]:
    """A pattern with its angles corrected by the certified cell of a standard in it."""
    net = net_pattern(pattern, powder.net_pattern)
    fit = fit_known_phase(one.reflections(net.wavelength_A), net, 0.0, 0.0, displaced=True, settings=settings)
    if fit is None or fit.seen < settings.least_seen:
        raise QueryError(
            f"The lines of the standard {standard.name} are not in the pattern, so that they cannot fix its angles; "
            "check the wavelength, or leave --standard out."
        )
    cosine = np.cos(np.radians(pattern.two_theta_deg / 2))
    corrected = pattern.two_theta_deg - fit.zero_shift_deg - fit.displacement_deg * cosine
    inside = (corrected > 0) & (corrected < 180)
    note = (
        f"Angles are corrected by {standard.name} ({standard.source}, {_lengths(standard)} at "
        f"{standard.temperature_C:g} °C): zero shift {fit.zero_shift_deg:+.3f}°, displacement "
        f"{fit.displacement_deg:+.3f}° cos θ; its lines then agree to {fit.places_error_deg:.3f}°."
    )
    return replace(
        pattern,
        two_theta_deg=corrected[inside],
        intensity=pattern.intensity[inside],
        sigma=None if pattern.sigma is None else pattern.sigma[inside],
    ), note


def _lengths(standard: Standard) -> str:
    axis = "" if standard.c_A is None else f", c = {standard.c_A:g} Å"
    return f"a = {standard.a_A:g} Å{axis}"


def _rest(pattern: PowderPattern, net: NetPattern, kept: NDArray[np.float64]) -> PowderPattern:
    """The measured points less what was taken off; the background stays."""
    whole = kept if net.kept is None else kept * net.kept
    share = np.interp(pattern.two_theta_deg, net.two_theta_deg, whole)
    ground = np.interp(pattern.two_theta_deg, net.two_theta_deg, net.background * net.unit + net.offset)
    left = ground + (pattern.intensity - ground) * share
    if pattern.sigma is not None:
        return replace(pattern, intensity=left)
    # where lines were taken off, points scatter no longer: the noise is that of what was measured
    noise = counting_noise(pattern)
    sigma = np.sqrt(noise.gain * np.maximum(noise.counts, noise.least))
    return replace(pattern, intensity=left, sigma=sigma)


def _phase_of(one: KnownCrystal, fit: KnownPhaseFit | None) -> KnownPhase:
    cell = tuple(float(length) for length in one.symmetry.cell) if fit is None else fit.cell
    return KnownPhase(
        name=one.name,
        formula=one.formula,
        space_group=one.symmetry.number,
        source=one.source,
        cell=cell,  # type: ignore[arg-type]  # six of them
        zero_shift_deg=0.0 if fit is None else fit.zero_shift_deg,
        intensity=0.0 if fit is None else fit.intensity,
        weight_fraction=None if fit is not None else 0.0,
        texture=0.0 if fit is None else fit.texture,
    )


def search_rest(
    index: Index,
    measurement: Measurement,
    scope: Scope,
    powder: PowderSettings,
    search: Callable[[Measurement, Scope], SearchResult],
    kind: type[AnyResult],
) -> AnyResult:
    """Search for what is left beside the known phases of a scope.

    Args:
        index: that is searched.
        measurement: with all phases.
        scope: with known phases.
        powder: settings.
        search: by a measurement and a scope without known phases; gives an answer of the kind.
        kind: of the answer.

    Raises:
        QueryError: where no powder pattern was measured, or a standard's lines are not in it.
        SpectrumError: where the pattern shows no line.
    """
    if measurement.pattern is None:
        raise QueryError("Known phases are fitted to a powder pattern, and none was given; leave --known out.")
    taken = take_off(measurement.pattern, scope.known, powder)
    outside = (taken.net.net * taken.kept)[taken.kept > KNOWN_PHASE.window_kept]
    rest = replace(scope, known=(), left=Left(taken.net.two_theta_deg, taken.kept))
    if len(outside) == 0 or outside.max() < KNOWN_PHASE.least_left or not _has_lines(taken.pattern, powder):
        return kind(
            taken.pattern, (), "no confident match", index.name, index.version, 0, scope.constraints,
            notes=(*taken.notes, NOTHING_LEFT), known=taken.phases,
        )  # fmt: skip
    result = search(replace(measurement, pattern=taken.pattern), rest)
    assert isinstance(result, kind)
    believed = result.answer if result.verdict != "no confident match" else ()
    phases, share = with_weights(taken, believed, scope.particle_size_um)
    stated: SearchResult = replace(result, known=phases, notes=(*taken.notes, *result.notes))
    if isinstance(stated, MixtureResult):
        stated = replace(stated, mixtures=tuple(_of_all(one, share) for one in stated.mixtures))
    return cast(AnyResult, stated)


def _has_lines(pattern: PowderPattern, powder: PowderSettings) -> bool:
    try:
        net_pattern(pattern, powder.net_pattern)
    except SpectrumError:
        return False
    return True


def _of_all(mixture: Mixture, share: float) -> Mixture:
    """A mixture whose weights are those of the sample, in which it has a share."""
    return replace(
        mixture,
        components=tuple(
            replace(one, weight_fraction=share * one.weight_fraction, weight_error=share * one.weight_error)
            for one in mixture.components
        ),
    )


def with_weights(
    taken: TakenOff, hits: tuple[Hit, ...], particle_size_um: float | None = None
) -> tuple[tuple[KnownPhase, ...], float]:
    """The known phases with weight fractions beside some hits, and the share that is left for these.

    All are fitted together to the net pattern; a scale factor times mass and volume of the cell is a weight (Hill and
    Howard, J. Appl. Cryst. 20 (1987) 467), corrected for absorption where the size of the particles is known.
    """
    if not hits or not taken.found:
        return taken.phases, 1.0
    net, widths = taken.net, CORRELATION.scales_and_recall

    def component(reflections: Reflections, amplitudes: NDArray[np.float64]) -> Component:
        return Component(-1, amplitudes, 0.0, frozenset(), 0.0, strained_profiles(reflections, net, amplitudes, widths))

    parts, masses = [], []
    for one, fit in taken.found:
        parts.append(component(one.reflections(net.wavelength_A), fit.amplitudes))
        masses.append(crystal_mass(one.symmetry.primitive, one.symmetry.cell) * cell_volume(fit.cell))
    for hit in hits:
        amplitudes = np.zeros(ZERO_SHIFT + 1)
        amplitudes[ZERO_SHIFT] = hit.fitted.zero_shift_deg
        parts.append(component(replace(hit.reflections, cell=np.array(hit.cell)), amplitudes))
        masses.append(cell_mass(hit) * cell_volume(hit.cell))
    weights = MixturePattern(net, 1).fit(tuple(parts)).amounts * np.array(masses)
    if particle_size_um is not None and weights.sum() > 0:
        crystals = [one.symmetry.primitive for one, _ in taken.found] + [hit.matched_entry.crystal for hit in hits]
        weights = weights / absorption_factors(crystals, weights, particle_size_um, net.wavelength_A)
    weights = weights / max(float(weights.sum()), 1e-300)
    known = len(taken.found)
    phases = tuple(
        replace(phase, weight_fraction=float(weights[place])) if place < known else phase
        for place, phase in enumerate(taken.phases)
    )
    return phases, float(weights[known:].sum())
