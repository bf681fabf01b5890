"""What a reader takes from a file, before anything is assumed, and how it becomes a spectrum."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError, WavelengthError
from xsearch.reading import Axis
from xsearch.spectra.mend import mend_with_variance
from xsearch.spectra.powder import PowderPattern
from xsearch.spectra.radiation import RADIATIONS_A, describe_wavelength
from xsearch.spectra.unmeasured import unmeasured

LEAST_Q_MAX_INVA = 0.9
"""At which a pattern must end at least, d = 7 Å; set by hand."""
LEAST_SHARE_WITH_SIGMA = 0.5
"""Of points that need a standard deviation above zero for the file's to be used; set by hand."""


NEUTRONS = "neutrons"
"""What a scan is unfit for, where a word of its file tells of them."""


class PowderAxis(StrEnum):
    """What the axis of a powder pattern can be."""

    TWO_THETA_DEG = "2θ in degrees"
    TWO_THETA_RAD = "2θ in radians"
    THETA_DEG = "θ in degrees"
    Q_INVA = "q in 1/Å"
    Q_INVNM = "q in 1/nm"
    D_A = "d in Å"
    D_NM = "d in nm"


NAMED_AXES = {
    Axis.TWO_THETA: PowderAxis.TWO_THETA_DEG,
    Axis.TWO_THETA_RAD: PowderAxis.TWO_THETA_RAD,
    Axis.THETA: PowderAxis.THETA_DEG,
    Axis.Q: PowderAxis.Q_INVA,
    Axis.Q_NM: PowderAxis.Q_INVNM,
    Axis.D: PowderAxis.D_A,
    Axis.D_NM: PowderAxis.D_NM,
}
"""The axes by the names that users give them."""


@dataclass(frozen=True, slots=True)
class StatedWavelength:
    """A wavelength that a file gives.

    Attributes:
        value_A: the wavelength in Å.
        words: how the file says it, for the notes.
    """

    value_A: float
    words: str


@dataclass(frozen=True, slots=True)
class PowderScan:
    """A powder pattern as a file holds it.

    Attributes:
        axis: (n,) in the unit that `unit` says.
        intensity: (n,) counts or anything proportional to them.
        unit: what the axis is.
        wavelength: what the file says, or None.
        notes: what the reader assumed or passed over.
        label: what the file calls it, where it holds several; or empty.
        sigma: (n,) standard deviations of the intensities, or None.
        unfit: what the file says that was measured instead of an X-ray pattern, such as neutrons; or empty.
    """

    axis: NDArray[np.float64]
    intensity: NDArray[np.float64]
    unit: PowderAxis = PowderAxis.TWO_THETA_DEG
    wavelength: StatedWavelength | None = None
    notes: tuple[str, ...] = ()
    label: str = ""
    sigma: NDArray[np.float64] | None = None
    unfit: str = ""


def to_pattern(scan: PowderScan, name: str, wavelength_A: float | None) -> PowderPattern:
    """Mend a scan and put it on an axis of 2θ.

    Args:
        scan: what the reader found.
        name: the file's name.
        wavelength_A: the wavelength that the user gives; it goes before the file's.

    Raises:
        WavelengthError: where neither the file nor the user gives a wavelength, and the axis needs one.
        SpectrumError: where the scan cannot be used.
    """
    warned = _check_radiation(scan, name, wavelength_A is not None)
    angular = scan.unit in (PowderAxis.TWO_THETA_DEG, PowderAxis.TWO_THETA_RAD, PowderAxis.THETA_DEG)
    axis, columns = np.asarray(scan.axis, dtype=float), _columns(scan)
    if not angular:
        axis, columns = _to_q_invA(axis, columns, scan.unit)
    axis, columns, below = _drop_below_zero(axis, columns)
    axis, columns, masked = _drop_unmeasured(axis, columns)
    axis, intensity, variance, mended = mend_with_variance(axis, columns[0], columns[1], name, "2θ" if angular else "q")
    notes = [*scan.notes, *warned, *below, *masked, *mended, *_check_counts(intensity, name)]
    if angular:
        two_theta_deg, converted = _to_degrees(axis, scan.unit, name)
        wavelength, said = choose_wavelength(scan.wavelength, wavelength_A, name)
    else:
        _check_reach(float(axis[-1]), name)
        wavelength, said = _wavelength_for_q(scan, wavelength_A, float(axis[-1]), name)
        two_theta_deg = np.degrees(2 * np.arcsin(np.clip(axis * wavelength / (4 * np.pi), 0, 1)))
        converted = (f"The axis is {scan.unit}; it was converted to 2θ.",)
    notes += [*converted, said]
    sigma, doubted = _sigma(scan, variance)
    return PowderPattern(two_theta_deg, intensity, wavelength, name, (*notes, *doubted), sigma=sigma)


