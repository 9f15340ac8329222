"""Mails about an account: its plan, its webhooks, bounced mails, support bundles, exports."""

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
from notifications.preferences.recipients import Recipient


def plan(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about a change of the plan; of several changes, about the latest."""
    return plans.plan_mail(max(notices, key=lambda notice: notice.at), account, recipient)


def webhook_off(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about webhooks that were switched off after a day of failures."""
    first, values = notices[0], {"account": account, "n": len(notices)}
    one = _("A webhook of %(account)s was switched off") % values
    many = ngettext(
        "%(n)d webhook of %(account)s was switched off",
        "%(n)d webhooks of %(account)s were switched off",
        len(notices),
    )
    address = [] if notices[1:] else [(_("Address"), notice_facts.text(first, "host"))]
    why = _("Its server accepts no deliveries. %(why)s") % {"why": notice_facts.text(first, "why")}
    return MailContent(
        subject=many % values if notices[1:] else one,
        lead=_("Fix the server that receives the events, then switch the webhook on again."),
        button=_webhooks_button(notices),
        rows=_pairs(notices, lambda notice: notice_facts.text(notice, "host")),
        why="" if notices[1:] else why,
        facts=[*address, notice_facts.since_line(notices, recipient)],
        paragraphs=[
            _(
                "Until then, no events are sent to it or stored for it. Deliveries that failed "
                "in the last 30 days are in its log and can be replayed."
            )
        ],
    )


def bounced(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about members whose address is on the suppression list."""
    first = notices[0]
    values = {"email": notice_facts.text(first, "email"), "n": len(notices)}
    one = _("Mails to %(email)s do not arrive") % values
    many = ngettext(
        "Mails to %(n)d of your members do not arrive",
        "Mails to %(n)d of your members do not arrive",
        len(notices),
    )
    why = _("Reason: %(why)s") % {"why": notice_facts.text(first, "why")}
    address = [] if notices[1:] else [(_("Address"), notice_facts.text(first, "email"))]
    return MailContent(
        subject=many % values if notices[1:] else one,
        lead=_("Check the address with its owner, and invite the correct one if it is wrong."),
        button=Button(_("Open your members"), reverse("members")),
        rows=_pairs(notices, partial(notice_facts.text, name="email")),
        why="" if notices[1:] else why,
        facts=[*address, notice_facts.since_line(notices, recipient)],
        paragraphs=[
            _(
                "In the meantime, we send no mail to this address, not even when a number loses "
                "its connection."
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


def bundle_ready(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about a support bundle that is ready to download."""
    newest = max(notices, key=lambda notice: notice.at)
    return MailContent(
        subject=_("Your support bundle is ready"),
        lead=_("Download it, then send it to the person who is helping you."),
        button=Button(
            _("Download the support bundle"),
            notice_facts.page(newest, "bundle", "bundle", otherwise="account_page"),
        ),
        why=_(
            "You requested it. It contains what is needed to diagnose a problem, but no keys, "
            "codes or messages."
        ),
        facts=_of_file(newest, recipient),
        paragraphs=[_("After that, it is deleted. You can request another one at any time.")],
    )


def export_ready(notices: Sequence[Notice], account: str, recipient: Recipient) -> MailContent:
    """Return the mail about an export that is ready to download."""
    newest = max(notices, key=lambda notice: notice.at)
    return MailContent(
        subject=_("Your export is ready"),
        lead=_("Download it and keep it safe: it may contain messages and telephone numbers."),
        button=Button(
            _("Download the export"),
            notice_facts.page(newest, "export", "export", otherwise="account_page"),
        ),
        why=_("You requested it. It contains no keys, codes or passwords."),
        facts=_of_file(newest, recipient),
        paragraphs=[_("After that, it is deleted. You can request another one at any time.")],
    )


def _of_file(notice: Notice, recipient: Recipient) -> list[Pair]:
    ends = notice_facts.time(notice, "expires_at")
    count = notice_facts.count(notice, "size")
    pairs = [
        (_("Size"), size(count) if count else ""),
        (_("Available until"), moment(ends, recipient.time_zone) if ends else ""),
    ]
    return [(name, value) for name, value in pairs if value]
