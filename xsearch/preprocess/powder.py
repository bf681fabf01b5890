"""From a measured powder pattern to its net intensities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.preprocess.axis import LogQAxis
from xsearch.preprocess.kernels import broaden, snip
from xsearch.settings import setting
from xsearch.simulate.line_kernels import lorentz_polarisation
from xsearch.simulate.polarisation import UNPOLARISED
from xsearch.spectra.powder import PowderPattern

BY_HAND = "set by hand"
MEASURED = "chosen on 97 measured patterns: xsearch evaluate pxrd pxrd_measured.parquet --index mp"


@dataclass(frozen=True, slots=True)
class NetPatternSettings:
    """How background and noise are taken off a measured pattern."""

    step_deg: float = setting(0.02, "deg", f"{BY_HAND}: step of the net pattern")
    smoothing_deg: float = setting(0.05, "deg", f"{BY_HAND}: standard deviation of the smoothing before clipping")
    background_reach_invA: float = setting(
        0.135, "1/A", f"half width of the widest feature that is clipped, at q = 0, for humps of glass; {MEASURED}"
    )
    reach_growth: float = setting(
        0.03, "1", f"of that half width with q: lines crowd, so that valleys between them are far apart; {MEASURED}"
    )
    least_reach_deg: float = setting(0.8, "deg", f"{BY_HAND}: smallest half width that is clipped")
    clipping_passes: int = setting(
        12, "passes", f"{BY_HAND}: every pass lowers a broad hump a little; a hundred leave none in the background"
    )
    last_pass: float = setting(0.03, "first pass", f"{BY_HAND}: half width of the last pass; they fall geometrically")
    noise_cut: float = setting(2.0, "standard deviations", f"{BY_HAND}: net counts below are set to zero")
    fewest_steps: int = setting(100, "steps", f"{BY_HAND}: a pattern of fewer is refused")
    least_peak_to_noise: float = setting(6.0, "standard deviations", f"{BY_HAND}: of the highest point")

    @property
    def passes(self) -> NDArray[np.float64]:
        """Shares of the half width that are clipped with, one after the other."""
        return np.geomspace(1, self.last_pass, self.clipping_passes)


NET_PATTERN = NetPatternSettings()

SAME_WAVELENGTH_A = 1e-3
"""Wavelengths closer than that have one Lorentz-polarisation factor."""

FAINTEST_SHARE = 0.3
"""No point counts for less noise than this share of that of a typical one."""


@dataclass(frozen=True, slots=True, eq=False)
class NetPattern:
    """A powder pattern with its background and noise taken off, on an even axis.

    Attributes:
        two_theta_deg: (n,) even axis.
        ln_q: (n,) of the same points, q in 1/Å.
        net: (n,) float64, counts above background and noise, the highest 1.
        excess: (n,) in the units of `net`, counts above the background alone; noise scatters about zero.
        background: (n,) in the units of `net`.
        noise: standard deviation of a point, in the units of `net`.
        typical: median intensity as measured, and typical_variance: variance by counting of a point of `excess` there.
        fwhm_deg: typical full width at half maximum of its lines.
        wavelength_A: in Å.
        polarisation: of the beam, see `xsearch.simulate.polarisation`.
    """

    two_theta_deg: NDArray[np.float64]
    ln_q: NDArray[np.float64]
    net: NDArray[np.float64]
    excess: NDArray[np.float64]
    background: NDArray[np.float64]
    noise: float
    typical: float
    typical_variance: float
    fwhm_deg: float
    wavelength_A: float
    polarisation: float = UNPOLARISED
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

    def variance(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) variance by counting of points of `excess` where so much was measured, background included."""
        relative = np.maximum(level, 0) / max(self.typical, 1e-9)
        return np.asarray(self.typical_variance * np.maximum(relative, FAINTEST_SHARE))

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
            typical=self.typical / highest,
            typical_variance=self.typical_variance / highest**2,
        )

    def window(self, axis: LogQAxis) -> tuple[int, int]:
        """First and one past the last bin of an axis that the pattern covers."""
        first = max(0, int(axis.index(self.ln_q[0])) + 1)
        last = min(axis.bins - 1, int(axis.index(self.ln_q[-1])))
        return first, last


