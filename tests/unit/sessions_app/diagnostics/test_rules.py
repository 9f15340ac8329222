"""The rules that turn facts about the installation into findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.health.findings import Finding
from core.health.severity import Severity
from core.security.key_rotation import Unopenable
from sessions_app.cleanup.key_files import KeyFile, StoreState
from sessions_app.cleanup.rules import SessionFacts
from sessions_app.diagnostics import rules
from sessions_app.diagnostics.rules import GatewayFacts
from sessions_app.lifecycle import Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
LIMIT = timedelta(minutes=4)
FOLDER = Path("/data/whatsapp")


def session(status: Status = Status.READY, age: timedelta = HOUR, **facts: Any) -> SessionFacts:
    usual = SessionFacts(
        id=uuid4(),
        account_id=uuid4(),
        status=status,
        reason="ok",
        since=NOW - age,
        wanted_at=NOW - age,
        wanted_attempt=1,
        version=1,
        linked=status is Status.READY,
        leased=status is not Status.DISCONNECTED,
        pending=status is not Status.DISCONNECTED,
    )
    return replace(usual, **facts)


def key_file(session: UUID | None = None, **facts: Any) -> KeyFile:
    name = f"{session}.sqlite3" if session else "test-0123456789ab.sqlite3"
    usual = KeyFile(FOLDER / name, session, size=8_000, mode=0o600, modified=NOW - HOUR)
    return replace(usual, **facts)


def of_sessions(*sessions: SessionFacts, served: bool = True) -> list[Finding]:
    return rules.of_sessions(sessions, NOW, LIMIT, served=served)


def test_it_counts_sessions_by_status_and_reason() -> None:
    counts, stuck = of_sessions(
        session(),
        session(),
        session(Status.QR, age=timedelta(seconds=5)),
        session(Status.DISCONNECTED, reason="logged_out"),
        session(Status.DISCONNECTED, reason="qr_expired"),
        session(Status.DISCONNECTED, reason="unlinked"),
    )
    assert counts.text == "1 qr, 2 ready, 2 disconnected (1 logged_out, 1 qr_expired), 1 unlinked"
    assert (counts.severity, stuck.severity) == (Severity.OK, Severity.OK)


def test_it_reports_an_installation_without_sessions() -> None:
    assert of_sessions()[0].text == "none"


def test_it_names_a_stuck_session() -> None:
    one = session(Status.INITIALIZING, leased=False, linked=False)
    stuck = of_sessions(one)[1]
    assert stuck.severity is Severity.CRITICAL
    assert stuck.text == f"1 initializing, the oldest for 1 h: {one.id}"
    assert "cleanup_sessions cleanup" in stuck.next_step


def test_it_asks_for_a_gateway_before_a_cleanup() -> None:
    one = session(Status.QR, leased=False, linked=False)
    assert "manage.py serve" in of_sessions(one, served=False)[1].next_step


def test_it_names_only_the_first_stuck_sessions() -> None:
    many = [session(Status.QR, leased=False, linked=False) for _ in range(9)]
    assert of_sessions(*many)[1].text.endswith(f"{many[2].id} and 6 more")


@pytest.mark.parametrize(
    ("facts", "is_stuck"),
    [
        ({"leased": False, "linked": False}, True),
        ({"leased": False, "linked": True}, True),
        ({"leased": True, "linked": False}, True),
        ({"leased": True, "linked": True}, False),  # it is being reconnected
        ({"leased": True, "linked": False, "wanted_at": NOW}, False),  # asked again just now
        ({"leased": True, "linked": False, "since": NOW - LIMIT - SECOND}, False),  # codes left
        ({"leased": False, "linked": False, "since": NOW - LIMIT - SECOND}, True),
        ({"leased": False, "linked": False, "since": NOW - LIMIT}, False),
    ],
)
def test_it_recognizes_stuck_sessions(facts: dict[str, Any], is_stuck: bool) -> None:
    one = session(Status.INITIALIZING, **facts)
    assert (of_sessions(one)[1].severity is Severity.CRITICAL) == is_stuck


def test_it_never_finds_ready_or_disconnected_sessions_stuck() -> None:
    assert (
        of_sessions(session(leased=False), session(Status.DISCONNECTED))[1].severity is Severity.OK
    )


def test_it_counts_key_stores_with_their_size() -> None:
    files = [key_file(uuid4(), size=1_200_000), key_file(uuid4(), size=34_567), key_file()]
    (found,) = rules.of_key_stores(files, FOLDER)
    assert found.text == "2 key stores, 1.2 MB (1242567 bytes) in /data/whatsapp"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o777])
def test_it_reports_keys_that_others_can_read(mode: int) -> None:
    bad = key_file(uuid4(), mode=mode)
    found = rules.of_key_stores([bad, key_file(uuid4())], FOLDER)[1]
    assert (found.severity, found.next_step) == (Severity.CRITICAL, "chmod 600 /data/whatsapp/*")
    assert bad.path.name in found.text


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (StoreState.MISSING, "missing"),
        (StoreState.EMPTY, "empty"),
        (StoreState.GARBLED, "garbled"),
        (StoreState.CLOSED, "not readable"),
    ],
)
def test_it_names_a_linked_number_without_usable_keys(state: StoreState, word: str) -> None:
    one = uuid4()
    (found,) = rules.of_linked_keys({one: state, uuid4(): StoreState.LINKED})
    assert found.severity is Severity.CRITICAL
    assert found.text == f"the key store of session {one} is {word}"
    assert f"{one}.sqlite3" in found.next_step


def test_it_reports_files_of_no_session() -> None:
    stray = key_file(uuid4())
    (found,) = rules.of_orphans([stray], {}, NOW)
    assert found.severity is Severity.CRITICAL
    assert found.text == f"1 file, 8.0 kB, 1 of no session: {stray.path.name}"


def test_it_warns_of_files_of_unlinked_attempts() -> None:
    expired = session(Status.DISCONNECTED)
    (found,) = rules.of_orphans([key_file(expired.id)], {expired.id: expired}, NOW)
    assert found.severity is Severity.WARNING


def test_it_accepts_linked_keys_and_young_files() -> None:
    linked, young = session(), key_file(uuid4(), modified=NOW)
    (found,) = rules.of_orphans([key_file(linked.id), young], {linked.id: linked}, NOW)
    assert (found.severity, found.text) == (Severity.OK, "none")


def gateway(age: float = 2.0, **facts: Any) -> GatewayFacts:
    return replace(GatewayFacts("host, process 7", age, engines=[], trouble=""), **facts)


def test_it_lists_live_gateways_and_engines() -> None:
    engine = {"kind": "running", "pid": 9, "sessions": 40, "starts": 1, "rss_mb": 96.4}
    found = rules.of_gateways([gateway(engines=[engine])], waiting=0)
    assert [one.severity for one in found] == [Severity.OK, Severity.OK]
    assert found[0].text == "host, process 7, heartbeat 2 s ago"
    assert found[1].text == "running, process 9, 40 sessions, 1 start, 96 MB"


def test_it_names_the_command_that_starts_a_gateway() -> None:
    (found,) = rules.of_gateways([gateway(age=180)], waiting=12)
    assert found.severity is Severity.CRITICAL
    assert found.text == "none is alive; the last heartbeat is 3 min old; 12 sessions wait for one"
    assert "manage.py serve" in found.next_step


def test_it_reports_the_trouble_of_a_gateway() -> None:
    (found,) = rules.of_gateways([gateway(trouble="neonize is not installed.")], waiting=0)
    assert found.severity is Severity.CRITICAL
    assert "neonize is not installed." in found.text


def test_it_warns_of_a_lost_gateway() -> None:
    found = rules.of_gateways([gateway(), gateway(age=3_600)], waiting=0)
    assert found[1].severity is Severity.WARNING
    assert "sent no heartbeat for 1 h" in found[1].text


def test_it_ignores_gateways_lost_long_ago() -> None:
    found = rules.of_gateways([gateway(), gateway(age=30 * 86_400)], waiting=0)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ("", "Nothing needs you: 0 checks."),
        ("o", "Nothing needs you: 1 check."),
        ("on", "Nothing needs you: 2 checks; 1 warning."),
        ("op", "1 problem needs you: two."),
        ("ppnn", "2 problems need you: one, two; 2 warnings."),
    ],
)
def test_it_ends_with_a_summary(levels: str, sentence: str) -> None:
    kinds = {"o": Severity.OK, "n": Severity.WARNING, "p": Severity.CRITICAL}
    names = ["one", "two", "three", "four"]
    found = [Finding(names[i], kinds[kind], "") for i, kind in enumerate(levels)]
    assert rules.summary(found) == sentence


def test_it_names_rows_without_a_key() -> None:
    (well,) = rules.of_seals([])
    column = "sessions_app.session.proxy"
    (one,) = rules.of_seals([Unopenable(column, "0a1b2c3d", 1, ["A"])])
    (five,) = rules.of_seals([Unopenable(column, "0a1b2c3d", 5, ["A", "B", "C"])])

    assert (well.severity, one.severity) == (Severity.OK, Severity.CRITICAL)
    assert one.text == f"1 row of {column} needs the key 0a1b2c3d: A"
    assert five.text == f"5 rows of {column} need the key 0a1b2c3d: A, B, C and 2 more"
    assert "FIELD_ENCRYPTION_KEYS" in one.next_step
