from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from locations.models import Account, ApiKey
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key

PATH = "/locations/"


def test_it_opens_the_api_with_a_key(caller: Caller) -> None:
    assert caller.get(PATH).status_code == 200


def test_it_explains_how_to_send_a_key(db: None) -> None:
    answer = Caller().get(PATH)

    body = assert_problem(answer, 401, "key_missing")
    assert "Authorization: Bearer pl_…" in body["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer-ish", ""])
def test_it_accepts_only_bearer_keys(account: Account, scheme: str) -> None:
    header = {"HTTP_AUTHORIZATION": f"{scheme} {make_key(account)}"}

    assert_problem(Caller().get(PATH, **header), 401, "key_missing")


@pytest.mark.parametrize("key", ["pl_", "pl_unknown", "x" * 5000, "pl_a b c", "ключ".encode()])
def test_it_refuses_an_unknown_key(db: None, key: str | bytes) -> None:
    text = key if isinstance(key, str) else key.decode("latin-1")

    assert_problem(Caller(text).get(PATH), 401, "key_invalid")


def test_it_refuses_an_empty_bearer(db: None) -> None:
    assert_problem(Caller().get(PATH, HTTP_AUTHORIZATION="Bearer"), 401, "key_invalid")


def test_it_refuses_a_revoked_key(account: Account) -> None:
    secret = make_key(account, revoked_at=timezone.now())

    assert_problem(Caller(secret).get(PATH), 401, "key_invalid")


def test_it_refuses_the_hash_of_a_key(account: Account) -> None:
    digest = ApiKey.hash(make_key(account))

    assert_problem(Caller(digest).get(PATH), 401, "key_invalid")


def test_it_refuses_a_browsers_sign_in_as_a_key(db: None, django_user_model: Any) -> None:
    """No cookies: another site cannot make a browser call the API."""
    caller = Caller()
    caller.client.force_login(django_user_model.objects.create_user("alice@example.com"))

    assert_problem(caller.get(PATH), 401, "key_missing")


def test_it_notes_the_first_use_of_a_key(account: Account) -> None:
    caller = Caller(make_key(account, last_used_at=None))

    caller.get(PATH)

    used = ApiKey.objects.get().last_used_at
    assert used is not None
    assert timezone.now() - used < timedelta(minutes=1)


@pytest.mark.parametrize(("seconds_ago", "noted"), [(50, False), (61, True)])
def test_it_notes_uses_once_a_minute(account: Account, seconds_ago: int, noted: bool) -> None:
    before = timezone.now() - timedelta(seconds=seconds_ago)
    caller = Caller(make_key(account, last_used_at=before))

    caller.get(PATH)

    assert (ApiKey.objects.get().last_used_at != before) is noted
