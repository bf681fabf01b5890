"""Crystals that one pattern cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TwinGroup:
    """The first hit and the phases that the pattern cannot tell from it, the Bayes factor being below 3.

    Attributes:
        ranks: of the hits that belong to it, the first hit's first.
        size: how many phases these are, hits that are not shown counted.
        score: probability that one of them is right.
        margin, margin_to_third: how far the evidence for the first hit is ahead of the best phase outside, and of the
            third best.
    """

    ranks: tuple[int, ...]
    size: int
    score: float
    margin: float
    margin_to_third: float
