"""Letters about an account rather than a number: its plan, its webhooks, its people's mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import Button, MailContent, Pair
from core.text.dates import moment
from core.text.units import size
from notifications.mail_content import notice_facts, plans
from notifications.models import Notice
from notifications.preferences.recipients import Reader


def plan(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """Something about the plan changed, or soon will; of several changes the latest counts."""
    return plans.letter(max(notices, key=lambda notice: notice.at), account, reader)


def webhook_off(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """Webhooks were switched off because nothing got through."""
    first, said = notices[0], {"account": account, "n": len(notices)}
    one = _("A webhook of %(account)s was switched off") % said
    many = ngettext(
        "%(n)d webhook of %(account)s was switched off",
        "%(n)d webhooks of %(account)s were switched off",
        len(notices),
    )
    address = [] if notices[1:] else [(_("Address"), notice_facts.text(first, "host"))]
    why = _("Its address takes nothing. %(why)s") % {"why": notice_facts.text(first, "why")}
    return MailContent(
        subject=many % said if notices[1:] else one,
        lead=_("Repair the server that takes the events, then switch the webhook on again."),
        button=_webhooks_button(notices),
        rows=_pairs(notices, lambda notice: notice_facts.text(notice, "host")),
        why="" if notices[1:] else why,
        facts=[*address, notice_facts.since_line(notices, reader)],
        paragraphs=[
            _(
                "Until it is on again no event is sent there and none is kept for it. What failed "
                "within the last 30 days is in its log and can be replayed."
            )
        ],
    )


def bounced(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """Mails to members of the account do not arrive."""
    first = notices[0]
    said = {"email": notice_facts.text(first, "email"), "n": len(notices)}
    one = _("Mails to %(email)s do not arrive") % said
    many = ngettext(
        "Mails to %(n)d of your people do not arrive",
        "Mails to %(n)d of your people do not arrive",
        len(notices),
    )
    why = _("The mail server there says: %(why)s") % {"why": notice_facts.text(first, "why")}
    address = [] if notices[1:] else [(_("Address"), notice_facts.text(first, "email"))]
    return MailContent(
        subject=many % said if notices[1:] else one,
        lead=_("Ask whether the address is right, and invite the right one if it is not."),
        button=Button(_("Open your members"), reverse("members")),
        rows=_pairs(notices, partial(notice_facts.text, name="email")),
        why="" if notices[1:] else why,
        facts=[*address, notice_facts.since_line(notices, reader)],
        paragraphs=[
            _(
                "Until then nothing is mailed there: who has this address is told of nothing, "
                "lost numbers included."
            )
        ],
    )


def _pairs(notices: Sequence[Notice], named: Callable[[Notice], str]) -> list[Pair]:
    if not notices[1:]:
        return []
    return [(named(notice), notice_facts.text(notice, "why")) for notice in notices]


def _webhooks_button(notices: Sequence[Notice]) -> Button:
    if notices[1:]:
        return Button(_("Open your webhooks"), reverse("webhooks"))
    page = notice_facts.page(notices[0], "webhook", "webhook", otherwise="webhooks")
    return Button(_("Open the webhook"), page)


def bundle_ready(notices: Sequence[Notice], account: str, reader: Reader) -> MailContent:
    """A support bundle can be downloaded."""
    newest = max(notices, key=lambda notice: notice.at)
    ends = notice_facts.time(newest, "expires_at")
    count = notice_facts.count(newest, "size")
    pairs = [
        (_("Size"), size(count) if count else ""),
        (_("Can be downloaded until"), moment(ends, reader.time_zone) if ends else ""),
    ]
    return MailContent(
        subject=_("Your support bundle is ready"),
        lead=_("Download it, then send it to whoever helps you."),
        button=Button(
            _("Download the support bundle"),
            notice_facts.page(newest, "bundle", "bundle", otherwise="account_page"),
        ),
        why=_(
            "You asked for it. It holds what is needed to find a fault, and no keys, no codes and "
            "no messages."
        ),
        facts=[(name, value) for name, value in pairs if value],
        paragraphs=[_("After that it is deleted, and you can ask for another one.")],
    )
