"""The daily summary: one mail at the hour of each member, with the daily kinds."""

from __future__ import annotations

import asyncio
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from pytest_django import DjangoAssertNumQueries, Settings

from locations.models import Account, Member, Role, User
from notifications.kinds import NoticeKind, When
from notifications.models import Digest, Mail, MailHabits, Notice, Wish
from notifications.models.preference import USUAL_HOUR
from notifications.notices import digest as digests
from notifications.notices.digest import send_digests
from notifications.notices.dispatch import gather
from notifications.worker import Notifier
from sessions_app.models import Session
from tests.factory import connect, make_account, make_notice, make_user
from tests.integration.at_once import meet, only_on_postgresql
from tests.integration.notifications.webhooks.working import run, until

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 6, 1, 9, tzinfo=UTC)  # the members join
NOON = MORNING + timedelta(hours=3)
NEXT = datetime(2026, 6, 2, USUAL_HOUR, tzinfo=UTC)  # the first summaries are due
DAY = timedelta(days=1)


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def bob(account: Account) -> User:
    return _join("bob", account)


@pytest.fixture
def lisbon(account: Account) -> Session:
    return connect(account, "Lisbon")


@pytest.fixture
def broken_zone(tmp_path: Path) -> Iterator[str]:
    """Add a time zone to the database whose file was cut off."""
    (tmp_path / "Broken").mkdir()
    (tmp_path / "Broken" / "Digest").write_bytes(b"TZif2")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([*before, str(tmp_path)])
    yield "Broken/Digest"
    zoneinfo.reset_tzpath(before)


def _join(name: str, account: Account, role: Role = Role.MEMBER, **habits: object) -> User:
    user = make_user(name, account, role)
    if habits:
        MailHabits.objects.create(user=user, **habits)
    _send(MORNING)
    return user


def _wish(user: User, at: datetime = MORNING, **wishes: str) -> None:
    chosen = {NoticeKind(kind): When(when) for kind, when in wishes.items()}
    Wish.objects.choose(user.memberships.get(), chosen, at)


def _tell(session: Session, kind: NoticeKind, at: datetime, *, quiet: bool = False) -> None:
    make_notice(session, kind, at=at, tell_at=at, quiet=quiet)
    gather(at)


def _send(at: datetime) -> list[Mail]:
    """Send the summaries that are due at that time, all batches of them."""
    while send_digests(at):
        pass
    return list(Mail.objects.filter(kind="digest").order_by("to", "created_at"))


