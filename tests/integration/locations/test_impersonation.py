"""An operator views an account as its owner: marked, short, and seen by the customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from locations.models import Account, AuditEvent, Export, Location, Member, Role, User
from locations.sign_ins import OpenSignIn, principals_of
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user

pytestmark = pytest.mark.django_db
REASON = "Ticket 4711: the number of Porto drops"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def account(db: None) -> Account:
    account = make_account("Harbour Group")
    make_user("alice", account, Role.OWNER)
    make_session(make_location(account, "Porto"))
    return account


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("op@example.com"))
    return client


def way_in(account: Account) -> str:
    return reverse("admin:locations_account_view", args=[account.pk])


def view(operator: Client, account: Account, reason: str = REASON) -> Any:
    return operator.post(way_in(account), {"reason": reason})


def log() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", "actor"))


def let_time_pass(client: Client, minutes: int) -> None:
    """As if the viewing had begun ``minutes`` ago."""
    session = client.session
    kept = session["viewing"]
    session["viewing"] = {**kept, "until": kept["until"] - minutes * 60}
    session.save()


def test_it_marks_every_page_of_the_owner(operator: Client, account: Account) -> None:
    assert "Porto" not in operator.get("/numbers/").content.decode()

    begun = view(operator, account)

    assert begun.headers["Location"] == "/"
    pages = ("/", "/numbers/", "/connect/", "/settings/plan/", "/settings/audit-log/", "/admin/")
    for page in pages:
        text = operator.get(page).content.decode()
        assert "You are viewing as alice@example.com" in text, page
        assert 'action="/viewing/stop/"' in text, page
    assert "Porto" in operator.get("/numbers/").content.decode()


def test_it_shows_customers_who_views_why_and_until_when(
    operator: Client, account: Account
) -> None:
    view(operator, account)
    operator.post("/viewing/stop/")

    assert log() == [
        ("viewed_as_owner", "Operator op@example.com"),
        ("stopped_viewing", "Operator op@example.com"),
    ]
    alice = Client()
    alice.force_login(User.objects.get(email="alice@example.com"))
    shown = alice.get("/settings/audit-log/").content.decode()
    assert REASON in shown and "Operator op@example.com" in shown
    assert "at the latest" in shown
    assert "You are viewing as" not in shown


def test_it_records_the_operators_actions_with_both_names(
    operator: Client, account: Account
) -> None:
    view(operator, account)
    session = Session.objects.get()

    operator.post(f"/sessions/{session.pk}/restart/")
    operator.post("/settings/locations/new/", {"name": "Lisbon"})

    session.refresh_from_db()
    assert session.wanted_by == "op@example.com as alice@example.com"
    added = AuditEvent.objects.get(verb="location_added")
    assert added.actor == "op@example.com as alice@example.com"


def test_it_stops_when_he_says_so(operator: Client, account: Account) -> None:
    view(operator, account)

    stopped = operator.post("/viewing/stop/")

    assert stopped.headers["Location"] == reverse(
        "admin:locations_account_change", args=[account.pk]
    )
    assert "Porto" not in operator.get("/numbers/").content.decode()
    assert operator.get(f"/sessions/{Session.objects.get().pk}/").status_code == 404


@pytest.mark.parametrize(("minutes", "sees"), [(29, True), (31, False)])
def test_it_ends_after_half_an_hour(
    operator: Client, account: Account, minutes: int, sees: bool
) -> None:
    view(operator, account)
    let_time_pass(operator, minutes)

    page = operator.get("/numbers/").content.decode()

    assert ("Porto" in page) is sees
    assert (("stopped_viewing", "Operator op@example.com") in log()) is not sees
    operator.get("/numbers/")
    assert len(log()) == (1 if sees else 2)


def test_it_ends_without_permission_or_owner(operator: Client, account: Account) -> None:
    view(operator, account)
    Member.objects.update(role=Role.MEMBER)
    assert "Porto" not in operator.get("/numbers/").content.decode()

    Member.objects.update(role=Role.OWNER)
    view(operator, account)
    User.objects.filter(email="op@example.com").update(is_superuser=False)
    assert "Porto" not in operator.get("/numbers/").content.decode()


def test_it_ends_with_the_sign_out(operator: Client, account: Account) -> None:
    view(operator, account)

    operator.post(reverse("account_logout"))

    assert log()[-1] == ("stopped_viewing", "Operator op@example.com")


def test_it_needs_a_reason(operator: Client, account: Account) -> None:
    for reason in ("", "   "):
        answer = view(operator, account, reason)
        assert answer.status_code == 422
        assert "the customer reads it" in answer.content.decode()
    assert not log()
    assert operator.get(way_in(account)).status_code == 200
    assert "Porto" not in operator.get("/numbers/").content.decode()


@pytest.mark.parametrize("permission", ["change_account", "view_as_owner"])
def test_it_requires_a_permission_of_staff_to_view(
    client: Client, account: Account, permission: str
) -> None:
    staff = make_user("staff")
    staff.is_staff = True
    staff.save()
    staff.user_permissions.add(Permission.objects.get(codename=permission))
    client.force_login(staff)

    answer = view(client, account)

    may = permission == "view_as_owner"
    assert answer.status_code == (302 if may else 403)
    assert bool(log()) is may


@pytest.mark.parametrize("who", ["alice", "charlie"])
def test_it_does_not_let_customers_view_as_others(
    client: Client, account: Account, who: str
) -> None:
    user = User.objects.filter(email=f"{who}@example.com").first() or make_user(who)
    user.user_permissions.add(Permission.objects.get(codename="view_as_owner"))
    client.force_login(user)

    answer = view(client, account)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("admin:login"))
    assert not log()


@pytest.mark.parametrize("column", ["is_staff", "is_superuser"])
def test_it_never_lets_an_operator_view_another(
    operator: Client, account: Account, column: str
) -> None:
    User.objects.filter(email="alice@example.com").update(**{column: True})

    answer = view(operator, account)

    assert answer.status_code == 422
    assert "no owner who is not staff" in answer.content.decode()
    assert not log()


@pytest.mark.parametrize(
    "name",
    [
        "account_change_password", "account_email", "mfa_index", "mfa_activate_totp",
        "mfa_list_webauthn", "usersessions_list", "account_new", "account_reauthenticate",
        "mail_preferences",
    ],
)  # fmt: skip
def test_it_keeps_personal_pages_closed_while_viewing(
    operator: Client, account: Account, name: str
) -> None:
    view(operator, account)

    for ask in (operator.get, operator.post):
        answer = ask(reverse(name))
        assert answer.status_code == 403
        assert "Stop viewing first" in answer.content.decode()


def test_it_leaves_account_and_members_to_the_owner(operator: Client, account: Account) -> None:
    bob = Member.objects.get(user=make_user("bob", account, Role.MEMBER))
    view(operator, account)
    closed = [
        reverse("account_delete", args=[account.pk]),
        reverse("account_rename", args=[account.pk]),
        reverse("account_leave", args=[account.pk]),
        reverse("account_export", args=[account.pk]),
        reverse("invite", args=[account.pk]),
        reverse("member_remove", args=[account.pk, bob.user_id]),
        reverse("member_role", args=[account.pk, bob.user_id]),
        reverse("member_hand_over", args=[account.pk, bob.user_id]),
        reverse("key_new"),
    ]

    answers = {address: operator.post(address, {}).status_code for address in closed}

    assert set(answers.values()) == {403}, answers
    assert set(Member.objects.values_list("user__email", "role")) == {
        ("alice@example.com", "owner"),
        ("bob@example.com", "member"),
    }


def test_it_closes_exports_to_operators(operator: Client, account: Account) -> None:
    export = Export.objects.create(account=account, kind="account", asked_by="alice@example.com")
    view(operator, account)

    answers = [operator.get(f"/exports/{export.pk}/{path}") for path in ("", "live/", "file/")]

    assert [answer.status_code for answer in answers] == [403] * 3


def test_it_keeps_other_accounts_closed_while_viewing(operator: Client, account: Account) -> None:
    other = make_session(make_location(make_account("Elsewhere"), "Faro"))
    view(operator, account)

    assert operator.get(f"/sessions/{other.pk}/").status_code == 404
    assert "Faro" not in operator.get("/numbers/").content.decode()


def test_it_opens_sockets_to_the_account_only_while_viewing(
    operator: Client, account: Account
) -> None:
    view(operator, account)
    sign_in = OpenSignIn(str(operator.session.session_key), account.pk)
    during = principals_of([sign_in])[sign_in]
    assert during.account_ids == [account.pk]

    let_time_pass(operator, 31)

    after = principals_of([sign_in])[sign_in]
    assert after.account_ids == []


def test_it_ends_one_view_when_another_begins(operator: Client, account: Account) -> None:
    other = make_account("Elsewhere")
    make_user("olivia", other, Role.OWNER)
    Location.objects.create(account=other, name="Faro")
    view(operator, account)

    view(operator, other)

    assert [verb for verb, _ in log()] == ["viewed_as_owner", "stopped_viewing", "viewed_as_owner"]
    page = operator.get("/numbers/").content.decode()
    assert "Faro" in page and "Porto" not in page
    assert AuditEvent.objects.last() is not None
    assert timezone.now() - AuditEvent.objects.latest("at").at < timedelta(minutes=1)
