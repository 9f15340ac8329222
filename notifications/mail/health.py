"""The health check of the mail server: connect and log in as for a mail, without sending one."""

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
_LOCAL = (
    console.EmailBackend,
    dummy.EmailBackend,
    filebased.EmailBackend,
    locmem.EmailBackend,
)
_SERVER = "Start the mail server, or correct EMAIL_URL."
_LOGIN = "Correct the user and the password in EMAIL_URL."


def mail(seconds: float = MAIL_SECONDS) -> list[Finding]:
    """Check that the server of EMAIL_URL accepts a connection, and our login if there is one.

    Each reply of the server may take ``seconds``.
    """
    backend = get_connection(timeout=seconds)
    if isinstance(backend, smtp.EmailBackend):
        return [_checked(backend, seconds)]
    if not isinstance(backend, _LOCAL):
        name = type(backend).__module__.rpartition(".")[2]
        text = f"is sent through the API of {name}, which cannot be checked without sending a mail"
        return [Finding("mail", Severity.OK, text)]
    text = "no mails are sent: EMAIL_URL prints them on the terminal"
    if settings.DEBUG:
        return [Finding("mail", Severity.OK, text)]
    step = "Set a mail server: EMAIL_URL=smtp+tls://user:password@host:587"
    return [Finding("mail", Severity.WARNING, text, step)]


def _checked(backend: smtp.EmailBackend, seconds: float) -> Finding:
    server, began = f"{backend.host}:{backend.port}", time.monotonic()
    try:
        backend.open()  # with STARTTLS and the login, as before each mail
        if backend.connection is not None:
            backend.connection.ehlo_or_helo_if_needed()
            backend.connection.noop()
        took = time.monotonic() - began
    except OSError as error:  # the base class of all errors of smtplib
        text, step = _fault(error, seconds)
        return Finding("mail", Severity.CRITICAL, f"{server} {text}", step)
    finally:
        with suppress(OSError):
            backend.close()
    return Finding("mail", Severity.OK, f"{server} responds in {took * 1000:.0f} ms")


def _fault(error: OSError, seconds: float) -> tuple[str, str]:
    """Return what is wrong and what to do, without the server's text, which may echo the login."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"rejects our login ({error.smtp_code})", _LOGIN
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"does not respond within {seconds:g} s", _SERVER
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "offers no TLS, or no login, on this port", "Correct the scheme of EMAIL_URL."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"refuses the connection ({error.smtp_code})", _SERVER
    if isinstance(error, smtplib.SMTPException):
        return "does not respond like a mail server", _SERVER
    return f"cannot be reached: {error.strerror or type(error).__name__}", _SERVER
