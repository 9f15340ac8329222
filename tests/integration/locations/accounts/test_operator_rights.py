"""Operators with some permissions cannot give themselves more, and customers see what they do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Account, ApiKey, AuditEvent, Location, Member, Plan, Role, User
from notifications.models import Mail
from tests.factory import PASSWORD, make_location, make_mail, make_session, make_user

pytestmark = pytest.mark.django_db
EVERY_RIGHT = {"is_staff": "on", "is_superuser": "on", "is_active": "on", "user_permissions": []}


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def page(user: User, name: str = "user_change") -> str:
    return reverse(f"admin:locations_{name}", args=[user.pk])


def typed(client: Client, address: str, **fields: Any) -> dict[str, Any]:
    """The values of the form on a page of the admin, with ``fields`` typed anew."""
    context = client.get(address).context
    data: dict[str, Any] = {}
    for form in [context["adminform"].form, *_inline_forms(context)]:
        for name in form.fields:
            value = form[name].value()
            data[form.add_prefix(name)] = "" if value is None else value
    for inline in context["inline_admin_formsets"]:
        data |= {f"{inline.formset.prefix}-{name}": value for name, value in _counts(inline)}
    return {**data, **fields}


def _inline_forms(context: Any) -> list[Any]:
    return [
        form for inline in context["inline_admin_formsets"] for form in inline.formset.initial_forms
    ]


def _counts(inline: Any) -> list[tuple[str, int]]:
    count = inline.formset.initial_form_count()
    return [("TOTAL_FORMS", count), ("INITIAL_FORMS", count)]


@pytest.fixture
def limited(db: None) -> Client:
    """An operator with every permission of Django's, but no superuser."""
    user = make_user("limited")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", PASSWORD))
    return client


def limited_user() -> User:
    return User.objects.get(email="limited@example.com")


def verbs(account: Account) -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.filter(account=account).order_by("pk")
    assert all(row.actor == "Operator root@example.com" for row in rows)
    return list(rows.values_list("verb", "target", "detail"))


def test_it_lets_limited_operators_give_no_rights(limited: Client, people: dict[str, User]) -> None:
    everything = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    data = {**EVERY_RIGHT, "user_permissions": everything, "password": "x", "email": "b@x.example"}
    answer = limited.post(page(people["bob"]), data)

    assert answer.status_code == 302
    bob = User.objects.get(pk=people["bob"].pk)
    assert bob.email == "b@x.example"
    assert not (bob.is_staff or bob.is_superuser or bob.user_permissions.exists())
    assert bob.password == people["bob"].password
    assert people["bob"].password not in limited.get(page(people["bob"])).text


