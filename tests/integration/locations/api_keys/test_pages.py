from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from locations.models import Account, ApiKey, AuditEvent, Location, Member, Role, User
from tests.factory import make_account, make_location

NEW = "/settings/keys/new/"
LIST = "/settings/keys/"


def _asked(**more: Any) -> dict[str, Any]:
    return {"name": "Reminders", "scopes": ["read", "send"], **more}


def _secret(page: Any) -> str:
    found = re.search(r"pl_[\w-]{43}", page.content.decode())
    assert found is not None
    return found[0]


def _opens(secret: str) -> bool:
    answer = Client().get("/api/v1/sessions/", headers={"authorization": f"Bearer {secret}"})
    return answer.status_code == 200


def test_it_shows_a_new_secret_once(alice: Client, account: Account) -> None:
    page = alice.post(NEW, _asked(), follow=True)

    secret, key = _secret(page), ApiKey.objects.get()
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert (key.account, key.name, key.scopes) == (account, "Reminders", ["read", "send"])
    assert (key.is_limited, key.expires_at, key.calls_a_minute) == (False, None, None)
    assert _opens(secret)
    assert secret not in alice.get(LIST).content.decode()


def test_it_offers_locations_of_the_current_account(alice: Client, location: Location) -> None:
    second = make_account("Second")
    alice_herself = User.objects.get(email="alice@example.com")
    Member.objects.create(account=second, user=alice_herself, role=Role.OWNER)
    other = make_location(second, "Porto")

    page = alice.get(NEW)
    refused = alice.post(NEW, _asked(locations=[str(other.pk)]))

    assert page.context["locations"] == [location]
    assert refused.status_code == 422
    assert not ApiKey.objects.exists()


def test_it_neither_shows_nor_creates_secrets_on_reload(alice: Client) -> None:
    made = alice.post(NEW, _asked())
    secret = _secret(alice.get(made["Location"]))

    again = alice.get(made["Location"], follow=True)

    assert secret not in again.text
    assert "cannot be shown again" in again.text
    assert ApiKey.objects.count() == 1


def test_it_keeps_a_secret_encrypted_for_its_page(alice: Client) -> None:
    made = alice.post(NEW, _asked())

    stored = str(dict(alice.session))

    assert _secret(alice.get(made["Location"])) not in stored


def test_it_limits_a_key_to_some_locations(alice: Client, location: Location) -> None:
    tomorrow = timezone.now().date() + timedelta(days=1)
    asked = _asked(
        scopes=["read"],
        locations=[str(location.pk)],
        expires_on=tomorrow.isoformat(),
        calls_a_minute="30",
    )

    alice.post(NEW, asked)

    key = ApiKey.objects.get()
    assert (key.scopes, key.is_limited, key.calls_a_minute) == (["read"], True, 30)
    assert list(key.locations.all()) == [location]
    assert key.expires_at is not None
    assert key.expires_at.date() == tomorrow


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \u200b "}, "name"),
        ({"name": "nul \x00"}, "name"),
        ({"name": "turned \u202e round"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"locations": ["7e0c6a30-0000-4000-8000-000000000000"]}, "locations"),
        ({"locations": ["Lisbon"]}, "locations"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "tomorrow"}, "expires_on"),
        ({"expires_on": "10000-01-01"}, "expires_on"),
        ({"calls_a_minute": "0"}, "calls_a_minute"),
        ({"calls_a_minute": "-1"}, "calls_a_minute"),
        ({"calls_a_minute": "9" * 40}, "calls_a_minute"),
        ({"calls_a_minute": "many"}, "calls_a_minute"),
    ],
)
def test_it_shows_a_wrong_choice_beside_its_field(
    alice: Client, location: Location, change: dict[str, Any], field: str
) -> None:
    page = alice.post(NEW, _asked(**change))

    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert not ApiKey.objects.exists()


def test_it_keeps_what_the_user_typed(alice: Client) -> None:
    page = alice.post(NEW, _asked(scopes=[], calls_a_minute="12")).content.decode()

    assert 'value="Reminders"' in page
    assert 'value="12"' in page


def test_it_does_not_offer_or_accept_foreign_locations(alice: Client) -> None:
    foreign = make_location(make_account("Charlie and Sons"), "Elsewhere")

    page = alice.post(NEW, _asked(locations=[str(foreign.pk)]))

    assert page.status_code == 422
    assert "Elsewhere" not in page.content.decode()


