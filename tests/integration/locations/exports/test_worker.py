"""The worker writes requested exports to files, within its limits."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from csv import DictReader
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from conversations.models import Message
from core import tenancy
from locations.exports import writer
from locations.exports.queue import claim
from locations.exports.worker import ExportWriter
from locations.exports.writer import ExportTooLarge, NoLongerMine, write_export
from locations.models import Account, ApiKey, AuditEvent, Export, Location
from notifications.models import Notice
from sessions_app.lifecycle import Event, Status
from sessions_app.models import Session, SessionEvent
from tests.factory import make_account, make_location, make_message, make_session, make_user
from tests.integration.notifications.webhooks.working import run, until

Result = TypeVar("Result")


async def _aside(function: Callable[[], Result]) -> Result:
    """Run on the test's thread and connection, without a tenant scope."""

    def alone() -> Result:
        with tenancy.no_one():
            return function()

    return await sync_to_async(alone)()


async def _never(function: Callable[[], Result]) -> Result:
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def writing(slowly: Any = _aside) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(ExportWriter(run, slowly).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def rich_account() -> Account:
    """An account with one of each thing that an export holds, and of those it must not."""
    account = make_account("Harbour Group")
    make_user("alice", account)
    session = make_session(make_location(account, "Lisbon"))
    Location.objects.create(account=account, name="=HYPERLINK(evil)")
    Location.objects.create(account=account, name="+351912345678")
    make_message(session, text='Olá 👋\n"quoted", and = signs', peer="+351911111111")
    SessionEvent.objects.create(
        session=session, event=str(Event.CONNECTED), old_status="initializing",
        new_status="ready", reason="ok", actor="WhatsApp", version=2,
    )  # fmt: skip
    make_session(make_location(account, "Porto"), Status.QR, qr_text="the-qr-text")
    foreign = make_session(make_location(make_account("Elsewhere"), "Far away"))
    make_message(foreign, text="not yours")
    ApiKey.issue(account, "Reminders")
    return account


def requested(account: Account, kind: str = "account", **filters: str) -> Export:
    export: Export = Export.objects.create(
        account=account, kind=kind, filters=filters, asked_by="alice@example.com"
    )
    return export


def state(export: Export) -> str:
    export.refresh_from_db()
    return export.state


def files_of(path: Path) -> dict[str, Any]:
    """The files of a ZIP, each read as what it is."""
    found: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            is_csv = name.endswith(".csv")
            text = archive.read(name).decode("utf-8-sig" if is_csv else "utf-8")
            found[name] = list(DictReader(io.StringIO(text))) if is_csv else json.loads(text)
    return found


@pytest.mark.django_db(transaction=True)
async def test_it_writes_everything_of_the_account_but_secrets() -> None:
    account = await run(rich_account)
    export = await run(lambda: requested(account))

    async with writing():
        await until(lambda: state(export) == "ready", "the export")

    assert export.size == export.path.stat().st_size
    assert export.path.stat().st_mode & 0o777 == 0o600
    assert export.path.parent.stat().st_mode & 0o777 == 0o700
    files = files_of(export.path)
    assert files["account.json"][0]["name"] == "Harbour Group"
    assert [row["e-mail"] for row in files["members.csv"]] == ["alice@example.com"]
    assert {row["name"] for row in files["locations.csv"]} == {
        "Lisbon", "Porto", "'=HYPERLINK(evil)", "+351912345678",
    }  # fmt: skip
    assert {row["location"] for row in files["sessions.json"]} == {"Lisbon", "Porto"}
    assert [row["event"] for row in files["timeline.json"]] == ["connected"]
    assert [row["text"] for row in files["messages.json"]] == ['Olá 👋\n"quoted", and = signs']
    everything = json.dumps(files)
    for secret in ("the-qr-text", "key_hash", "pl_", "not yours", "Far away", "secret"):
        assert secret not in everything


@pytest.mark.django_db(transaction=True)
async def test_it_notifies_the_owner_who_requested_it() -> None:
    account = await run(rich_account)
    export = await run(lambda: requested(account))

    async with writing():
        await until(lambda: state(export) == "ready", "the export")

    notice = await run(lambda: Notice.objects.select_related("user").get())
    assert notice.user is not None and notice.user.email == "alice@example.com"
    assert (notice.kind, notice.facts["export"]) == ("export_ready", str(export.pk))


@pytest.mark.django_db(transaction=True)
async def test_it_filters_the_audit_log_as_requested() -> None:
    account = await run(make_account)

    def log() -> Export:
        for day, actor in enumerate(("alice", "bob", "alice")):
            AuditEvent.objects.create(
                account=account, actor=actor, verb="invited", target=str(day),
                at=timezone.now() - timedelta(days=day),
            )  # fmt: skip
        since = (timezone.now() - timedelta(days=1)).date().isoformat()
        return requested(account, "audit_log", who="alice", since=since)

    export = await run(log)
    async with writing():
        await until(lambda: state(export) == "ready", "the export")

    rows = list(DictReader(io.StringIO(export.path.read_text("utf-8-sig"))))
    assert [(row["who"], row["to"]) for row in rows] == [("alice", "0")]


@pytest.mark.django_db(transaction=True)
async def test_it_gives_back_an_unfinished_export_when_it_stops() -> None:
    export = await run(lambda: requested(make_account()))

    async with writing(slowly=_never):
        await until(lambda: state(export) == "writing", "the worker")

    assert await run(lambda: state(export)) == "waiting"


@pytest.mark.django_db(transaction=True)
async def test_it_fails_when_a_folder_is_in_the_way(data_dir: Path) -> None:
    (data_dir / "exports").write_text("in the way")
    export = await run(lambda: requested(make_account()))

    async with writing():
        await until(lambda: state(export) == "failed", "the last attempt")


def fill(session: Session, count: int) -> None:
    Message.objects.bulk_create(
        Message(
            account=session.account, session=session, direction="out", status="sent",
            peer="+351911111111", text=f"{number} {number * 7919}",
            created_at=timezone.now() + timedelta(seconds=number),
        )
        for number in range(count)
    )  # fmt: skip


@pytest.mark.django_db
def test_it_writes_every_message_of_many() -> None:
    session = make_session(make_location(make_account(), "Lisbon"))
    fill(session, 3_000)
    requested(session.account)
    claimed = claim()
    assert claimed is not None

    size = write_export(claimed, lambda written: True)

    assert claimed.draft.stat().st_size == size
    texts = [row["text"] for row in files_of(claimed.draft)["messages.json"]]
    assert texts == [f"{number} {number * 7919}" for number in range(3_000)]


def test_it_stops_when_the_lease_is_lost(data_dir: Path) -> None:
    pace = writer.WritePace(data_dir, lambda written: False)

    with pytest.raises(NoLongerMine):
        while True:
            pace.keep(1)


def test_it_refuses_to_write_more_than_the_limit(data_dir: Path) -> None:
    pace = writer.WritePace(data_dir, lambda written: True)

    with pytest.raises(ExportTooLarge):
        while True:
            pace.keep(writer.MAX_BYTES + 1)
