"""What this app announces and asks. Apps above it answer; it knows none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.dispatch import Signal

members_changed = Signal()
"""``account_id``, ``user_id``: somebody joined, left, was removed or has another role. Sent after
the commit, whatever changed the row: who has pages of the account open looks again."""

account_closing = Signal()
"""``account_id``, ``by``: it is being deleted, in the same transaction. Receivers let go of what
must be let go elsewhere, such as the linked numbers."""

hold_asked = Signal()
"""``account_id``: how many things of the account are not let go of yet? Receivers return an int."""

export_asked = Signal()
"""``account_id``: what of the account is worth keeping? Receivers return ``ExportFile``s."""

loss_asked = Signal()
"""``account_id``: what goes with the account? Receivers return ``Loss``es."""

mail_wanted = Signal()
"""``mail`` (``letters.Rendered``), ``to``, ``kind`` and ``account_id`` (None for what outlives the
account that it tells of): put this mail on its way, to arrive whatever the mail server does now."""

standing_changed = Signal()
"""``account_id``: an account was suspended, resumed, or put on other terms."""

terms_changed = Signal()
"""``before``, ``after``: an ``Account`` with other terms, sent within the transaction of it:
what a receiver writes is committed with it or not at all."""

location_hold_asked = Signal()
"""``location_id``: is there anything that has to be let go of before the location is deleted,
such as a linked number? Receivers return a bool."""


@dataclass(frozen=True)
class ExportFile:
    """A file of an account's export: rows that have the same keys, all plain values. ``name``
    ends with ``.csv`` or ``.json``; rows of a ``.csv`` have no values within values."""

    name: str
    rows: Iterable[Mapping[str, object]]


@dataclass(frozen=True)
class Loss:
    """So many things that go with an account, in words: "3 linked numbers"."""

    count: int
    words: str


def held(account_id: UUID) -> int:
    """How many things of the account are not let go of yet."""
    answers: list[tuple[Any, Any]] = hold_asked.send(None, account_id=account_id)
    return sum(count for _, count in answers)


def export_files(account_id: UUID) -> list[ExportFile]:
    """What the apps above add to the export of an account."""
    answers: list[tuple[Any, Any]] = export_asked.send(None, account_id=account_id)
    return [file for _, files in answers for file in files]


def losses(account_id: UUID) -> list[Loss]:
    """What goes with the account in the apps above, where there is any."""
    answers: list[tuple[Any, Any]] = loss_asked.send(None, account_id=account_id)
    return [loss for _, found in answers for loss in found if loss.count]
