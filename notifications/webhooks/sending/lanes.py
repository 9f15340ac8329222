"""The lanes and slots of deliveries: who may have how many attempts at once. Pure.

A webhook is quick while it accepts deliveries within ``QUICK_MS``. All others share the slow lane:
those that are slow, that fail, or that are not known yet. So slow servers, however many, leave
room for the quick ones. Slots for each account and each host keep one customer from taking a lane.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from core.data.bounded_map import BoundedMap

AT_ONCE = 200  # attempts of a process
SLOW_AT_ONCE = 100
AT_ONCE_AN_ACCOUNT = 12
SLOW_AT_ONCE_AN_ACCOUNT = 4
AT_ONCE_A_HOST = 40  # of all accounts: many use the same service
AT_ONCE_A_WEBHOOK = 4
SLOW_AT_ONCE_A_WEBHOOK = 1
QUICK_MS = 1_000
_REMEMBERED = 10_000  # webhooks


class Attempt(Protocol):
    """An attempt in progress."""

    @property
    def webhook(self) -> UUID: ...
    @property
    def account(self) -> UUID: ...
    @property
    def host(self) -> str: ...


class Experience:
    """What this process has learned about webhooks. The least recently used are forgotten."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._quick: BoundedMap[UUID, bool] = BoundedMap(remembered)
        self._hosts: BoundedMap[UUID, str] = BoundedMap(remembered)

    def note(self, attempt: Attempt, *, accepted: bool, duration_ms: int) -> None:
        """Remember how an attempt ended."""
        self._quick.put(attempt.webhook, accepted and duration_ms <= QUICK_MS)
        self._hosts.put(attempt.webhook, attempt.host)

    def is_quick(self, webhook: UUID) -> bool:
        return bool(self._quick.get(webhook))

    def host_of(self, webhook: UUID) -> str:
        """Return the host of the webhook's latest attempt, "" if it is not known."""
        return self._hosts.get(webhook) or ""


class Slots:
    """The slots that are free beside the attempts in progress."""

    def __init__(self, experience: Experience, in_progress: Iterable[Attempt]) -> None:
        self._experience = experience
        self._webhooks: Counter[UUID] = Counter()
        self._accounts: Counter[tuple[UUID, bool]] = Counter()
        self._hosts: Counter[str] = Counter()
        self._lanes: Counter[bool] = Counter()
        for attempt in in_progress:
            self.take(attempt)

    def take(self, attempt: Attempt) -> None:
        """Count ``attempt`` as one in progress."""
        quick = self._experience.is_quick(attempt.webhook)
        self._webhooks[attempt.webhook] += 1
        self._accounts[attempt.account, quick] += 1
        self._hosts[attempt.host] += 1
        self._lanes[quick] += 1

    def free(self, webhook: UUID, account: UUID) -> int:
        """Return how many more attempts may go to ``webhook``."""
        quick = self._experience.is_quick(webhook)
        of_account = self._accounts[account, True] + self._accounts[account, False]
        limits = [
            AT_ONCE - self._lanes.total(),
            AT_ONCE_AN_ACCOUNT - of_account,
            self._most(webhook) - self._webhooks[webhook],
        ]
        if not quick:
            limits.append(SLOW_AT_ONCE - self._lanes[False])
            limits.append(SLOW_AT_ONCE_AN_ACCOUNT - self._accounts[account, False])
        if host := self._experience.host_of(webhook):
            limits.append(AT_ONCE_A_HOST - self._hosts[host])
        return max(0, min(limits))

    def full(self) -> list[UUID]:
        """Return the webhooks with attempts in progress that may not have more."""
        return [
            webhook for webhook, count in self._webhooks.items() if count >= self._most(webhook)
        ]

    def _most(self, webhook: UUID) -> int:
        quick = self._experience.is_quick(webhook)
        return AT_ONCE_A_WEBHOOK if quick else SLOW_AT_ONCE_A_WEBHOOK
