"""The worker builds requested bundles; the command builds one at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command

from core import tenancy
from locations.models import Account
from operations.support_bundles.build import BundleRequest, NoSuchSession, build_bundle
from operations.support_bundles.worker import BundleBuilder
from sessions_app.lifecycle import Status
from sessions_app.models import SessionEvent, SupportBundle
from tests.factory import connect, make_account
from tests.integration.notifications.webhooks.working import run, until
from tests.integration.operations.support_bundles.conftest import unzipped

pytestmark = pytest.mark.usefixtures("nowhere")
Result = TypeVar("Result")


async def _never(function: Callable[[], Result]) -> Result:
    await asyncio.Event().wait()
    raise AssertionError


async def _aside(function: Callable[[], Result]) -> Result:
    """Run on the test's thread and connection, without a tenant scope."""

    def alone() -> Result:
        with tenancy.no_one():
            return function()

    return await sync_to_async(alone)()


@asynccontextmanager
async def building(slowly: Any = _aside) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(BundleBuilder(run, slowly).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def _two_accounts() -> tuple[Account, Account]:
    ours, theirs = make_account("Ours"), make_account("Theirs")
    for number, status in enumerate((Status.READY, Status.DISCONNECTED)):
        session = connect(ours, f"Our place {number}", status)
        SessionEvent.objects.create(
            session=session, event="start", old_status="initializing", new_status="initializing",
            reason="starting", actor="alice@example.com", version=1,
        )  # fmt: skip
    connect(theirs, "Their place")
    return ours, theirs


def _asked_for(account: Account) -> SupportBundle:
    bundle: SupportBundle = SupportBundle.objects.create(account=account, asked_by="alice")
    return bundle


def _state(bundle: SupportBundle) -> str:
    bundle.refresh_from_db()
    return bundle.state


@pytest.mark.django_db(transaction=True)
async def test_it_omits_other_sessions_and_the_machine_for_customers() -> None:
    ours, _ = await run(_two_accounts)
    bundle = await run(lambda: _asked_for(ours))

    async with building():
        await until(lambda: _state(bundle) == "ready", "the bundle")

    files = unzipped(bundle.path)
    assert bundle.size == bundle.path.stat().st_size
    assert bundle.path.stat().st_mode & 0o777 == 0o600
    assert {name.partition("/")[0] for name in files} == {
        "README.txt", "test_qr.txt", "versions.json", "sessions",
    }  # fmt: skip
    standings = [json.loads(text) for name, text in files.items() if "session.json" in name]
    assert [one["location"] for one in standings] == ["Our place 1", "Our place 0"]
    everything = "".join(files.values())
    assert "Their place" not in everything
    assert str(bundle.path.parent.parent) not in everything
    assert "127.0.0.1" not in everything
    (timeline, _) = [text for name, text in files.items() if name.endswith("timeline.csv")]
    assert timeline.splitlines()[0].startswith("\ufeffat,event,from,to,reason")
    assert "2 of 2" in files["README.txt"]


@pytest.mark.django_db(transaction=True)
async def test_it_gives_back_an_unfinished_bundle_when_it_stops() -> None:
    bundle = await run(lambda: _asked_for(make_account()))

    async with building(slowly=_never):
        await until(lambda: _state(bundle) == "building", "the builder")

    assert await run(lambda: _state(bundle)) == "waiting"


@pytest.mark.django_db(transaction=True)
async def test_it_fails_the_bundle_when_the_disk_is_full(data_dir: Path) -> None:
    (data_dir / "bundles").write_text("in the way")
    bundle = await run(lambda: _asked_for(make_account()))

    async with building():
        await until(lambda: _state(bundle) == "failed", "the last attempt")


# --- the command --------------------------------------------------------------------------


def command(*arguments: str) -> str:
    printed = StringIO()
    call_command("support_bundle", *arguments, stdout=printed)
    return printed.getvalue()


@pytest.mark.django_db
def test_it_writes_everything_an_operator_needs(tmp_path: Path) -> None:
    _two_accounts()
    target = tmp_path / "bundle.zip"
    said = command("--output", str(target))
    files = unzipped(target)
    assert said.startswith(f"{target} (")
    assert target.stat().st_mode & 0o777 == 0o600
    assert {
        "README.txt", "doctor.json", "diagnostics.txt", "test_qr.txt", "versions.json",
        "settings.json", "log.jsonl",
    } <= set(files)  # fmt: skip
    doctor = json.loads(files["doctor.json"])
    assert doctor["ok"] is False
    assert {one["name"] for one in doctor["findings"]} >= {"database", "WhatsApp", "mail"}
    assert "stuck sessions" in files["diagnostics.txt"]
    assert files["test_qr.txt"].startswith("FAILED")
    assert json.loads(files["settings.json"])["DJANGO_SECRET_KEY"] == "set"
    assert sum(name.endswith("session.json") for name in files) == 3


@pytest.mark.django_db
def test_it_covers_one_session_on_request(tmp_path: Path) -> None:
    ours, _ = _two_accounts()
    session = ours.sessions.first()
    assert session is not None
    target = tmp_path / "bundle.zip"
    command("--session", str(session.pk), "--lines", "5000", "--output", str(target))
    files = unzipped(target)
    assert [name for name in files if name.endswith("session.json")] == [
        f"sessions/{session.pk}/session.json"
    ]
    assert "up to 5000 log lines" in files["README.txt"]


@pytest.mark.django_db
def test_it_reports_the_errors_of_the_command(tmp_path: Path) -> None:
    there = tmp_path / "there.zip"
    there.write_text("keep me")
    with pytest.raises(CommandError, match="exists"):
        command("--output", str(there))
    assert there.read_text() == "keep me"
    for lines in ("0", "5001"):
        with pytest.raises(CommandError, match="between 1 and 5000"):
            command("--lines", lines, "--output", str(tmp_path / "x.zip"))
    with pytest.raises(CommandError, match="no session"):
        command("--session", str(uuid4()), "--output", str(tmp_path / "x.zip"))
    with pytest.raises(CommandError, match="cannot be written"):
        command("--output", str(there / "x.zip"))
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["there.zip"]


@pytest.mark.django_db
def test_it_refuses_a_foreign_session_for_a_customers_bundle(tmp_path: Path) -> None:
    ours, theirs = _two_accounts()
    foreign = theirs.sessions.first()
    assert foreign is not None
    with pytest.raises(NoSuchSession):
        build_bundle(BundleRequest(ours.pk, foreign.pk, 50), tmp_path / "bundle.zip")
