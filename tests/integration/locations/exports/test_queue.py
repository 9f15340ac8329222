"""The queue of exports: one worker each, and none is lost when its worker dies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from locations.exports import queue
from locations.exports.queue import ATTEMPTS, ClaimedExport, claim, fail, finish, forget_old
from locations.models import Account, Export
from locations.models.exports import KEPT
from locations.signals import export_ready
from tests.factory import make_account

pytestmark = pytest.mark.django_db


def requested(account: Account | None = None, **columns: Any) -> Export:
    export: Export = Export.objects.create(
        account=account or make_account(), kind="account", asked_by="alice@example.com", **columns
    )
    return export


def claimed() -> ClaimedExport:
    found = claim()
    assert found is not None
    return found


def state(export: Export) -> str:
    export.refresh_from_db()
    return export.state


def written(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"PK")
    return path


def leases_expire() -> None:
    Export.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_it_gives_an_export_to_one_worker() -> None:
    first = requested(asked_at=timezone.now() - timedelta(minutes=1))
    second = requested()

    assert [claimed().export, claimed().export] == [first.pk, second.pk]
    assert claim() is None
    assert state(first) == "writing"


def test_it_renews_the_lease_with_the_progress() -> None:
    export, mine = requested(), claimed()
    leases_expire()

    assert queue.show_progress(mine, 70_000)

    export.refresh_from_db()
    assert export.written == 70_000
    assert claim() is None


def test_it_reclaims_the_export_of_a_dead_worker() -> None:
    export, dead = requested(), claimed()
    leases_expire()
    alive = claimed()

    assert (alive.export, alive.attempt) == (export.pk, 2)
    assert not queue.show_progress(dead, 1)
    written(dead.draft)
    assert not finish(dead, 2)
    assert not dead.draft.exists()
    written(alive.draft)
    assert finish(alive, 2)
    assert state(export) == "ready"
    assert export.path.read_bytes() == b"PK"
    assert export.ready_at is not None and export.expires_at == export.ready_at + KEPT


def test_it_fails_an_export_that_kills_every_worker() -> None:
    export = requested()
    for _ in range(ATTEMPTS):
        claimed()
        leases_expire()

    assert claim() is None
    assert state(export) == "failed"


def test_it_retries_until_the_last_attempt() -> None:
    export, states = requested(), []
    for _ in range(ATTEMPTS):
        mine = claimed()
        written(mine.draft)
        fail(mine)
        assert not mine.draft.exists()
        states.append(state(export))

    assert states == ["waiting", "waiting", "failed"]


def test_it_writes_the_notice_within_the_transaction() -> None:
    export, mine = requested(), claimed()
    written(mine.draft)

    def refuse(**kwargs: object) -> None:
        raise RuntimeError("not now")

    export_ready.connect(refuse)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            finish(mine, 2)
    finally:
        export_ready.disconnect(refuse)

    assert state(export) == "writing"


def test_it_allows_one_open_export_per_account() -> None:
    account = make_account()
    requested(account, state="ready")
    requested(account)

    with pytest.raises(IntegrityError), transaction.atomic():
        requested(account)


def test_it_deletes_expired_exports_and_stray_files() -> None:
    kept, past = requested(), requested(expires_at=timezone.now() - timedelta(seconds=1))
    of_deleted = requested()
    files = [written(one.path) for one in (kept, past, of_deleted)]
    of_deleted.account.delete()

    assert forget_old() == 1

    assert list(files[0].parent.iterdir()) == [files[0]]
