"""Dates and times for mails: absolute, in the recipient's time zone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.text.timezones import find_zone

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def zone_of(name: str) -> tzinfo:
    """Return the time zone ``name`` (IANA, also an obsolete name), or UTC if it does not exist."""
    return find_zone(name) or UTC


def moment(at: datetime, zone: str) -> str:
    """Format ``at`` (aware) in ``zone``: "3 November 2026, 14:02 (Lisbon time)"."""
    local = at.astimezone(zone_of(zone))
    written = dateformat.format(local, _("j F Y, H:i"))
    return _("%(moment)s (%(zone)s)") % {"moment": written, "zone": zone_label(zone)}


def short(at: datetime, zone: str) -> str:
    """Format ``at`` (aware) in ``zone``, without naming it: "3 Nov, 14:02"."""
    return dateformat.format(at.astimezone(zone_of(zone)), _("j M, H:i"))


def day(at: datetime, zone: str) -> str:
    """Format the day of ``at`` (aware) in ``zone``: "3 November 2026"."""
    return dateformat.format(at.astimezone(zone_of(zone)), _("j F Y"))


def lasted(seconds: float) -> str:
    """Format a duration with its two largest units: "1 hour and 20 minutes"."""
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
    shown = [words % {"n": n} for n, words in parts[first : first + 2] if n or first == 3]
    return (
        _("%(one)s and %(other)s") % {"one": shown[0], "other": shown[1]} if shown[1:] else shown[0]
    )


def zone_label(zone: str) -> str:
    """Return "Lisbon time" for Europe/Lisbon. A zone without a city keeps its name."""
    name = getattr(zone_of(zone), "key", "UTC")
    area, _slash, town = name.rpartition("/")
    if not area or area == "Etc":
        return town
    return _("%(town)s time") % {"town": town.replace("_", " ")}
