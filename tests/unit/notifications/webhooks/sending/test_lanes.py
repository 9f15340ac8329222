"""Slots of webhooks, accounts and hosts, and the lane of the slow."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from notifications.webhooks.sending import lanes
from notifications.webhooks.sending.lanes import Experience, Slots


@dataclass(frozen=True)
class Try:
    webhook: UUID
    account: UUID
    host: str


def attempt(account: UUID | None = None, webhook: UUID | None = None, host: str = "") -> Try:
    key = webhook or uuid4()
    return Try(key, account or uuid4(), host or f"{key}.example.com:443")


def fill(slots: Slots, offered: list[Try]) -> list[Try]:
    """Take a slot for each of ``offered`` that may have one, one after another."""
    taken = []
    for one in offered:
        if slots.free(one.webhook, one.account):
            slots.take(one)
            taken.append(one)
    return taken


def known(*attempts: Try, accepted: bool = True, duration_ms: int = 80) -> Experience:
    experience = Experience()
    for one in attempts:
        experience.note(one, accepted=accepted, duration_ms=duration_ms)
    return experience


def test_it_gives_a_quick_webhook_four_slots() -> None:
    one = attempt()
    slots = Slots(known(one), [])

    assert len(fill(slots, [one] * 9)) == lanes.AT_ONCE_A_WEBHOOK == 4
    assert slots.full() == [one.webhook]


def test_it_gives_others_one_slot() -> None:
    one = attempt()
    experiences = [
        Experience(),
        known(one, accepted=False),
        known(one, duration_ms=lanes.QUICK_MS + 1),  # a slow success
    ]

    for experience in experiences:
        slots = Slots(experience, [])
        assert len(fill(slots, [one] * 9)) == 1
        assert slots.full() == [one.webhook]


def test_it_limits_an_account_with_many_webhooks() -> None:
    account = uuid4()
    of_account = [attempt(account) for _ in range(20)]

    assert len(fill(Slots(Experience(), []), of_account)) == lanes.SLOW_AT_ONCE_AN_ACCOUNT
    assert len(fill(Slots(known(*of_account), []), of_account * 4)) == lanes.AT_ONCE_AN_ACCOUNT


def test_it_limits_one_host_of_many_accounts() -> None:
    same = [attempt(host="hooks.example.com:443") for _ in range(100)]

    assert len(fill(Slots(known(*same), []), same)) == lanes.AT_ONCE_A_HOST


def test_it_keeps_room_for_quick_webhooks() -> None:
    slow, quick = [attempt() for _ in range(300)], [attempt() for _ in range(300)]
    slots = Slots(known(*quick), [])

    assert len(fill(slots, slow)) == lanes.SLOW_AT_ONCE
    assert len(fill(slots, quick)) == lanes.AT_ONCE - lanes.SLOW_AT_ONCE


def test_it_counts_the_attempts_in_progress() -> None:
    account = uuid4()
    in_progress = [attempt(account) for _ in range(lanes.SLOW_AT_ONCE_AN_ACCOUNT)]
    slots = Slots(Experience(), in_progress)

    assert slots.free(uuid4(), account) == 0
    assert slots.free(uuid4(), uuid4()) == 1


def test_it_moves_a_webhook_between_the_lanes() -> None:
    one = attempt()
    experience = known(one)
    assert experience.is_quick(one.webhook)

    experience.note(one, accepted=True, duration_ms=7_000)
    assert not experience.is_quick(one.webhook)

    experience.note(one, accepted=True, duration_ms=50)
    assert experience.is_quick(one.webhook)


def test_it_forgets_the_webhooks_used_longest_ago() -> None:
    experience, tried = Experience(remembered=3), [attempt() for _ in range(4)]
    for one in tried:
        experience.note(one, accepted=True, duration_ms=50)

    assert [experience.is_quick(one.webhook) for one in tried] == [False, True, True, True]
    assert experience.host_of(tried[0].webhook) == ""
    assert experience.host_of(tried[3].webhook) == tried[3].host
