"""The facts of notices, formatted for mails: names, numbers, times, the page to open.

A fact that is missing or malformed is treated as empty, so that the mail can still be sent.
"""

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
from notifications.preferences.recipients import Recipient
from sessions_app.lifecycle import Reason

_LEFT_TO_RIGHT, _RIGHT_TO_LEFT, _NO_BREAK = "\u200e", "\u200f", "\u00a0"


def subject_of(notice: Notice) -> str:
    """Return the name of the number: its location, else the number itself, else "A number"."""
    return text(notice, "location") or number(notice) or _("A number")


def text(notice: Notice, name: str) -> str:
    """Return the fact ``name`` as text, or ""."""
    return str(notice.facts.get(name) or "")


def number(notice: Notice) -> str:
    """Return the phone number in international notation, or "".

    Within right-to-left text it gets direction marks, so that its digits keep their order.
    """
    written = international(text(notice, "number")).replace(" ", _NO_BREAK)
    if not written or not get_language_bidi():
        return written
    return f"{_LEFT_TO_RIGHT}{written}{_RIGHT_TO_LEFT}"


def reason(notice: Notice) -> Reason | None:
    """Return the lifecycle reason, or None if the notice has no known one."""
    named = text(notice, "reason")
    return Reason(named) if named in Reason.__members__.values() else None


def time(notice: Notice, name: str) -> datetime | None:
    """Return the fact ``name`` as an aware time, or None."""
    try:
        found = datetime.fromisoformat(text(notice, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def count(notice: Notice, name: str) -> int:
    """Return the fact ``name`` (days, seconds, bytes) as a whole number, or 0."""
    try:
        return int(float(text(notice, name)))
    except (ValueError, OverflowError):
        return 0


def page(notice: Notice, name: str, url: str, otherwise: str) -> str:
    """Return the path of the page ``url`` for the id in the fact ``name``.

    Without such an id or page, return the path of the page ``otherwise``.
    """
    try:
        return reverse(url, args=[UUID(text(notice, name))])
    except (ValueError, NoReverseMatch):
        return reverse(otherwise)


def since(notice: Notice) -> datetime:
    """Return when the state that the notice describes began."""
    return time(notice, "since") or notice.at


def about(notices: Sequence[Notice]) -> list[Pair]:
    """Return the location and the number of a single notice; several are listed as rows."""
    if notices[1:]:
        return []
    notice = notices[0]
    pairs = [(_("Location"), text(notice, "location")), (_("Number"), number(notice))]
    return [(name, value) for name, value in pairs if value]


def since_line(notices: Sequence[Notice], recipient: Recipient) -> Pair:
    """Return the line with the earliest time of ``notices``."""
    return _("Since"), moment(min(map(since, notices)), recipient.time_zone)


def rows(notices: Sequence[Notice], describe: Callable[[Notice], str]) -> list[Pair]:
    """Return a row for each of several notices, with its text from ``describe``; none for one."""
    return [row(notice, describe(notice)) for notice in notices] if notices[1:] else []


def row(notice: Notice, description: str) -> Pair:
    """Return a row: the location, then ``description`` and the number."""
    written = number(notice) if text(notice, "location") else ""
    return subject_of(notice), f"{description} · {written}" if written else description


def button(notices: Sequence[Notice], label: str) -> Button:
    """Return a button to the page of a single number, or to the list sorted by status."""
    session = notices[0].session_id
    if session is not None and not notices[1:]:
        return Button(label, reverse("session", args=[session]))
    return Button(_("Open your numbers"), f"{reverse('numbers')}?sort=status")
