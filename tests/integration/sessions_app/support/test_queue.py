"""The queue of support bundles: one builder each, and none is lost when its builder dies."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from locations.models import Account
from sessions_app.models import SupportBundle
from sessions_app.models.support_bundle import KEPT
from sessions_app.signals import bundle_ready
from sessions_app.support.queue import ATTEMPTS, claim, fail, finish, forget_old
from tests.factory import make_account
from tests.integration.at_once import on_its_own_connection, only_on_postgresql

pytestmark = pytest.mark.django_db


def requested(account: Account | None = None, **columns: Any) -> SupportBundle:
    bundle: SupportBundle = SupportBundle.objects.create(
        account=account, asked_by="alice@example.com", **columns
    )
    return bundle


def state(bundle: SupportBundle) -> str:
    bundle.refresh_from_db()
    return bundle.state


def written(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"PK")
    return path


def leases_expire() -> None:
    SupportBundle.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_it_gives_a_bundle_to_one_builder() -> None:
    first = requested(asked_at=timezone.now() - timedelta(minutes=1))
    second = requested()
    mine, next_one = claim(), claim()
    assert mine is not None and next_one is not None
    assert [mine.bundle, next_one.bundle] == [first.pk, second.pk]
    assert claim() is None
    assert state(first) == "building"


def test_it_reclaims_the_bundle_of_a_dead_builder() -> None:
    bundle = requested()
    dead = claim()
    assert dead is not None
    leases_expire()
    alive = claim()
    assert alive is not None and (alive.bundle, alive.attempt) == (bundle.pk, 2)

    written(dead.draft)
    assert not finish(dead, 2)
    assert not dead.draft.exists()
    assert state(bundle) == "building"

    written(alive.draft)
    assert finish(alive, 2)
    assert state(bundle) == "ready"
    assert bundle.path.read_bytes() == b"PK"
    assert bundle.size == 2
    assert bundle.ready_at is not None and bundle.expires_at == bundle.ready_at + KEPT


def test_it_fails_a_bundle_that_kills_every_builder() -> None:
    bundle = requested()
    for _ in range(ATTEMPTS):
        assert claim() is not None
        leases_expire()
    assert claim() is None
    assert state(bundle) == "failed"


def test_it_retries_until_the_last_attempt() -> None:
    bundle = requested()
    states = []
    for _ in range(ATTEMPTS):
        mine = claim()
        assert mine is not None
        written(mine.draft)
        fail(mine)
        assert not mine.draft.exists()
        states.append(state(bundle))
    assert states == ["waiting", "waiting", "failed"]


def test_it_signals_a_ready_bundle_within_the_transaction() -> None:
    bundle, heard = requested(), []

    def refuse(sender: object, bundle: SupportBundle, **kwargs: object) -> None:
        heard.append((bundle.pk, bundle.state, bundle.asked_by))
        raise RuntimeError("not now")

    mine = claim()
    assert mine is not None
    written(mine.draft)
    bundle_ready.connect(refuse)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            finish(mine, 2)
    finally:
        bundle_ready.disconnect(refuse)
    assert heard == [(bundle.pk, "ready", "alice@example.com")]
    assert state(bundle) == "building"


def test_it_limits_accounts_but_not_operators() -> None:
    account = make_account()
    requested(account)
    requested(None)
    requested(None)
    with pytest.raises(IntegrityError), transaction.atomic():
        requested(account)


def test_it_deletes_expired_bundles_and_stray_files() -> None:
    kept, past = requested(), requested(expires_at=timezone.now() - timedelta(seconds=1))
    account = make_account()
    of_deleted = requested(account)
    files = [written(one.path) for one in (kept, past, of_deleted)]
    draft, stale = files[0].with_suffix(".1.part"), files[0].with_suffix(".2.part")
    written(draft)
    written(stale)
    long_ago = time.time() - 86_400
    os.utime(stale, (long_ago, long_ago))
    account.delete()

    assert forget_old() == 1

    assert sorted(path.name for path in files[0].parent.iterdir()) == sorted(
        [files[0].name, draft.name]
    )


@only_on_postgresql
@pytest.mark.django_db(transaction=True)
def test_it_gives_different_bundles_to_simultaneous_builders() -> None:
    from concurrent.futures import ThreadPoolExecutor

    requested()
    requested()
    with transaction.atomic(), ThreadPoolExecutor(1) as threads:
        mine = claim()
        theirs = threads.submit(on_its_own_connection, claim).result(timeout=30)
    assert mine is not None and theirs is not None
    assert mine.bundle != theirs.bundle
