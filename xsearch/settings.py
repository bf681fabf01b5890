"""The numbers that decide a stage: frozen dataclasses whose every field has a unit and a source."""

from __future__ import annotations

from dataclasses import Field, asdict, field, fields, is_dataclass
from typing import Any


def setting(default: Any, unit: str, source: str) -> Any:
    """A field of a `Settings` dataclass.

    Args:
        default: the number, or a tuple of numbers.
        unit: such as `deg`, `A`, `eV`, `ln q`; `1` for a pure number.
        source: a paper, physics, or the data set and the command that chose it.
    """
    return field(default=default, metadata={"unit": unit, "source": source})


def settings_record(settings: Any) -> dict[str, Any]:
    """The values of a stage's settings, for the record of a result."""
    return asdict(settings)


def described(settings: Any) -> list[tuple[str, Any, str, str]]:
    """(name, value, unit, source) of each number of a stage, as documents list them; of a stage within it too."""

    def rows(one: Field[Any]) -> list[tuple[str, Any, str, str]]:
        value = getattr(settings, one.name)
        if is_dataclass(value):
            return [(f"{one.name}.{name}", *rest) for name, *rest in described(value)]
        return [(one.name, value, one.metadata["unit"], one.metadata["source"])]

    return [row for one in fields(settings) for row in rows(one)]
