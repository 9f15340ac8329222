"""Tells of gathered notices beside the mails: in channels, and under the bells of open pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID

from django.db import transaction

from notifications.channels import deliver
from notifications.models import Notice

_told: SimpleQueue[UUID] = SimpleQueue()  # from the threads of transactions to the event loop


def announce(groups: Sequence[Sequence[Notice]]) -> None:
    """Tell of ``groups`` of notices that are gathered in this transaction, each of one account
    and kind."""
    deliver(groups)
    for account_id in {group[0].account_id for group in groups}:
        transaction.on_commit(partial(_told.put, account_id))


def accounts_told() -> set[UUID]:
    """The accounts that something was told to since this was asked last: their open pages should
    look. Who asks sends the hints, for that is the event loop's to do."""
    found: set[UUID] = set()
    try:
        while True:
            found.add(_told.get_nowait())
    except Empty:
        return found
