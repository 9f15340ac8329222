"""Mails about numbers that lost their connection, and reminders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import Button, MailContent, Pair
from core.text.dates import moment
from notifications.kinds import REMINDERS
from notifications.mail_content import notice_facts
from notifications.mail_content.loss_reasons import LOSSES, LossAdvice, Next
from notifications.models import Notice
from notifications.preferences.recipients import Recipient
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS


def lost(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about numbers that lost their connection."""
    subject = ngettext(
        "%(n)d of your numbers lost its connection",
        "%(n)d of your numbers lost their connection",
        len(notices),
    ) % {"n": len(notices)}
    if len(notices) == 1:
        subject = _("%(place)s: %(happened)s") % _named(notices[0])
    return _content(notices, recipient, subject, _after_loss(notices))


def reminder(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the reminder that numbers are still not connected."""
    subject = ngettext(
        "%(n)d of your numbers is still not connected",
        "%(n)d of your numbers are still not connected",
        len(notices),
    ) % {"n": len(notices)}
    if len(notices) == 1:
        values = {"place": notice_facts.subject_of(notices[0]), "happened": still_line(notices[0])}
        subject = _("%(place)s: %(happened)s") % values
    last = all(notice_facts.count(notice, "days") >= REMINDERS[-1].days for notice in notices)
    ends = [_("This is the last reminder.")] if last else []
    content = _content(notices, recipient, subject, ends)
    if all(_loss(notice).next is Next.ITSELF for notice in notices):
        lead = ngettext(
            "It has not reconnected by itself: restart it on its page.",
            "They have not reconnected by themselves: restart them.",
            len(notices),
        )
        return replace(content, lead=lead)
    return content


def still_line(notice: Notice) -> str:
    """Return the sentence with the days for which the number has been lost."""
    days = max(notice_facts.count(notice, "days"), 1)
    return ngettext("Not connected for %(n)d day", "Not connected for %(n)d days", days) % {
        "n": days
    }


def happened(notice: Notice) -> str:
    """Return the sentence that describes what happened to the number."""
    reason = notice_facts.reason(notice)
    if reason is None:
        return _("The connection was lost")
    own = LOSSES[reason].happened if reason in LOSSES else ""
    return str(own) or _(REASONS[reason].sentence)


def _content(
    notices: Sequence[Notice], recipient: Recipient, subject: str, ends: Sequence[str]
) -> MailContent:
    losses = [_loss(notice) for notice in notices]
    same = losses[0] if all(loss == losses[0] for loss in losses) else None
    return MailContent(
        subject=subject,
        lead=_lead(losses),
        button=_button(notices, losses[0]),
        rows=notice_facts.rows(notices, happened),
        why=_why(notices, same),
        facts=[
            *notice_facts.about(notices),
            *_until(notices, recipient),
            notice_facts.since_line(notices, recipient),
        ],
        paragraphs=[*([str(same.otherwise)] if same else []), *ends],
    )


def _lead(losses: Sequence[LossAdvice]) -> str:
    if len(losses) == 1:
        return str(losses[0].do)
    if all(loss.next is Next.ITSELF for loss in losses):
        return _("Nothing to do: they reconnect by themselves.")
    if all(loss.next is Next.CODE for loss in losses):
        return _("Scan a new code for each of them.")
    return _("Open your numbers: each page explains what to do.")


def _why(notices: Sequence[Notice], same: LossAdvice | None) -> str:
    if same is None:
        return ""
    if len(notices) > 1:
        return str(same.why)
    return f"{happened(notices[0])}. {same.why}".rstrip()


def _until(notices: Sequence[Notice], recipient: Recipient) -> list[Pair]:
    ends = notice_facts.time(notices[0], "until")
    if ends is None or notices[1:]:
        return []
    return [(_("We reconnect it"), moment(ends, recipient.time_zone))]


def _button(notices: Sequence[Notice], loss: LossAdvice) -> Button:
    session = notices[0].session_id
    if loss.next is Next.PROXY and len(notices) == 1 and session is not None:
        return Button(_("Check the proxy"), reverse("session_proxy", args=[session]))
    return notice_facts.button(notices, _LABELS[loss.next]())


_LABELS = {
    Next.CODE: lambda: _("Get a new code"),
    Next.OPEN: lambda: _("Open the number"),
    Next.PROXY: lambda: _("Open the number"),
    Next.ITSELF: lambda: _("Check the status"),
}


def _after_loss(notices: Sequence[Notice]) -> list[str]:
    if all(_loss(notice).next is Next.ITSELF for notice in notices):
        return []
    return [_("If nothing changes, we remind you after 1, 3 and 7 days, then no more.")]


def _named(notice: Notice) -> dict[str, str]:
    return {"place": notice_facts.subject_of(notice), "happened": happened(notice)}


def _loss(notice: Notice) -> LossAdvice:
    reason = notice_facts.reason(notice) or Reason.RECONNECTING
    known = LOSSES.get(reason)
    return known or LossAdvice(Next.OPEN, _(REASONS[reason].advice), "", "")
