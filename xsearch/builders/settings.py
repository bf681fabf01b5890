"""The numbers that decide how an index is filled."""

from __future__ import annotations

from dataclasses import dataclass

from xsearch.settings import setting

BY_HAND = "set by hand"


@dataclass(frozen=True, slots=True)
class MeasuredCellSettings:
    """Which measured crystals are linked to a computed entry as cells of its phase."""

    most_per_entry: int = setting(5, "cells", BY_HAND)
    highest_pressure_GPa: float = setting(1.0, "GPa", f"{BY_HAND}: near ambient")
    temperatures_K: tuple[float, float] = setting((200.0, 400.0), "K", f"{BY_HAND}: near ambient")
    volume_within: float = setting(0.08, "1", f"{BY_HAND}: share of the computed cell's volume")
    length_within: float = setting(
        0.12, "1", f"{BY_HAND}: share of each edge; the softest axis of a layered crystal is the worst computed"
    )
    angle_within_deg: float = setting(4.0, "deg", BY_HAND)
    same_length: float = setting(1e-3, "1", "two literature values of one crystal differ by 0.1 % an axis (AMCSD)")
    same_angle_deg: float = setting(0.1, "deg", f"{BY_HAND}: cells that agree so well are one measurement twice")


MEASURED_CELLS = MeasuredCellSettings()


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How the Materials Project is read. None of these changes what an index holds."""

    documents_a_page: int = setting(500, "documents", f"{BY_HAND}: some MB a page")
    listed_a_page: int = setting(1000, "documents", f"{BY_HAND}: documents without structures or spectra")
    most_tasks: int = setting(20_000, "tasks", f"{BY_HAND}: spectra of larger selections are all fetched, and filtered")
    refetch_share: float = setting(0.25, "1", f"{BY_HAND}: beyond it, whole pages are quicker than single ids")
    connections: int = setting(3, "connections", f"{BY_HAND}: within the service's rate limit")
    timeout_s: float = setting(120.0, "s", BY_HAND)
    waits_s: tuple[float, ...] = setting((1.0, 2.0, 4.0, 8.0, 16.0, 32.0), "s", f"{BY_HAND}: between tries, doubling")


FETCHING = FetchSettings()
