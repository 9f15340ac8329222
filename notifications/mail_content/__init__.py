"""What is said of notices and of the product's own occasions: from rows to mails. No I/O.

``content_for`` for notices, ``digest_letter`` for many of them, ``welcome_letter`` for who is new,
``outage_letter`` and ``all_clear_letter`` for operators. Each says it in the language that is
active.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.mail.content import MailContent
from notifications.kinds import NoticeKind
from notifications.mail_content import accounts, connection_lost, number_status, phone_offline
from notifications.mail_content.digest import digest_letter
from notifications.mail_content.footer import why_you
from notifications.mail_content.outages import all_clear_letter, outage_letter
from notifications.mail_content.welcome import welcome_letter
from notifications.models import Notice
from notifications.preferences.recipients import Reader

__all__ = ["all_clear_letter", "content_for", "digest_letter", "outage_letter", "welcome_letter"]

_Write = Callable[[Sequence[Notice], str, Reader], MailContent]
_WRITE: Mapping[NoticeKind, _Write] = {
    NoticeKind.LINKED: number_status.linked,
    NoticeKind.LOST: connection_lost.lost,
    NoticeKind.REMINDER: connection_lost.reminder,
    NoticeKind.RECOVERED: number_status.recovered,
    NoticeKind.PHONE_OFFLINE: phone_offline.phone_offline,
    NoticeKind.STOPPED: number_status.stopped,
    NoticeKind.PLAN: accounts.plan,
    NoticeKind.WEBHOOK_OFF: accounts.webhook_off,
    NoticeKind.BOUNCED: accounts.bounced,
    NoticeKind.BUNDLE_READY: accounts.bundle_ready,
}


def content_for(
    kind: NoticeKind, notices: Sequence[Notice], account: str, reader: Reader
) -> MailContent:
    """The letter that tells ``reader`` of ``notices`` (at least one, all of ``kind`` and of the
    account named ``account``), in the language that is active and the zone of ``reader``."""
    letter = _WRITE[kind](notices, account, reader)
    return replace(letter, account=account, small=why_you(kind, account, reader))
