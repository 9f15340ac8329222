"""Times as letters write them: absolute, in the reader's own zone, and naming it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def zone_of(name: str) -> tzinfo:
    """The zone called ``name`` (IANA); UTC where there is none (any more)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; no name at all; the name of a folder
        return UTC


def moment(at: datetime, zone: str) -> str:
    """``at`` (aware) in the zone called ``zone``: "3 November 2026, 14:02 (Lisbon time)"."""
    local = at.astimezone(zone_of(zone))
    written = dateformat.format(local, _("j F Y, H:i"))
    return _("%(moment)s (%(zone)s)") % {"moment": written, "zone": zone_label(zone)}


def short(at: datetime, zone: str) -> str:
    """``at`` (aware) in the zone called ``zone``, where that is named elsewhere: "3 Nov, 14:02"."""
    return dateformat.format(at.astimezone(zone_of(zone)), _("j M, H:i"))


def day(at: datetime, zone: str) -> str:
    """The day of ``at`` (aware) in the zone called ``zone``: "3 November 2026"."""
    return dateformat.format(at.astimezone(zone_of(zone)), _("j F Y"))


def lasted(seconds: float) -> str:
    """How long something was, to its two largest units: "1 hour and 20 minutes"."""
    whole = max(int(seconds), 0)
    days, hours = whole // _DAY, whole % _DAY // _HOUR
    minutes, rest = whole % _HOUR // _MINUTE, whole % _MINUTE
    parts = [
        (days, ngettext("%(n)d day", "%(n)d days", days)),
        (hours, ngettext("%(n)d hour", "%(n)d hours", hours)),
        (minutes, ngettext("%(n)d minute", "%(n)d minutes", minutes)),
        (rest, ngettext("%(n)d second", "%(n)d seconds", rest)),
    ]
    first = next((place for place, (n, _words) in enumerate(parts) if n), len(parts) - 1)
    said = [words % {"n": n} for n, words in parts[first : first + 2] if n or first == 3]
    return _("%(one)s and %(other)s") % {"one": said[0], "other": said[1]} if said[1:] else said[0]


def zone_label(zone: str) -> str:
    """ "Lisbon time" for Europe/Lisbon; what has no town is called as it is."""
    name = getattr(zone_of(zone), "key", "UTC")
    area, _slash, town = name.rpartition("/")
    if not area or area == "Etc":
        return town
    return _("%(town)s time") % {"town": town.replace("_", " ")}
