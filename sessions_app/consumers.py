"""Live pages over WebSocket: each hint reads the page again, checks access, and sends changes.

A socket joins its groups before it reads, so no change is missed. One task per socket does all
reading, and hints that arrive during a read cause one more read. Beside that, the hub checks the
access of all sockets twice a second (``sessions_app/live/hub.py``).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Hashable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from core.security.client_ip import client_ip, network_of
from sessions_app.hints import account_group, notices_group, session_group, user_group
from sessions_app.live.hub import Check, current_hub
from sessions_app.live.socket_limits import SocketLimits
from sessions_app.pages.live_parts import Parts, Reload, reload_element
from sessions_app.pages.live_updates import (
    Access,
    Frame,
    Viewer,
    admit,
    admit_to_session,
    changed_html,
    check_users,
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
TOO_MANY = 4029  # poll, and connect again after a minute or two


class LivePage(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """A socket that keeps one page up to date until the viewer loses access to it."""

    # After each read, pause this many times as long as the read took, however many hints arrive.
    # This limits the load of one page, whatever the size of the account.
    pause_factor = 0.0

    # Check many viewers at once, see ``sessions_app.live.hub``.
    check: Check = staticmethod(check_users)

    def __init__(self) -> None:
        super().__init__()
        self._joined: list[str] = []
        self._hinted = asyncio.Event()
        self._known: Parts = {}
        self._version = 0
        self._read_seconds = 0.0
        self._updates: asyncio.Task[None] | None = None
        self._end: asyncio.Task[None] | None = None
        self._places = ExitStack()  # gives them back
        self.shown_session: UUID | None = None
        self.viewer: Viewer
        self.access: Access

    async def admit(self, viewer: Viewer) -> Access | None:
        """Return the access of ``viewer`` now, or None without."""
        return await admit(viewer)

    async def admit_to_page(self, access: Access) -> Access | None:
        """Return ``access`` for the account of the page, or None if it may not be seen."""
        return access

    async def read(self, viewer: Viewer) -> Frame | None:
        """Return the page as ``viewer`` may see it now, or None without access."""
        raise NotImplementedError

    def page_groups(self) -> list[str]:
        """Return the groups whose hints concern the page."""
        raise NotImplementedError

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler of ``message``. Overridden because Channels first waits for the shared
        database thread, where one slow query would delay all sockets; no handler here uses it."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"No handler for message type {message['type']}")
        await handler(message)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket, and give back its places however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            current_hub().discard(self)
            if self._updates is not None:
                self._updates.cancel()
            self._places.close()

    async def connect(self) -> None:
        hub, network = current_hub(), network_of(_address(self.scope))
        if network and not self._take(hub.of_addresses, network):
            await self._turn_away()
            return
        viewer = self._viewer()
        access = await self.admit(viewer) if viewer else None
        if access is not None and not self._take(hub.of_viewers, access.owner):
            await self._turn_away()
            return
        access = await self.admit_to_page(access) if access else None
        if viewer is None or access is None:
            self._places.close()
            await self.close(code=REFUSED)
        else:
            await self._begin(viewer, access)

    def _take(self, limits: SocketLimits, group: Hashable) -> bool:
        taken = limits.take(group)
        if taken:
            self._places.callback(limits.give_back, group)
        return taken

    async def _turn_away(self) -> None:
        """Accept the socket and close it: browsers report the code of open sockets only."""
        self._places.close()
        await self.accept()
        await self.close(code=TOO_MANY)

    async def _begin(self, viewer: Viewer, access: Access) -> None:
        self.viewer = replace(viewer, user_id=access.owner, account=access.account)
        self.access = access
        await self.accept()
        current_hub().add(self)
        self._updates = asyncio.create_task(self._send_updates(), name="live page")

    async def disconnect(self, code: int) -> None:
        for group in self._joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def session_changed(self, hint: Mapping[str, Any]) -> None:
        self.update()

    async def access_changed(self, hint: Mapping[str, Any]) -> None:
        """A role of the viewer may have changed: read again, which checks access."""
        self.update()

    async def notices_changed(self, hint: Mapping[str, Any]) -> None:
        """Have the page fetch its number of unread notices."""
        await self.send(text_data=reload_element(Reload.NOTICES))

    def update(self) -> None:
        """Read the page again."""
        self._hinted.set()

    def access_checked(self, access: Access | None) -> None:
        """Close at once, even during a slow read, if the page is no longer right for its viewer."""
        if not self.access.is_still(access):
            self._refuse()
        else:
            assert access is not None  # noqa: S101  # it is still the same
            self.access = access

    def _refuse(self) -> None:
        current_hub().discard(self)
        if self._updates is not None:
            self._updates.cancel()
        if self._end is None:
            self._end = asyncio.create_task(self.close(code=REFUSED), name="refused live page")

    def _viewer(self) -> Viewer | None:
        key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        return Viewer(None, key) if key else None

    async def _send_updates(self) -> None:
        try:
            await self._join()
            async with asyncio.timeout(LIFETIME_SECONDS + random.uniform(0, 8_000)):  # noqa: S311
                while await self._send_changes():
                    await self._next_hint()
            self._refuse()
        except TimeoutError:
            await self.close(code=RECONNECT)
        except Exception:  # the page reconnects, or polls
            logger.exception("A live page could not be updated")
            await self.close(code=RECONNECT)

    async def _join(self) -> None:
        user = [user_group(self.viewer.user_id)] if self.viewer.user_id else []
        notices = [notices_group(self.access.account)] if self.access.account else []
        for group in (*user, *notices, *self.page_groups()):
            await self.channel_layer.group_add(group, self.channel_name)
            self._joined.append(group)

    async def _next_hint(self) -> None:
        await asyncio.sleep(min(MAX_PAUSE_SECONDS, self.pause_factor * self._read_seconds))
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._hinted.wait()
        except TimeoutError:
            return

    async def _send_changes(self) -> bool:
        """Send what changed since the last read. Returns False if the viewer lost access, or has
        another role than the page was rendered for."""
        self._hinted.clear()
        began = time.monotonic()
        frame = await self.read(self.viewer)
        self._read_seconds = time.monotonic() - began
        if frame is None:
            return False
        self.shown_session = frame.session
        if frame.version >= self._version:
            text = "".join(changed_html(frame.parts, self._known))
            self._known, self._version = frame.parts, frame.version
            if text:
                await self.send(text_data=text)
        return True


class SessionPage(LivePage):
    """``/ws/sessions/<uuid>/``"""

    async def admit_to_page(self, access: Access) -> Access | None:
        return await admit_to_session(access, self._session_id)

    async def read(self, viewer: Viewer) -> Frame | None:
        return await read_session(viewer, self._session_id, self.access)

    def page_groups(self) -> list[str]:
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

    def page_groups(self) -> list[str]:
        return [account_group(self.access.account)] if self.access.account else []


class OverviewPage(AccountPage):
    """``/ws/overview/``; with ``?first`` for an account that has no number yet"""

    async def read(self, viewer: Viewer) -> Frame | None:
        first = self.scope["query_string"] == b"first"
        return await read_summary(viewer, self.access, first=first)


class NumbersPage(AccountPage):
    """``/ws/numbers/``, with the query string of the page"""

    async def read(self, viewer: Viewer) -> Frame | None:
        asked = dict(parse_qsl(self.scope["query_string"].decode("ascii", "replace")))
        return await read_listing(viewer, self.access, Query.parse(asked))


def _address(scope: Mapping[str, Any]) -> str | None:
    """Return the address of the browser, see ``client_ip``."""
    connected = str((scope.get("client") or ("",))[0])
    headers = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    forwarded = b", ".join(headers).decode("latin-1")
    return client_ip(connected, forwarded, settings.TRUSTED_PROXIES)
