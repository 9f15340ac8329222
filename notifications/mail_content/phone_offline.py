"""The warning that a phone has been away for so long that WhatsApp will soon unlink it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import MailContent
from core.text.dates import day, moment
from notifications.mail_content import notice_facts
from notifications.models import Notice
from notifications.preferences.recipients import Reader

UNLINKED_AFTER = timedelta(days=14)  # of not being online: WhatsApp's rule


def phone_offline(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """Open WhatsApp on the phones of ``notices`` before the first of them is unlinked."""
    ends = {"day": day(min(map(_unlinked_at, notices)), reader.time_zone)}
    several = bool(notices[1:])
    seen = moment(min(map(notice_facts.since, notices)), reader.time_zone)
    return MailContent(
        subject=_subject(notices),
        lead=_("Open WhatsApp on these phones before %(day)s.") % ends
        if several
        else _("Open WhatsApp on the phone before %(day)s.") % ends,
        button=notice_facts.button(notices, _("Open the number")),
        rows=notice_facts.rows(notices, away_line),
        why=_("WhatsApp unlinks all devices of a phone that was not online for 14 days."),
        facts=[*notice_facts.about(notices), (_("Phone last seen"), seen)],
        paragraphs=[
            _("It is enough to have WhatsApp open on the phone for a minute, with internet."),
            _(
                "If nobody does that, the link ends on %(day)s: from then on no message goes out "
                "or comes in here until somebody scans a new code."
            )
            % ends,
        ],
    )


def away_line(notice: Notice) -> str:
    n = max(notice_facts.count(notice, "days"), 1)
    return ngettext(
        "The phone has not been online for %(n)d day",
        "The phone has not been online for %(n)d days",
        n,
    ) % {"n": n}


def _subject(notices: Sequence[Notice]) -> str:
    if notices[1:]:
        n = len(notices)
        return ngettext(
            "%(n)d phone has not been online for long",
            "%(n)d phones have not been online for long",
            n,
        ) % {"n": n}
    said = {"place": notice_facts.place(notices[0]), "happened": away_line(notices[0])}
    return _("%(place)s: %(happened)s") % said


def _unlinked_at(notice: Notice) -> datetime:
    seen = notice_facts.time(notice, "since")
    if seen is None:
        seen = notice.at - timedelta(days=notice_facts.count(notice, "days"))
    return seen + UNLINKED_AFTER
