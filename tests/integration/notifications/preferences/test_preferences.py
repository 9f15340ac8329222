"""The page of mail preferences, and their effect."""

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
from notifications.preferences.recipients import recipients_of
from tests.factory import PASSWORD, connect, make_account, make_notice, make_user

pytestmark = pytest.mark.django_db

PAGE = "/settings/notifications/"
OWNERS_ONLY = ("plan", "webhook_off", "bounced")
FOR_ALL = (
    "linked",
    "lost",
    "recovered",
    "phone_offline",
    "stopped",
    "bundle_ready",
    "export_ready",
)


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
    """Return the data of the initial form with ``changes``."""
    as_usual = {kind: "at_once" for kind in (*FOR_ALL, *OWNERS_ONLY)}
    rest = {"language": "en", "time_zone": "UTC", "hour": "8", "quiet_too": "on"}
    return {**as_usual, **rest, **changes}


def _recipient(account: Account, email: str) -> Any:
    return next(r for r in recipients_of([account.pk])[account.pk] if r.email == email)


def _checked(page: str, name: str) -> list[str]:
    boxes = re.findall(rf'<input type="radio" name="{name}"[^>]*>', page)
    return [re.findall(r'value="(\w+)"', box)[0] for box in boxes if "checked" in box]


def test_it_saves_the_preferences_of_a_member(bob: Client, account: Account) -> None:
    chosen = _filled(lost="daily", linked="off", time_zone="America/Sao_Paulo", hour="19")
    answer = bob.post(PAGE, {**chosen, "quiet_too": ""}, follow=True)

    assert "Saved." in answer.text
    assert _checked(answer.text, "lost") == ["daily"]
    assert _checked(answer.text, "linked") == ["off"]
    recipient = _recipient(account, "bob@example.com")
    assert (recipient.time_zone, recipient.hour, recipient.quiet_too) == (
        "America/Sao_Paulo",
        19,
        False,
    )
    assert recipient.preferences == {NoticeKind.LOST: When.DAILY, NoticeKind.LINKED: When.OFF}
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb) == ("bob@example.com", "mails_chosen")


def test_it_writes_nothing_without_a_change(bob: Client) -> None:
    bob.post(PAGE, _filled())
    AuditEvent.objects.all().delete()

    assert bob.post(PAGE, _filled()).status_code == 302
    assert not AuditEvent.objects.exists()
    assert not Wish.objects.exists()


def test_it_saves_preferences_of_viewers_for_themselves(account: Account, bob: Client) -> None:
    vera = _browser(make_user("vera", account, Role.VIEWER))

    assert vera.post(PAGE, _filled(lost="off")).status_code == 302

    assert _recipient(account, "vera@example.com").wants(NoticeKind.LOST) is When.OFF
    assert _recipient(account, "bob@example.com").wants(NoticeKind.LOST) is When.AT_ONCE


def test_it_shares_only_the_clock_between_accounts(account: Account, bob: Client) -> None:
    second = make_account("Second Street")
    Member.objects.create(
        account=second, user=User.objects.get(email="bob@example.com"), role=Role.OWNER
    )

    bob.post(PAGE, _filled(linked="off", hour="6"))

    recipient = _recipient(second, "bob@example.com")
    assert recipient.wants(NoticeKind.LINKED) is When.AT_ONCE
    assert recipient.hour == 6


def test_it_offers_owners_no_off_for_required_mails(alice: Client) -> None:
    page = alice.get(PAGE).text

    for kind in ("lost", "phone_offline", "plan"):
        values = re.findall(rf'name="{kind}" value="(\w+)"', page)
        assert values == ["at_once", "daily"]
    assert page.count("Owners must get it") == 5
    assert re.findall(r'name="linked" value="(\w+)"', page) == ["at_once", "daily", "off"]


def test_it_refuses_off_for_required_mails(alice: Client, account: Account) -> None:
    answer = alice.post(PAGE, _filled(lost="off", linked="off", hour="21"))

    assert answer.status_code == 422
    assert "Choose one of these." in answer.text
    assert _checked(answer.text, "linked") == ["off"]  # the submitted value is kept
    assert '<option value="21" selected>' in answer.text
    assert not Wish.objects.exists()


def test_it_offers_members_only_kinds_they_receive(bob: Client) -> None:
    page = bob.get(PAGE).text

    assert not [kind for kind in OWNERS_ONLY if f'name="{kind}"' in page]
    assert not [kind for kind in FOR_ALL if f'name="{kind}"' not in page]
    assert 'name="reminder"' not in page  # uses the preference for losses
    assert "Owners must get it" not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Base"), ("hour", "24"), ("hour", ""), ("lost", "never"), ("lost", "")],
)
def test_it_shows_errors_beside_the_field(bob: Client, field: str, value: str) -> None:
    answer = bob.post(PAGE, _filled(**{field: value}))

    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert not MailHabits.objects.exists()