def net_pattern(pattern: PowderPattern, settings: NetPatternSettings = NET_PATTERN) -> NetPattern:
    """Take background and noise off a measured pattern.

    The background is found by iterative clipping (SNIP: Ryan et al., Nucl. Instrum. Methods B 34 (1988) 396; Morháč
    et al., A 401 (1997) 113) on smoothed counts; the noise is the median absolute difference of neighbours.

    Raises:
        SpectrumError: where the range is too short, or no line stands out of the noise.
    """
    name = pattern.source or "The pattern"
    first, last = pattern.two_theta_deg[0], pattern.two_theta_deg[-1]
    two_theta = np.arange(max(first, 0.5), min(last, 179.0), settings.step_deg)
    if len(two_theta) < settings.fewest_steps:
        raise SpectrumError(
            f"{name}: runs from {first:g} to {last:g}° 2θ only; at least "
            f"{settings.fewest_steps * settings.step_deg:g}° are needed."
        )
    counts = np.interp(two_theta, pattern.two_theta_deg, pattern.intensity)
    counts -= min(0.0, counts.min())
    spread = float(counts.max() - counts.min())
    if spread <= 0:
        raise SpectrumError(f"{name}: the intensity is the same everywhere; there is no line to search for.")
    counts *= 1e5 / counts.max()  # the clipping works on logarithms, and must not depend on the unit
    smooth = _smoothed(counts, settings.smoothing_deg / settings.step_deg)
    background = snip(smooth, clipping_reach(two_theta, pattern.wavelength_A, settings), settings.passes)
    noise = float(1.4826 * np.median(np.abs(np.diff(counts))) / np.sqrt(2))
    excess = smooth - background
    net = np.maximum(excess - settings.noise_cut * noise, 0)
    highest = float(excess.max())
    if highest < settings.least_peak_to_noise * noise or net.max() <= 0:
        raise SpectrumError(
            f"{name}: no line stands out of the noise between {first:g} and {last:g}° 2θ; "
            "measure longer or a wider range."
        )
    scale = net.max()
    # a Gaussian average of standard deviation w over points of step s leaves the share s / (2 √π w) of the variance
    step_deg = max(float(np.median(np.diff(pattern.two_theta_deg))), settings.step_deg)
    averaged = min(1.0, step_deg / (2 * np.sqrt(np.pi) * settings.smoothing_deg))
    raw = pattern.intensity - min(0.0, float(pattern.intensity.min()))
    scatter = 1.4826 * float(np.median(np.abs(np.diff(raw)))) / np.sqrt(2)
    # clipping runs along the lower edge of the noise
    excess = (excess - np.median(excess[net == 0]) if (net == 0).any() else excess) / scale
    unit = float((excess + background / scale).max() / raw.max())
    q = 4 * np.pi * np.sin(np.radians(two_theta / 2)) / pattern.wavelength_A
    return NetPattern(
        two_theta_deg=two_theta,
        ln_q=np.log(q),
        net=net / scale,
        excess=excess,
        background=background / scale,
        noise=noise / scale,
        typical=float(np.median(raw)) * unit,
        typical_variance=(max(scatter, 1e-6 * float(raw.max())) * unit) ** 2 * averaged,
        fwhm_deg=_typical_width(two_theta, net / scale),
        wavelength_A=pattern.wavelength_A,
        polarisation=pattern.polarisation,
    )


def clipping_reach(
    two_theta_deg: NDArray[np.float64], wavelength_A: float, settings: NetPatternSettings = NET_PATTERN
) -> NDArray[np.float64]:
    """(n,) half width, in points, of what the background clips around each point of an even axis."""
    theta = np.radians(two_theta_deg / 2)
    step_deg = (two_theta_deg[-1] - two_theta_deg[0]) / (len(two_theta_deg) - 1)
    reach = settings.background_reach_invA + settings.reach_growth * 4 * np.pi * np.sin(theta) / wavelength_A
    per_degree = np.radians(2 * np.pi * np.cos(theta) / wavelength_A)
    return np.maximum(reach / np.maximum(per_degree, 1e-3), settings.least_reach_deg) / step_deg


def _smoothed(counts: NDArray[np.float64], sigma_steps: float) -> NDArray[np.float64]:
    reach = int(4 * sigma_steps + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_steps) ** 2)
    padded = np.pad(counts, reach, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _typical_width(two_theta_deg: NDArray[np.float64], net: NDArray[np.float64]) -> float:
    """Median full width at half maximum of the lines above a tenth of the highest, in degrees."""
    inner = net[1:-1]
    peaks = np.flatnonzero((inner >= net[:-2]) & (inner > net[2:]) & (inner > 0.1)) + 1
    widths = []
    for peak in peaks:
        half = net[peak] / 2
        left = peak - int(np.argmax(net[peak::-1] < half)) if (net[: peak + 1] < half).any() else 0
        right = peak + int(np.argmax(net[peak:] < half)) if (net[peak:] < half).any() else len(net) - 1
        widths.append(two_theta_deg[right] - two_theta_deg[left])
    return float(np.median(widths)) if widths else 0.2
