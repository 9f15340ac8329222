"""The page on which a member says how he wants his mails, and what becomes of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from locations.models import Account, AuditEvent, Member, Role, User
from notifications.kinds import NoticeKind, When
from notifications.models import Digest, Mail, MailHabits, Wish
from notifications.notices.dispatch import gather
from notifications.preferences.recipients import readers_of
from tests.factory import PASSWORD, connect, make_account, make_notice, make_user

pytestmark = pytest.mark.django_db

PAGE = "/settings/notifications/"
OWNERS_ONLY = ("plan", "webhook_off", "bounced")
FOR_ALL = ("linked", "lost", "recovered", "phone_offline", "stopped", "bundle_ready")


@pytest.fixture
def account() -> Account:
    return make_account()


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(account: Account) -> Client:
    return _browser(make_user("alice", account))


@pytest.fixture
def bob(account: Account) -> Client:
    return _browser(make_user("bob", account, Role.MEMBER))


def _filled(**changes: str) -> dict[str, str]:
    """The form as it stands at first, with ``changes``."""
    as_usual = {kind: "at_once" for kind in (*FOR_ALL, *OWNERS_ONLY)}
    rest = {"language": "en", "time_zone": "UTC", "hour": "8", "quiet_too": "on"}
    return {**as_usual, **rest, **changes}


def _reader(account: Account, email: str) -> Any:
    return next(r for r in readers_of([account.pk])[account.pk] if r.email == email)


def _checked(page: str, name: str) -> list[str]:
    boxes = re.findall(rf'<input type="radio" name="{name}"[^>]*>', page)
    return [re.findall(r'value="(\w+)"', box)[0] for box in boxes if "checked" in box]


def test_it_keeps_what_a_member_chooses(bob: Client, account: Account) -> None:
    chosen = _filled(lost="daily", linked="off", time_zone="America/Sao_Paulo", hour="19")
    answer = bob.post(PAGE, {**chosen, "quiet_too": ""}, follow=True)

    assert "Saved." in answer.text
    assert _checked(answer.text, "lost") == ["daily"]
    assert _checked(answer.text, "linked") == ["off"]
    reader = _reader(account, "bob@example.com")
    assert (reader.time_zone, reader.hour, reader.quiet_too) == ("America/Sao_Paulo", 19, False)
    assert reader.wishes == {NoticeKind.LOST: When.DAILY, NoticeKind.LINKED: When.OFF}
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb) == ("bob@example.com", "mails_chosen")


def test_it_writes_nothing_when_nothing_is_new(bob: Client) -> None:
    bob.post(PAGE, _filled())
    AuditEvent.objects.all().delete()

    assert bob.post(PAGE, _filled()).status_code == 302
    assert not AuditEvent.objects.exists()
    assert not Wish.objects.exists()


def test_viewers_choose_for_themselves_and_for_nobody_else(account: Account, bob: Client) -> None:
    vera = _browser(make_user("vera", account, Role.VIEWER))

    assert vera.post(PAGE, _filled(lost="off")).status_code == 302

    assert _reader(account, "vera@example.com").wants(NoticeKind.LOST) is When.OFF
    assert _reader(account, "bob@example.com").wants(NoticeKind.LOST) is When.AT_ONCE


def test_a_choice_holds_in_its_account_and_the_clock_in_all(account: Account, bob: Client) -> None:
    second = make_account("Second Street")
    Member.objects.create(
        account=second, user=User.objects.get(email="bob@example.com"), role=Role.OWNER
    )

    bob.post(PAGE, _filled(linked="off", hour="6"))

    reader = _reader(second, "bob@example.com")
    assert reader.wants(NoticeKind.LINKED) is When.AT_ONCE
    assert reader.hour == 6


def test_an_owner_is_not_offered_to_end_what_he_must_get(alice: Client) -> None:
    page = alice.get(PAGE).text

    for kind in ("lost", "phone_offline", "plan"):
        values = re.findall(rf'name="{kind}" value="(\w+)"', page)
        assert values == ["at_once", "daily"]
    assert page.count("Owners must get it") == 5
    assert re.findall(r'name="linked" value="(\w+)"', page) == ["at_once", "daily", "off"]


def test_an_owner_who_asks_for_it_all_the_same_is_refused(alice: Client, account: Account) -> None:
    answer = alice.post(PAGE, _filled(lost="off", linked="off", hour="21"))

    assert answer.status_code == 422
    assert "Choose one of these." in answer.text
    assert _checked(answer.text, "linked") == ["off"]  # what was chosen is kept
    assert '<option value="21" selected>' in answer.text
    assert not Wish.objects.exists()


def test_a_member_is_asked_only_of_what_he_hears(bob: Client) -> None:
    page = bob.get(PAGE).text

    assert not [kind for kind in OWNERS_ONLY if f'name="{kind}"' in page]
    assert not [kind for kind in FOR_ALL if f'name="{kind}"' not in page]
    assert 'name="reminder"' not in page  # it follows what was chosen for losses
    assert "Owners must get it" not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Base"), ("hour", "24"), ("hour", ""), ("lost", "never"), ("lost", "")],
)
def test_it_says_beside_the_field_what_is_wrong(bob: Client, field: str, value: str) -> None:
    answer = bob.post(PAGE, _filled(**{field: value}))

    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert not MailHabits.objects.exists()


def test_a_zone_that_is_gone_counts_as_utc_and_the_page_says_so(
    bob: Client, account: Account
) -> None:
    user = User.objects.get(email="bob@example.com")
    MailHabits.objects.create(user=user, time_zone="Europe/Atlantis")

    page = bob.get(PAGE).text

    assert "There is no time zone Europe/Atlantis any more." in page
    assert '<option value="UTC" selected>' in page
    assert _reader(account, user.email).time_zone == "UTC"
    assert bob.post(PAGE, _filled(time_zone="Europe/Lisbon")).status_code == 302
    assert "Atlantis" not in bob.get(PAGE).text


def test_a_zone_that_is_not_in_the_list_stays_if_it_is_his(bob: Client) -> None:
    user = User.objects.get(email="bob@example.com")
    MailHabits.objects.create(user=user, time_zone="Etc/GMT+3")

    assert '<option value="Etc/GMT+3" selected>' in bob.get(PAGE).text
    assert bob.post(PAGE, _filled(time_zone="Etc/GMT+3")).status_code == 302


def test_only_who_has_not_chosen_gets_the_guess_of_his_browser(bob: Client) -> None:
    assert "data-guess" in bob.get(PAGE).text
    bob.post(PAGE, _filled(hour="9"))

    assert "data-guess" not in bob.get(PAGE).text


def test_languages_are_asked_once_there_are_several(
    bob: Client, account: Account, settings: Settings
) -> None:
    assert '<input type="hidden" name="language" value="en"' in bob.get(PAGE).text
    settings.LANGUAGES = [("en", "English"), ("pt", "Português")]

    assert '<option value="pt">Português</option>' in bob.get(PAGE).text
    bob.post(PAGE, _filled(language="pt"))

    assert _reader(account, "bob@example.com").language == "pt"
    settings.LANGUAGES = [("en", "English")]
    assert _reader(account, "bob@example.com").language == "en"  # it is gone


def test_who_has_no_account_is_led_to_make_one() -> None:
    assert _browser(make_user("charlie")).get(PAGE).headers["Location"] == "/accounts/new/"


def test_what_is_off_or_daily_is_not_mailed_at_once(account: Account, bob: Client) -> None:
    make_user("zoe", account, Role.MEMBER)
    bob.post(PAGE, _filled(lost="daily", recovered="off"))
    place = connect(account, "Lisbon")
    for kind in (NoticeKind.LOST, NoticeKind.REMINDER, NoticeKind.RECOVERED):
        make_notice(place, kind)

    gather(timezone.now())

    assert set(Mail.objects.values_list("to", flat=True)) == {"zoe@example.com"}


def test_what_an_owner_turned_off_as_a_member_comes_once_he_owns(
    account: Account, bob: Client
) -> None:
    bob.post(PAGE, _filled(lost="off"))
    Member.objects.filter(user__email="bob@example.com").update(role=Role.OWNER)

    assert _reader(account, "bob@example.com").wants(NoticeKind.LOST) is When.AT_ONCE
    assert _checked(bob.get(PAGE).text, "lost") == ["at_once"]


def test_readers_take_two_queries_however_many_they_are(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("a", "b", "c"):
        user = make_user(name, account, Role.MEMBER)
        MailHabits.objects.create(user=user, time_zone="Europe/Lisbon")
        Wish.objects.choose(user.memberships.get(), {NoticeKind.LOST: When.OFF}, timezone.now())

    with django_assert_num_queries(2):
        readers = readers_of([account.pk])[account.pk]

    assert [r.wants(NoticeKind.LOST) for r in readers] == [When.OFF] * 3
    assert {r.time_zone for r in readers} == {"Europe/Lisbon"}


def test_another_hour_moves_the_summaries_in_all_of_his_accounts(
    account: Account, bob: Client
) -> None:
    second = Member.objects.create(
        account=make_account("Second Street"), user=User.objects.get(email="bob@example.com")
    )
    bob.post(PAGE, _filled(hour="8"))
    now = timezone.now()
    Digest.objects.create(member=second, told_until=now, day=now.date(), next_at=now)

    bob.post(PAGE, _filled(hour="21", time_zone="Asia/Tokyo"))

    assert Digest.objects.count() == 2
    for digest in Digest.objects.all():
        assert digest.next_at.hour == 12  # 21:00 in Tokyo
        assert digest.next_at > now


@pytest.mark.parametrize(
    ("told", "kept"),
    [("America/Sao_Paulo", ["America/Sao_Paulo"]), ("Mars/Base", []), ("", []), (None, [])],
)
def test_a_sign_up_keeps_the_zone_of_the_browser(told: str | None, kept: list[str]) -> None:
    form = {"account": "Harbour", "email": "dana@example.com", "password1": PASSWORD}
    zone = {} if told is None else {"time_zone": told}

    answer = Client().post("/sign-up/", {**form, **zone})

    assert answer.status_code == 302
    assert list(MailHabits.objects.values_list("time_zone", flat=True)) == kept
