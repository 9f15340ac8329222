"""Letters about numbers that are lost, and that still are."""

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
from notifications.mail_content.loss_reasons import LOSSES, Loss, Next
from notifications.models import Notice
from notifications.preferences.recipients import Reader
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS


def lost(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """They lost their connection."""
    subject = ngettext(
        "%(n)d of your numbers lost its connection",
        "%(n)d of your numbers lost their connection",
        len(notices),
    ) % {"n": len(notices)}
    if len(notices) == 1:
        subject = _("%(place)s: %(happened)s") % _named(notices[0])
    return _letter(notices, reader, subject, _after_loss(notices))


def reminder(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """They are still not connected, some days on."""
    subject = ngettext(
        "%(n)d of your numbers is still not connected",
        "%(n)d of your numbers are still not connected",
        len(notices),
    ) % {"n": len(notices)}
    if len(notices) == 1:
        said = {"place": notice_facts.place(notices[0]), "happened": still_line(notices[0])}
        subject = _("%(place)s: %(happened)s") % said
    last = all(notice_facts.count(notice, "days") >= REMINDERS[-1].days for notice in notices)
    ends = [_("This is the last reminder.")] if last else []
    letter = _letter(notices, reader, subject, ends)
    if all(_loss(notice).next is Next.ITSELF for notice in notices):
        lead = ngettext(
            "It does not come back by itself: restart it on its page.",
            "They do not come back by themselves: restart them.",
            len(notices),
        )
        return replace(letter, lead=lead)
    return letter


def still_line(notice: Notice) -> str:
    """One sentence that says for how long its number has been lost."""
    days = max(notice_facts.count(notice, "days"), 1)
    return ngettext("Not connected for %(n)d day", "Not connected for %(n)d days", days) % {
        "n": days
    }


def happened(notice: Notice) -> str:
    """One sentence that says what became of its number."""
    reason = notice_facts.reason(notice)
    if reason is None:
        return _("The connection was lost")
    own = LOSSES[reason].happened if reason in LOSSES else ""
    return str(own) or _(REASONS[reason].sentence)


def _letter(
    notices: Sequence[Notice], reader: Reader, subject: str, ends: Sequence[str]
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
            *_until(notices, reader),
            notice_facts.since_line(notices, reader),
        ],
        paragraphs=[*([str(same.otherwise)] if same else []), *ends],
    )


def _lead(losses: Sequence[Loss]) -> str:
    if len(losses) == 1:
        return str(losses[0].do)
    if all(loss.next is Next.ITSELF for loss in losses):
        return _("Nothing to do: they come back by themselves.")
    if all(loss.next is Next.CODE for loss in losses):
        return _("Scan a new code for each of them.")
    return _("Open your numbers: each says what to do.")


def _why(notices: Sequence[Notice], same: Loss | None) -> str:
    if same is None:
        return ""
    if len(notices) > 1:
        return str(same.why)
    return f"{happened(notices[0])}. {same.why}".rstrip()


def _until(notices: Sequence[Notice], reader: Reader) -> list[Pair]:
    ends = notice_facts.time(notices[0], "until")
    if ends is None or notices[1:]:
        return []
    return [(_("We connect it again"), moment(ends, reader.time_zone))]


def _button(notices: Sequence[Notice], loss: Loss) -> Button:
    session = notices[0].session_id
    if loss.next is Next.PROXY and len(notices) == 1 and session is not None:
        return Button(_("Check the proxy"), reverse("session_proxy", args=[session]))
    return notice_facts.button(notices, _LABELS[loss.next]())


_LABELS = {
    Next.CODE: lambda: _("Get a new code"),
    Next.OPEN: lambda: _("Open the number"),
    Next.PROXY: lambda: _("Open the number"),
    Next.ITSELF: lambda: _("See how it is now"),
}


def _after_loss(notices: Sequence[Notice]) -> list[str]:
    if all(_loss(notice).next is Next.ITSELF for notice in notices):
        return []
    return [_("If nobody does anything, we remind you after 1, 3 and 7 days, then no more.")]


def _named(notice: Notice) -> dict[str, str]:
    return {"place": notice_facts.place(notice), "happened": happened(notice)}


def _loss(notice: Notice) -> Loss:
    reason = notice_facts.reason(notice) or Reason.RECONNECTING
    known = LOSSES.get(reason)
    return known or Loss(Next.OPEN, _(REASONS[reason].advice), "", "")
