"""The mail to a new user after sign-up."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from core.mail.content import Button, MailContent


def welcome_mail(account: str) -> MailContent:
    """Return the mail with the first steps in the new account named ``account``."""
    return MailContent(
        subject=_("Welcome to Pairline: link your first number"),
        lead=_("Link your first WhatsApp number. It takes two minutes."),
        button=Button(_("Connect WhatsApp"), reverse("connect")),
        steps=[
            _("Open the page and choose the location that the number belongs to."),
            _("On the phone, open WhatsApp: Settings › Linked devices › Link a device."),
            _("Scan the code on the page with the phone, then send yourself a test message."),
        ],
        paragraphs=[
            _(
                "From then on, we monitor the number. If it loses its connection and does not "
                "reconnect by itself, you get one mail that explains what to do."
            ),
            _(
                "No phone at hand? Create a connect link for the location and send it to the "
                "person who has the phone."
            ),
        ],
        small=[
            _("You get this mail because you signed up for %(account)s.") % {"account": account}
        ],
        account=account,
    )
