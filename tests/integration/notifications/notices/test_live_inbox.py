"""Open pages of an account update their number of unread notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from locations.models import Role, User
from notifications.worker import Notifier
from sessions_app.models import Session
from tests.factory import connect, make_account, make_notice, make_user
from tests.integration.notifications.conftest import sign_in
from tests.integration.notifications.webhooks.working import run
from tests.integration.sessions_app.consumers.conftest import open_page

pytestmark = pytest.mark.django_db(transaction=True)
CHANGED = 'id="unread-changed"'


def _world() -> tuple[Session, User, User]:
    home = make_account()
    stranger = make_user("charlie", make_account("Elsewhere"))
    return connect(home, "Lisbon"), make_user("vera", home, Role.VIEWER), stranger


@asynccontextmanager
async def notifying() -> AsyncIterator[None]:
    """Run a notifier within the block."""
    stop = asyncio.Event()
    working = asyncio.create_task(Notifier(run).run(stop))
    try:
        yield
    finally:
        stop.set()
        await working


@pytest.mark.parametrize("path", ["/ws/overview/", "/ws/numbers/", "/ws/sessions/{}/"])
async def test_it_updates_every_open_page_of_the_account(path: str) -> None:
    session, vera, charlie = await database_sync_to_async(_world)()

    async with (
        open_page(path.format(session.pk), vera) as page,
        open_page("/ws/overview/", charlie) as elsewhere,
    ):
        await elsewhere.told()  # the first message
        await database_sync_to_async(make_notice)(session)
        async with notifying():
            message = await page.until_told(CHANGED)
            assert await elsewhere.nothing_more()

    assert 'hx-get="/notices/bell/"' in message
    assert "Lisbon" not in message


async def test_it_updates_other_pages_when_notices_are_read() -> None:
    session, vera, _ = await database_sync_to_async(_world)()

    async with open_page("/ws/overview/", vera) as page:
        await database_sync_to_async(make_notice)(session)
        async with notifying():
            await page.until_told(CHANGED)
        client: Client = await database_sync_to_async(sign_in)(vera)
        await database_sync_to_async(client.get)("/notices/")

        await page.until_told(CHANGED)
