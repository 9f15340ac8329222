"""``cleanup_sessions diagnostics`` reports problems, whatever is broken."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.diagnostics import checks
from sessions_app.lifecycle import Status
from sessions_app.models import Gateway, Session
from tests.factory import make_session
from tests.integration.sessions_app.cleanup.conftest import HOUR, UNOWNED, KeyFolder, ago

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nowhere")]


@pytest.fixture
def port() -> Iterator[int]:
    """Return a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    yield number


def named(name: str, port: int = 1) -> list[Finding]:
    return [finding for finding in checks.run(port) if finding.name == name]


def problem(name: str) -> Finding:
    (found,) = named(name)
    assert found.severity is Severity.CRITICAL
    assert found.next_step
    return found


def alive(**columns: Any) -> Gateway:
    now = timezone.now()
    usual = {"host": "web-1", "pid": 7, "started_at": now, "heartbeat_at": now}
    return Gateway.objects.create(owner=str(uuid4()), **{**usual, **columns})


def test_it_looks_at_everything_in_a_fixed_order(keys: KeyFolder, port: int) -> None:
    alive()
    names = [finding.name for finding in checks.run(port)]
    assert names == [
        "database",
        "migrations",
        *(["clock"] if connection.vendor == "postgresql" else []),
        "sessions",
        "stuck sessions",
        "linked keys",
        "orphaned keys",
        "sealed texts",
        "gateway",
        "scheduled jobs",
        "key stores",
        "neonize",
        "WhatsApp",
        "data folder",
        "disk",
        "hints",
        "settings",
        "mail",
        "port",
    ]


def test_it_names_a_session_that_is_stuck(keys: KeyFolder) -> None:
    alive()
    stuck = make_session(status=Status.INITIALIZING, **UNOWNED, **ago(timedelta(minutes=5)))
    found = problem("stuck sessions")
    assert str(stuck.pk) in found.text and "cleanup_sessions cleanup" in found.next_step


def test_it_accepts_a_code_that_waits_for_its_scan(keys: KeyFolder) -> None:
    make_session(status=Status.QR, **ago(timedelta(minutes=2)))
    assert named("stuck sessions")[0].severity is Severity.OK


def test_it_names_the_session_of_a_garbled_key_store(keys: KeyFolder) -> None:
    good, bad = make_session(), make_session(status=Status.READY)
    keys.store(good)
    keys.file(f"{bad.pk}.sqlite3", b"garbled" * 1000)
    found = problem("linked keys")
    assert str(bad.pk) in found.text and "garbled" in found.text


def test_it_names_a_linked_session_without_keys(keys: KeyFolder) -> None:
    session = make_session()
    assert str(session.pk) in problem("linked keys").text


def test_it_names_keys_that_others_may_read(keys: KeyFolder) -> None:
    keys.store(make_session()).chmod(0o644)
    assert "chmod 600" in problem("key rights").next_step


def test_it_counts_messages_that_were_set_aside(keys: KeyFolder) -> None:
    assert named("set aside") == []
    for lines in (b"one\ntwo\n", b"three\n"):
        keys.file(f"{make_session().pk}.aside", lines)

    (found,) = named("set aside")

    assert found.severity is Severity.ERROR
    assert found.text.startswith("3 messages or receipts of 2 numbers in ")
    assert "how-to" in found.next_step


def test_it_names_files_of_sessions_that_are_no_more(keys: KeyFolder) -> None:
    stray = keys.store(uuid4())
    assert stray.name in problem("orphaned keys").text


def test_it_asks_for_a_gateway_when_none_is_alive(keys: KeyFolder) -> None:
    keys.store(make_session(**UNOWNED))
    alive(heartbeat_at=timezone.now() - HOUR)
    found = problem("gateway")
    assert "the last heartbeat is 1 h old; 1 session waits for one" in found.text


def test_it_ignores_a_gateway_that_was_stopped(keys: KeyFolder) -> None:
    alive(stopped_at=timezone.now())
    assert "none is alive; 0 sessions" in problem("gateway").text