def test_it_includes_daily_kinds_only(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    _tell(lisbon, NoticeKind.REMINDER, NOON + timedelta(hours=1))
    _tell(lisbon, NoticeKind.RECOVERED, NOON + timedelta(hours=2))

    assert _send(NEXT - timedelta(seconds=1)) == []
    (mail,) = _send(NEXT)

    assert (mail.to, mail.user_id, mail.kind) == (bob.email, bob.pk, "digest")
    assert mail.account_id == lisbon.account_id
    assert "Lisbon" in mail.text
    lost, reminder, recovered = (
        str(kind.label) for kind in (NoticeKind.LOST, NoticeKind.REMINDER, NoticeKind.RECOVERED)
    )
    assert lost in mail.text
    assert reminder in mail.text  # uses the preference for losses
    assert recovered not in mail.text  # mailed at once


def test_it_is_never_sent_twice(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    assert len(_send(NEXT)) == 1

    Digest.objects.update(told_until=MORNING)  # as after a restore, or if the clock is set back
    for hours in (-48, -1, 0, 1, 23):
        assert len(_send(NEXT + timedelta(hours=hours))) == 1


def test_it_sends_none_again_after_changing_the_hour(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    _send(NEXT)
    _tell(lisbon, NoticeKind.LOST, NEXT + timedelta(minutes=5))
    digest = Digest.objects.get()
    Digest.objects.update(day=digest.told_on, next_at=NEXT + timedelta(hours=1))

    assert len(_send(NEXT + timedelta(hours=2))) == 1


def test_it_sends_no_mail_without_notices(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")

    assert _send(NEXT) == []
    _tell(lisbon, NoticeKind.LOST, NEXT + timedelta(hours=1))
    assert len(_send(NEXT + DAY)) == 1
    assert len(_send(NEXT + 2 * DAY)) == 1


def test_it_covers_missed_days_in_one_mail(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    for days in range(3):
        _tell(lisbon, NoticeKind.LOST, NOON + days * DAY)

    (mail,) = _send(NEXT + 5 * DAY + timedelta(hours=1))

    assert mail.text.count("Lisbon") >= 3
    assert Digest.objects.get().next_at == NEXT + 6 * DAY


def test_it_is_sent_at_the_hour_of_the_recipient(lisbon: Session, account: Account) -> None:
    tom = _join("tom", account, time_zone="Asia/Tokyo", digest_hour=7)
    _wish(tom, lost="daily")
    _wish(_join("bob", account), lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)

    at_seven_in_tokyo = datetime(2026, 6, 1, 22, tzinfo=UTC)  # the next day there
    assert [mail.to for mail in _send(at_seven_in_tokyo)] == ["tom@example.com"]
    assert [mail.to for mail in _send(NEXT)] == ["bob@example.com", "tom@example.com"]


def test_it_keeps_the_hour_of_the_recipient_every_day(lisbon: Session, account: Account) -> None:
    tom = _join("tom", account, time_zone="Asia/Tokyo", digest_hour=7)
    _wish(tom, lost="daily")
    first = datetime(2026, 6, 1, 22, tzinfo=UTC)  # at seven on the second, in Tokyo

    for days in range(3):
        _tell(lisbon, NoticeKind.LOST, NOON + days * DAY)
        assert len(_send(first + days * DAY - timedelta(seconds=1))) == days
        assert len(_send(first + days * DAY)) == days + 1
        digest = Digest.objects.get()
        assert digest.next_at == first + (days + 1) * DAY
        assert digest.day == date(2026, 6, 3 + days)


def test_it_follows_a_change_of_the_clocks(lisbon: Session, account: Account) -> None:
    zoe = _join("zoe", account, time_zone="Europe/Lisbon", digest_hour=10)
    _wish(zoe, lost="daily")
    before = datetime(2026, 10, 24, 9, tzinfo=UTC)  # the last day of summer time
    _send(before)

    assert Digest.objects.get().next_at == datetime(2026, 10, 25, 10, tzinfo=UTC)


def test_it_treats_an_unknown_time_zone_as_utc(lisbon: Session, account: Account) -> None:
    _wish(_join("tom", account, time_zone="Europe/Atlantis"), lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)

    assert len(_send(NEXT)) == 1


def test_it_sends_all_others_despite_a_broken_zone(
    lisbon: Session, account: Account, bob: User, broken_zone: str
) -> None:
    tom = _join("tom", account, time_zone=broken_zone)
    for user in (bob, tom):
        _wish(user, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)

    assert [mail.to for mail in _send(NEXT)] == [bob.email, tom.email]
    assert set(Digest.objects.values_list("next_at", flat=True)) == {NEXT + DAY}


def test_it_includes_notices_beyond_the_daily_limit(lisbon: Session, bob: User) -> None:
    make_user("zoe", lisbon.account, Role.MEMBER)
    _send(MORNING)
    _wish(User.objects.get(email="zoe@example.com"), lost="off")
    _tell(lisbon, NoticeKind.LOST, NOON, quiet=True)

    assert [mail.to for mail in _send(NEXT)] == ["bob@example.com"]


def test_it_omits_notices_already_mailed_to_the_recipient(
    lisbon: Session, bob: User, settings: Settings
) -> None:
    settings.MAILS_A_DAY = 1
    _join("zoe", lisbon.account)
    Mail.objects.create(
        account=lisbon.account, user=bob, kind="linked", key="one", to=bob.email, created_at=NOON
    )
    _tell(lisbon, NoticeKind.LOST, NOON)
    assert [mail.to for mail in Mail.objects.filter(kind="lost")] == ["zoe@example.com"]

    assert [mail.to for mail in _send(NEXT)] == [bob.email]


def test_it_skips_accounts_being_deleted(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    Account.objects.filter(pk=lisbon.account_id).update(deleting_at=NOON)

    assert _send(NEXT) == []
    assert Digest.objects.get().next_at == NEXT + DAY


def test_it_omits_quiet_notices_unless_required(lisbon: Session, bob: User) -> None:
    alice = _join("alice", lisbon.account, Role.OWNER)
    Digest.objects.update(quiet_too=False)
    _tell(lisbon, NoticeKind.LINKED, NOON, quiet=True)
    _tell(lisbon, NoticeKind.LOST, NOON, quiet=True)

    (mail,) = _send(NEXT)

    assert mail.to == alice.email
    assert str(NoticeKind.LOST.label) in mail.text
    assert str(NoticeKind.LINKED.label) not in mail.text
    assert mail.headers == {}  # owners must get the notices in it


def test_it_keeps_waiting_notices_after_a_changed_preference(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    _wish(bob, NOON + timedelta(hours=1), lost="at_once")
    _tell(lisbon, NoticeKind.LOST, NOON + timedelta(hours=2))

    (mail,) = _send(NEXT)

    assert Mail.objects.filter(kind="lost").count() == 1
    assert mail.text.count("Lisbon") == 1


def test_it_omits_notices_mailed_before_a_changed_preference(lisbon: Session, bob: User) -> None:
    _tell(lisbon, NoticeKind.LOST, NOON)
    _wish(bob, NOON + timedelta(hours=1), lost="daily")

    assert _send(NEXT) == []


def test_it_omits_waiting_notices_of_disabled_kinds(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    _wish(bob, NOON + timedelta(hours=1), lost="off")

    assert _send(NEXT) == []


def test_it_omits_notices_from_before_the_member_joined(lisbon: Session) -> None:
    _tell(lisbon, NoticeKind.LOST, MORNING - timedelta(hours=1), quiet=True)
    _join("bob", lisbon.account)

    assert _send(NEXT) == []


def test_it_leaves_the_latest_notices_to_the_next_summary(lisbon: Session, bob: User) -> None:
    """Their transaction may not be committed yet; the next summary includes them."""
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NEXT - timedelta(seconds=5))

    assert _send(NEXT) == []
    assert len(_send(NEXT + DAY)) == 1


def test_it_separates_accounts_and_users(lisbon: Session, account: Account) -> None:
    elsewhere = make_account("Elsewhere")
    bob = _join("bob", account)
    alice = _join("alice", account, Role.OWNER)
    Member.objects.create(account=elsewhere, user=bob, role=Role.MEMBER)
    _send(MORNING)
    for member in Member.objects.all():
        Wish.objects.choose(member, {kind: When.DAILY for kind in NoticeKind}, MORNING)
    _tell(connect(elsewhere, "Porto"), NoticeKind.LOST, NOON)
    make_notice(lisbon, NoticeKind.BUNDLE_READY, at=NOON, tell_at=NOON, user=alice)
    gather(NOON)

    mails = _send(NEXT)

    assert [(mail.to, mail.account_id) for mail in mails] == [
        (alice.email, account.pk),
        (bob.email, elsewhere.pk),
    ]
    assert "Lisbon" not in mails[1].text


def test_it_skips_users_who_may_not_sign_in(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert _send(NEXT) == []
    assert Digest.objects.get().next_at == NEXT + DAY


def test_it_sends_other_summaries_after_a_failure(
    lisbon: Session, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    zoe = _join("zoe", make_account("Elsewhere"))
    for user in (bob, zoe):
        _wish(user, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)
    _tell(connect(zoe.memberships.get().account, "Porto"), NoticeKind.LOST, NOON)
    Notice.objects.filter(account=lisbon.account).update(facts=["torn"])

    assert [mail.to for mail in _send(NEXT)] == [zoe.email]
    assert "The daily summary of member" in caplog.text
    assert not Digest.objects.due(NEXT).exists()


def test_it_offers_an_unsubscribe_link(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)

    (mail,) = _send(NEXT)

    assert "/unsubscribe/" in mail.headers["List-Unsubscribe"]
    assert "/unsubscribe/" in mail.text


@only_on_postgresql
@pytest.mark.django_db(transaction=True)
def test_it_sends_one_mail_from_two_processes(lisbon: Session, bob: User) -> None:
    _wish(bob, lost="daily")
    _tell(lisbon, NoticeKind.LOST, NOON)

    assert meet(lambda: send_digests(NEXT), lambda: send_digests(NEXT)) == 0

    assert Mail.objects.filter(kind="digest").count() == 1


def test_it_is_sent_by_the_notifier(lisbon: Session, bob: User) -> None:
    _tell(lisbon, NoticeKind.LOST, NOON, quiet=True)
    Digest.objects.update(next_at=NOON, day=NOON.date())
    mails = Mail.objects.filter(kind="digest", to=bob.email)

    async def work() -> None:
        stop = asyncio.Event()
        notifier = asyncio.create_task(Notifier(run).run(stop))
        await until(mails.exists, "the summary")
        stop.set()
        await notifier

    async_to_sync(work)()

    assert mails.count() == 1


def test_it_takes_two_queries_when_none_is_due(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("a", "b", "c"):
        _join(name, account)

    with django_assert_num_queries(2):
        assert send_digests(NOON) == 0


def test_it_sends_more_than_one_batch(
    account: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    users = User.objects.bulk_create(
        User(email=f"{n}@example.com") for n in range(digests.BATCH + 10)
    )
    Member.objects.bulk_create(
        Member(account=account, user=user, role=Role.MEMBER) for user in users
    )
    _send(MORNING)
    _tell(connect(account, "Lisbon"), NoticeKind.LOST, NOON, quiet=True)

    with django_assert_max_num_queries(40):  # for two batches
        mails = _send(NEXT)

    assert len({mail.to for mail in mails}) == digests.BATCH + 10
