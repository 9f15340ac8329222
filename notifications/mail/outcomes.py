"""How attempts end: from what the mail library returns or raises to an ``Outcome``."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from core.mail.text import one_line
from notifications.mail.retry import Fate, Stage, fate_of

ERROR_CHARACTERS = 200
_WORDS = {
    Fate.LATER: gettext_noop("The other side asks to try again later."),
    Fate.FAILED: gettext_noop("The mail was refused."),
    Fate.NO_MAILBOX: gettext_noop("There is no such mailbox."),
    Fate.SERVER: gettext_noop("The mail server takes no mails at the moment."),
}
UNREACHABLE = gettext_noop("The mail server cannot be reached.")
BROKEN_OFF = gettext_noop("The mail server did not answer to the end.")
NOT_MADE = gettext_noop("The mail could not be made.")
_TOO_MANY = 429  # HTTP: of the APIs of mail providers


@dataclass(frozen=True)
class Outcome:
    """``code``: the server's answer (None: none); ``error``: what is wrong as a sentence, "" when
    it was taken; ``breaks``: whether it is about the server and not about this mail."""

    fate: Fate
    code: int | None = None
    error: str = ""
    breaks: bool = False
    provider_id: str = ""  # what a provider calls the mail in what it reports later


def at_opening(error: Exception) -> Outcome:
    """No connection could be made: no mail's fault."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _refused(Fate.SERVER, error.smtp_code, _text(error.smtp_error))
    return _of_server(UNREACHABLE, error)


def at_sending(error: Exception) -> Outcome:
    """An attempt failed on a connection that was there."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _judged(Stage.RECIPIENT, code, _text(text))
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _judged(Stage.SENDER, error.smtp_code, _text(error.smtp_error))
    if isinstance(error, smtplib.SMTPResponseException):
        return _judged(Stage.CONTENT, error.smtp_code, _text(error.smtp_error))
    if isinstance(error, smtplib.SMTPNotSupportedError):  # such as an address beyond ASCII
        return Outcome(Fate.FAILED, error=_sentence(_WORDS[Fate.FAILED], str(error)))
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _by_api(status, error)
    if isinstance(error, OSError):
        return _broken_off(error)
    return Outcome(Fate.FAILED, error=_sentence(NOT_MADE, type(error).__name__))


def too_slow() -> Outcome:
    """An attempt took longer than one may."""
    return Outcome(Fate.LATER, error=BROKEN_OFF, breaks=True)


def at_the_end(message: Any) -> Outcome:
    """It was taken; a provider's API may have said at once that it goes nowhere."""
    status = getattr(message, "anymail_status", None)
    if status is None:
        return Outcome(Fate.SENT)
    said = status.status or set()
    if said and said <= {"invalid", "rejected"}:
        return Outcome(Fate.NO_MAILBOX, error=_WORDS[Fate.NO_MAILBOX])
    if said and said <= {"failed", "unknown"} and not status.message_id:
        return Outcome(Fate.FAILED, error=_WORDS[Fate.FAILED])
    return Outcome(Fate.SENT, provider_id=str(status.message_id or ""))


def _judged(stage: Stage, code: int, text: str) -> Outcome:
    return _refused(fate_of(stage, code, text), code, text)


def _refused(fate: Fate, code: int, text: str) -> Outcome:
    words = _sentence(_WORDS[fate], f"{code} {text}")
    return Outcome(fate, code if code > 0 else None, words, breaks=fate is Fate.SERVER)


def _by_api(status: int, error: Exception) -> Outcome:
    """Of a provider's API: whether it is about us or about this mail is all that HTTP tells."""
    if status in (401, 403, _TOO_MANY) or status >= 500:
        return _of_server(_WORDS[Fate.SERVER], error, f"HTTP {status}")
    return Outcome(Fate.FAILED, error=_sentence(_WORDS[Fate.FAILED], f"HTTP {status}"))


def _of_server(words: str, error: Exception, why: str = "") -> Outcome:
    return Outcome(Fate.SERVER, error=_sentence(words, why or _why(error)), breaks=True)


def _broken_off(error: OSError) -> Outcome:
    """Whether the mail was taken is not known, so the attempt counts."""
    return Outcome(Fate.LATER, error=_sentence(BROKEN_OFF, _why(error)), breaks=True)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLError):
        return "no secure connection"
    if isinstance(error, smtplib.SMTPException):
        return str(error) if error.args else type(error).__name__
    return getattr(error, "strerror", None) or type(error).__name__


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def _sentence(words: str, why: str) -> str:
    return f"{words} ({one_line(why)})"[:ERROR_CHARACTERS]
