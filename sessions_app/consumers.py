"""Live pages over WebSocket: each hint reads the page again, checks access, and sends changes.

A socket joins its groups before it reads, so no change is missed. One task per socket does all
reading, and hints that arrive during a read cause one more read.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from locations.current_user import chosen_account
from sessions_app.hints import account_group, notices_group, session_group, user_group
from sessions_app.pages.live_parts import Parts, Reload, reload_element
from sessions_app.pages.live_updates import (
    Frame,
    Viewer,
    changed_html,
    read_listing,
    read_session,
    read_summary,
)
from sessions_app.pages.number_list import Query

logger = logging.getLogger(__name__)

# Hints may be lost, and an expired lease sends none: read again after this time in any case.
REFRESH_SECONDS = 10
MAX_PAUSE_SECONDS = 1.0
# The channel layer drops the members of a group after a day. Close earlier, at random times.
LIFETIME_SECONDS = 86_400 * 0.9

# Close codes that static/js/live.js handles.
REFUSED = 4404  # reload the page, which redirects to sign-in or returns 404
RECONNECT = 4012  # connect again


class LivePage(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """A socket that keeps one page up to date until the viewer loses access to it."""

    # After each read, pause this many times as long as the read took, however many hints arrive.
    # This limits the load of one page, whatever the size of the account.
    pause_factor = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._joined: list[str] = []
        self._hinted = asyncio.Event()
        self._known: Parts = {}
        self._version = 0
        self._read_seconds = 0.0
        self._access: tuple[UUID | None, str] = (None, "")  # account and role
        self._updates: asyncio.Task[None] | None = None

    async def read(self, viewer: Viewer) -> Frame | None:
        """Return the page as ``viewer`` may see it now, or None without access."""
        raise NotImplementedError

    def groups_of(self, frame: Frame) -> list[str]:
        """Return the groups whose hints concern the page."""
        raise NotImplementedError

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler of ``message``. Overridden because Channels first waits for the shared
        database thread, where one slow query would delay all sockets; no handler here uses it."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"No handler for message type {message['type']}")
        await handler(message)

    async def connect(self) -> None:
        viewer = self._viewer()
        frame = await self.read(viewer) if viewer else None
        if viewer is None or frame is None:
            await self.close(code=REFUSED)
            return
        viewer = replace(viewer, account=frame.account)
        self._access = (frame.account, frame.role)
        notices = [notices_group(frame.account)] if frame.account else []
        for group in (user_group(viewer.user_id), *notices, *self.groups_of(frame)):
            await self.channel_layer.group_add(group, self.channel_name)
            self._joined.append(group)
        await self.accept()
        self._updates = asyncio.create_task(self._send_updates(viewer), name="live page")

    async def disconnect(self, code: int) -> None:
        if self._updates is not None:
            self._updates.cancel()
        for group in self._joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def session_changed(self, hint: Mapping[str, Any]) -> None:
        self._hinted.set()

    async def access_changed(self, hint: Mapping[str, Any]) -> None:
        """A role of the viewer may have changed: read again, which checks access."""
        self._hinted.set()

    async def notices_changed(self, hint: Mapping[str, Any]) -> None:
        """Have the page fetch its number of unread notices."""
        await self.send(text_data=reload_element(Reload.NOTICES))

    def _viewer(self) -> Viewer | None:
        user, login = self.scope["user"], self.scope["session"]
        if not user.is_authenticated or not login.session_key:
            return None
        return Viewer(user.pk, login.session_key, chosen_account(login))

    async def _send_updates(self, viewer: Viewer) -> None:
        try:
            async with asyncio.timeout(LIFETIME_SECONDS + random.uniform(0, 8_000)):  # noqa: S311
                while await self._send_changes(viewer):
                    await self._next_hint()
            await self.close(code=REFUSED)
        except TimeoutError:
            await self.close(code=RECONNECT)
        except Exception:  # the page reconnects, or polls
            logger.exception("A live page could not be updated")
            await self.close(code=RECONNECT)

    async def _next_hint(self) -> None:
        await asyncio.sleep(min(MAX_PAUSE_SECONDS, self.pause_factor * self._read_seconds))
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._hinted.wait()
        except TimeoutError:
            return

    async def _send_changes(self, viewer: Viewer) -> bool:
        """Send what changed since the last read. Returns False if ``viewer`` lost access, or has
        another role than the page was rendered for."""
        self._hinted.clear()
        began = time.monotonic()
        frame = await self.read(viewer)
        self._read_seconds = time.monotonic() - began
        if frame is None or (frame.account, frame.role) != self._access:
            return False
        if frame.version >= self._version:
            text = "".join(changed_html(frame.parts, self._known))
            self._known, self._version = frame.parts, frame.version
            if text:
                await self.send(text_data=text)
        return True


class SessionPage(LivePage):
    """``/ws/sessions/<uuid>/``"""

    async def read(self, viewer: Viewer) -> Frame | None:
        return await read_session(viewer, self._session_id)

    def groups_of(self, frame: Frame) -> list[str]:
        return [session_group(self._session_id)]

    async def messages_changed(self, hint: Mapping[str, Any]) -> None:
        """Have the page fetch its list of messages."""
        await self.send(text_data=reload_element(Reload.MESSAGES, session_id=self._session_id))

    @property
    def _session_id(self) -> UUID:
        session_id: UUID = self.scope["url_route"]["kwargs"]["session_id"]
        return session_id


class AccountPage(LivePage):
    """A page that shows all numbers of the viewer's current account."""

    pause_factor = 3.0  # it reads every row of the account, and a restart changes all of them

    def groups_of(self, frame: Frame) -> list[str]:
        return [account_group(frame.account)] if frame.account else []


class OverviewPage(AccountPage):
    """``/ws/overview/``; with ``?first`` for an account that has no number yet"""

    async def read(self, viewer: Viewer) -> Frame | None:
        return await read_summary(viewer, first=self.scope["query_string"] == b"first")


class NumbersPage(AccountPage):
    """``/ws/numbers/``, with the query string of the page"""

    async def read(self, viewer: Viewer) -> Frame | None:
        asked = dict(parse_qsl(self.scope["query_string"].decode("ascii", "replace")))
        return await read_listing(viewer, Query.parse(asked))
