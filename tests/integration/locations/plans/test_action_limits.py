"""The counts of limited actions, with a cache and without one."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from locations.plans.action_limits import ActionLimit, TooOften, count_action

TESTS = ActionLimit.WEBHOOK_TESTS_OF_ACCOUNT
INVITATIONS = ActionLimit.INVITATIONS_OF_RECIPIENT


def allowed(limit: ActionLimit, key: object, times: int) -> int:
    """Count ``times`` actions; return how many were allowed."""
    done = 0
    for _ in range(times):
        try:
            count_action((limit, key))
        except TooOften:
            continue
        done += 1
    return done


@pytest.mark.parametrize("limit", ActionLimit)
def test_it_allows_exactly_the_number_of_the_limit(limit: ActionLimit) -> None:
    key = uuid.uuid4()

    assert allowed(limit, key, limit.value.most + 3) == limit.value.most
    assert allowed(limit, uuid.uuid4(), 1) == 1  # each key by itself


def test_it_never_exceeds_a_limit_at_once() -> None:
    key = uuid.uuid4()

    with ThreadPoolExecutor(8) as threads:
        done = sum(threads.map(lambda _: allowed(TESTS, key, 5), range(16)))

    assert done == TESTS.value.most


def test_it_counts_nothing_when_one_is_used_up() -> None:
    used_up, other = uuid.uuid4(), uuid.uuid4()
    allowed(INVITATIONS, used_up, INVITATIONS.value.most)

    for _ in range(TESTS.value.most):
        with pytest.raises(TooOften):
            count_action((TESTS, other), (INVITATIONS, used_up))

    assert allowed(TESTS, other, TESTS.value.most) == TESTS.value.most


def test_it_says_in_words_when_to_try_again() -> None:
    key = uuid.uuid4()
    allowed(INVITATIONS, key, INVITATIONS.value.most)

    with pytest.raises(TooOften) as refused:
        count_action((INVITATIONS, key))

    assert 3_600 < refused.value.wait <= 2 * 86_400
    assert str(refused.value).startswith("An address can get at most 3 invitations per day")
    assert str(refused.value).endswith((" hours.", " minutes."))


def test_it_counts_locally_while_redis_is_away(
    settings: Any,
) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "core.data.fallback_cache.FallbackCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }

    assert allowed(TESTS, uuid.uuid4(), TESTS.value.most + 5) == TESTS.value.most
