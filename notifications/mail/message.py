"""The mail itself: from a row of the outbox to what goes over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives


@dataclass(frozen=True)
class Outgoing:
    """A mail that is claimed until ``claimed_until``, which also tells this claim from others;
    with all that an attempt needs. ``usable_until``, in the seconds of ``time.monotonic``, is
    when it is too late to begin an attempt."""

    mail: UUID
    account: UUID | None
    to: str
    subject: str
    created_at: datetime
    queued_at: datetime
    attempts: int
    claimed_until: datetime
    usable_until: float
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def message_of(outgoing: Outgoing) -> EmailMultiAlternatives:
    """The same mail at each attempt: by its Message-ID whoever gets it twice can tell."""
    message = EmailMultiAlternatives(
        subject=outgoing.subject,
        body=outgoing.text,
        to=[outgoing.to],
        headers={
            **outgoing.headers,
            **_header_for_reports(outgoing.mail),
            "Message-ID": message_id_of(outgoing.mail),
            "Date": format_datetime(outgoing.created_at),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        },
    )
    if outgoing.html:
        message.attach_alternative(outgoing.html, "text/html")
    if settings.EMAIL_PROVIDER:  # by its API: comes back with what it reports of the mail
        message.metadata = {"mail": str(outgoing.mail)}  # type: ignore[attr-defined]
    return message


def _header_for_reports(mail: UUID) -> dict[str, str]:
    """The same by SMTP, for Postmark: it reports an id of its own instead of our Message-ID."""
    by_smtp = settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")
    postmark = by_smtp and settings.EMAIL_PROVIDER == "postmark"
    return {"X-PM-Metadata-mail": str(mail)} if postmark else {}


def message_id_of(mail: UUID) -> str:
    """Its Message-ID, at the domain that our mails come from."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"<{mail}@{address.rpartition('@')[2] or 'localhost'}>"
