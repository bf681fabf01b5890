"""From a measured powder pattern to its net intensities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.preprocess.axis import MATCH_AXIS, LogQAxis
from xsearch.preprocess.background_kernels import Cleaning, cleaned
from xsearch.preprocess.counting import counting_noise
from xsearch.preprocess.kernels import broaden, gaussian_average
from xsearch.preprocess.tube import TUBE, TubeLine, TubeSettings, find_tube_lines
from xsearch.settings import setting
from xsearch.simulate.line_kernels import lorentz_polarisation
from xsearch.simulate.polarisation import UNPOLARISED
from xsearch.spectra.powder import PowderPattern

BY_HAND = "set by hand"
CHOSEN = "chosen on simulated patterns: python -m benchmarks.conditions --half develop"


@dataclass(frozen=True, slots=True)
class NetPatternSettings:
    """How background and noise are taken off a measured pattern."""

    step_deg: float = setting(0.02, "deg", f"{BY_HAND}: step of the net pattern with copper, and with longer waves")
    smoothing_steps: float = setting(
        2.5, "steps", f"{BY_HAND}: standard deviation of the average that lines are read off"
    )
    coarse_steps: int = setting(5, "steps", f"{BY_HAND}: means over so many are what the background is fitted to")
    knot_invA: float = setting(
        0.033, "1/A", f"distance of the background's knots at q = 0, where the beam and foils fall steeply; {CHOSEN}"
    )
    knot_growth: float = setting(
        0.077, "1", f"of that distance with q: lines crowd, so that valleys between them are far apart; {CHOSEN}"
    )
    stiffness: float = setting(1e-3, "1", f"of the penalty on second differences against the points nearby; {CHOSEN}")
    share_above: float = setting(
        0.01, "1", f"{BY_HAND}: weight of points above the background while its edge is sought"
    )
    seek_turns: int = setting(12, "turns", f"{BY_HAND}: in which the lower edge is sought")
    settle_turns: int = setting(12, "turns", f"{BY_HAND}: in which the middle of the noise on it is sought")
    on_background: float = setting(2.0, "standard deviations", f"{BY_HAND}: points higher above count as lines")
    widths_apart: float = setting(5.0, "line widths", f"least distance of knots; {CHOSEN}")
    width_share: float = setting(0.4, "1", f"{BY_HAND}: of the lines are narrower than the typical width")
    rounds: int = setting(4, "rounds", f"{BY_HAND}: in which knots move apart, at most")
    line_height: float = setting(0.03, "highest point", f"{BY_HAND}: of lines whose width is taken")
    line_noise: float = setting(6.0, "standard deviations", f"{BY_HAND}: the same")
    line_seed: float = setting(
        4.0,
        "standard deviations",
        f"an average that stands out so far is a line's: of ten thousand one by chance; {CHOSEN}",
    )
    line_edge: float = setting(1.0, "standard deviations", f"{BY_HAND}: down to which a line reaches")
    widest_average: float = setting(0.4, "line widths", "physics: the average that finds a line of this width best")
    least_significance: float = setting(
        6.0, "standard deviations", f"{BY_HAND}: of the area of the clearest line; below, there is none"
    )
    sharp_invA: float = setting(
        0.012, "1/A", "standard deviation in q of lines that the weights of correlations were chosen for: copper, 0.25°"
    )
    fewest_steps: int = setting(100, "steps", f"{BY_HAND}: a pattern of fewer is refused")
    tube: TubeSettings = TUBE

    def grid_step_deg(self, wavelength_A: float) -> float:
        """Step of the net pattern: the same in q at short wavelengths as with copper."""
        return self.step_deg * min(1.0, wavelength_A / COPPER_A)


NET_PATTERN = NetPatternSettings()

COPPER_A = 1.540593
"""Wavelength of the laboratory's usual tube."""

SAME_WAVELENGTH_A = 1e-3
"""Wavelengths closer than that have one Lorentz-polarisation factor."""