def test_it_reports_a_time_zone_that_no_longer_exists(bob: Client, account: Account) -> None:
    user = User.objects.get(email="bob@example.com")
    MailHabits.objects.create(user=user, time_zone="Europe/Atlantis")

    page = bob.get(PAGE).text

    assert "The time zone Europe/Atlantis no longer exists. Which one is yours?" in page
    assert "data-guess" in page  # proposes the zone of the browser
    assert '<option value="UTC" selected>' in page
    assert _recipient(account, user.email).time_zone == "UTC"
    assert bob.post(PAGE, _filled(time_zone="Europe/Lisbon")).status_code == 302
    assert "Atlantis" not in bob.get(PAGE).text


def test_it_shows_the_current_name_of_a_zone(bob: Client, account: Account) -> None:
    user = User.objects.get(email="bob@example.com")
    MailHabits.objects.create(user=user, time_zone="Europe/Kiev")

    page = bob.get(PAGE).text
    assert '<option value="Europe/Kyiv" selected>' in page
    assert "no longer exists" not in page
    assert _recipient(account, user.email).time_zone == "Europe/Kyiv"
    bob.post(PAGE, _filled(time_zone="Asia/Calcutta"))
    assert MailHabits.objects.get(user=user).time_zone == "Asia/Kolkata"


def test_it_keeps_a_chosen_time_zone_not_listed(bob: Client) -> None:
    user = User.objects.get(email="bob@example.com")
    MailHabits.objects.create(user=user, time_zone="Etc/GMT+3")

    assert '<option value="Etc/GMT+3" selected>' in bob.get(PAGE).text
    assert bob.post(PAGE, _filled(time_zone="Etc/GMT+3")).status_code == 302


def test_it_guesses_the_time_zone_without_a_choice(bob: Client) -> None:
    assert "data-guess" in bob.get(PAGE).text
    bob.post(PAGE, _filled(hour="9"))

    assert "data-guess" not in bob.get(PAGE).text


def test_it_offers_languages_if_there_are_several(
    bob: Client, account: Account, settings: Settings
) -> None:
    assert '<input type="hidden" name="language" value="en"' in bob.get(PAGE).text
    settings.LANGUAGES = [("en", "English"), ("pt", "Português")]

    assert '<option value="pt">Português</option>' in bob.get(PAGE).text
    bob.post(PAGE, _filled(language="pt"))

    assert _recipient(account, "bob@example.com").language == "pt"
    settings.LANGUAGES = [("en", "English")]
    assert _recipient(account, "bob@example.com").language == "en"  # no longer available


def test_it_redirects_users_without_an_account() -> None:
    assert _browser(make_user("charlie")).get(PAGE).headers["Location"] == "/accounts/new/"


def test_it_mails_at_once_only_if_preferred(account: Account, bob: Client) -> None:
    make_user("zoe", account, Role.MEMBER)
    bob.post(PAGE, _filled(lost="daily", recovered="off"))
    place = connect(account, "Lisbon")
    for kind in (NoticeKind.LOST, NoticeKind.REMINDER, NoticeKind.RECOVERED):
        make_notice(place, kind)

    gather(timezone.now())

    assert set(Mail.objects.values_list("to", flat=True)) == {"zoe@example.com"}


def test_it_mails_required_kinds_to_a_new_owner(account: Account, bob: Client) -> None:
    bob.post(PAGE, _filled(lost="off"))
    Member.objects.filter(user__email="bob@example.com").update(role=Role.OWNER)

    assert _recipient(account, "bob@example.com").wants(NoticeKind.LOST) is When.AT_ONCE
    assert _checked(bob.get(PAGE).text, "lost") == ["at_once"]


def test_it_loads_any_number_of_recipients_with_two_queries(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("a", "b", "c"):
        user = make_user(name, account, Role.MEMBER)
        MailHabits.objects.create(user=user, time_zone="Europe/Lisbon")
        Wish.objects.choose(user.memberships.get(), {NoticeKind.LOST: When.OFF}, timezone.now())

    with django_assert_num_queries(2):
        recipients = recipients_of([account.pk])[account.pk]

    assert [r.wants(NoticeKind.LOST) for r in recipients] == [When.OFF] * 3
    assert {r.time_zone for r in recipients} == {"Europe/Lisbon"}


def test_it_moves_the_summaries_of_all_accounts(account: Account, bob: Client) -> None:
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
    ("sent", "kept"),
    [("America/Sao_Paulo", ["America/Sao_Paulo"]), ("Mars/Base", []), ("", []), (None, [])],
)
def test_it_saves_the_time_zone_at_sign_up(sent: str | None, kept: list[str]) -> None:
    form = {"account": "Harbour", "email": "dana@example.com", "password1": PASSWORD}
    zone = {} if sent is None else {"time_zone": sent}

    answer = Client().post("/sign-up/", {**form, **zone})

    assert answer.status_code == 302
    assert list(MailHabits.objects.values_list("time_zone", flat=True)) == kept
