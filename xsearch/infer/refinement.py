"""Proposals against a pattern: a first look at thousands, a close fit of the best, and their more symmetric forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xsearch.chemistry.crystal import Crystal
from xsearch.chemistry.space_groups import SYSTEM_OF_GROUP
from xsearch.chemistry.symmetry import Symmetry, find_symmetry
from xsearch.errors import CrystalError
from xsearch.fit.log_q_pattern import LogQPattern
from xsearch.fit.prepared_pattern import prepare
from xsearch.fit.rietveld import Refined
from xsearch.fit.strain import strained
from xsearch.fit.strain_fit import StrainFit, fit_strain
from xsearch.infer.evidence import CLOSE_TERMS, CLOSEST, FIT_PLACE, close_shares, terms
from xsearch.infer.proposals import Proposals
from xsearch.infer.screening import screen
from xsearch.infer.substitute import predicted_scale, substituted
from xsearch.infer.template_library import TemplateLibrary
from xsearch.simulate.powder import simulate_reflections
from xsearch.simulate.reflections import Reflections
from xsearch.spectra import PowderPattern

SCREENED = 6000
FITTED = 240
PRIOR_IN_SCREEN = 0.01
"""What a unit of the logarithmic prior is worth in the first look, in units of the correlation."""

FIT_D_MIN_A = 1.08
LARGEST_SCALE = 0.35
SAME_VOLUME = 0.03
"""Difference in the logarithm of the volume below which two crystals of one symmetry and formula are alike."""

RAISED = 80
RAISING_SYMPRECS_A = (0.1, 0.2)
"""Atoms that a template's own elements moved off a symmetry by less are also tried on it: other elements need not."""

MISFIT_ALLOWED = 1.4
"""A more symmetric crystal stands for the less symmetric ones where its misfit is not larger than theirs by more. Of 36
right formulas that met the pattern on both, 33 had the higher symmetry, with misfits at most 1.4 times as large."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Candidates that were fitted closely, in no particular order.

    Attributes:
        proposals: which entries take which elements.
        symmetries: of the substituted crystals in their predicted cells.
        reflections: of the same.
        fits: how each met the pattern.
        raised: (k,) whether the atoms were moved onto a higher symmetry than they have in the template.
        evidence: (k, terms), more of them after the last look.
        changes: how each differs from an entry with other elements, in words; empty where it does not.
        refined: what the last look said of each; none before it.
        n_screened, n_fitted: how many were simulated for the first look, and how many fitted closely.
    """

    proposals: Proposals
    symmetries: list[Symmetry]
    reflections: list[Reflections]
    fits: list[StrainFit]
    raised: NDArray[np.bool_]
    evidence: NDArray[np.float64]
    changes: tuple[str, ...]
    n_screened: int
    n_fitted: int
    refined: tuple[Refined, ...] = ()

    def taken(self, places: Sequence[int]) -> Fitted:
        """Some of them, in the order given."""
        rows = np.array(places, np.int64)
        return replace(
            self,
            proposals=self.proposals.take(rows),
            symmetries=[self.symmetries[k] for k in places],
            reflections=[self.reflections[k] for k in places],
            fits=[self.fits[k] for k in places],
            raised=self.raised[rows],
            evidence=self.evidence[rows],
            changes=tuple(self.changes[k] for k in places),
            refined=tuple(self.refined[k] for k in places) if self.refined else (),
        )

    def joined(self, other: Fitted) -> Fitted:
        """These and then the others, of the same elements, with the evidence of the close fits."""
        close = len(CLOSE_TERMS)
        return Fitted(
            self.proposals.joined(other.proposals),
            self.symmetries + other.symmetries,
            self.reflections + other.reflections,
            self.fits + other.fits,
            np.concatenate([self.raised, other.raised]),
            np.vstack([self.evidence[:, :close], other.evidence[:, :close]]),
            self.changes + other.changes,
            self.n_screened + other.n_screened,
            self.n_fitted + other.n_fitted,
            self.refined + other.refined,
        )


def fit_candidates(
    library: TemplateLibrary,
    proposals: Proposals,
    pattern: PowderPattern,
    *,
    coordination: Mapping[str, Sequence[int]] | None = None,
    threads: int = 2,
    screened: int = SCREENED,
    fitted: int = FITTED,
) -> Fitted:
    """Screen proposals against a pattern and strain the best to it.

    Args:
        library: that the proposals were made from.
        proposals: in order of their prior.
        pattern: measured.
        coordination: coordination numbers that an element may have, such as `{"Mn": (4, 6)}`.
        threads: for the close fits.
        screened, fitted: how many are looked at, and how many closely.
    """
    target = prepare(pattern).log_q
    first = proposals.take(np.arange(min(screened, len(proposals))))
    scales = predicted_scale(library, first)
    first, scales = first.take(np.flatnonzero(np.abs(scales) < LARGEST_SCALE)), scales[np.abs(scales) < LARGEST_SCALE]
    crystals = substituted(library, first, scales)
    score, scale = screen(crystals, target)
    order = np.argsort(-(score + PRIOR_IN_SCREEN * first.prior), kind="stable")
    symmetries: list[Symmetry] = []
    kept: list[int] = []
    for k in order.tolist():
        if len(kept) >= fitted:
            break
        try:
            found = find_symmetry(crystals[k])
        except CrystalError:
            continue
        if coordination and not coordinated(crystals[k], coordination):
            continue
        symmetries.append(found)
        kept.append(k)
    chosen = first.take(np.array(kept, np.int64))
    plain = fit_closely(chosen, symmetries, scale[kept], target, threads)
    return replace(with_higher_symmetries(plain, proposals, target, threads), n_screened=len(first))


