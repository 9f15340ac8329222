"""Small things that pages write about mails."""

from __future__ import annotations

from django import template

from notifications.mail.queries import KINDS
from notifications.mail.suppression import stopped_address
from notifications.models import StoppedAddress

register = template.Library()


@register.filter
def mail_about(kind: str) -> str:
    """A kind of mail in words; one that we know no more stays as it is."""
    return str(KINDS.get(kind, kind))


@register.simple_tag
def stopped(email: str) -> StoppedAddress | None:
    """Why ``email`` takes no mail; None while it does."""
    return stopped_address(email)
