"""Letters to operators: a platform incident began, and it is over."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.mail.content import Button, MailContent, Pair
from core.text.dates import lasted, moment


def outage_letter(
    numbers: int, accounts: int, since: datetime, zone: str = "UTC", gateway_alive: bool = True
) -> MailContent:
    """The alarm: ``numbers`` of ``accounts`` are down since ``since`` (aware), told once."""
    subject = ngettext(
        "Pairline: %(n)d number is down", "Pairline: %(n)d numbers are down at once", numbers
    )
    return MailContent(
        subject=subject % {"n": numbers} if gateway_alive else _("Pairline: no gateway is running"),
        lead=_("Look at what is wrong, the most urgent first."),
        button=Button(_("What is wrong right now?"), reverse("wrong")),
        why=_(
            "So many numbers dropped together that the cause is not theirs: look at the network "
            "of the server, at WhatsApp itself, and at the gateways."
        )
        if gateway_alive
        else _("Start a gateway: manage.py serve, or manage.py run_gateway."),
        facts=[*_extent(numbers, accounts), (_("Since"), moment(since, zone))],
        paragraphs=[
            _(
                "Your customers see a banner and get no mails about it. When it is over we write "
                "again; numbers that stay down for causes of their own are told to their owners."
            )
        ],
        small=[_("You get this mail as an operator of this installation.")],
    )


def all_clear_letter(
    numbers: int, accounts: int, since: datetime, ended: datetime, zone: str = "UTC"
) -> MailContent:
    """It is over: ``numbers`` of ``accounts`` were down at most, from ``since`` to ``ended``."""
    return MailContent(
        subject=_("Pairline: the numbers are connected again"),
        lead=_("Nothing to do: the incident is over."),
        button=Button(_("What is wrong right now?"), reverse("wrong")),
        facts=[
            *_extent(numbers, accounts),
            (_("Began"), moment(since, zone)),
            (_("Over since"), moment(ended, zone)),
            (_("It lasted"), lasted((ended - since).total_seconds())),
        ],
        small=[_("You get this mail as an operator of this installation.")],
    )


def _extent(numbers: int, accounts: int) -> list[Pair]:
    return [(_("Numbers"), str(numbers)), (_("Accounts"), str(accounts))]