def test_it_lets_an_owner_rotate_a_key(alice: Client, account: Account) -> None:
    key, old = ApiKey.issue(account, "Reminders")

    new = _secret(alice.post(f"/settings/keys/{key.pk}/rotate/", {"grace": "1h"}, follow=True))

    assert _opens(old)
    assert _opens(new)
    key.refresh_from_db()
    assert key.old_until is not None
    assert timedelta(minutes=59) < key.old_until - timezone.now() <= timedelta(hours=1)
    assert "stops working" in alice.get(LIST).content.decode()


def test_it_lets_an_owner_end_an_old_secret(alice: Client, account: Account) -> None:
    key, old = ApiKey.issue(account, "Reminders")

    new = _secret(alice.post(f"/settings/keys/{key.pk}/rotate/", {"grace": "now"}, follow=True))

    assert not _opens(old)
    assert _opens(new)


@pytest.mark.parametrize("grace", ["", "1 year", "0"])
def test_it_creates_no_secret_for_an_invalid_grace(
    alice: Client, account: Account, grace: str
) -> None:
    key, old = ApiKey.issue(account, "Reminders")

    page = alice.post(f"/settings/keys/{key.pk}/rotate/", {"grace": grace})

    assert page.status_code == 422
    assert _opens(old)


def test_it_asks_for_the_name_before_revoking(alice: Client, account: Account) -> None:
    key, secret = ApiKey.issue(account, "Reminders")

    asked = alice.get(f"/settings/keys/{key.pk}/revoke/")

    assert "Revoke Reminders" in asked.content.decode()
    assert _opens(secret)


def test_it_lets_an_owner_revoke_a_key(alice: Client, account: Account) -> None:
    key, secret = ApiKey.issue(account, "Reminders")

    page = alice.post(f"/settings/keys/{key.pk}/revoke/", follow=True)

    assert "Reminders was revoked." in page.content.decode()
    assert not _opens(secret)
    assert alice.post(f"/settings/keys/{key.pk}/rotate/", {"grace": "now"}).status_code == 404
    assert alice.get(f"/settings/keys/{key.pk}/revoke/").status_code == 404


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_it_lets_other_members_only_read_the_list(
    who: str, request: pytest.FixtureRequest, account: Account
) -> None:
    client: Client = request.getfixturevalue(who)
    key, secret = ApiKey.issue(account, "Reminders")

    page = client.get(LIST)

    html = page.content.decode()
    assert page.status_code == 200
    assert "Reminders" in html
    assert secret not in html
    assert key.key_hash not in html
    assert "/revoke/" not in html
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, _asked()).status_code == 403
    assert client.post(f"/settings/keys/{key.pk}/rotate/", {"grace": "now"}).status_code == 403
    assert client.post(f"/settings/keys/{key.pk}/revoke/").status_code == 403
    assert _opens(secret)


def test_it_hides_the_keys_of_other_accounts(charlie: Client, account: Account) -> None:
    key, secret = ApiKey.issue(account, "Reminders")

    assert "Reminders" not in charlie.get(LIST).content.decode()
    assert charlie.post(f"/settings/keys/{key.pk}/revoke/").status_code == 404
    assert charlie.post(f"/settings/keys/{key.pk}/rotate/", {"grace": "now"}).status_code == 404
    assert _opens(secret)


def test_it_records_each_change_without_secrets(alice: Client, account: Account) -> None:
    made = _secret(alice.post(NEW, _asked(), follow=True))
    key = ApiKey.objects.get()
    rotated = _secret(alice.post(f"/settings/keys/{key.pk}/rotate/", {"grace": "24h"}, follow=True))
    alice.post(f"/settings/keys/{key.pk}/revoke/")

    events = AuditEvent.objects.order_by("pk").values_list("verb", "target", "actor", "detail")

    assert [event[:3] for event in events] == [
        (verb, "Reminders", "alice@example.com")
        for verb in ("key_created", "key_rotated", "key_revoked")
    ]
    assert not any(secret in str(event) for event in events for secret in (made, rotated))


def test_it_lists_rows_in_a_constant_number_of_queries(
    alice: Client, account: Account, location: Location, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        key, _ = ApiKey.issue(account, f"Key {number}", is_limited=True)
        key.locations.add(location)
    alice.get(LIST)

    with django_assert_max_num_queries(9):
        alice.get(LIST)


def test_it_shows_a_name_as_plain_text(alice: Client, account: Account) -> None:
    ApiKey.issue(account, "<b>bold</b>")

    assert "&lt;b&gt;bold&lt;/b&gt;" in alice.get(LIST).content.decode()
