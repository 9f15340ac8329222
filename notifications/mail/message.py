"""Build the message to send from a row of the outbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from core.background.row_queue import Lease


@dataclass(frozen=True)
class ClaimedMail:
    """A mail claimed for an attempt, with everything that the attempt needs.

    ``usable_until``, in seconds of ``time.monotonic``, is the latest time to begin the attempt: the
    lease must not expire during it.
    """

    mail: UUID
    account: UUID | None
    to: str
    subject: str
    created_at: datetime
    queued_at: datetime
    attempts: int
    lease: Lease = field(repr=False)
    usable_until: float
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def message_of(outgoing: ClaimedMail) -> EmailMultiAlternatives:
    """Return the message, with the same Message-ID at each attempt, so duplicates can be found."""
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
    if settings.EMAIL_PROVIDER:  # for its API, which includes the metadata in its reports
        message.metadata = {"mail": str(outgoing.mail)}  # type: ignore[attr-defined]
    return message


def _header_for_reports(mail: UUID) -> dict[str, str]:
    """Return the metadata as a header for Postmark over SMTP, which ignores our Message-ID."""
    by_smtp = settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend")
    postmark = by_smtp and settings.EMAIL_PROVIDER == "postmark"
    return {"X-PM-Metadata-mail": str(mail)} if postmark else {}


def message_id_of(mail: UUID) -> str:
    """Return the Message-ID of a mail, with the domain of our sender address."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"<{mail}@{address.rpartition('@')[2] or 'localhost'}>"
