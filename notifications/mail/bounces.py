"""What a mail provider reports of mails that it took: that they came back, or were unwanted."""

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
# Said by the provider about us, or about this one mail: other mails there may arrive.
_NOT_THE_ADDRESS = frozenset({"blocked", "timed_out", "other"})


def connect() -> None:
    """Hear what the provider reports. Call it where one is named; needs django-anymail."""
    from anymail.signals import tracking

    tracking.connect(on_report, dispatch_uid="mail reports")


def on_report(sender: object, event: Any, esp_name: str, **kwargs: object) -> None:
    """``event``: django-anymail's, who asked for a secret before it made one of the request."""
    if event.event_type not in _BAD or not event.recipient:
        return
    with tenancy.everyone(), transaction.atomic():  # a provider reports for all accounts
        mail = _mail_of(event)
        if event.event_type != "complained" and event.reject_reason in _NOT_THE_ADDRESS:
            _came_to_nothing(mail, event)
        elif mail is not None:
            suppression.came_back(mail, _why(event))
        else:
            suppression.stop(event.recipient, _why(event))
    logger.info(
        "A mail was reported",
        extra={"mail": str(mail.pk) if mail else "", "event": event.event_type, "by": esp_name},
    )


def _mail_of(event: Any) -> Mail | None:
    """The mail by the id that we gave it, or by the one that the provider gave it, if it went to
    whom the report is about."""
    known_by = Q(provider_id=event.message_id) if event.message_id else Q()
    for text in (str((event.metadata or {}).get("mail", "")), event.message_id or ""):
        if (ours := _id_in(text)) is not None:
            known_by |= Q(pk=ours)
    if not known_by:
        return None
    return Mail.objects.filter(known_by, to__iexact=event.recipient).first()


def _id_in(text: str) -> UUID | None:
    """The id in a Message-ID of ours, or alone; None where there is none."""
    try:
        return UUID(text.strip("<>").partition("@")[0])
    except ValueError:
        return None


def _came_to_nothing(mail: Mail | None, event: Any) -> None:
    if mail is not None:
        gone = {"text": "", "html": ""}
        error = f"{_('The mail was refused.')} ({_said(event)})"[:200]
        Mail.objects.filter(pk=mail.pk).update(state=MailState.FAILED, error=error, **gone)


def _why(event: Any) -> str:
    if event.event_type == "complained":
        return _(suppression.COMPLAINED)
    said = _said(event)
    return f"{_(suppression.BOUNCED)} ({said})" if said else _(suppression.BOUNCED)


def _said(event: Any) -> str:
    return one_line(event.mta_response or event.description or event.reject_reason or "")[:120]
