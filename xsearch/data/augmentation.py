"""Augmentation of batches of XANES windows with the errors of experiments, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xsearch.preprocess.xanes import WINDOW_POINTS, WINDOW_GRID_eV

STEP_eV = float(WINDOW_GRID_eV[1] - WINDOW_GRID_eV[0])
"""Of the window's grid."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths; each kind is applied to a random half of the spectra, so that clean ones stay frequent.

    Attributes:
        calibration_eV: the energy axis as a whole is off by up to this much: E0 moves, the window does not.
        misplaced_eV: standard deviation of errors in finding E0: the window moves.
        self_absorption: largest a of µ (1 + a) / (1 + a µ), which takes a / (1 + a) of the structure near the step.
        sharpening: largest part of the core hole's width by which lines are narrowed, as in HERFD.
        noise: largest standard deviation of the noise, in edge steps.
        broadening_eV: largest standard deviation of a Gaussian, beside a fifth of the core hole's width.
        stretch: standard deviation of the factor by which the structure's energies above E0 are stretched: codes
            differ from measurements in it by some per cent.
        disorder_A2: largest σ² of exp(-2 k² σ²), which damps the structure far from the edge as thermal motion does.
        white_line: standard deviation of the factor by which the structure near E0 is higher or lower.
        scale, slope: standard deviations of errors of the edge step, and of the post-edge over the window.
        crop_eV: what the scan is cut by at most, at its start and at its end.
        probability: of each kind, for each spectrum.
    """

    calibration_eV: float = 3.5
    misplaced_eV: float = 0.7
    self_absorption: float = 0.6
    sharpening: float = 0.6
    noise: float = 0.06
    broadening_eV: float = 1.2
    stretch: float = 0.025
    disorder_A2: float = 0.012
    white_line: float = 0.15
    scale: float = 0.03
    slope: float = 0.03
    crop_eV: tuple[float, float] = (5.0, 8.0)
    short_end_eV: tuple[float, float] = (14.0, 30.0)
    probability: float = 0.5

    def __call__(
        self,
        values: Tensor,
        known: Tensor,
        offset_eV: Tensor,
        generator: torch.Generator,
        width_eV: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Augment a batch.

        Args:
            values: (b, 200), zero where unknown.
            known: (b, 200) bool.
            offset_eV: (b,) E0 less the tabulated edge.
            generator: where chance comes from.
            width_eV: (b,) of the core hole; without it nothing is sharpened.

        Returns:
            The three, augmented.
        """
        batch = len(values)
        width_eV = torch.zeros(batch) if width_eV is None else width_eV

        def some(probability: float = self.probability) -> Tensor:
            return (torch.rand(batch, generator=generator) < probability).float()

        def normal() -> Tensor:
            return torch.randn(batch, generator=generator)

        def uniform() -> Tensor:
            return torch.rand(batch, generator=generator)

        offset_eV = offset_eV + some() * (2 * uniform() - 1) * self.calibration_eV
        values = hold_ends(values, known)
        misplaced = some() * normal() * self.misplaced_eV
        values, known = shift(values, misplaced), shift(known.float(), misplaced) > 0.5
        offset_eV = offset_eV + misplaced
        if self.stretch or self.disorder_A2 or self.white_line:
            values = self._as_other_codes(values, some(), normal(), some(), uniform(), some(), normal())
        values = sharpen(values, some(0.25) * uniform() * self.sharpening * width_eV.clamp(max=5.0))
        values = broaden(values, some() * uniform() * (self.broadening_eV + 0.2 * width_eV.clamp(max=10.0)))
        absorbed = (some() * uniform() * self.self_absorption)[:, None]
        values = values * (1 + absorbed) / (1 + absorbed * values.clamp(min=-0.5))
        values = values + (some() * uniform() * self.noise)[:, None] * torch.randn(values.shape, generator=generator)
        known = self._crop(known, some(), some(), uniform(), uniform())
        values = self._shorten(values, known, some(0.3), uniform())
        known = known & torch.isfinite(values)
        grid = torch.as_tensor(WINDOW_GRID_eV, dtype=values.dtype)
        line = 1 + (some() * normal() * self.scale)[:, None] + (some() * normal() * self.slope)[:, None] * grid / 46
        return torch.where(known, values * line, 0.0), known, offset_eV

    def _as_other_codes(
        self, values: Tensor, stretched: Tensor, a: Tensor, damped: Tensor, b: Tensor, lifted: Tensor, c: Tensor
    ) -> Tensor:
        """Values with the errors by which computed and measured structure differ: stretched, damped, lifted."""
        grid = torch.as_tensor(WINDOW_GRID_eV, dtype=values.dtype)
        above = grid.clamp(min=0)
        values = read_at(values, (stretched * a.clamp(-2.5, 2.5) * self.stretch)[:, None] * above)
        level = broaden(values, torch.full((len(values),), 6.0))
        k2_invA2 = above / 3.81
        kept = torch.exp(-2 * (damped * b * self.disorder_A2)[:, None] * k2_invA2)
        values = level + (values - level) * kept
        near = torch.exp(-(((grid - 3.0) / 5.0) ** 2))
        return values + (values - level) * (lifted * c.clamp(-2.5, 2.5) * self.white_line)[:, None] * near

    def _crop(self, known: Tensor, start: Tensor, end: Tensor, u: Tensor, v: Tensor) -> Tensor:
        place = torch.arange(WINDOW_POINTS)
        first = known.float().argmax(1)
        last = WINDOW_POINTS - 1 - known.flip(1).float().argmax(1)
        first = first + (start * u * self.crop_eV[0] / STEP_eV).long()
        last = last - (end * v * self.crop_eV[1] / STEP_eV).long()
        # At least up to E0 + 10 eV, and from E0 - 3 eV on: what `normalize` needs.
        first = first.clamp(max=int(7.0 / STEP_eV))
        last = last.clamp(min=int(20.0 / STEP_eV))
        return known & (place >= first[:, None]) & (place <= last[:, None])

    def _shorten(self, values: Tensor, known: Tensor, chosen: Tensor, u: Tensor) -> Tensor:
        """Make some long scans short: what lies behind is NaN, the rest is scaled by its tail as `normalize` does."""
        low, high = self.short_end_eV
        end = low + u * (high - low)
        grid = torch.as_tensor(WINDOW_GRID_eV, dtype=values.dtype)
        last = torch.where(known, grid, -torch.inf).max(1).values
        cut = (chosen > 0) & (last > end)
        tail = known & (grid > 0.5 * end[:, None].clamp(max=30)) & (grid <= end[:, None])
        mean = (values * tail).sum(1) / tail.sum(1).clamp(min=1)
        shortened = torch.where(grid <= end[:, None], values / mean.clamp(min=0.3)[:, None], torch.nan)
        return torch.where(cut[:, None], shortened, values)


