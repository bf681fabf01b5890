"""A measured pattern, prepared once for every fit."""

from __future__ import annotations

from functools import cached_property

from xsearch.fit.log_q_pattern import LogQPattern, log_q_pattern
from xsearch.fit.points import PatternPoints, points_of
from xsearch.preprocess.powder import NetPattern, net_pattern
from xsearch.spectra import PowderPattern


class PreparedPattern:
    """A pattern as each fit needs it; what is not needed is not worked out.

    Attributes:
        net: above background and noise; its profiles on ln q serve the profile correlation.
    """

    def __init__(self, net: NetPattern) -> None:
        self.net = net

    @cached_property
    def log_q(self) -> LogQPattern:
        """Smoothed and compressed on ln q, for screening and strain fits.

        Raises:
            SpectrumError: where the pattern covers too short a range.
        """
        return log_q_pattern(self.net)

    @cached_property
    def points(self) -> PatternPoints:
        """Point by point with variances, for Rietveld refinement and residuals."""
        return points_of(self.net)


def prepare(pattern: PowderPattern) -> PreparedPattern:
    """Take background and noise off a measured pattern.

    Raises:
        SpectrumError: where the range is too short, or no line stands out of the noise.
    """
    return PreparedPattern(net_pattern(pattern))
