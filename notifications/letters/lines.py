"""What one notice says in one line, for lists of many kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from core.mail.content import Pair
from notifications.kinds import NoticeKind
from notifications.letters import facts, losses, numbers, phones
from notifications.letters.plans import line_of_plan
from notifications.models import Notice

_OF_NUMBERS: Mapping[str, Callable[[Notice], str]] = {
    NoticeKind.LINKED: numbers.linked_line,
    NoticeKind.LOST: losses.happened,
    NoticeKind.REMINDER: losses.still_line,
    NoticeKind.RECOVERED: numbers.recovered_line,
    NoticeKind.PHONE_OFFLINE: phones.away_line,
    NoticeKind.STOPPED: numbers.stopped_line,
}


def line_of(notice: Notice, account: str, zone: str) -> Pair:
    """What ``notice`` is about (a location, an address, the account named ``account``), and what
    is said of it; days are those of ``zone``."""
    if notice.kind in _OF_NUMBERS:
        return facts.row(notice, _OF_NUMBERS[notice.kind](notice))
    if notice.kind == NoticeKind.PLAN:
        return account, line_of_plan(notice, zone)
    if notice.kind == NoticeKind.WEBHOOK_OFF:
        return facts.text(notice, "host"), facts.text(notice, "why")
    if notice.kind == NoticeKind.BOUNCED:
        return facts.text(notice, "email"), facts.text(notice, "why")
    return account, _("It can be downloaded now")
