"""Lines of an X-ray tube beside Kα: without a filter or a monochromator, every strong line of a pattern has an image.

Kβ of the anode and Lα of tungsten, which an aged filament leaves on it, are diffracted by the same planes. So each line
of the pattern stands once more at an angle that the ratio of the wavelengths gives, and with one share of its height.
Where all images of the strongest lines are there, with one share, they are taken off the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when first used
from numpy.typing import NDArray

from xsearch.preprocess.axis import FloatOrArray
from xsearch.settings import setting
from xsearch.simulate.line_kernels import LARGEST_SINE, lorentz_polarisation
from xsearch.spectra.radiation import W_LALPHA_A, kbeta_of

Array = NDArray[np.float64]

BY_HAND = "set by hand"
CHOSEN = "chosen on simulated patterns: python -m benchmarks.conditions --half develop"


@dataclass(frozen=True, slots=True)
class TubeSettings:
    """When images of the lines are there, and how they are taken off."""

    fewest: int = setting(3, "lines", f"images that must be there; {CHOSEN}")
    bounding: int = setting(2, "lines", f"{BY_HAND}: whose images bound the share of a line of the tube")
    judged: int = setting(30, "lines", f"{BY_HAND}: the strongest whose images are judged")
    least_share: float = setting(0.004, "of Kα", f"{BY_HAND}: less is not seen beside other lines")
    most_share: float = setting(0.4, "of Kα", "physics: Kβ without a filter is about a fifth")
    least_noise: float = setting(5.0, "standard deviations", f"{BY_HAND}: of an image that counts as seen")
    within_widths: float = setting(0.6, "line widths", f"{BY_HAND}: so far from its place an image may stand")
    within_deg: float = setting(0.04, "deg", f"{BY_HAND}: the same at least; wavelengths are stated to so much")
    one_share: float = setting(0.25, "ln share", f"images so close agree; a resolved Kα2 raises it; {CHOSEN}")
    least_agreeing: float = setting(0.15, "1", f"of the images that must have one share, others are covered; {CHOSEN}")
    absent: float = setting(0.6, "1", f"{BY_HAND}: an image of less than so much of its height is absent")
    most_absent: float = setting(0.2, "1", f"of the images that may be absent; {CHOSEN}")
    agreeing_to_absent: float = setting(3.0, "1", f"so many more must agree than are absent; {CHOSEN}")
    least_maximum: float = setting(0.8, "1", f"{BY_HAND}: of its height, at which an image is a maximum of its own")
    forgiven: float = setting(1.25, "1", f"as much more than expected is taken off; {CHOSEN}")
    turns: int = setting(3, "turns", "physics: the pattern whose images are sought holds images itself")


TUBE = TubeSettings()


@dataclass(frozen=True, slots=True)
class TubeLine:
    """A line of the tube that a pattern shows.

    Attributes:
        name: Kβ or W Lα.
        ratio: its wavelength over that of the pattern.
        share: its intensity relative to Kα.
    """

    name: str
    ratio: float
    share: float


def tube_notes(found: tuple[TubeLine, ...]) -> tuple[str, ...]:
    """A note a line."""
    return tuple(
        f"The pattern shows {one.name} lines of the tube, about {100 * one.share:.0f} % of Kα; they were taken off."
        for one in found
    )


def candidate_lines(wavelength_A: float) -> tuple[tuple[str, float], ...]:
    """Names of a tube's lines beside Kα, and their wavelengths over that of the pattern; empty for other beams."""
    beta_A = kbeta_of(wavelength_A)
    if beta_A is None:
        return ()
    return (("Kβ", beta_A / wavelength_A), ("W Lα", W_LALPHA_A / wavelength_A))


def at_wavelength(two_theta_deg: FloatOrArray, ratio: float) -> FloatOrArray:
    """Angles of the same planes at a wavelength so many times as long."""
    return 2 * np.degrees(np.arcsin(np.minimum(np.sin(np.radians(two_theta_deg / 2)) * ratio, 1.0)))


def find_tube_lines(
    two_theta_deg: Array,
    smooth: Array,
    noise: Array,
    fwhm_deg: float,
    wavelength_A: float,
    settings: TubeSettings = TUBE,
) -> tuple[tuple[TubeLine, ...], Array, Array]:
    """The tube's lines that a pattern shows, how much of it they leave, and how much they may be at most.

    Args:
        two_theta_deg: (n,) even axis.
        smooth: (n,) intensity above the background, averaged over what finds its lines best.
        noise: (n,) standard deviation of that.
        fwhm_deg: typical width of its lines.
        wavelength_A: of Kα.

    Returns:
        The lines; (n,) share of the intensity that is of Kα; (n,) intensity that the tube's lines may have at most.
    """
    found: list[TubeLine] = []
    kept, most = np.ones(len(smooth)), np.zeros(len(smooth))
    for name, ratio in candidate_lines(wavelength_A):
        image = _image(two_theta_deg, np.maximum(smooth, 0.0), wavelength_A, ratio)
        share = _share(two_theta_deg, smooth * kept, noise, fwhm_deg, wavelength_A, ratio, settings)
        if share is None:
            most = np.maximum(most, _bound(smooth, image, settings) * image)
            continue
        most = np.maximum(most, share * image)
        found.append(TubeLine(name, ratio, share))
        kept *= _kept(two_theta_deg, smooth, kept, fwhm_deg, wavelength_A, found[-1], settings)
    return tuple(found), kept, most


