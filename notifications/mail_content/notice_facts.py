"""What a notice holds, as letters write it: names, numbers, times, the page to open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from core.mail.content import Button, Pair
from core.text.dates import moment
from core.text.phone_numbers import international
from notifications.models import Notice
from notifications.preferences.recipients import Reader
from sessions_app.lifecycle import Reason

_LEFT_TO_RIGHT, _RIGHT_TO_LEFT, _NO_BREAK = "\u200e", "\u200f", "\u00a0"


def place(notice: Notice) -> str:
    """What its number is called: the location, else the number, else a word."""
    return text(notice, "location") or number(notice) or _("A number")


def text(notice: Notice, name: str) -> str:
    """What it holds under ``name``, as text; "" when it holds nothing there."""
    return str(notice.facts.get(name) or "")


def number(notice: Notice) -> str:
    """Its number as people write it, or ""; it keeps its order among words from right to left."""
    written = international(text(notice, "number")).replace(" ", _NO_BREAK)
    if not written or not get_language_bidi():
        return written
    return f"{_LEFT_TO_RIGHT}{written}{_RIGHT_TO_LEFT}"


def reason(notice: Notice) -> Reason | None:
    """The reason that it names, if that is one."""
    named = text(notice, "reason")
    return Reason(named) if named in Reason.__members__.values() else None


def time(notice: Notice, name: str) -> datetime | None:
    """The time called ``name`` among its facts, if there is one."""
    try:
        found = datetime.fromisoformat(text(notice, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def count(notice: Notice, name: str) -> int:
    """How many of ``name`` (days, seconds, bytes) it holds; 0 when it does not say."""
    try:
        return int(float(text(notice, name)))
    except (ValueError, OverflowError):
        return 0


def page(notice: Notice, name: str, url: str, otherwise: str) -> str:
    """The path of the page called ``url`` about the row whose id is ``name`` among its facts;
    of the page called ``otherwise`` where there is no such id or page."""
    try:
        return reverse(url, args=[UUID(text(notice, name))])
    except (ValueError, NoReverseMatch):
        return reverse(otherwise)


def since(notice: Notice) -> datetime:
    """Since when it is so; at the latest since the notice was written."""
    return time(notice, "since") or notice.at


def about(notices: Sequence[Notice]) -> list[Pair]:
    """The location and the number of the only notice; of several, nothing: they have rows."""
    if notices[1:]:
        return []
    notice = notices[0]
    pairs = [(_("Location"), text(notice, "location")), (_("Number"), number(notice))]
    return [(name, value) for name, value in pairs if value]


def since_line(notices: Sequence[Notice], reader: Reader) -> Pair:
    """Since when the first of ``notices`` is so."""
    return _("Since"), moment(min(map(since, notices)), reader.time_zone)


def rows(notices: Sequence[Notice], says: Callable[[Notice], str]) -> list[Pair]:
    """A line for each of several notices: the location, what is said of it, and the number."""
    return [row(notice, says(notice)) for notice in notices] if notices[1:] else []


def row(notice: Notice, says: str) -> Pair:
    """The location, then ``says`` and the number."""
    written = number(notice) if text(notice, "location") else ""
    return place(notice), f"{says} · {written}" if written else says


def button(notices: Sequence[Notice], label: str) -> Button:
    """To the page of the one number, or to the list of them, with those in trouble first."""
    session = notices[0].session_id
    if session is not None and not notices[1:]:
        return Button(label, reverse("session", args=[session]))
    return Button(_("Open your numbers"), f"{reverse('numbers')}?sort=status")
