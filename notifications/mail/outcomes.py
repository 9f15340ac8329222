"""Convert what the mail library returns or raises into a ``SendResult``."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from core.mail.text import one_line
from notifications.mail.retry import SendOutcome, Stage, outcome_of

ERROR_CHARACTERS = 200
_WORDS = {
    SendOutcome.LATER: gettext_noop("The receiving server asked to try again later."),
    SendOutcome.FAILED: gettext_noop("The mail was refused."),
    SendOutcome.NO_MAILBOX: gettext_noop("The mailbox does not exist."),
    SendOutcome.SERVER: gettext_noop("The mail server accepts no mails at the moment."),
}
UNREACHABLE = gettext_noop("The mail server cannot be reached.")
BROKEN_OFF = gettext_noop("The connection to the mail server broke off.")
NOT_MADE = gettext_noop("The mail could not be created.")
_TOO_MANY = 429  # HTTP: of the APIs of mail providers


@dataclass(frozen=True)
class SendResult:
    """The result of an attempt.

    ``code`` is the reply code of the server, or None; ``error`` a sentence, or "" for a sent mail;
    ``breaks`` means that the server is at fault, and not the mail.
    """

    outcome: SendOutcome
    code: int | None = None
    error: str = ""
    breaks: bool = False
    provider_id: str = ""  # the id of the mail in later reports of the provider


def connect_failed(error: Exception) -> SendResult:
    """Return the result if no connection could be opened."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(SendOutcome.SERVER, error.smtp_code, _text(error.smtp_error))
    return _of_server(UNREACHABLE, error)


def send_failed(error: Exception) -> SendResult:
    """Return the result of an attempt that failed on an open connection."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _judged(Stage.RECIPIENT, code, _text(text))
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _judged(Stage.SENDER, error.smtp_code, _text(error.smtp_error))
    if isinstance(error, smtplib.SMTPResponseException):
        return _judged(Stage.CONTENT, error.smtp_code, _text(error.smtp_error))
    if isinstance(error, smtplib.SMTPNotSupportedError):  # such as an address beyond ASCII
        return SendResult(
            SendOutcome.FAILED, error=_sentence(_WORDS[SendOutcome.FAILED], str(error))
        )
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _by_api(status, error)
    if isinstance(error, OSError):
        return _broken_off(error)
    return SendResult(SendOutcome.FAILED, error=_sentence(NOT_MADE, type(error).__name__))


def timed_out() -> SendResult:
    """Return the result of an attempt that took too long."""
    return SendResult(SendOutcome.LATER, error=BROKEN_OFF, breaks=True)


def accepted(message: Any) -> SendResult:
    """Return the result for a message that the server accepted.

    The API of a provider may report at once that it cannot deliver the message.
    """
    status = getattr(message, "anymail_status", None)
    if status is None:
        return SendResult(SendOutcome.SENT)
    reported = status.status or set()
    if reported and reported <= {"invalid", "rejected"}:
        return SendResult(SendOutcome.NO_MAILBOX, error=_WORDS[SendOutcome.NO_MAILBOX])
    if reported and reported <= {"failed", "unknown"} and not status.message_id:
        return SendResult(SendOutcome.FAILED, error=_WORDS[SendOutcome.FAILED])
    return SendResult(SendOutcome.SENT, provider_id=str(status.message_id or ""))


def _judged(stage: Stage, code: int, text: str) -> SendResult:
    return _refused(outcome_of(stage, code, text), code, text)


def _refused(outcome: SendOutcome, code: int, text: str) -> SendResult:
    words = _sentence(_WORDS[outcome], f"{code} {text}")
    return SendResult(
        outcome, code if code > 0 else None, words, breaks=outcome is SendOutcome.SERVER
    )


def _by_api(status: int, error: Exception) -> SendResult:
    """Judge the HTTP status of a provider's API: it concerns either us or this mail."""
    if status in (401, 403, _TOO_MANY) or status >= 500:
        return _of_server(_WORDS[SendOutcome.SERVER], error, f"HTTP {status}")
    return SendResult(
        SendOutcome.FAILED, error=_sentence(_WORDS[SendOutcome.FAILED], f"HTTP {status}")
    )


def _of_server(words: str, error: Exception, why: str = "") -> SendResult:
    return SendResult(SendOutcome.SERVER, error=_sentence(words, why or _why(error)), breaks=True)


def _broken_off(error: OSError) -> SendResult:
    """Return the result of a lost connection. The mail may have been accepted, so it counts."""
    return SendResult(SendOutcome.LATER, error=_sentence(BROKEN_OFF, _why(error)), breaks=True)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, ssl.SSLError):
        return "no secure connection"
    if isinstance(error, smtplib.SMTPException):
        return str(error) if error.args else type(error).__name__
    return getattr(error, "strerror", None) or type(error).__name__


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def _sentence(words: str, why: str) -> str:
    return f"{words} ({one_line(why)})"[:ERROR_CHARACTERS]
