"""One line for a notice, for lists of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from core.mail.content import Pair
from notifications.kinds import NoticeKind
from notifications.mail_content import connection_lost, notice_facts, number_status, phone_offline
from notifications.mail_content.plans import line_of_plan
from notifications.models import Notice

_OF_NUMBERS: Mapping[str, Callable[[Notice], str]] = {
    NoticeKind.LINKED: number_status.linked_line,
    NoticeKind.LOST: connection_lost.happened,
    NoticeKind.REMINDER: connection_lost.still_line,
    NoticeKind.RECOVERED: number_status.recovered_line,
    NoticeKind.PHONE_OFFLINE: phone_offline.away_line,
    NoticeKind.STOPPED: number_status.stopped_line,
}


def line_of(notice: Notice, account: str, zone: str) -> Pair:
    """Return what ``notice`` is about and what happened.

    It is about a location, an address, or the account named ``account``. Days are in ``zone``.
    """
    if notice.kind in _OF_NUMBERS:
        return notice_facts.row(notice, _OF_NUMBERS[notice.kind](notice))
    if notice.kind == NoticeKind.PLAN:
        return account, line_of_plan(notice, zone)
    if notice.kind == NoticeKind.WEBHOOK_OFF:
        return notice_facts.text(notice, "host"), notice_facts.text(notice, "why")
    if notice.kind == NoticeKind.BOUNCED:
        return notice_facts.text(notice, "email"), notice_facts.text(notice, "why")
    if notice.kind == NoticeKind.EXPORT_READY:
        return account, _("The export is ready to download")
    return account, _("The support bundle is ready to download")
