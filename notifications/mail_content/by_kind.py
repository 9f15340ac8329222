"""The mail of each kind of notice. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.mail.content import MailContent
from notifications.kinds import NoticeKind
from notifications.mail_content import accounts, connection_lost, number_status, phone_offline
from notifications.mail_content.footer import why_you
from notifications.models import Notice
from notifications.preferences.recipients import Recipient

_Write = Callable[[Sequence[Notice], str, Recipient], MailContent]
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
    NoticeKind.EXPORT_READY: accounts.export_ready,
}


def content_for(
    kind: NoticeKind, notices: Sequence[Notice], account: str, recipient: Recipient
) -> MailContent:
    """Return the mail to ``recipient`` about ``notices``, in the active language.

    There is at least one notice, and all are of ``kind`` and of the account named ``account``.
    Times are in the time zone of ``recipient``.
    """
    content = _WRITE[kind](notices, account, recipient)
    return replace(content, account=account, small=why_you(kind, account, recipient))
