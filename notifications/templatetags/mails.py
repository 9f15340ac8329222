"""Template tags for pages about mails."""

from __future__ import annotations

from django import template

from notifications.mail.queries import KINDS
from notifications.mail.suppression import suppressed_address
from notifications.models import StoppedAddress

register = template.Library()


@register.filter
def mail_about(kind: str) -> str:
    """Return the label of a kind of mail; a kind that no longer exists is returned unchanged."""
    return str(KINDS.get(kind, kind))


@register.simple_tag
def suppressed(email: str) -> StoppedAddress | None:
    """Return the suppression of ``email``, or None if mails are sent to it."""
    return suppressed_address(email)
