"""The time zones that users can choose, by their IANA names."""

from __future__ import annotations

from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from core.text.zone_aliases import CURRENT_NAMES

UTC_NAME = "UTC"
NAME_CHARACTERS = 64
# The other names are countries and offsets, kept for backward compatibility.
_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


def is_zone(name: str) -> bool:
    """Return whether the time zone ``name`` exists, also under an obsolete name."""
    return find_zone(name) is not None


def find_zone(name: str) -> ZoneInfo | None:
    """Return the time zone ``name`` under its current name, or None if it does not exist."""
    return _found(name) if len(name) <= NAME_CHARACTERS else None


def current_name(name: str) -> str:
    """Return the name that replaced ``name`` ("Europe/Kyiv" for "Europe/Kiev"), or ``name``."""
    zone = find_zone(name)
    return name if zone is None else zone.key


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
def _found(name: str) -> ZoneInfo | None:
    renamed = _load(CURRENT_NAMES.get(name, name))
    return renamed or _load(name)  # an old database has only the obsolete name


def _load(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except Exception:  # a damaged file of the database raises almost anything
        return None
