"""Owners request, follow and download exports; others have no access."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from locations.audit_log.queries import ROWS_AT_ONCE
from locations.exports.queue import claim, fail, finish
from locations.exports.writer import write_export
from locations.models import Account, AuditEvent, Export, User
from locations.plans.action_limits import ActionLimit

pytestmark = pytest.mark.django_db
DOWNLOAD = "/settings/audit-log/download/"


def ask(client: Client, account: Account) -> Any:
    return client.post(reverse("account_export", args=[account.pk]))


def written() -> Export:
    """Do what the worker does, and return the export."""
    claimed = claim()
    assert claimed is not None
    assert finish(claimed, write_export(claimed, lambda written: True))
    export: Export = Export.objects.get(pk=claimed.export)
    return export


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "pk").values_list("verb", flat=True))


def fill_log(account: Account, count: int) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(account=account, actor="alice@example.com", verb="invited", target=str(number))
        for number in range(count)
    )


def test_it_requests_follows_and_downloads_an_export(alice: Client, account: Account) -> None:
    answer = ask(alice, account)
    export = Export.objects.get()
    path = f"/exports/{export.pk}/"
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    assert (export.account, export.asked_by) == (account, "alice@example.com")
    page = text_of(alice, path)
    assert "next in line" in page and f'hx-get="{path}live/?state=waiting&amp;written=0"' in page
    assert alice.get(f"{path}live/?state=waiting&written=0").status_code == 204

    assert claim() is not None
    Export.objects.update(written=12_000_000)
    shown = text_of(alice, f"{path}live/?state=writing&written=0")
    assert "is being written. 12 MB so far" in shown
    Export.objects.update(state="waiting")
    written()

    ready = text_of(alice, f"{path}live/?state=writing&written=0")
    assert "is ready" in ready and "hx-get" not in ready and f'href="{path}file/"' in ready
    file = alice.get(f"{path}file/")
    content = b"".join(file)
    assert file.headers["Content-Type"] == "application/zip"
    assert file.headers["Content-Length"] == str(len(content))
    assert 'filename="pairline-' in file.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert "messages.json" in found.namelist()
    assert verbs() == ["account_exported", "export_downloaded"]
    assert path in text_of(alice, "/settings/account/")


def test_it_refuses_members_and_hides_from_strangers(
    alice: Client, bob: Client, vera: Client, charlie: Client, account: Account
) -> None:
    ask(alice, account)
    export = written()

    for path in ("", "live/", "file/"):
        address = f"/exports/{export.pk}/{path}"
        clients = (bob, vera, charlie)
        assert [client.get(address).status_code for client in clients] == [403, 403, 404]
    assert str(export.pk) not in text_of(bob, "/settings/account/")
    assert "export_downloaded" not in verbs()


def test_it_writes_one_export_per_account_at_once(alice: Client, account: Account) -> None:
    ask(alice, account)
    running = Export.objects.get()

    answer = alice.post(reverse("account_export", args=[account.pk]), follow=True)

    assert answer.redirect_chain == [(f"/exports/{running.pk}/", 302)]
    assert "already being written" in answer.text
    assert verbs() == ["account_exported"]


def test_it_limits_exports_an_hour_per_account(
    alice: Client, charlie: Client, account: Account, people: dict[str, User]
) -> None:
    most = ActionLimit.EXPORTS_OF_ACCOUNT.value.most
    for _ in range(most):
        ask(alice, account)
        written()

    answer = alice.post(reverse("account_export", args=[account.pk]), follow=True)

    assert answer.redirect_chain == [("/settings/account/", 302)]
    assert f"at most {most} times per hour" in answer.text
    assert "again in" in answer.text
    assert Export.objects.count() == most
    other = Account.objects.get(name="Elsewhere")
    assert ask(charlie, other).status_code == 302
    assert Export.objects.filter(account=other).exists()


def test_it_explains_an_export_without_a_file(alice: Client, account: Account) -> None:
    ask(alice, account)
    lost = written()
    lost.path.unlink()
    ask(alice, account)
    waiting = Export.objects.open().get()

    for export, words in ((waiting, "not ready yet"), (lost, "not on this machine")):
        answer = alice.get(f"/exports/{export.pk}/file/", follow=True)
        assert answer.redirect_chain == [(f"/exports/{export.pk}/", 302)]
        assert words in answer.text
    assert "export_downloaded" not in verbs()


def test_it_offers_another_export_after_a_failure(alice: Client, account: Account) -> None:
    ask(alice, account)
    claimed = claim()
    assert claimed is not None
    fail(claimed, for_good=True)

    page = text_of(alice, f"/exports/{claimed.export}/")

    assert "could not be written" in page and 'href="/settings/account/"' in page


def test_it_returns_a_short_audit_log_at_once(alice: Client, account: Account) -> None:
    fill_log(account, ROWS_AT_ONCE)

    page = text_of(alice, "/settings/audit-log/")
    answer = alice.get(DOWNLOAD)

    assert f'href="{DOWNLOAD}"' in page
    assert not answer.streaming
    assert answer.content.count(b"\r\n") == ROWS_AT_ONCE + 1
    assert not Export.objects.exists()


def test_it_exports_a_long_audit_log_to_a_file(alice: Client, account: Account) -> None:
    fill_log(account, ROWS_AT_ONCE + 1)
    AuditEvent.objects.create(account=account, actor="bob@example.com", verb="invited")
    page = text_of(alice, "/settings/audit-log/")
    assert f'action="{DOWNLOAD}"' in page and f'href="{DOWNLOAD}"' not in page

    refused = alice.get(f"{DOWNLOAD}?who=alice%40example.com", follow=True)
    answer = alice.post(f"{DOWNLOAD}?who=alice%40example.com")

    where = "/settings/audit-log/?who=alice%40example.com"
    assert refused.redirect_chain == [(where, 302)] and "This log is long" in refused.text
    export = written()
    assert answer["Location"] == f"/exports/{export.pk}/"
    file = alice.get(f"/exports/{export.pk}/file/")
    assert file.headers["Content-Type"].startswith("text/csv")
    # The request for the export is in the log by then, with her name.
    assert b"".join(file).count(b"\r\n") == ROWS_AT_ONCE + 3


@pytest.mark.django_db(transaction=True)
async def test_it_streams_the_file_as_the_server_does(
    account: Account, people: dict[str, User], data_dir: Path
) -> None:
    client = AsyncClient()
    await client.aforce_login(people["alice"])
    folder = data_dir / "exports"
    folder.mkdir()
    now = timezone.now()
    export = await Export.objects.acreate(
        account=account, kind="account", asked_by="alice", state="ready", ready_at=now
    )
    export.path.write_bytes(b"x" * 200_000)

    answer: Any = await client.get(f"/exports/{export.pk}/file/")
    chunks = [chunk async for chunk in answer.streaming_content]

    assert [len(chunk) for chunk in chunks] == [65_536, 65_536, 65_536, 3_392]