FWHM_SIGMAS = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian, in standard deviations."""

NARROWEST_STEPS = 4.0
"""Width that is taken for a typical line where none is seen."""


@dataclass(frozen=True, slots=True, eq=False)
class NetPattern:
    """A powder pattern with its background and noise taken off, on an even axis.

    Attributes:
        two_theta_deg: (n,) even axis.
        ln_q: (n,) of the same points, q in 1/Å.
        net: (n,) float64, counts above background and noise, the highest 1.
        excess: (n,) in the units of `net`, counts above the background alone; noise scatters about zero.
        background: (n,) in the units of `net`.
        noise: (n,) standard deviation of a point of `excess` where there is background alone.
        gain, least: variance of a point of `excess` is `gain` (n,) times what was measured there, background included,
            and at least so much.
        significance: area of the clearest line in standard deviations.
        smoothing_deg: standard deviation of the average that made `excess`.
        unit, offset: counts are `unit` times `excess` and `background`, plus `offset`.
        fwhm_deg: typical full width at half maximum of its lines.
        breadth_invA: standard deviation of its lines in q beyond that of sharp ones; 0 where they are sharp.
        wavelength_A: in Å.
        polarisation: of the beam, see `xsearch.simulate.polarisation`.
        tube: lines of the tube beside Kα, which were taken off.
        of_tube: (n,) in the units of `net`, what lines of the tube may have at most; None where that is not known.
        kept: (n,) share of the excess that was not taken off; None where all was kept.
    """

    two_theta_deg: NDArray[np.float64]
    ln_q: NDArray[np.float64]
    net: NDArray[np.float64]
    excess: NDArray[np.float64]
    background: NDArray[np.float64]
    noise: NDArray[np.float64]
    gain: NDArray[np.float64]
    least: float
    significance: float
    smoothing_deg: float
    unit: float
    offset: float
    fwhm_deg: float
    breadth_invA: float
    wavelength_A: float
    polarisation: float = UNPOLARISED
    tube: tuple[TubeLine, ...] = ()
    of_tube: NDArray[np.float64] | None = None
    kept: NDArray[np.float64] | None = None
    _profiles: dict[tuple[LogQAxis, float, float | None], NDArray[np.float64]] = field(
        default_factory=dict, init=False, repr=False
    )

    def profile(
        self, axis: LogQAxis, width: float | None = None, lp_wavelength_A: float | None = None
    ) -> NDArray[np.float64]:
        """The net pattern on a log-q axis, broadened but not compressed; worked out once.

        Args:
            axis: where to.
            width: standard deviation of the broadening in ln q; the axis's own by default.
            lp_wavelength_A: bring the Lorentz-polarisation factor to an unpolarised beam of this wavelength; it stays
                as measured by default.

        Returns:
            (axis.bins,) float64, not to be changed.
        """
        width = axis.width if width is None else width
        key = (axis, width, lp_wavelength_A)
        if key not in self._profiles:
            self._profiles[key] = self._broadened(axis, width, lp_wavelength_A)
            self._profiles[key].flags.writeable = False
        return self._profiles[key]

    def _broadened(self, axis: LogQAxis, width: float, lp_wavelength_A: float | None) -> NDArray[np.float64]:
        area = self.net
        if lp_wavelength_A is not None and (
            abs(lp_wavelength_A - self.wavelength_A) > SAME_WAVELENGTH_A or self.polarisation != UNPOLARISED
        ):
            q = np.exp(self.ln_q) / (4 * np.pi)
            there = lorentz_polarisation(q * lp_wavelength_A, UNPOLARISED)
            area = area * there / lorentz_polarisation(q * self.wavelength_A, self.polarisation)
        return broaden(self.ln_q, area, axis.start, axis.step, axis.bins, width)

    def calculated_widths(self, ln_q: NDArray[np.float64], width: float) -> NDArray[np.float64]:
        """(n,) standard deviations in ln q that calculated lines need where the pattern is broadened by `width`.

        They are `width` but where the pattern's own lines are broad. Small crystals broaden all lines alike in q.
        """
        return np.asarray(np.hypot(width, self.breadth_invA * np.exp(-ln_q)))

    def averaged(self, width_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) `excess` averaged over a Gaussian of so many degrees, that of `excess` at least, and (n,) its noise."""
        sigma, first = max(width_deg, self.smoothing_deg) / self.step_deg, self.smoothing_deg / self.step_deg
        smooth = gaussian_average(self.excess, sigma)
        variance = gaussian_average(self.variance(self.background + np.maximum(smooth, 0)), sigma)
        return smooth, np.sqrt(first / np.hypot(first, sigma) * variance)

    def variance(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) variance by counting of points of `excess` where so much was measured, background included."""
        return np.asarray(self.gain * np.maximum(level, self.least))

    @property
    def noise_density(self) -> NDArray[np.float64]:
        """(n,) standard deviation of a mean over one degree, where there is background alone."""
        return np.asarray(self.noise * np.sqrt(2 * np.sqrt(np.pi) * self.smoothing_deg))

    @property
    def step_deg(self) -> float:
        """Distance of two points."""
        return float(self.two_theta_deg[1] - self.two_theta_deg[0])

    def scaled(self, kept: NDArray[np.float64]) -> NetPattern:
        """Points less what was explained of them: (n,) shares that are kept; the highest is 1 again."""
        left = self.net * kept
        highest = float(left.max())
        return replace(
            self,
            net=left / highest,
            excess=self.excess * kept / highest,
            background=self.background / highest,
            noise=self.noise / highest,
            gain=self.gain / highest,
            least=self.least / highest,
            unit=self.unit * highest,
            of_tube=None if self.of_tube is None else self.of_tube / highest,
            kept=kept if self.kept is None else kept * self.kept,
        )

    def window(self, axis: LogQAxis) -> tuple[int, int]:
        """First and one past the last bin of an axis that the pattern covers."""
        first = max(0, int(axis.index(self.ln_q[0])) + 1)
        last = min(axis.bins - 1, int(axis.index(self.ln_q[-1])))
        return first, last


def net_pattern(pattern: PowderPattern, settings: NetPatternSettings = NET_PATTERN) -> NetPattern:
    """Take background and noise off a measured pattern.

    The background is a penalised spline below the lines, whose knots are too far apart for a line and near enough for a
    hump. What stands above it is a line where its area stands out of the counting noise. Lines of the tube beside Kα
    are taken off too.

    Raises:
        SpectrumError: where the range is too short, or no line stands out of the noise.
    """
    found = cleaned_pattern(pattern, settings)
    if found.significance < settings.least_significance or found.net.max() <= 0:
        raise SpectrumError(
            f"{pattern.source or 'The pattern'}: no line stands out of the noise between "
            f"{pattern.two_theta_deg[0]:g} and {pattern.two_theta_deg[-1]:g}° 2θ; measure longer or a wider range."
        )
    smooth, noise = found.averaged(settings.widest_average * found.fwhm_deg)
    tube, kept, most = find_tube_lines(
        found.two_theta_deg, smooth, noise, found.fwhm_deg, found.wavelength_A, settings.tube
    )
    found = replace(found, tube=tube, of_tube=most)
    return found.scaled(kept) if tube else found


def cleaned_pattern(pattern: PowderPattern, settings: NetPatternSettings = NET_PATTERN) -> NetPattern:
    """The same, of a pattern that may be without lines.

    Raises:
        SpectrumError: where the range is too short, or the intensity is the same everywhere.
    """
    name = pattern.source or "The pattern"
    first, last = pattern.two_theta_deg[0], pattern.two_theta_deg[-1]
    low, high = pattern.q_invA[0], pattern.q_invA[-1]
    if low > MATCH_AXIS.q_max_invA or high < MATCH_AXIS.q_min_invA:
        raise SpectrumError(
            f"{name}: covers q of {low:.3g} to {high:.3g} 1/Å, and lines are compared from {MATCH_AXIS.q_min_invA:g} "
            f"to {MATCH_AXIS.q_max_invA:g} 1/Å; check the wavelength, {pattern.wavelength_A:g} Å."
        )
    steps_deg = np.gradient(pattern.two_theta_deg)
    step_deg = min(
        settings.step_deg, max(settings.grid_step_deg(pattern.wavelength_A), float(np.median(steps_deg)) / 2)
    )
    two_theta = np.arange(max(first, 0.5 * step_deg / settings.step_deg), min(last, 179.0), step_deg)
    if len(two_theta) < settings.fewest_steps:
        raise SpectrumError(
            f"{name}: runs from {first:g} to {last:g}° 2θ only; at least "
            f"{settings.fewest_steps * step_deg:.2g}° are needed."
        )
    if np.ptp(pattern.intensity) <= 0:
        raise SpectrumError(f"{name}: the intensity is the same everywhere; there is no line to search for.")
    noise = counting_noise(pattern)
    counts = _on_grid(pattern.two_theta_deg, noise.counts, two_theta, step_deg)
    gain = np.interp(two_theta, pattern.two_theta_deg, noise.gain * steps_deg)
    background, excess, deviation, lines, significance, fwhm_deg = cleaned(
        counts, gain, noise.least, two_theta[0], step_deg, pattern.wavelength_A, cleaning(settings)
    )
    net = np.where(lines, np.maximum(excess, 0.0), 0.0)
    scale = float(net.max()) or float(np.abs(excess).max()) or 1.0
    width_deg = float(fwhm_deg) or NARROWEST_STEPS * step_deg
    return NetPattern(
        two_theta_deg=two_theta,
        ln_q=np.log(4 * np.pi * np.sin(np.radians(two_theta / 2)) / pattern.wavelength_A),
        net=net / scale,
        excess=excess / scale,
        background=background / scale,
        noise=deviation / scale,
        gain=gain / (2 * np.sqrt(np.pi) * settings.smoothing_steps * step_deg * scale),
        least=noise.least / scale,
        significance=float(significance),
        smoothing_deg=settings.smoothing_steps * step_deg,
        unit=scale,
        offset=min(0.0, float(pattern.intensity.min())),
        fwhm_deg=width_deg,
        breadth_invA=_breadth(two_theta, net, width_deg, pattern.wavelength_A, settings.sharp_invA),
        wavelength_A=pattern.wavelength_A,
        polarisation=pattern.polarisation,
    )


def background_under(pattern: PowderPattern) -> NDArray[np.float64]:
    """(n,) background under a pattern, in its units and at its angles; zeros where none can be found."""
    try:
        found = cleaned_pattern(pattern)
    except SpectrumError:
        return np.zeros(len(pattern))
    return np.interp(pattern.two_theta_deg, found.two_theta_deg, found.background * found.unit + found.offset)


def cleaning(settings: NetPatternSettings = NET_PATTERN) -> Cleaning:
    """The settings for compiled loops."""
    return Cleaning(*(float(getattr(settings, name)) for name in Cleaning._fields))


def _breadth(
    two_theta_deg: NDArray[np.float64],
    net: NDArray[np.float64],
    fwhm_deg: float,
    wavelength_A: float,
    sharp_invA: float,
) -> float:
    """What the lines in the middle of a pattern's intensity are broader than sharp ones, in q."""
    middle = min(int(np.searchsorted(np.cumsum(net), net.sum() / 2)), len(net) - 1)
    invA_per_rad = 2 * np.pi * np.cos(np.radians(two_theta_deg[middle] / 2)) / wavelength_A
    sigma_invA = invA_per_rad * np.radians(fwhm_deg) / FWHM_SIGMAS
    return float(np.sqrt(max(sigma_invA**2 - sharp_invA**2, 0.0)))


def _on_grid(
    measured_deg: NDArray[np.float64],
    counts: NDArray[np.float64],
    two_theta_deg: NDArray[np.float64],
    step_deg: float,
) -> NDArray[np.float64]:
    """Counts on an even axis: means over its steps where more was measured in a step, interpolated elsewhere."""
    if float(np.median(np.diff(measured_deg))) > 0.75 * step_deg:
        return np.interp(two_theta_deg, measured_deg, counts)
    steps_deg = np.diff(measured_deg)
    summed = np.concatenate([[0.0], np.cumsum(steps_deg * (counts[1:] + counts[:-1]) / 2)])
    edges = np.clip([two_theta_deg - step_deg / 2, two_theta_deg + step_deg / 2], measured_deg[0], measured_deg[-1])
    low, high = np.interp(edges, measured_deg, summed)
    return np.asarray((high - low) / np.maximum(edges[1] - edges[0], 1e-12))
