"""The mail with the daily summary: the notices since the last one, with a heading per kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import Button, MailContent, Pair, Section
from core.text.dates import day, short, zone_label
from notifications.kinds import NoticeKind
from notifications.mail_content.footer import as_member
from notifications.mail_content.one_liners import line_of
from notifications.models import Notice
from notifications.preferences.recipients import Recipient

Told = Sequence[tuple[NoticeKind, Sequence[Notice]]]

_NEED_ATTENTION = frozenset({NoticeKind.LOST, NoticeKind.REMINDER, NoticeKind.PHONE_OFFLINE})


def digest_mail(sections: Told, account: str, recipient: Recipient) -> MailContent:
    """Return the summary of ``sections`` of the account named ``account`` for ``recipient``.

    Each section is a kind with its notices, at least one.
    """
    notices = [notice for _kind, some in sections for notice in some]
    latest = day(max(notice.at for notice in notices), recipient.time_zone)
    need = _still_lost(notices)
    return MailContent(
        subject=_("%(account)s: your summary for %(day)s") % {"account": account, "day": latest},
        lead=_lead(need),
        button=Button(_("Open your numbers"), f"{reverse('numbers')}?sort=status"),
        sections=[_section(kind, some, account, recipient) for kind, some in sections],
        small=[
            _("All times are %(zone)s.") % {"zone": zone_label(recipient.time_zone)},
            as_member(account, recipient),
            _("It lists the notices that you get once a day, and those beyond the daily limit."),
        ],
        account=account,
    )


def _section(
    kind: NoticeKind, notices: Iterable[Notice], account: str, recipient: Recipient
) -> Section:
    rows = [_row(notice, account, recipient.time_zone) for notice in notices]
    title = f"{kind.label} · {len(rows)}" if rows[1:] else str(kind.label)
    return Section(title, rows)


def _row(notice: Notice, account: str, zone: str) -> Pair:
    about, line = line_of(notice, account, zone)
    return about, f"{line} · {short(notice.at, zone)}"


def _lead(need: int) -> str:
    if not need:
        return _("Nothing to do: this is what happened.")
    return ngettext(
        "%(n)d number needs attention. Its page explains what to do.",
        "%(n)d numbers need attention. Their pages explain what to do.",
        need,
    ) % {"n": need}


def _still_lost(notices: Iterable[Notice]) -> int:
    """Count the numbers whose latest notice reports a problem."""
    last = {n.session_id: n.kind for n in sorted(notices, key=lambda n: n.at) if n.session_id}
    return sum(NoticeKind(kind) in _NEED_ATTENTION for kind in last.values())
