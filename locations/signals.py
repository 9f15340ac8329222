"""Signals of this app, for receivers in the apps above it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.dispatch import Signal

members_changed = Signal()
"""``account_id``, ``user_id``: a member joined, left, was removed or has another role. Sent after
the commit, so that open pages of the account can update."""

account_closing = Signal()
"""``account_id``, ``by``: the account is being deleted. Sent in the transaction. Receivers release
external resources, such as linked numbers."""

hold_asked = Signal()
"""``account_id``: receivers return the number of resources that are not released yet."""

export_asked = Signal()
"""``account_id``: receivers return a list of ``ExportFile`` for the export of the account."""

export_ready = Signal()
"""``export``, an ``Export`` whose file exists. Sent *within* the transaction that sets ``ready``:
an exception rolls it back, and the export is written again."""

loss_asked = Signal()
"""``account_id``: receivers return a list of ``Loss``, what is deleted with the account."""

mail_wanted = Signal()
"""``mail`` (``core.mail.content.RenderedMail``), ``to``, ``kind`` and ``account_id`` (None if the
mail must outlive the account): queue this mail in the outbox."""

standing_changed = Signal()
"""``account_id``: an account was suspended or resumed, or its terms changed. Sent after the
commit."""

terms_changed = Signal()
"""``before``, ``after``: an ``Account`` whose terms change. Sent in the transaction."""

location_hold_asked = Signal()
"""``location_id``: receivers return whether something, such as a linked number, must be released
before the location can be deleted."""

location_closing = Signal()
"""``location_id``, ``at``: the location is being deleted since ``at``. Sent in the transaction.
Receivers mark what must not work any longer; the rows are deleted later, with the location."""


@dataclass(frozen=True)
class ExportFile:
    """A file in the export of an account. All rows have the same keys. ``name`` ends with
    ``.csv`` or ``.json``; the rows of a ``.csv`` have no nested values. ``phones`` are the keys
    under which telephone numbers (E.164) may stand."""

    name: str
    rows: Iterable[Mapping[str, object]]
    phones: Collection[str] = ()


@dataclass(frozen=True)
class Loss:
    """Something that is deleted with an account. ``words``: "3 linked numbers"."""

    count: int
    words: str


def held(account_id: UUID) -> int:
    """Return the number of resources of the account that are not released yet."""
    answers: list[tuple[Any, Any]] = hold_asked.send(None, account_id=account_id)
    return sum(count for _, count in answers)


def export_files(account_id: UUID) -> list[ExportFile]:
    """Return the files that other apps add to the export of an account."""
    answers: list[tuple[Any, Any]] = export_asked.send(None, account_id=account_id)
    return [file for _, files in answers for file in files]


def losses(account_id: UUID) -> list[Loss]:
    """Return what other apps delete with the account, without zero counts."""
    answers: list[tuple[Any, Any]] = loss_asked.send(None, account_id=account_id)
    return [loss for _, found in answers for loss in found if loss.count]
