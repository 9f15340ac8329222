"""The first letter to somebody who just signed up."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.mail.content import Button, MailContent


def welcome_letter(account: str) -> MailContent:
    """What to do first in the new account named ``account``."""
    return MailContent(
        subject=_("Welcome to Pairline: link your first number"),
        lead=_("Link your first WhatsApp number. It takes two minutes."),
        button=Button(_("Create a connection"), reverse("connect")),
        steps=[
            _("Open the page and choose the location that the number belongs to."),
            _("On the phone, open WhatsApp: Settings › Linked devices › Link a device."),
            _("Point the phone at the code on the page, and send yourself a test message."),
        ],
        paragraphs=[
            _(
                "From then on we watch the number. When it loses its connection and does not come "
                "back by itself, you get one mail that says what to do."
            ),
            _(
                "No phone at hand? Make a connect link for the location and send it to whoever "
                "has the phone."
            ),
        ],
        small=[
            _("You get this mail because you signed up for %(account)s.") % {"account": account}
        ],
        account=account,
    )
