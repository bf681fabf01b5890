"""Augmentation of batches of XANES windows with the errors of experiments, drawn at random."""

from __future__ import annotations

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
        noise: largest standard deviation of the noise, in edge steps.
        broadening_eV: largest standard deviation of extra Gaussian broadening.
        scale, slope: standard deviations of errors of the edge step, and of the post-edge over the window.
        crop_eV: what the scan is cut by at most, at its start and at its end.
        probability: of each kind, for each spectrum.
    """

    calibration_eV: float = 3.5
    misplaced_eV: float = 0.7
    noise: float = 0.06
    broadening_eV: float = 1.2
    scale: float = 0.03
    slope: float = 0.03
    crop_eV: tuple[float, float] = (5.0, 8.0)
    short_end_eV: tuple[float, float] = (14.0, 30.0)
    probability: float = 0.5

    def __call__(
        self, values: Tensor, known: Tensor, offset_eV: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Augment a batch.

        Args:
            values: (b, 200), zero where unknown.
            known: (b, 200) bool.
            offset_eV: (b,) E0 less the tabulated edge.
            generator: where chance comes from.

        Returns:
            The three, augmented.
        """
        batch = len(values)

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
        values = broaden(values, some() * uniform() * self.broadening_eV)
        values = values + (some() * uniform() * self.noise)[:, None] * torch.randn(values.shape, generator=generator)
        known = self._crop(known, some(), some(), uniform(), uniform())
        values = self._shorten(values, known, some(0.3), uniform())
        known = known & torch.isfinite(values)
        grid = torch.as_tensor(WINDOW_GRID_eV, dtype=values.dtype)
        line = 1 + (some() * normal() * self.scale)[:, None] + (some() * normal() * self.slope)[:, None] * grid / 46
        return torch.where(known, values * line, 0.0), known, offset_eV

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
    place = torch.arange(values.shape[1]) + (by_eV / STEP_eV)[:, None]
    place = place.clamp(0, values.shape[1] - 1)
    low = place.floor().long().clamp(max=values.shape[1] - 2)
    part = place - low
    return values.gather(1, low) * (1 - part) + values.gather(1, low + 1) * part


def broaden(values: Tensor, sigma_eV: Tensor) -> Tensor:
    """(b, 200) values convolved with Gaussians of (b,) standard deviations; ends held."""
    pad = 24
    longer = torch.nn.functional.pad(values[:, None], (pad, pad), mode="replicate")[:, 0]
    frequency = torch.fft.rfftfreq(longer.shape[1], STEP_eV)
    damping = torch.exp(-2 * (torch.pi * frequency * sigma_eV[:, None]) ** 2)
    return torch.fft.irfft(torch.fft.rfft(longer) * damping, n=longer.shape[1])[:, pad:-pad]
