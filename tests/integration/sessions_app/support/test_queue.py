"""The queue of support bundles: one builder each, and none is lost with its builder."""

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


def asked_for(account: Account | None = None, **columns: Any) -> SupportBundle:
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


def builder_dies() -> None:
    SupportBundle.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_claimed_bundle_is_nobody_elses() -> None:
    first = asked_for(asked_at=timezone.now() - timedelta(minutes=1))
    second = asked_for()
    mine, next_one = claim(), claim()
    assert mine is not None and next_one is not None
    assert [mine.bundle, next_one.bundle] == [first.pk, second.pk]
    assert claim() is None
    assert state(first) == "building"


def test_a_dead_builders_work_is_done_by_the_next() -> None:
    bundle = asked_for()
    dead = claim()
    assert dead is not None
    builder_dies()
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


def test_what_kills_every_builder_fails_in_the_end() -> None:
    bundle = asked_for()
    for _ in range(ATTEMPTS):
        assert claim() is not None
        builder_dies()
    assert claim() is None
    assert state(bundle) == "failed"


def test_a_failed_attempt_is_followed_by_another_until_the_last() -> None:
    bundle = asked_for()
    states = []
    for _ in range(ATTEMPTS):
        mine = claim()
        assert mine is not None
        written(mine.draft)
        fail(mine)
        assert not mine.draft.exists()
        states.append(state(bundle))
    assert states == ["waiting", "waiting", "failed"]


def test_whoever_hears_that_one_is_ready_hears_it_within_the_transaction() -> None:
    bundle, heard = asked_for(), []

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


def test_an_account_has_one_at_a_time_and_operators_any_number() -> None:
    account = make_account()
    asked_for(account)
    asked_for(None)
    asked_for(None)
    with pytest.raises(IntegrityError), transaction.atomic():
        asked_for(account)


def test_what_is_past_goes_with_its_file_and_so_do_files_of_nobody() -> None:
    kept, past = asked_for(), asked_for(expires_at=timezone.now() - timedelta(seconds=1))
    account = make_account()
    of_deleted = asked_for(account)
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
def test_two_builders_at_once_take_different_ones() -> None:
    from concurrent.futures import ThreadPoolExecutor

    asked_for()
    asked_for()
    with transaction.atomic(), ThreadPoolExecutor(1) as threads:
        mine = claim()
        theirs = threads.submit(on_its_own_connection, claim).result(timeout=30)
    assert mine is not None and theirs is not None
    assert mine.bundle != theirs.bundle
