"""Mails to operators about an outage of the platform: it began, and it is over."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import Button, MailContent, Pair
from core.text.dates import lasted, moment


def outage_mail(
    numbers: int, accounts: int, since: datetime, zone: str = "UTC", gateway_alive: bool = True
) -> MailContent:
    """Return the alarm that ``numbers`` of ``accounts`` are down since ``since`` (aware)."""
    subject = ngettext(
        "Pairline: %(n)d number is down", "Pairline: %(n)d numbers are down at once", numbers
    )
    return MailContent(
        subject=subject % {"n": numbers} if gateway_alive else _("Pairline: no gateway is running"),
        lead=_("Check what is wrong, the most urgent first."),
        button=Button(_("What is wrong right now?"), reverse("wrong")),
        why=_(
            "So many numbers dropped at once that they must share a cause. Check the network of "
            "the server, WhatsApp itself and the gateways."
        )
        if gateway_alive
        else _("Start a gateway: manage.py serve, or manage.py run_gateway."),
        facts=[*_extent(numbers, accounts), (_("Since"), moment(since, zone))],
        paragraphs=[
            _(
                "Your customers see a banner and get no mails about it. We will write again when "
                "it is over. Accounts are then notified of numbers that are still down."
            )
        ],
        small=[_("You get this mail as an operator of this installation.")],
    )


def all_clear_mail(
    numbers: int, accounts: int, since: datetime, ended: datetime, zone: str = "UTC"
) -> MailContent:
    """Return the mail that the outage is over.

    At most ``numbers`` of ``accounts`` were down, from ``since`` to ``ended`` (aware).
    """
    return MailContent(
        subject=_("Pairline: the numbers are connected again"),
        lead=_("Nothing to do: the outage is over."),
        button=Button(_("What is wrong right now?"), reverse("wrong")),
        facts=[
            *_extent(numbers, accounts),
            (_("Began"), moment(since, zone)),
            (_("Ended"), moment(ended, zone)),
            (_("Duration"), lasted((ended - since).total_seconds())),
        ],
        small=[_("You get this mail as an operator of this installation.")],
    )


def _extent(numbers: int, accounts: int) -> list[Pair]:
    return [(_("Numbers"), str(numbers)), (_("Accounts"), str(accounts))]
