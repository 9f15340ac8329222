"""Time zones by their IANA names, as people choose them. What holds for one that has vanished says
``core/text/dates.py``."""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

UTC_NAME = "UTC"
NAME_CHARACTERS = 64
# The rest of the names are of countries and offsets, kept for old programs.
_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that name (any more)."""
    return len(name) <= NAME_CHARACTERS and _is_known(name)


@cache
def zones_by_region() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """All that can be chosen: (region, ((name, words), …)), both in order, UTC in a region of
    its own."""
    found: dict[str, list[tuple[str, str]]] = {region: [] for region in _REGIONS}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if place and region in found:
            found[region].append((name, place.replace("_", " ").replace("/", " · ")))
    regions = tuple((region, tuple(places)) for region, places in found.items() if places)
    return ((UTC_NAME, ((UTC_NAME, UTC_NAME),)), *regions)


@lru_cache(maxsize=1024)  # bounded in number and length: strangers may ask for any name
def _is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is an OSError
        return False
    return True
