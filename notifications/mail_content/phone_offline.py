"""The mail that warns of a phone that has been offline for so long that WhatsApp may unlink it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import MailContent
from core.text.dates import day, moment
from notifications.mail_content import notice_facts
from notifications.models import Notice
from notifications.preferences.recipients import Recipient

UNLINKED_AFTER = timedelta(days=14)  # offline: WhatsApp's rule


def phone_offline(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the warning, with the day on which the first of the phones would be unlinked."""
    ends = {"day": day(min(map(_unlinked_at, notices)), recipient.time_zone)}
    several = bool(notices[1:])
    seen = moment(min(map(notice_facts.since, notices)), recipient.time_zone)
    return MailContent(
        subject=_subject(notices),
        lead=_("Open WhatsApp on these phones before %(day)s.") % ends
        if several
        else _("Open WhatsApp on the phone before %(day)s.") % ends,
        button=notice_facts.button(notices, _("Open the number")),
        rows=notice_facts.rows(notices, away_line),
        why=_("WhatsApp unlinks all devices of a phone that has been offline for 14 days."),
        facts=[*notice_facts.about(notices), (_("Phone last seen"), seen)],
        paragraphs=[
            _("Opening WhatsApp for a minute, with an internet connection, is enough."),
            _(
                "Otherwise, the link ends on %(day)s. No messages are then sent or received here "
                "until a new code is scanned."
            )
            % ends,
        ],
    )


def away_line(notice: Notice) -> str:
    n = max(notice_facts.count(notice, "days"), 1)
    return ngettext(
        "The phone has been offline for %(n)d day",
        "The phone has been offline for %(n)d days",
        n,
    ) % {"n": n}


def _subject(notices: Sequence[Notice]) -> str:
    if notices[1:]:
        n = len(notices)
        return ngettext(
            "%(n)d phone has been offline for a long time",
            "%(n)d phones have been offline for a long time",
            n,
        ) % {"n": n}
    values = {"place": notice_facts.subject_of(notices[0]), "happened": away_line(notices[0])}
    return _("%(place)s: %(happened)s") % values


def _unlinked_at(notice: Notice) -> datetime:
    seen = notice_facts.time(notice, "since")
    if seen is None:
        seen = notice.at - timedelta(days=notice_facts.count(notice, "days"))
    return seen + UNLINKED_AFTER
