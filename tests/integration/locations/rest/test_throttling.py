"""The rate limit of keys and accounts, and its headers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache

from locations.models import Account, ApiKey
from locations.rest.throttling import count_call
from tests.factory import make_account, make_plan
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key


@pytest.fixture(autouse=True)
def early_in_a_minute() -> Iterator[None]:
    """A minute that has just begun: no count of these tests falls into two."""
    left = 60 - time.time() % 60
    if left < 15:
        time.sleep(left)
    yield
    cache.clear()


def allow(account: Account, calls: int | None) -> None:
    account.own_max_api_calls_a_minute = calls
    account.save()


def test_it_sends_the_remaining_calls_with_each_response(account: Account, caller: Caller) -> None:
    allow(account, 5)

    answers = [caller.get("/locations/") for _ in range(2)]

    assert [answer.headers["RateLimit-Limit"] for answer in answers] == ["5", "5"]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["4", "3"]
    assert 60 < int(answers[0].headers["RateLimit-Reset"]) <= 120
    assert "Retry-After" not in answers[0].headers


def test_it_answers_calls_over_the_limit_with_retry_after(account: Account, caller: Caller) -> None:
    allow(account, 3)
    for _ in range(3):
        assert caller.get("/locations/").status_code == 200

    answer = caller.get("/locations/")

    body = assert_problem(answer, 429, "too_many_requests")
    wait = int(answer.headers["Retry-After"])
    assert f"Try again in {wait} s." in body["detail"]
    assert 1 <= wait <= 80
    assert answer.headers["RateLimit-Remaining"] == "0"


def test_it_does_not_prolong_the_wait_by_refused_calls(account: Account, caller: Caller) -> None:
    allow(account, 2)
    for _ in range(12):
        answer = caller.get("/locations/")

    assert int(answer.headers["Retry-After"]) <= 60 + 30


def test_it_counts_wrong_calls_like_right_ones(account: Account) -> None:
    allow(account, 3)
    caller = Caller(make_key(account, scopes=["read"]))

    for path in ("/sessions/7e0c6a30-0000-4000-8000-000000000000/", "/sessions/?status=x"):
        assert caller.get(path).status_code in (400, 404)
    assert_problem(caller.post("/sessions/", {}), 403, "scope_missing")

    assert_problem(caller.get("/locations/"), 429, "too_many_requests")


def test_it_shares_an_accounts_calls_among_its_keys(account: Account) -> None:
    allow(account, 3)
    one, other = Caller(make_key(account)), Caller(make_key(account))
    one.get("/locations/"), one.get("/locations/"), other.get("/locations/")

    assert_problem(other.get("/locations/"), 429, "too_many_requests")


def test_it_leaves_the_rest_of_the_rate_to_others(account: Account) -> None:
    allow(account, 10)
    small, large = Caller(make_key(account, calls_a_minute=2)), Caller(make_key(account))
    answers = [small.get("/locations/") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429, 429]
    assert answers[0].headers["RateLimit-Limit"] == "2"
    assert large.get("/locations/").headers["RateLimit-Remaining"] == "7"


def test_it_does_not_count_calls_against_other_accounts(account: Account, caller: Caller) -> None:
    allow(account, 1)
    caller.get("/locations/")
    other = make_account("Charlie and Sons")
    allow(other, 1)

    assert Caller(make_key(other)).get("/locations/").status_code == 200


def test_it_sends_no_headers_without_a_limit(account: Account) -> None:
    account.plan, account.own_max_api_calls_a_minute = None, None
    account.save()
    make_plan("Trial", is_default=True, max_api_calls_a_minute=None)

    answer = Caller(make_key(account)).get("/locations/")

    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer.headers


def test_it_never_exceeds_the_limit_with_concurrent_calls(account: Account) -> None:
    allow(account, 20)
    key = ApiKey.objects.select_related("account__plan").get(
        key_hash=ApiKey.hash(make_key(account))
    )

    def call(_: int) -> bool:
        rate = count_call(key)
        return rate is not None and rate.wait is None

    with ThreadPoolExecutor(8) as threads:
        passed = sum(threads.map(call, range(200)))

    assert passed == 20


def test_it_lets_calls_through_without_a_cache(
    account: Account, caller: Caller, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    allow(account, 1)
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }

    answer = caller.get("/locations/")

    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer.headers
    assert "Calls are not counted" in caplog.text