def _image(two_theta_deg: Array, curve: Array, wavelength_A: float, ratio: float) -> Array:
    """(n,) a pattern as a line of the same intensity at another wavelength would give it; 0 outside what is known."""
    there = at_wavelength(two_theta_deg, 1 / ratio)
    sine = np.minimum(np.sin(np.radians(two_theta_deg / 2)), LARGEST_SINE)
    factor = lorentz_polarisation(sine, 1.0) / lorentz_polarisation(np.minimum(sine / ratio, LARGEST_SINE), 1.0)
    return np.asarray(factor * np.interp(there, two_theta_deg, curve, left=0.0, right=0.0))


def _reach(two_theta_deg: Array, fwhm_deg: float, settings: TubeSettings) -> int:
    """Points on each side of its place within which an image is sought."""
    step_deg = float(two_theta_deg[1] - two_theta_deg[0])
    return int(max(settings.within_widths * fwhm_deg, settings.within_deg) / step_deg) + 1


def _share(
    two_theta_deg: Array,
    smooth: Array,
    noise: Array,
    fwhm_deg: float,
    wavelength_A: float,
    ratio: float,
    settings: TubeSettings,
) -> float | None:
    """The share of Kα that images of the strongest lines have in common; None where they are not there."""
    reach = _reach(two_theta_deg, fwhm_deg, settings)
    nearby = scipy.ndimage.maximum_filter1d(smooth, 2 * reach + 1)
    maxima, _ = scipy.signal.find_peaks(smooth)

    def shares(curve: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Of each image of the strongest lines of a curve: its share, the error, whether it is a maximum."""
        image = _image(two_theta_deg, curve, wavelength_A, ratio)
        tops = _strongest(image, settings.judged)
        own = np.array([_is_maximum(place, smooth, maxima, reach, settings) for place in tops], bool)
        return nearby[tops] / image[tops], noise[tops] / image[tops], own

    found, errors, own = shares(smooth)
    share = _common(found[own & (errors * settings.least_noise < found)], settings)
    if share is None:
        return None
    # images have images too, which are not to be expected
    line = TubeLine("", ratio, share)
    found, errors, own = shares(
        smooth * _kept(two_theta_deg, smooth, np.ones(len(smooth)), fwhm_deg, wavelength_A, line, settings)
    )
    seen = errors * settings.least_noise < share
    agreeing = seen & own & (np.abs(np.log(np.maximum(found, 1e-9) / share)) < settings.one_share)
    absent = seen & (found + 2 * errors < settings.absent * share)
    least = max(settings.fewest, settings.least_agreeing * seen.sum(), settings.agreeing_to_absent * absent.sum())
    if agreeing.sum() < least or absent.sum() > max(1.0, settings.most_absent * seen.sum()):
        return None
    return float(np.median(found[agreeing]))


def _bound(smooth: Array, image: Array, settings: TubeSettings) -> float:
    """The share of Kα that the images of the strongest lines allow; 0 where they are not there."""
    tops = _strongest(image, settings.bounding)
    if len(tops) < settings.bounding:
        return 0.0
    share = float((smooth[tops] / image[tops]).min())
    return share if 0 < share < settings.most_share else 0.0


def _common(shares: Array, settings: TubeSettings) -> float | None:
    """The share about which most of some shares lie, the smallest of several; None where too few agree."""
    within = shares[(shares > settings.least_share) & (shares < settings.most_share)]
    if len(within) < settings.fewest:
        return None
    agreeing = (np.abs(np.log(within[:, None] / within)) < settings.one_share).sum(axis=0)
    most = agreeing.max()
    return float(within[agreeing == most].min()) if most >= settings.fewest else None


def _strongest(image: Array, count: int) -> NDArray[np.intp]:
    """Places of the highest maxima of an image."""
    tops, _ = scipy.signal.find_peaks(image, height=max(1e-3 * float(image.max(initial=0.0)), 1e-12))
    return np.asarray(tops[np.argsort(-image[tops], kind="stable")[:count]])


def _is_maximum(place: int, smooth: Array, maxima: NDArray[np.intp], reach: int, settings: TubeSettings) -> bool:
    """Whether a maximum of the pattern stands within reach of a place and rises over the valleys on its sides."""
    nearby = maxima[np.abs(maxima - place) <= reach]
    if len(nearby) == 0:
        return False
    top = int(nearby[np.argmax(smooth[nearby])])
    wide = 3 * reach
    left, right = smooth[max(0, top - wide) : top + 1].min(), smooth[top : top + wide + 1].min()
    return bool(max(left, right) < settings.least_maximum * smooth[top])


def _kept(
    two_theta_deg: Array,
    smooth: Array,
    before: Array,
    fwhm_deg: float,
    wavelength_A: float,
    line: TubeLine,
    settings: TubeSettings,
) -> Array:
    """(n,) share of a pattern that is not the image by one line."""
    level = np.maximum(smooth, 1e-9 * max(float(smooth.max()), 1e-12))
    source = np.maximum(smooth, 0.0) * before
    image = line.share * _image(two_theta_deg, source, wavelength_A, line.ratio)
    for _ in range(settings.turns - 1):
        alone = source * (1 - np.clip(image / level, 0.0, 1.0))
        image = line.share * _image(two_theta_deg, alone, wavelength_A, line.ratio)
    wide = scipy.ndimage.maximum_filter1d(image, 2 * (_reach(two_theta_deg, fwhm_deg, settings) // 2) + 1)
    return np.asarray(1 - np.clip(settings.forgiven * wide / level, 0.0, 1.0))
