"""The time zones that users can choose, by their IANA names."""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

UTC_NAME = "UTC"
NAME_CHARACTERS = 64
# The other names are countries and offsets, kept for backward compatibility.
_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


def is_zone(name: str) -> bool:
    """Return whether the time zone ``name`` exists."""
    return len(name) <= NAME_CHARACTERS and _is_known(name)


@cache
def zones_by_region() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the choices as (region, ((name, label), …)), sorted, with UTC in its own region."""
    found: dict[str, list[tuple[str, str]]] = {region: [] for region in _REGIONS}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if place and region in found:
            found[region].append((name, place.replace("_", " ").replace("/", " · ")))
    regions = tuple((region, tuple(places)) for region, places in found.items() if places)
    return ((UTC_NAME, ((UTC_NAME, UTC_NAME),)), *regions)


@lru_cache(maxsize=1024)  # bounded, because visitors can submit any name
def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return False
    return True
