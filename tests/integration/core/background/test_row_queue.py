"""The row queue: one worker per row, leases that expire, fair shares, and one row per key."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.background.row_queue import QueueSpec, RowQueue
from core.data.batch_delete import BATCH_ROWS
from locations.models import Account
from notifications.mail.queue import LEASE, MAILS
from notifications.models import Mail, MailState
from sessions_app.models import BundleState, Session, SupportBundle
from sessions_app.support.queue import BUNDLES
from tests.factory import make_account, make_mail, make_session
from tests.integration.at_once import meet, on_its_own_connection, only_on_postgresql

PROJECT = Path(__file__).resolve().parents[4]
CountQueries = Callable[[int], CaptureQueriesContext]
pytestmark = pytest.mark.django_db

IN_ORDER: RowQueue[Mail] = RowQueue(
    QueueSpec(
        model=Mail,
        due=lambda rows, at: rows.due(at),
        order=("next_attempt_at",),
        fence=("state", "next_attempt_at"),
        lease=LEASE,
        lease_column="next_attempt_at",
    )
)
ONE_A_SESSION: RowQueue[SupportBundle] = RowQueue(
    QueueSpec(
        model=SupportBundle,
        due=lambda rows, at: rows.to_make(at),
        order=("asked_at", "id"),
        fence=("state", "attempts"),
        lease=timedelta(minutes=2),
        lease_column="lease_expires_at",
        counter_column="attempts",
        on_claim={"state": BundleState.BUILDING},
        on_give_back={"state": BundleState.WAITING, "lease_expires_at": None},
        key="session_id",
        leased=lambda rows, at: rows.filter(state=BundleState.BUILDING, lease_expires_at__gte=at),
    )
)


def _mails(count: int, account: Account | None = None, **age: float) -> None:
    """``count`` due mails; ``age`` (as of a timedelta) is how long the first has been due."""
    first = timezone.now() - timedelta(**(age or {"hours": 1}))
    Mail.objects.bulk_create(
        Mail(
            account=account,
            kind="lost",
            key=f"{account and account.pk}:{number}",
            to="alice@example.com",
            subject=f"{account.name if account else ''} {number}",
            next_attempt_at=first + timedelta(milliseconds=number),
        )
        for number in range(count)
    )


def _bundle(session: Session | None, minutes_ago: int) -> SupportBundle:
    bundle: SupportBundle = SupportBundle.objects.create(
        session=session,
        asked_by="alice@example.com",
        asked_at=timezone.now() - timedelta(minutes=minutes_ago),
    )
    return bundle


def _leases_expire() -> None:
    Mail.objects.filter(state=MailState.WAITING).update(
        next_attempt_at=F("next_attempt_at") - LEASE - timedelta(seconds=1)
    )


# --- one worker per row -------------------------------------------------------------------


@pytest.mark.parametrize("queue", [MAILS, IN_ORDER], ids=["fair", "in order"])
def test_it_claims_the_oldest_due_rows_once(queue: RowQueue[Mail]) -> None:
    _mails(5)
    later = make_mail(None, next_attempt_at=timezone.now() + timedelta(hours=1))

    first, second = queue.claim(3), queue.claim(3)

    assert [row.subject for row in first + second] == [f" {n}" for n in range(5)]
    assert later not in first + second
    assert queue.claim(3) == []


@pytest.mark.django_db(transaction=True)
@only_on_postgresql
@pytest.mark.parametrize("queue", [MAILS, IN_ORDER], ids=["fair", "in order"])
def test_it_gives_each_row_to_one_of_many_workers(queue: RowQueue[Mail]) -> None:
    _mails(60)

    def claim_all() -> list[Any]:
        found: list[Any] = []
        while claimed := queue.claim(5):
            found += [row.pk for row in claimed]
        return found

    with ThreadPoolExecutor(4) as threads:
        results = [threads.submit(on_its_own_connection, claim_all) for _ in range(4)]
        claimed = [pk for result in results for pk in result.result(timeout=60)]

    assert len(claimed) == len(set(claimed)) == 60


@pytest.mark.django_db(transaction=True)
@only_on_postgresql
@pytest.mark.parametrize("queue", [MAILS, IN_ORDER], ids=["fair", "in order"])
def test_it_takes_what_another_worker_has_not_locked(queue: RowQueue[Mail]) -> None:
    _mails(6)

    late = meet(lambda: queue.claim(4), lambda: queue.claim(4))

    assert [row.subject for row in late] == [" 4", " 5"]


def test_it_gives_each_row_once_to_sqlite_threads(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.integration.core.background.sqlite_race", "120"]
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'race.sqlite3'}"}
    printed = subprocess.run(
        program, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120, check=True
    ).stdout

    claims = [line.split() for line in printed.splitlines() if line]
    assert Counter(name for name, _, _ in claims) == Counter(f"job-{n}" for n in range(120))
    assert {epoch for _, _, epoch in claims} == {"1"}


# --- leases -------------------------------------------------------------------------------


def test_it_makes_a_row_due_when_its_lease_expires() -> None:
    _mails(1)
    (dead,) = MAILS.claim(1)
    assert MAILS.claim(1) == []

    _leases_expire()
    (alive,) = MAILS.claim(1)

    assert alive.pk == dead.pk
    assert not MAILS.finish(MAILS.lease_of(dead), state=MailState.FAILED)
    assert MAILS.finish(MAILS.lease_of(alive), state=MailState.SENT)
    assert Mail.objects.get().state == MailState.SENT


def test_it_neither_repeats_nor_gives_back_a_finished_row() -> None:
    _mails(1)
    (row,) = MAILS.claim(1)
    lease = MAILS.lease_of(row)

    assert MAILS.finish(lease, state=MailState.SENT)

    assert not MAILS.held(lease).exists()
    assert MAILS.give_back([lease]) == 0
    assert Mail.objects.get().state == MailState.SENT


def test_it_makes_rows_given_back_due_at_once() -> None:
    _mails(150)
    claimed = MAILS.claim(200)
    kept = claimed[0]

    assert MAILS.give_back(MAILS.lease_of(row) for row in claimed[1:]) == 149

    assert {row.pk for row in MAILS.claim(200)} == {row.pk for row in claimed} - {kept.pk}


def test_it_gives_rows_back_with_the_specified_columns() -> None:
    bundle = _bundle(None, 1)
    (row,) = BUNDLES.claim(1)
    assert (row.state, row.attempts) == ("building", 1)

    assert BUNDLES.give_back([BUNDLES.lease_of(row)]) == 1

    bundle.refresh_from_db()
    assert (bundle.state, bundle.lease_expires_at, bundle.attempts) == ("waiting", None, 1)


# --- fairness -----------------------------------------------------------------------------


def test_it_does_not_let_a_busy_account_delay_others() -> None:
    busy, quiet = make_account("busy"), make_account("quiet")
    _mails(1_000, busy, hours=2)
    _mails(3, quiet, minutes=1)

    assert [row.subject for row in MAILS.claim(5)] == [
        "busy 0", "quiet 0", "busy 1", "quiet 1", "busy 2",
    ]  # fmt: skip
    assert [row.subject for row in MAILS.claim(3)] == ["busy 3", "quiet 2", "busy 4"]


def test_it_serves_rows_of_no_account_as_a_group() -> None:
    _mails(100, make_account("busy"), hours=2)
    _mails(2, None, minutes=1)

    assert [row.subject for row in MAILS.claim(3)] == ["busy 0", " 0", "busy 1"]


# --- one at a time per key ----------------------------------------------------------------


def test_it_works_on_one_row_per_key() -> None:
    one, other = make_session(), make_session()
    first, _second = _bundle(one, 9), _bundle(one, 8)
    others = [_bundle(other, 7), _bundle(None, 6), _bundle(None, 5)]

    claimed = ONE_A_SESSION.claim(10)
    assert [row.pk for row in claimed] == [first.pk, *(bundle.pk for bundle in others)]
    assert ONE_A_SESSION.claim(10) == []

    ONE_A_SESSION.finish(ONE_A_SESSION.lease_of(claimed[0]), state=BundleState.READY)
    assert [row.pk for row in ONE_A_SESSION.claim(10)] == [_second.pk]


def test_it_frees_a_key_when_its_lease_expires() -> None:
    session = make_session()
    first, _ = _bundle(session, 9), _bundle(session, 8)
    ONE_A_SESSION.claim(10)

    long_ago = timezone.now() - timedelta(minutes=1)
    SupportBundle.objects.filter(~Q(lease_expires_at=None)).update(lease_expires_at=long_ago)

    assert [(row.pk, row.attempts) for row in ONE_A_SESSION.claim(10)] == [(first.pk, 2)]


@pytest.mark.django_db(transaction=True)
@only_on_postgresql
def test_it_lets_one_worker_work_on_a_key() -> None:
    session = make_session()
    _bundle(session, 9), _bundle(session, 8)

    assert meet(lambda: ONE_A_SESSION.claim(1), lambda: ONE_A_SESSION.claim(1)) == []


# --- cost ---------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 50])
def test_it_claims_50_rows_in_constant_queries(
    limit: int, django_assert_num_queries: CountQueries
) -> None:
    _mails(50)

    with django_assert_num_queries(3):  # exists, lock, update
        assert len(IN_ORDER.claim(limit)) == limit
    Mail.objects.update(next_attempt_at=timezone.now())
    with django_assert_num_queries(4):  # exists, choose, lock, update
        assert len(MAILS.claim(limit)) == limit
    leases = [IN_ORDER.lease_of(row) for row in Mail.objects.all()]
    with django_assert_num_queries(1):
        IN_ORDER.give_back(leases)


def test_it_takes_no_lock_when_nothing_is_due(django_assert_num_queries: CountQueries) -> None:
    with django_assert_num_queries(1):
        assert MAILS.claim(20) == []
    with django_assert_num_queries(1):
        assert IN_ORDER.claim(20) == []


def test_it_forgets_old_rows_in_batches() -> None:
    _mails(BATCH_ROWS + 1)
    make_mail(None, state=MailState.SENT)

    assert MAILS.forget(Mail.objects.filter(state=MailState.WAITING)) == BATCH_ROWS + 1

    assert Mail.objects.get().state == MailState.SENT
