"""Process the reports of a mail provider: bounces and complaints."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import tenancy
from core.mail.text import one_line
from notifications.mail import suppression
from notifications.models import Mail, MailState

logger = logging.getLogger(__name__)

_BAD = frozenset({"bounced", "complained", "rejected"})
# Reasons that concern us or a single mail: other mails to the address may arrive.
_NOT_THE_ADDRESS = frozenset({"blocked", "timed_out", "other"})


def connect() -> None:
    """Connect the receiver of reports. Requires django-anymail and ``EMAIL_PROVIDER``."""
    from anymail.signals import tracking

    tracking.connect(on_report, dispatch_uid="mail reports")


def on_report(sender: object, event: Any, esp_name: str, **kwargs: object) -> None:
    """Process an event of django-anymail, which has authenticated the request."""
    if event.event_type not in _BAD or not event.recipient:
        return
    with tenancy.everyone(), transaction.atomic():  # a provider reports for all accounts
        mail = _mail_of(event)
        if event.event_type != "complained" and event.reject_reason in _NOT_THE_ADDRESS:
            _mark_failed(mail, event)
        elif mail is not None:
            suppression.record_bounce(mail, _why(event))
        else:
            suppression.suppress(event.recipient, _why(event))
    logger.info(
        "A mail provider reported a mail",
        extra={"mail": str(mail.pk) if mail else "", "event": event.event_type, "by": esp_name},
    )


def _mail_of(event: Any) -> Mail | None:
    """Return the mail with our id or the provider's id, if it went to the reported recipient."""
    known_by = Q(provider_id=event.message_id) if event.message_id else Q()
    for text in (str((event.metadata or {}).get("mail", "")), event.message_id or ""):
        if (ours := _id_in(text)) is not None:
            known_by |= Q(pk=ours)
    if not known_by:
        return None
    return Mail.objects.filter(known_by, to__iexact=event.recipient).first()


def _id_in(text: str) -> UUID | None:
    """Return the id in one of our Message-IDs, or the id itself; None without one."""
    try:
        return UUID(text.strip("<>").partition("@")[0])
    except ValueError:
        return None


def _mark_failed(mail: Mail | None, event: Any) -> None:
    if mail is not None:
        error = f"{_('The mail was refused.')} ({_details(event)})"[:200]
        Mail.objects.filter(pk=mail.pk).update(
            state=MailState.FAILED, error=error, text="", html=""
        )


def _why(event: Any) -> str:
    if event.event_type == "complained":
        return _(suppression.COMPLAINED)
    details = _details(event)
    return f"{_(suppression.BOUNCED)} ({details})" if details else _(suppression.BOUNCED)


def _details(event: Any) -> str:
    return one_line(event.mta_response or event.description or event.reject_reason or "")[:120]