def test_it_describes_a_live_gateway_with_its_engines(keys: KeyFolder) -> None:
    engines = [{"kind": "linking", "pid": 8, "sessions": 1, "starts": 3, "rss_mb": 42.0}]
    alive(engines=engines, trouble="neonize is not installed.")
    assert "neonize is not installed." in problem("gateway").text
    assert named("engine")[0].text == "linking, process 8, 1 session, 3 starts, 42 MB"


def test_it_starts_an_engine_to_check_the_library(keys: KeyFolder) -> None:
    (found,) = named("neonize")
    assert found.severity is Severity.OK
    assert found.text.startswith("0.5.2 as tested, an engine starts in ")


def test_it_says_that_whatsapp_cannot_be_reached(keys: KeyFolder) -> None:
    assert "cannot be reached: Connection refused" in problem("WhatsApp").text


def test_it_says_that_the_simulator_is_not_there(keys: KeyFolder, nowhere: Path) -> None:
    nowhere.unlink()
    for name in ("WhatsApp", "neonize"):
        assert "simulator" in problem(name).next_step


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_it_reports_a_read_only_data_folder(settings: Settings, tmp_path: Path, kind: str) -> None:
    settings.DATA_DIR = tmp_path / kind
    (tmp_path / "file").touch()
    assert str(settings.DATA_DIR) in problem("data folder").text


def test_it_tells_what_the_system_checks_say(keys: KeyFolder, settings: Settings) -> None:
    settings.DEBUG = False
    texts = [finding.text for finding in named("settings") if finding.severity is Severity.CRITICAL]
    assert any("pairline.E001" in text for text in texts)


def test_it_names_a_port_that_somebody_else_uses(keys: KeyFolder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        (found,) = named("port", other.getsockname()[1])
    assert (found.severity, "--port 8001" in found.next_step) == (Severity.CRITICAL, True)


def test_it_names_rows_that_no_key_opens(keys: KeyFolder, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [b"l" * 32]
    lost = make_session(status=Status.QR)
    settings.FIELD_ENCRYPTION_KEYS = [b"k" * 32]

    assert str(lost.pk) in problem("sealed texts").text


def test_it_tells_nothing_that_is_secret(keys: KeyFolder) -> None:
    codes = make_session(status=Status.QR, pairing_code="ABCD-EFGH", **UNOWNED, **ago())
    linked = make_session()
    told = json.dumps([str(finding) for finding in checks.run(1)])
    for secret in (codes.qr_text, codes.pairing_code, linked.phone_number, linked.jid):
        assert secret not in told


def run_command(*arguments: str) -> tuple[int, str]:
    printed = StringIO()
    try:
        call_command("cleanup_sessions", "diagnostics", *arguments, stdout=printed)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def test_it_exits_with_1_and_names_the_problems(keys: KeyFolder, port: int) -> None:
    alive()
    code, text = run_command("--port", str(port))
    lines = text.splitlines()
    assert code == 1
    assert lines[-1] == "1 problem needs you: WhatsApp."
    assert any(line.startswith("trouble  WhatsApp     ") and " › " in line for line in lines)
    assert "\x1b" not in text


def test_it_prints_one_object_as_json(keys: KeyFolder, port: int) -> None:
    code, text = run_command("--json", "--port", str(port))
    answer = json.loads(text)
    assert (code, answer["ok"]) == (1, False)
    assert {tuple(sorted(finding)) for finding in answer["findings"]} == {
        ("level", "name", "next_step", "text")
    }
    assert {finding["level"] for finding in answer["findings"]} == {"ok", "trouble"}


@pytest.mark.parametrize("typed", ["0", "65536", "-1"])
def test_it_refuses_an_invalid_port(typed: str) -> None:
    with pytest.raises(CommandError, match="between 1 and 65535"):
        run_command(f"--port={typed}")


def test_it_changes_nothing_when_it_shows_pages(keys: KeyFolder) -> None:
    keys.store(make_session(status=Status.INITIALIZING, **UNOWNED, **ago()), linked=False)
    keys.store(uuid4())
    before = list(Session.objects.values()), keys.names()
    checks.run(1)
    assert (list(Session.objects.values()), keys.names()) == before
