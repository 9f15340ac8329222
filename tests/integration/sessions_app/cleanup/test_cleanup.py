"""Cleanup ends stuck attempts and deletes leftover files, but never keys of linked numbers."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from locations.models import IdempotentAnswer
from sessions_app.cleanup.rules import LEASED, LINKED, PENDING, UNKNOWN
from sessions_app.cleanup.run import CleanupReport, clean
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.store.leases import claim, needs_gateway
from tests.factory import make_session
from tests.integration.sessions_app.cleanup.conftest import HOUR, UNOWNED, KeyFolder, Reread, ago

TEN_MINUTES = timedelta(minutes=10)

pytestmark = pytest.mark.django_db


def run(*, dry_run: bool = False, older_than: timedelta = TEN_MINUTES) -> CleanupReport:
    return clean(older_than, dry_run=dry_run)


def kept(report: CleanupReport) -> dict[str, str]:
    return {file.name: file.why for file in report.kept}


@pytest.mark.parametrize("status", [Status.INITIALIZING, Status.QR])
def test_it_ends_an_attempt_that_no_gateway_runs(
    keys: KeyFolder, reread: Reread, status: Status
) -> None:
    stuck = make_session(status=status, **UNOWNED, **ago())
    assert [one.session for one in run().ended] == [stuck.pk]
    row = reread(stuck)
    assert (row.status, row.reason, row.qr_text) == ("disconnected", "cleaned_up", "")
    event = row.events.get()
    assert (event.event, event.actor, event.old_status) == ("cleaned_up", "cleanup", str(status))


def test_it_leaves_an_ended_attempt_until_requested_again(keys: KeyFolder) -> None:
    stuck = make_session(status=Status.INITIALIZING, attempt=0, **UNOWNED, **ago())
    run()
    assert claim("gateway", 10) == []
    Session.objects.get(pk=stuck.pk).ask_restart(by="alice")
    assert [state.id for state in claim("gateway", 10)] == [stuck.pk]


def test_it_leaves_a_young_attempt_alone(keys: KeyFolder, reread: Reread) -> None:
    young = make_session(status=Status.QR, **UNOWNED, **ago(timedelta(minutes=9)))
    assert run().ended == []
    assert reread(young).status == Status.QR
    assert len(run(older_than=timedelta(minutes=8)).ended) == 1


def test_it_ends_an_overdue_attempt_in_a_gateway(keys: KeyFolder) -> None:
    make_session(status=Status.QR, **ago())
    assert [one.leased for one in run().ended] == [True]


def test_it_leaves_a_running_attempt_its_minimum_time(
    keys: KeyFolder,
) -> None:
    make_session(status=Status.QR, **ago(timedelta(minutes=3)))
    assert run(older_than=timedelta(0)).ended == []


def test_it_leaves_an_attempt_with_a_new_request(keys: KeyFolder) -> None:
    make_session(status=Status.INITIALIZING, **{**ago(), "wanted_at": timezone.now()})
    assert run().ended == []


def test_it_leaves_a_linked_number_that_is_reconnecting(keys: KeyFolder, reread: Reread) -> None:
    session = make_session(status=Status.INITIALIZING, jid="351:1@s.whatsapp.net", **ago())
    store = keys.store(session)
    assert run().ended == []
    assert reread(session).status == Status.INITIALIZING
    assert store.exists()


def test_it_keeps_the_keys_without_a_gateway(keys: KeyFolder, reread: Reread) -> None:
    session = make_session(
        status=Status.INITIALIZING, jid="351:1@s.whatsapp.net", **UNOWNED, **ago()
    )
    store = keys.store(session)
    report = run()
    assert reread(session).status == Status.DISCONNECTED
    assert kept(report) == {store.name: LINKED}
    assert store.exists()
    assert [state.jid for state in claim("gateway", 10)] == ["351:1@s.whatsapp.net"]


@pytest.mark.parametrize(
    "reason", [Reason.USER_DISCONNECT, Reason.STREAM_REPLACED, Reason.TEMP_BAN]
)
def test_it_keeps_the_keys_of_a_disconnected_number(
    keys: KeyFolder, reread: Reread, reason: Reason
) -> None:
    session = make_session(
        status=Status.DISCONNECTED, reason=reason, jid="351:1@s.whatsapp.net", **ago(30 * HOUR)
    )
    store = keys.store(session, age=30 * HOUR)
    run(older_than=timedelta(0))
    assert store.exists()
    assert reread(session).reason == reason


def test_it_deletes_what_nobody_needs(keys: KeyFolder) -> None:
    expired = make_session(status=Status.DISCONNECTED)
    unlinked = make_session(
        status=Status.DISCONNECTED, reason=Reason.UNLINKED, wanted=Wanted.UNLINKED
    )
    gone = uuid4()
    going = {
        keys.store(expired, linked=False).name,
        keys.file(f"{expired.pk}.journal").name,
        keys.file(f"{expired.pk}.sqlite3.damaged-1790000000").name,
        keys.store(unlinked).name,
        keys.store(gone).name,
        keys.file(f"{gone}.sqlite3-wal").name,
        keys.file("test-0123456789ab.sqlite3").name,
    }
    report = run()
    assert {file.name for file in report.deleted} == going
    assert keys.names() == set()


def test_it_keeps_what_is_not_its_own(keys: KeyFolder, tmp_path: Path) -> None:
    foreign = {"notes.txt", "backup.sqlite3", "test-run.sqlite3", f"{uuid4()}.sqlite3.bak"}
    for name in foreign:
        keys.file(name)
    link = keys.path / f"{uuid4()}.sqlite3"
    link.symlink_to(keys.path / "notes.txt")
    assert run().deleted == []
    assert keys.names() == foreign | {link.name}


def test_it_keeps_what_a_gateway_works_with(keys: KeyFolder) -> None:
    pairing = make_session(status=Status.QR)
    wished = make_session(status=Status.DISCONNECTED, wanted_attempt=2)
    unlinking = make_session(status=Status.READY, wanted=Wanted.UNLINKED, **UNOWNED)
    files = [keys.store(session, linked=False) for session in (pairing, wished, unlinking)]
    assert list(kept(run()).values()) and keys.names() == {file.name for file in files}
    assert set(kept(run()).values()) == {LEASED, PENDING, LINKED}


def test_it_leaves_young_files_alone(keys: KeyFolder) -> None:
    keys.store(make_session(), age=HOUR)
    young = keys.store(uuid4(), age=timedelta(minutes=9))
    assert kept(run())[young.name] == "younger than 10 min"
    assert young.exists()
    run(older_than=timedelta(minutes=8))
    assert not young.exists()


def test_it_deletes_nothing_if_the_database_looks_wrong(
    keys: KeyFolder,
) -> None:
    make_session()  # of another installation
    store, journal = keys.store(uuid4()), keys.file(f"{uuid4()}.journal")
    report = run()
    assert kept(report) == {store.name: UNKNOWN, journal.name: UNKNOWN}
    assert store.exists() and journal.exists()


def test_it_predicts_a_run_with_a_dry_run(keys: KeyFolder, reread: Reread) -> None:
    stuck = make_session(status=Status.INITIALIZING, **UNOWNED, **ago())
    keys.store(stuck, linked=False)
    keys.store(make_session())
    keys.store(uuid4())
    said = run(dry_run=True)
    assert reread(stuck).status == Status.INITIALIZING
    assert len(keys.names()) == 3
    done = run()
    assert (said.ended, said.deleted, said.kept) == (done.ended, done.deleted, done.kept)
    assert (len(done.ended), len(done.deleted), len(done.kept)) == (1, 2, 1)


def test_it_finds_nothing_in_a_second_run(keys: KeyFolder) -> None:
    keys.store(make_session(status=Status.QR, **UNOWNED, **ago()), linked=False)
    run()
    again = run()
    assert (again.ended, again.deleted) == ([], [])


def test_it_names_a_file_it_cannot_delete(keys: KeyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    stray = keys.store(uuid4(), linked=False)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)  # the system's part, which root would pass
    report = run()
    assert [(file.name, file.why) for file in report.failed] == [(stray.name, "Permission denied")]


def test_it_needs_as_many_queries_for_many_files(keys: KeyFolder) -> None:
    def queries(count: int, *, dry_run: bool) -> int:
        for _ in range(count):
            keys.store(make_session(status=Status.DISCONNECTED), linked=False)
        with CaptureQueriesContext(connection) as seen:
            run(dry_run=dry_run)
        return len(seen)

    assert queries(1, dry_run=False) == queries(20, dry_run=False)
    assert queries(1, dry_run=True) == queries(20, dry_run=True) == 1


def test_it_accepts_a_missing_key_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "not-made-yet"
    assert run() == CleanupReport(dry_run=False)


def test_it_leaves_ended_attempts_to_their_customer(keys: KeyFolder) -> None:
    make_session(status=Status.QR, wanted_attempt=3, **UNOWNED, **ago())
    run()
    assert not Session.objects.filter(needs_gateway()).exists()


def cleanup(*arguments: str) -> str:
    printed = StringIO()
    call_command("cleanup_sessions", "cleanup", *arguments, stdout=printed)
    return printed.getvalue()


def test_it_prints_what_it_did_with_counts(keys: KeyFolder) -> None:
    stuck = make_session(status=Status.QR, **UNOWNED, **ago())
    keys.store(stuck, linked=False)
    keys.store(make_session())
    text = cleanup()
    assert "Marked as disconnected: 1 stuck session" in text
    assert f"{stuck.pk}  qr" in text and "1 h  no gateway runs it" in text
    assert "Deleted: 1 item, 8.2 kB" in text
    assert "Kept: 1 item\n      1  its number is linked" in text
    assert text.endswith("Done.\n")


def test_it_prints_that_a_dry_run_changed_nothing(keys: KeyFolder) -> None:
    make_session(status=Status.QR, **UNOWNED, **ago())
    text = cleanup("--dry-run", "--older-than", "15m")
    assert "Would mark as disconnected: 1 stuck session" in text
    assert text.endswith("This was a dry run: nothing was changed.\n")
    assert Session.objects.get().status == Status.QR


def test_it_prints_one_object_as_json(keys: KeyFolder) -> None:
    make_session(status=Status.QR, **UNOWNED, **ago())
    report = json.loads(cleanup("--json"))
    assert report["dry_run"] is False
    assert [one["status"] for one in report["ended"]] == ["qr"]
    assert report["deleted"] == report["kept"] == report["failed"] == []


@pytest.mark.parametrize("typed", ["3x", "", "10", "-5m", "1h30m", "99999999d"])
def test_it_explains_how_to_write_an_age(keys: KeyFolder, typed: str) -> None:
    with pytest.raises(CommandError, match="Write, for example, 90s, 15m, 2h or 1d"):
        cleanup(f"--older-than={typed}")


def test_it_forgets_answers_of_the_api_after_a_day(keys: KeyFolder) -> None:
    account = make_session().account
    for hours in (1, 25):
        at = timezone.now() - timedelta(hours=hours)
        IdempotentAnswer.objects.create(account=account, key=f"{hours} h", created_at=at)
    run(dry_run=True)
    assert IdempotentAnswer.objects.count() == 2
    run()
    assert IdempotentAnswer.objects.get().key == "1 h"
