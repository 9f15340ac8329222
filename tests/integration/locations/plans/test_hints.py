"""A suspension reaches the gateways at once, not only at their next poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from locations.models import Account, AccountState
from locations.plans import actions
from locations.principals import Principal
from sessions_app.gateway.ports import ALL_SESSIONS
from sessions_app.hints import GATEWAY_GROUP
from tests.factory import make_account

OPERATOR = Principal(roles={}, name="Operator op@example.com")


async def _listen() -> str:
    layer = get_channel_layer()
    channel = str(await layer.new_channel())
    await layer.group_add(GATEWAY_GROUP, channel)
    return channel


async def _heard(channel: str) -> list[str]:
    """Return the ids in the hints to gateways, up to the end marker that this sends."""
    layer = get_channel_layer()
    await layer.group_send(GATEWAY_GROUP, {"type": "end"})
    ids = []
    async with asyncio.timeout(10):
        while (hint := await layer.receive(channel))["type"] != "end":
            ids.append(str(hint["session_id"]))
    return ids


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("state", "act"),
    [
        (AccountState.ACTIVE, actions.suspend),
        (AccountState.SUSPENDED, actions.resume),
    ],
)
def test_it_checks_all_sessions_when_an_accounts_state_changes(
    state: AccountState, act: Callable[..., bool]
) -> None:
    account = make_account(state=state)

    async def heard() -> tuple[list[str], list[str]]:
        channel = await _listen()
        await sync_to_async(_undone)(account, act)
        before = await _heard(channel)
        await sync_to_async(act)(account, by=OPERATOR)
        return before, await _heard(channel)

    before, after = async_to_sync(heard)()

    assert before == []
    assert after == [str(ALL_SESSIONS)]


def _undone(account: Account, act: Callable[..., bool]) -> None:
    """Suspend and roll back: no hint is sent before a commit."""
    with transaction.atomic():
        act(account, by=OPERATOR)
        transaction.set_rollback(True)
    account.refresh_from_db()
