"""The daily summary: what happened since the last one, under a heading for each kind."""

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
from notifications.preferences.recipients import Reader

Told = Sequence[tuple[NoticeKind, Sequence[Notice]]]

_NEED_SOMEBODY = frozenset({NoticeKind.LOST, NoticeKind.REMINDER, NoticeKind.PHONE_OFFLINE})


def digest_letter(sections: Told, account: str, reader: Reader) -> MailContent:
    """The summary of ``sections`` (each kind with its notices, at least one) of the account named
    ``account``, for ``reader``."""
    notices = [notice for _kind, some in sections for notice in some]
    latest = day(max(notice.at for notice in notices), reader.time_zone)
    need = _still_lost(notices)
    return MailContent(
        subject=_("%(account)s: your summary of %(day)s") % {"account": account, "day": latest},
        lead=_lead(need),
        button=Button(_("Open your numbers"), f"{reverse('numbers')}?sort=status"),
        sections=[_section(kind, some, account, reader) for kind, some in sections],
        small=[
            _("All times are %(zone)s.") % {"zone": zone_label(reader.time_zone)},
            as_member(account, reader),
            _("It holds what you get once a day, and what was too much to mail one by one."),
        ],
        account=account,
    )


def _section(kind: NoticeKind, notices: Iterable[Notice], account: str, reader: Reader) -> Section:
    rows = [_row(notice, account, reader.time_zone) for notice in notices]
    title = f"{kind.label} · {len(rows)}" if rows[1:] else str(kind.label)
    return Section(title, rows)


def _row(notice: Notice, account: str, zone: str) -> Pair:
    about, says = line_of(notice, account, zone)
    return about, f"{says} · {short(notice.at, zone)}"


def _lead(need: int) -> str:
    if not need:
        return _("Nothing to do: this is what happened.")
    return ngettext(
        "%(n)d number needs you. Its page says what to do.",
        "%(n)d numbers need you. Their pages say what to do.",
        need,
    ) % {"n": need}


def _still_lost(notices: Iterable[Notice]) -> int:
    """How many numbers were in trouble when they were last told of."""
    last = {n.session_id: n.kind for n in sorted(notices, key=lambda n: n.at) if n.session_id}
    return sum(NoticeKind(kind) in _NEED_SOMEBODY for kind in last.values())