@pytest.mark.parametrize("target", ["root@example.com", "limited@example.com", "two@example.com"])
def test_it_lets_limited_operators_change_no_operator(
    limited: Client, root: Client, target: str
) -> None:
    User.objects.create_user("two@example.com", PASSWORD, is_staff=True)
    user = User.objects.get(email=target)

    answers = [
        limited.post(page(user), {**EVERY_RIGHT, "email": "mine@example.com"}),
        limited.post(page(user, "user_delete"), {"post": "yes"}),
        limited.post(
            reverse("admin:locations_user_changelist"),
            {"action": "delete_selected", "_selected_action": [str(user.pk)], "post": "yes"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert User.objects.get(pk=user.pk).email == target
    assert not User.objects.get(email="limited@example.com").is_superuser


def test_it_lets_limited_operators_set_no_password(
    limited: Client, people: dict[str, User]
) -> None:
    new = {"password1": "a thief's own words", "password2": "a thief's own words"}
    address = reverse("admin:auth_user_password_change", args=[people["bob"].pk])

    answer = limited.post(address, {**new, "usable_password": "true", "set-password": ""})

    assert answer.status_code == 403
    assert User.objects.get(pk=people["bob"].pk).password == people["bob"].password


def test_it_lets_limited_operators_add_users_without_password(limited: Client) -> None:
    new = {"password1": "a thief's own words", "password2": "a thief's own words"}
    address = reverse("admin:locations_user_add")
    assert "password1" not in limited.get(address).text

    limited.post(
        address, {"email": "dora@example.com", "usable_password": "true", **new, **EVERY_RIGHT}
    )

    dora = User.objects.get(email="dora@example.com")
    assert not (dora.is_staff or dora.is_superuser or dora.has_usable_password())


def test_it_lets_limited_operators_make_no_members(
    limited: Client, account: Account, people: dict[str, User]
) -> None:
    address = reverse("admin:locations_account_change", args=[account.pk])
    bob = Member.objects.get(user=people["bob"])
    data = typed(limited, address)
    own = {"user": str(limited_user().pk), "role": "owner", "account": str(account.pk)}
    data |= {f"members-3-{name}": value for name, value in own.items()}
    data |= {"members-TOTAL_FORMS": 4, "members-INITIAL_FORMS": 3}
    for index, member in enumerate(Member.objects.filter(account=account).order_by("pk")):
        data |= {f"members-{index}-id": member.pk, f"members-{index}-account": account.pk}
        data |= {f"members-{index}-user": member.user_id, f"members-{index}-role": "owner"}

    assert limited.post(address, data).status_code == 302

    assert not Member.objects.filter(user=limited_user()).exists()
    assert Member.objects.get(pk=bob.pk).role == Role.MEMBER


def test_it_lets_superusers_give_rights(root: Client, people: dict[str, User]) -> None:
    bob = people["bob"]
    data = typed(root, page(bob), is_staff="on", is_active="on", is_superuser="on")
    data = {name: value for name, value in data.items() if not isinstance(value, list)}
    data.pop("last_login", None)

    assert root.post(page(bob), data).status_code == 302

    assert User.objects.get(pk=bob.pk).is_superuser


def test_it_shows_customers_changes_of_a_member(
    root: Client, account: Account, people: dict[str, User]
) -> None:
    root.post(page(people["bob"]), {"email": "bob@example.com", "first_name": "Bob"})
    address = reverse("admin:auth_user_password_change", args=[people["bob"].pk])
    new = {"password1": "another horse, another", "password2": "another horse, another"}
    changed = root.post(address, {**new, "usable_password": "true", "set-password": ""})
    assert changed.status_code == 302
    root.post(page(people["vera"], "user_delete"), {"post": "yes"})

    assert verbs(account) == [
        ("sign_in_changed", "bob@example.com", "First name, Active"),
        ("sign_in_changed", "bob@example.com", "password"),
        ("member_removed", "vera@example.com", ""),
    ]


def test_it_shows_customers_changes_of_members_and_locations(
    root: Client, account: Account, people: dict[str, User]
) -> None:
    make_location(account, "Porto")
    address = reverse("admin:locations_account_change", args=[account.pk])
    bob, vera = (Member.objects.get(user=people[name]) for name in ("bob", "vera"))
    data = typed(root, address, **{"locations-0-name": "Faro"})
    for index in range(3):
        member = int(data[f"members-{index}-id"])
        if member == bob.pk:
            data[f"members-{index}-role"] = "viewer"
        if member == vera.pk:
            data[f"members-{index}-DELETE"] = "on"

    assert root.post(address, data).status_code == 302

    assert sorted(verbs(account)) == [
        ("location_changed", "Faro", "name"),
        ("member_removed", "vera@example.com", "viewer"),
        ("role_changed", "bob@example.com", "viewer"),
    ]
    assert {mail.to: mail.kind for mail in Mail.objects.all()} == {
        "bob@example.com": "role_changed",
        "vera@example.com": "removed",
    }


def test_it_shows_customers_other_changes_by_operators(root: Client, account: Account) -> None:
    porto, key = make_location(account, "Porto"), ApiKey.issue(account, "CRM")[0]
    lost = make_session(make_location(account, "Faro"), phone_number="", jid="")
    names = {"location": porto, "apikey": key}
    old = reverse("admin:locations_location_change", args=[porto.pk])
    root.post(old, {"name": "Lisbon", "ghl_id": ""})
    root.post(
        reverse("admin:locations_apikey_changelist"),
        {"action": "revoke", "_selected_action": [str(key.pk)]},
    )
    for name, row in names.items():
        root.post(reverse(f"admin:locations_{name}_delete", args=[row.pk]), {"post": "yes"})
    root.post(
        reverse("admin:sessions_app_session_changelist"),
        {"action": "delete_selected", "_selected_action": [str(lost.pk)], "post": "yes"},
    )
    new = {"name": "Evora", "ghl_id": "", "account": str(account.pk)}
    root.post(reverse("admin:locations_location_add"), new)

    assert [(verb, target) for verb, target, _ in verbs(account)] == [
        ("location_changed", "Lisbon"),
        ("key_revoked", "CRM"),
        ("location_deleted", "Lisbon"),
        ("key_revoked", "CRM"),
        ("session_deleted", str(lost)),
        ("location_added", "Evora"),
    ]
    assert set(Location.objects.values_list("name", flat=True)) == {"Faro", "Evora"}


def test_it_shows_customers_new_limits_and_resent_mails(root: Client, account: Account) -> None:
    mail = make_mail(account=account, state="failed")
    plan = Plan.objects.get(accounts=account)
    address = reverse("admin:locations_plan_change", args=[plan.pk])
    root.post(address, {"name": plan.name, "max_sessions": "3"})
    root.post(
        reverse("admin:notifications_mail_changelist"),
        {"action": "send_again", "_selected_action": [str(mail.pk)]},
    )

    assert [verb for verb, _, _ in verbs(account)] == ["plan_changed", "mail_sent_again"]


@pytest.mark.parametrize("page_", ["/admin/", "/admin/wrong/", "/admin/mails/"])
def test_it_opens_the_admin_after_a_second_step(
    root: Client, settings: Settings, page_: str
) -> None:
    settings.OPERATORS_NEED_SECOND_STEP = True

    refused = root.get(page_, follow=True)
    assert refused.redirect_chain[-1][0] == reverse("mfa_index")
    assert "Operators need a second step" in refused.text

    TOTP.activate(User.objects.get(email="root@example.com"), generate_totp_secret())
    assert root.get(page_).status_code == 200


def test_it_saves_no_change_without_a_second_step(
    root: Client, settings: Settings, account: Account
) -> None:
    settings.OPERATORS_NEED_SECOND_STEP = True
    address = reverse("admin:locations_account_view", args=[account.pk])

    answer = root.post(address, {"reason": "Ticket 1"})

    assert re.match(r"/admin/login/", answer["Location"])
    assert not AuditEvent.objects.exists()