def choose_wavelength(stated: StatedWavelength | None, given_A: float | None, name: str) -> tuple[float, str]:
    """The wavelength to use, the given one before the stated one, and what to say about it.

    Raises:
        WavelengthError: where there is none.
    """
    if given_A is not None:
        if stated is not None and abs(stated.value_A - given_A) > 1e-4 * given_A:
            said = f"Wavelength {describe_wavelength(given_A)} as given; the file's own ({stated.words}) is overridden."
        else:
            said = f"Wavelength {describe_wavelength(given_A)} as given."
        return given_A, said
    if stated is None:
        raise WavelengthError(
            f"{name}: the file does not say its wavelength; give it with --wavelength CuKa (in Python: "
            'wavelength="CuKa"), or in Å such as 1.5406.'
        )
    return stated.value_A, f"Wavelength {describe_wavelength(stated.value_A)} from the file ({stated.words})."


def _wavelength_for_q(scan: PowderScan, given_A: float | None, q_max_invA: float, name: str) -> tuple[float, str]:
    """q and d need no wavelength: where there is none, one is taken for the 2θ axis only, short enough to reach q."""
    if given_A is not None or scan.wavelength is not None:
        wavelength, said = choose_wavelength(scan.wavelength, given_A, name)
        if q_max_invA * wavelength > 4 * np.pi:
            raise WavelengthError(
                f"{name}: q reaches {q_max_invA:.4g} 1/Å, more than 4π/λ = {4 * np.pi / wavelength:.4g} 1/Å of the "
                f"wavelength {wavelength:g} Å; the wavelength or the unit of the axis is wrong."
            )
        return wavelength, said
    for radiation in ("CuKa1", "MoKa1", "AgKa1"):
        if q_max_invA * RADIATIONS_A[radiation] < 3.98 * np.pi:
            said = f"No wavelength is needed on this axis; 2θ is for {describe_wavelength(RADIATIONS_A[radiation])}."
            return RADIATIONS_A[radiation], said
    if q_max_invA > 60:
        raise SpectrumError(f"{name}: q reaches {q_max_invA:.4g} 1/Å, beyond any pattern; is the unit 1/nm?")
    return 0.2, "No wavelength is needed on this axis; 2θ is for 0.2 Å."


def _check_radiation(scan: PowderScan, name: str, given: bool) -> tuple[str, ...]:
    """A note where a user gives an X-ray wavelength for what the file says are neutrons.

    Raises:
        SpectrumError: where the file says that no X-ray pattern was measured.
    """
    if not scan.unfit:
        return ()
    if scan.unfit == NEUTRONS and given:
        return ("The file speaks of neutrons; it was read as an X-ray pattern, since a wavelength is given.",)
    otherwise = " Where X-rays were used, give their wavelength." if scan.unfit == NEUTRONS else ""
    raise SpectrumError(f"{name}: {scan.unfit}; a powder pattern of X-rays is expected.{otherwise}")


def _check_reach(q_max_invA: float, name: str) -> None:
    """Raises: SpectrumError: where q ends so early that it holds no line of most crystals."""
    if q_max_invA < LEAST_Q_MAX_INVA:
        raise SpectrumError(
            f"{name}: a small-angle curve, whose q ends at {q_max_invA:.3g} 1/Å (d = {2 * np.pi / q_max_invA:.3g} Å); "
            "a powder pattern reaches further. Where the unit is another, name it with --axis."
        )


