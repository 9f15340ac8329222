"""Mails about numbers that were linked, recovered or stopped."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import MailContent
from core.text.dates import lasted, moment
from notifications.mail_content import notice_facts
from notifications.models import Notice
from notifications.preferences.recipients import Recipient
from sessions_app.lifecycle import Reason


def linked(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about numbers that were linked."""
    first = notices[0]
    one = _("%(place)s: WhatsApp is linked") % {"place": notice_facts.subject_of(first)}
    n = len(notices)
    many = ngettext("%(n)d number is linked", "%(n)d numbers are linked", n) % {"n": n}
    return MailContent(
        subject=many if notices[1:] else one,
        lead=_("Send a test message to check that it works."),
        button=notice_facts.button(notices, _("Open the number")),
        rows=notice_facts.rows(notices, linked_line),
        why="" if notices[1:] else f"{linked_line(first)}.",
        facts=[*notice_facts.about(notices), notice_facts.since_line(notices, recipient)],
        paragraphs=[
            _(
                "Keep WhatsApp on the phone, and bring the phone online regularly: WhatsApp ends "
                "the link when the phone has been offline for 14 days."
            )
        ],
    )


def recovered(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about numbers that are connected again."""
    first = notices[0]
    one = _("%(place)s: Connected again") % {"place": notice_facts.subject_of(first)}
    n = len(notices)
    many = ngettext("%(n)d number is connected again", "%(n)d numbers are connected again", n) % {
        "n": n
    }
    at = moment(max(notice.at for notice in notices), recipient.time_zone)
    return MailContent(
        subject=many if notices[1:] else one,
        lead=_("Nothing to do: messages are sent and received again."),
        button=notice_facts.button(notices, _("Open the number")),
        rows=notice_facts.rows(notices, recovered_line),
        why="" if notices[1:] else f"{recovered_line(first)}.",
        facts=[*notice_facts.about(notices), (_("Connected again"), at)],
    )


def stopped(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the confirmation that a user stopped or unlinked numbers."""
    first = notices[0]
    one = _("%(place)s: %(happened)s") % {
        "place": notice_facts.subject_of(first),
        "happened": stopped_line(first),
    }
    n = len(notices)
    many = ngettext(
        "%(n)d number was stopped or unlinked", "%(n)d numbers were stopped or unlinked", n
    ) % {"n": n}
    return MailContent(
        subject=many if notices[1:] else one,
        lead=_again(notices),
        button=notice_facts.button(notices, _("Open the number")),
        rows=notice_facts.rows(notices, stopped_line),
        why="" if notices[1:] else f"{stopped_line(first)}.",
        facts=[*notice_facts.about(notices), notice_facts.since_line(notices, recipient)],
        paragraphs=[_from_now_on(notices)],
    )


def linked_line(notice: Notice) -> str:
    by = notice_facts.text(notice, "by")
    return _("Linked by %(by)s") % {"by": by} if by else _("Linked")


def recovered_line(notice: Notice) -> str:
    down = lasted(notice_facts.count(notice, "seconds"))
    return _("It was down for %(time)s") % {"time": down}


def stopped_line(notice: Notice) -> str:
    by = notice_facts.text(notice, "by")
    if _is_unlinked(notice):
        return _("Unlinked by %(by)s") % {"by": by} if by else _("Unlinked")
    return _("Stopped by %(by)s") % {"by": by} if by else _("Stopped")


def _again(notices: Sequence[Notice]) -> str:
    if all(map(_is_unlinked, notices)):
        return _("Nothing to do if this was intended. Otherwise, link it again with a new code.")
    return _("Nothing to do if this was intended. Otherwise, start it again.")


def _from_now_on(notices: Sequence[Notice]) -> str:
    if all(map(_is_unlinked, notices)):
        return _("No messages are sent or received here until it is linked again.")
    return _(
        "While it is stopped, no messages are sent or received. The link is kept, so starting it "
        "again needs no new scan."
    )


def _is_unlinked(notice: Notice) -> bool:
    return notice_facts.reason(notice) is Reason.UNLINKED
