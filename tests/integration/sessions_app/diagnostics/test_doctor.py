"""``doctor``: one line for everything that numbers need, whatever of it is broken or hangs."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from core.health.checks import Check
from core.health.findings import Finding
from core.health.severity import Severity
from notifications.mail import health
from sessions_app.diagnostics.runner import CheckGroup, run_all
from tests.integration.sessions_app.cleanup.conftest import KeyFolder
from tests.wire.product import free_port

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class Server:
    """A mail server; a ``silent`` one does not answer after its greeting."""

    def __init__(self, *, silent: bool = False) -> None:
        self.silent, self.mails = silent, 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self.silent:
            await asyncio.Event().wait()
        return replies

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails += 1
        return "250 OK"


@pytest.fixture
def mail_server(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Server]:
    handler = Server(silent=getattr(request, "param", False))
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP_BACKEND, "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    yield handler
    controller.stop()


def test_it_greets_the_mail_server_without_a_mail(mail_server: Server) -> None:
    (found,) = health.mail()
    assert found.severity is Severity.OK
    assert "responds in" in found.text
    assert mail_server.mails == 0


@pytest.mark.parametrize("mail_server", [True], indirect=True)
def test_it_gives_up_on_a_silent_mail_server(mail_server: Server) -> None:
    began = time.monotonic()
    (found,) = health.mail(0.2)
    assert found.severity is Severity.CRITICAL
    assert "does not respond within 0.2 s" in found.text and "EMAIL_URL" in found.next_step
    assert time.monotonic() - began < 5


def test_it_reports_a_refused_login_without_the_password(
    mail_server: Server, settings: Settings
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "pairline", "hunter2hunter2"
    (found,) = health.mail()
    assert found.severity is Severity.CRITICAL
    assert "hunter2" not in str(found)


def test_it_reports_a_missing_mail_server(settings: Settings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP_BACKEND, "127.0.0.1", 1
    (found,) = health.mail()
    assert found.text == "127.0.0.1:1 cannot be reached: Connection refused"


@pytest.mark.parametrize(("debug", "level"), [(True, Severity.OK), (False, Severity.WARNING)])
def test_it_warns_that_console_mails_are_not_sent(
    settings: Settings, debug: bool, level: Severity
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    settings.DEBUG = debug
    (found,) = health.mail()
    assert found.severity is level
    assert "no mails are sent" in found.text


# --- concurrent checks --------------------------------------------------------------------


def _fine(name: str) -> Check:
    return Check(name, lambda: [Finding(name, Severity.OK, "well")])


def test_it_runs_other_checks_while_one_hangs() -> None:
    released = threading.Event()

    def hang() -> list[Finding]:
        released.wait(30)
        return []

    hangs = Check("hangs", hang)
    found = run_all(
        [CheckGroup([hangs, _fine("behind")]), CheckGroup([_fine("beside")])], seconds=0.2
    )
    released.set()
    assert [found[name][0].severity for name in ("hangs", "behind", "beside")] == [
        Severity.CRITICAL,
        Severity.CRITICAL,
        Severity.OK,
    ]
    assert found["hangs"][0].text == "no answer in 0.2 s"


def test_it_reports_a_failing_check_as_a_finding() -> None:
    def broken() -> list[Finding]:
        raise RuntimeError("the roof\nis on fire")

    found = run_all([CheckGroup([Check("roof", broken), _fine("floor")])])
    assert found["roof"][0].text == "cannot be checked: RuntimeError: the roof"
    assert found["floor"][0].severity is Severity.OK


def test_it_skips_checks_after_a_needed_one_fails() -> None:
    trouble = Check(
        "database", lambda: [Finding("database", Severity.CRITICAL, "away")], needed=True
    )
    found = run_all([CheckGroup([trouble, _fine("tables")])])
    assert found["tables"][0].text == "not checked: the database comes first"


# --- the command --------------------------------------------------------------------------


def run_command(*arguments: str) -> tuple[int, str]:
    printed = StringIO()
    try:
        call_command("doctor", *arguments, stdout=printed)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("nowhere")
def test_it_prints_a_line_for_each_check(keys: KeyFolder) -> None:
    code, text = run_command("--port", str(free_port()))
    rows = text.splitlines()
    names = {row[9:22].strip() for row in rows if row.startswith(("ok ", "warning", "trouble"))}
    assert code == 1
    assert names >= {
        "database", "migrations", "gateway", "sealed texts", "key stores", "neonize", "WhatsApp",
        "mail", "data folder", "disk", "hints", "settings", "port",
    }  # fmt: skip
    assert not names & {"sessions", "linked keys"}
    assert rows[-1].startswith("2 problems need you: gateway, WhatsApp.")


@pytest.mark.django_db
@pytest.mark.usefixtures("nowhere")
def test_it_prints_one_json_object(keys: KeyFolder) -> None:
    code, text = run_command("--json", "--port", str(free_port()))
    told: dict[str, Any] = json.loads(text)
    assert (code, told["ok"], set(told)) == (
        1,
        False,
        {"ok", "at", "version", "seconds", "findings"},
    )
    by_name = {finding["name"]: finding for finding in told["findings"]}
    assert by_name["database"]["text"].startswith(connection.display_name)
    assert by_name["migrations"]["level"] == "ok"
