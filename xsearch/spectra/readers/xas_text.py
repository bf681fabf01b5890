"""X-ray absorption in columns of text: .dat, .csv, .txt, .nor, .xmu, XDI and what else beamlines write."""

import re

import numpy as np
from numpy.typing import NDArray

from xsearch.errors import SpectrumError
from xsearch.spectra.radiation import HC_EV_A
from xsearch.spectra.readers.columns import Role, roles_of
from xsearch.spectra.readers.table import TextTable
from xsearch.spectra.readers.xas_scan import XasScan, find_absorber

_COLUMN_LINE = re.compile(r"^column\.(?P<number>\d+)\s*:\s*(?P<label>\S+)(?:\s+(?P<unit>\S.*))?", re.IGNORECASE)
_D_SPACING = re.compile(r"^mono\.d_spacing\s*:\s*(?P<value>\d*\.?\d+)", re.IGNORECASE)


def xas_from_table(table: TextTable, name: str) -> XasScan:
    """The absorption spectrum in a table: its energies, and its absorption or what that follows from.

    Raises:
        SpectrumError: where there is no energy or no absorption in it.
    """
    labels, units = column_names(table)
    roles = roles_of(labels)
    absorber, edge = find_absorber(table.header)
    energy, unit, said = _energy(table, labels, units, roles, name)
    mu, how = _absorption(table.values, labels, roles)
    return XasScan(energy, mu, absorber, edge, unit, (*table.notes, *said, *how))


def column_names(table: TextTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns' names and units: from XDI's `Column.N` lines, else from the line above the table."""
    count = table.values.shape[1]
    labels, units = list(table.labels or [""] * count), [""] * count
    for line in table.header:
        match = _COLUMN_LINE.match(line)
        if match and 1 <= int(match["number"]) <= count:
            labels[int(match["number"]) - 1] = match["label"]
            units[int(match["number"]) - 1] = (match["unit"] or "").strip()
    return tuple(labels), tuple(units)


def _energy(
    table: TextTable, labels: tuple[str, ...], units: tuple[str, ...], roles: tuple[Role | None, ...], name: str
) -> tuple[NDArray[np.float64], str | None, tuple[str, ...]]:
    """The energies, their unit where it is stated, and notes; from the crystal's angle where no energy is there."""
    if Role.ENERGY in roles:
        column = roles.index(Role.ENERGY)
        words = f"{labels[column]} {units[column]}".lower()
        unit = "keV" if "kev" in words else "eV" if re.search(r"\bev\b|\(ev|_ev", words) else None
        return table.values[:, column], unit, ()
    if Role.TWO_THETA in roles and "angle" in labels[roles.index(Role.TWO_THETA)].lower():
        spacings = [match["value"] for line in table.header if (match := _D_SPACING.match(line))]
        if not spacings:
            raise SpectrumError(
                f"{name}: the axis is the monochromator's angle, without its d-spacing (Mono.d_spacing); energies in "
                "eV are expected."
            )
        angle = np.radians(table.values[:, roles.index(Role.TWO_THETA)])
        energy = HC_EV_A / (2 * float(spacings[0]) * np.sin(angle))
        return energy, "eV", (f"Energies computed from the monochromator's angle with d = {spacings[0]} Å.",)
    return table.values[:, 0], None, ()


def _absorption(
    values: NDArray[np.float64], labels: tuple[str, ...], roles: tuple[Role | None, ...]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The absorption: a column of its own, else ln(i0/it) or if/i0, whichever shows the clearer edge."""
    for role in (Role.MU, Role.NORM):
        if role in roles:
            column = roles.index(role)
            return values[:, column], (f"Absorption read from column {labels[column]!r}.",)
    if Role.I0 in roles:
        i0 = values[:, roles.index(Role.I0)]
        ways: list[tuple[str, NDArray[np.float64]]] = []
        with np.errstate(divide="ignore", invalid="ignore"):
            if Role.TRANSMITTED in roles:
                ways.append(("ln(i0/it), transmission", np.log(i0 / values[:, roles.index(Role.TRANSMITTED)])))
            counters = [i for i, role in enumerate(roles) if role is Role.FLUORESCENCE]
            if counters:
                ways.append(("if/i0, fluorescence", values[:, counters].sum(axis=1) / i0))
        if ways:
            words, mu = max(ways, key=lambda way: _edge_clarity(way[1]))
            return mu, (f"Absorption computed as {words}.",)
    energy_column = roles.index(Role.ENERGY) if Role.ENERGY in roles else 0
    others = [i for i in range(values.shape[1]) if i != energy_column and roles[i] not in (Role.SIGMA, Role.I0)]
    unnamed = [i for i in others if roles[i] in (None, Role.INTENSITY, Role.FLUORESCENCE)]
    column = (unnamed or others or [1])[0]
    if values.shape[1] == 2 and not any(labels):
        return values[:, column], ()
    return values[:, column], (f"Absorption taken from column {column + 1}{_quoted(labels[column])}.",)


def _edge_clarity(mu: NDArray[np.float64]) -> float:
    """The rise from the first to the last fifth of a spectrum over its noise from point to point."""
    good = mu[np.isfinite(mu)]
    if len(good) < 10 or len(good) < 0.8 * len(mu):
        return -np.inf
    fifth = len(good) // 5
    rise = float(np.median(good[-fifth:]) - np.median(good[:fifth]))
    noise = float(np.median(np.abs(np.diff(good, 2)))) + 1e-12
    return rise / noise


def _quoted(label: str) -> str:
    return f", {label!r}" if label else ""