def hold_ends(values: Tensor, known: Tensor) -> Tensor:
    """(b, 200) values with the first and last known ones held outside, so that shifting brings in no step."""
    first = known.float().argmax(1, keepdim=True)
    last = values.shape[1] - 1 - known.flip(1).float().argmax(1, keepdim=True)
    place = torch.arange(values.shape[1]).expand_as(values)
    return values.gather(1, torch.minimum(torch.maximum(place, first), last))


def shift(values: Tensor, by_eV: Tensor) -> Tensor:
    """(b, 200) values with the window moved by (b,) eV, linearly interpolated, ends held."""
    return read_at(values, by_eV[:, None])


def read_at(values: Tensor, by_eV: Tensor) -> Tensor:
    """(b, 200) values read at energies higher by (b, 1) or (b, 200) eV, linearly interpolated, ends held."""
    place = torch.arange(values.shape[1]) + by_eV / STEP_eV
    place = place.clamp(0, values.shape[1] - 1)
    low = place.floor().long().clamp(max=values.shape[1] - 2)
    part = place - low
    return values.gather(1, low) * (1 - part) + values.gather(1, low + 1) * part


def broaden(values: Tensor, sigma_eV: Tensor) -> Tensor:
    """(b, 200) values convolved with Gaussians of (b,) standard deviations; ends held."""
    return _filtered(values, lambda frequency: torch.exp(-2 * (torch.pi * frequency * sigma_eV[:, None]) ** 2))


def sharpen(values: Tensor, width_eV: Tensor) -> Tensor:
    """(b, 200) values whose lines lose (b,) Lorentzian width and take a Gaussian of a third of it; ends held."""
    width = width_eV[:, None]
    return _filtered(values, lambda f: torch.exp(torch.pi * f * width - 2 * (torch.pi * f * width / 3) ** 2))


def _filtered(values: Tensor, factor: Callable[[Tensor], Tensor]) -> Tensor:
    """Values with each frequency multiplied; the ends are continued level, and joined by a slope far outside."""
    pad = 48
    longer = torch.nn.functional.pad(values[:, None], (pad, pad), mode="replicate")[:, 0]
    # The transform is periodic: without the straight line from end to end its jump would be filtered as well.
    line = longer[:, :1] + (longer[:, -1:] - longer[:, :1]) * torch.linspace(0, 1, longer.shape[1])
    frequency = torch.fft.rfftfreq(longer.shape[1], STEP_eV)
    found = torch.fft.irfft(torch.fft.rfft(longer - line) * factor(frequency), n=longer.shape[1])
    return (found + line)[:, pad:-pad]