def _drop_unmeasured(axis: NDArray, columns: NDArray) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    """Points without masks, sentinels and gaps of a detector."""
    masked, what = unmeasured(columns[0])
    if not masked.any():
        return axis, columns, ()
    said = f"{int(masked.sum())} points that hold no measurement ({what}) were left out."
    return axis[~masked], columns[:, ~masked], (said,)


def _columns(scan: PowderScan) -> NDArray:
    """(2, n) intensities and their variances, which are zero where there are none."""
    intensity = np.asarray(scan.intensity, dtype=float)
    sigma = np.zeros(len(intensity)) if scan.sigma is None else np.asarray(scan.sigma, dtype=float)
    return np.array([intensity, sigma**2])


def _sigma(scan: PowderScan, variance: NDArray) -> tuple[NDArray | None, tuple[str, ...]]:
    """Standard deviations of all points; where counts of zero have none, the smallest of the others."""
    if scan.sigma is None:
        return None, ()
    good = np.isfinite(variance) & (variance > 0)
    if good.mean() < LEAST_SHARE_WITH_SIGMA:
        return None, ("The file's standard deviations are zero or missing; they were not used.",)
    return np.sqrt(np.where(good, variance, variance[good].min())), ()


def _to_q_invA(axis: NDArray, columns: NDArray, unit: PowderAxis) -> tuple[NDArray, NDArray]:
    """An axis of q or d as q in 1/Å, ascending where d descended or ascended."""
    if unit in (PowderAxis.D_A, PowderAxis.D_NM):
        with np.errstate(divide="ignore"):
            q = 2 * np.pi / (axis * 10 if unit is PowderAxis.D_NM else axis)
        return (q[::-1], columns[:, ::-1]) if len(q) > 1 and q[0] > q[-1] else (q, columns)
    return (axis / 10 if unit is PowderAxis.Q_INVNM else axis), columns


def _drop_below_zero(axis: NDArray, columns: NDArray) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    """Scans through the direct beam begin below zero, where nothing can be learnt that is not above it too."""
    below = axis <= 0
    if not below.any() or below.all():
        return axis, columns, ()
    return axis[~below], columns[:, ~below], (f"{int(below.sum())} points at or below zero of the axis were left out.",)


def _to_degrees(axis: NDArray, unit: PowderAxis, name: str) -> tuple[NDArray, tuple[str, ...]]:
    low, high = float(axis[0]), float(axis[-1])
    if unit is PowderAxis.TWO_THETA_RAD:
        if high > np.pi:
            raise SpectrumError(f"{name}: 2θ is said to be in radians, but runs to {high:g}; π is the most.")
        return np.degrees(axis), ("2θ is in radians in the file; it was converted to degrees.",)
    if unit is PowderAxis.THETA_DEG:
        if high > 90:
            raise SpectrumError(f"{name}: the axis is said to be θ, but runs to {high:g}; 90 degrees are the most.")
        return 2 * axis, ("The axis is θ; it was doubled to 2θ.",)
    if high > 180:
        raise SpectrumError(
            f"{name}: the axis runs from {low:g} to {high:g}; 2θ in degrees ends at 180. They look like times "
            "of flight or energies, and are no pattern of one wavelength; q or d is named with --axis, an absorption "
            "spectrum by its absorber and edge, as in FILE:Fe:K."
        )
    if high < np.pi:
        d_A = 2 * np.pi / high
        raise SpectrumError(
            f"{name}: the axis runs from {low:g} to {high:g} and names no unit. In radians 2θ would end at "
            f"{np.degrees(high):.3g}°; as q in 1/Å it would end at d = {d_A:.3g} Å, in 1/nm at {10 * d_A:.3g} Å; as d "
            f"it would be {low:g} to {high:g} Å or nm. Say which with --axis 2theta_rad, q, q_nm, d or d_nm."
        )
    return axis, ()


def _check_counts(intensity: NDArray, name: str) -> list[str]:
    if np.ptp(intensity) == 0:
        raise SpectrumError(f"{name}: the intensity is {intensity[0]:g} at every point; there is no pattern in it.")
    negative = int((intensity < 0).sum())
    return [f"{negative} intensities are negative; they were kept."] if negative else []