def with_higher_symmetries(plain: Fitted, known: Proposals, target: LogQPattern, threads: int) -> Fitted:
    """The same candidates, those close to a higher symmetry that meets the pattern as well on that.

    Args:
        plain: the close fits.
        known: proposals for the same elements, see `Proposals.in_systems`.
        target: the pattern. threads: for the fits.
    """
    places, higher, parents = _more_symmetric(plain)
    numbers = np.array([symmetry.number for symmetry in higher], np.int64)
    more = fit_closely(
        plain.proposals.take(np.array(places, np.int64)).in_systems(SYSTEM_OF_GROUP[numbers], known), higher,
        np.array([plain.fits[k].strain for k in places]), target, threads, raised=True,
    )  # fmt: skip
    # a higher symmetry that meets the pattern as well stands for the lower ones, one that does not is none
    worse = [k for k, low in enumerate(parents) if _misfit_grows(more.fits[k], [plain.fits[i] for i in low])]
    replaced = {i for k, low in enumerate(parents) if k not in worse for i in low}
    both = plain.taken([k for k in range(len(plain.fits)) if k not in replaced]).joined(
        more.taken([k for k in range(len(higher)) if k not in worse])
    )
    return replace(both, n_fitted=len(both.fits))


def coordinated(crystal: Crystal, allowed: Mapping[str, Sequence[int]]) -> bool:
    """Whether every site of the elements named has one of the coordination numbers allowed for it."""
    from xsearch.infer.coordination import coordination_numbers

    return all(
        set(coordination_numbers(crystal, element)) <= {int(n) for n in numbers} for element, numbers in allowed.items()
    )


def fit_closely(
    proposals: Proposals,
    symmetries: list[Symmetry],
    scale: NDArray[np.float64],
    target: LogQPattern,
    threads: int,
    *,
    raised: bool = False,
    changes: Sequence[str] | None = None,
) -> Fitted:
    """Every crystal strained to the pattern; those without a line in its range are left out.

    Args:
        proposals: one a crystal. symmetries: of the crystals.
        scale: (k,) ln(length / given length) to start from.
        target: the pattern. threads: for the fits.
        raised: whether the atoms were moved onto a higher symmetry.
        changes: as in `Fitted`; by default there are none.
    """
    reflections = simulate_reflections(symmetries, d_min_A=max(FIT_D_MIN_A, 0.51 * target.wavelength_A))
    places = [i for i in range(len(symmetries)) if len(reflections[i])]

    def fit(place: int) -> StrainFit:
        return fit_strain(reflections[place], target, float(scale[place]))

    # threads of BLAS inside each of these would only spin
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        fits = list(pool.map(fit, places))
    chosen = proposals.take(np.array(places, np.int64))
    symmetries, reflections = [symmetries[i] for i in places], [reflections[i] for i in places]
    moved = np.full(len(places), raised)
    met = [strained(symmetry, fit.cell) for symmetry, fit in zip(symmetries, fits, strict=True)]
    evidence = terms(fits, met, chosen, moved, target.spread)
    told = tuple(changes[i] if changes else "" for i in places)
    return Fitted(chosen, symmetries, reflections, fits, moved, evidence, told, 0, len(places))


def _more_symmetric(fitted: Fitted) -> tuple[list[int], list[Symmetry], list[list[int]]]:
    """Higher symmetries that the atoms of the best candidates lie close to.

    Returns:
        For each, the best candidate close to it, its crystal on that symmetry, with the shape that met the pattern and
        the volume that was predicted, and all candidates of the same formula close to the same crystal.
    """
    kinds: dict[tuple[int, ...], int] = {}
    places: list[int] = []
    higher: list[Symmetry] = []
    parents: list[list[int]] = []
    for k in np.argsort(-close_shares(fitted.evidence), kind="stable")[:RAISED].tolist():
        symmetry, fit = fitted.symmetries[k], fitted.fits[k]
        met = strained(symmetry, fit.cell)
        predicted = Crystal(met.lattice_A * np.exp(-fit.strain), met.frac_coords, met.elements, met.occupancies)
        for tolerance in RAISING_SYMPRECS_A:
            try:
                found = find_symmetry(predicted, tolerance)
            except CrystalError:
                continue
            if found.symprec_A < tolerance or found.number == symmetry.number:
                continue
            volume = round(np.log(found.primitive.volume_A3 / len(found.primitive)) / SAME_VOLUME)
            kind = (found.number, len(found.primitive), volume, *fitted.proposals.coefficients[k].tolist())
            if kind not in kinds:
                kinds[kind] = len(places)
                places.append(k)
                higher.append(found)
                parents.append([])
            if k not in parents[kinds[kind]]:
                parents[kinds[kind]].append(k)
    return places, higher, parents


def _misfit_grows(fit: StrainFit, parents: list[StrainFit]) -> bool:
    """Whether a crystal of higher symmetry meets the pattern clearly worse than the best of those it stands for."""
    best = max(parent.correlation[FIT_PLACE] for parent in parents)
    return bool(1 - fit.correlation[FIT_PLACE] + CLOSEST > MISFIT_ALLOWED * (1 - best + CLOSEST))
