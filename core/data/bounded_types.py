"""Types of values from WhatsApp, each annotated with its bound (see ``bounds.py``).

Dataclasses declare their fields with them, and apply the bounds with ``bound_of``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from core.data import bounds

Bound = Callable[[Any, float], Any]
"""Takes a value and the present Unix time, and returns the value to use."""


def _bound(limit: Callable[[Any], Any]) -> Bound:
    return lambda value, now: limit(value)


Text = Annotated[str, _bound(bounds.text)]
Name = Annotated[str, _bound(bounds.name)]
Detail = Annotated[str, _bound(bounds.detail)]
Word = Annotated[str, _bound(bounds.word)]
Address = Annotated[str, _bound(bounds.address)]
Number = Annotated[str, _bound(bounds.number)]
Identifier = Annotated[str, _bound(bounds.identifier)]
Identifiers = Annotated[tuple[str, ...], _bound(bounds.identifiers)]
Count = Annotated[int, _bound(bounds.count)]
Seconds = Annotated[float, _bound(bounds.seconds)]
UnixTime = Annotated[float, bounds.unix_time]
OptionalWord = Annotated[str | None, _bound(bounds.word)]
OptionalTime = Annotated[float | None, bounds.unix_time]


def bound_of(hint: Any) -> Bound | None:
    """Return the bound of a type hint (read with ``include_extras``), or None if it has none."""
    bound: Bound | None = next(iter(getattr(hint, "__metadata__", ())), None)
    return bound
