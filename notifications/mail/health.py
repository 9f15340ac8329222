"""Whether mails can leave: the mail server is greeted as if to send, and nothing is sent."""

from __future__ import annotations

import smtplib
import time
from contextlib import suppress

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends import console, dummy, filebased, locmem, smtp

from core.health.findings import Finding
from core.health.severity import Severity

MAIL_SECONDS = 5.0
_STAY_HERE = (
    console.EmailBackend,
    dummy.EmailBackend,
    filebased.EmailBackend,
    locmem.EmailBackend,
)
_SERVER = "Start the mail server, or correct EMAIL_URL."
_LOGIN = "Correct the user and the password in EMAIL_URL."


def mail(seconds: float = MAIL_SECONDS) -> list[Finding]:
    """Whether the server of EMAIL_URL takes our greeting, and our login if there is one, with
    ``seconds`` for each word of its."""
    backend = get_connection(timeout=seconds)
    if isinstance(backend, smtp.EmailBackend):
        return [_greeted(backend, seconds)]
    if not isinstance(backend, _STAY_HERE):
        name = type(backend).__module__.rpartition(".")[2]
        text = f"goes out through the API of {name}, which only a mail can try"
        return [Finding("mail", Severity.OK, text)]
    text = "no mail leaves: EMAIL_URL prints them on the terminal"
    if settings.DEBUG:
        return [Finding("mail", Severity.OK, text)]
    step = "Name a mail server: EMAIL_URL=smtp+tls://user:password@host:587"
    return [Finding("mail", Severity.WARNING, text, step)]


def _greeted(backend: smtp.EmailBackend, seconds: float) -> Finding:
    server, began = f"{backend.host}:{backend.port}", time.monotonic()
    try:
        backend.open()  # with STARTTLS and the login, as before each mail
        if backend.connection is not None:
            backend.connection.ehlo_or_helo_if_needed()
            backend.connection.noop()
        took = time.monotonic() - began
    except OSError as error:  # all of smtplib's are
        text, step = _fault(error, seconds)
        return Finding("mail", Severity.CRITICAL, f"{server} {text}", step)
    finally:
        with suppress(OSError):
            backend.close()
    return Finding("mail", Severity.OK, f"{server} takes our greeting in {took * 1000:.0f} ms")


def _fault(error: OSError, seconds: float) -> tuple[str, str]:
    """What is wrong and what to do. Not in the server's words: they may repeat the login."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"refuses our login ({error.smtp_code})", _LOGIN
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"says nothing within {seconds:g} s", _SERVER
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "offers no TLS, or no login, on this port", "Correct the scheme of EMAIL_URL."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"refuses us ({error.smtp_code})", _SERVER
    if isinstance(error, smtplib.SMTPException):
        return "does not answer as a mail server does", _SERVER
    return f"cannot be reached: {error.strerror or type(error).__name__}", _SERVER
