"""Live pages over WebSocket: on each hint read again, check access again, send what changed.

A socket joins its groups first and reads then, so nothing falls between. One task for each
socket does all reading: hints that come meanwhile are answered by one further read.
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
from django.template.loader import render_to_string

from locations.current_user import chosen_account
from sessions_app.hints import account_group, news_group, session_group, user_group
from sessions_app.pages.live_updates import (
    Frame,
    Parts,
    Who,
    follow_listing,
    follow_session,
    follow_summary,
    news,
)
from sessions_app.pages.number_list import Query

logger = logging.getLogger(__name__)

# Hints may be lost, and a lease that runs out sends none: look again on our own after this.
REFRESH_SECONDS = 10
LONGEST_REST_SECONDS = 1.0
# The channel layer forgets a group's members after a day: leave before, not all at once.
LIFETIME_SECONDS = 86_400 * 0.9

# The page knows these two (static/js/live.js): go where the sign-in or a 404 is; connect again.
REFUSED = 4404
COME_BACK = 4012


class LivePage(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """A socket that follows what one page shows, until its owner may no longer see it."""

    # After a look, rest this many times as long as it took, however many hints come: what a page
    # may take of the machine is bounded, whatever the size of the account.
    rest_factor = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._joined: list[str] = []
        self._hinted = asyncio.Event()
        self._known: Parts = {}
        self._version = 0
        self._looked_for = 0.0  # seconds
        self._standing: tuple[UUID | None, str] = (None, "")
        self._following: asyncio.Task[None] | None = None

    async def read(self, who: Who) -> Frame | None:
        """The page as ``who`` may see it now, or None."""
        raise NotImplementedError

    def groups_of(self, frame: Frame) -> list[str]:
        """The groups whose hints concern the page."""
        raise NotImplementedError

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels', without its hop to the shared database thread before each message: no
        handler here touches the database, and one slow query must not hold up every socket."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"No handler for message type {message['type']}")
        await handler(message)

    async def connect(self) -> None:
        who = self._who()
        frame = await self.read(who) if who else None
        if who is None or frame is None:
            await self.close(code=REFUSED)
            return
        who = replace(who, account=frame.account)
        self._standing = (frame.account, frame.role)
        told = [news_group(frame.account)] if frame.account else []
        for group in (user_group(who.user_id), *told, *self.groups_of(frame)):
            await self.channel_layer.group_add(group, self.channel_name)
            self._joined.append(group)
        await self.accept()
        self._following = asyncio.create_task(self._follow(who), name="live page")

    async def disconnect(self, code: int) -> None:
        if self._following is not None:
            self._following.cancel()
        for group in self._joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def session_changed(self, hint: Mapping[str, Any]) -> None:
        self._hinted.set()

    async def access_changed(self, hint: Mapping[str, Any]) -> None:
        """A role of the page's owner: read again, which checks it again."""
        self._hinted.set()

    async def news_changed(self, hint: Mapping[str, Any]) -> None:
        """The news are not ours to read: have the page fetch its bell again."""
        await self.send(text_data=render_to_string("notifications/notices/_bell-changed.html"))

    def _who(self) -> Who | None:
        user, login = self.scope["user"], self.scope["session"]
        if not user.is_authenticated or not login.session_key:
            return None
        return Who(user.pk, login.session_key, chosen_account(login))

    async def _follow(self, who: Who) -> None:
        try:
            async with asyncio.timeout(LIFETIME_SECONDS + random.uniform(0, 8_000)):  # noqa: S311
                while await self._send_news(who):
                    await self._next_look()
            await self.close(code=REFUSED)
        except TimeoutError:
            await self.close(code=COME_BACK)
        except Exception:  # whatever it was: the page reconnects, or polls
            logger.exception("A live page could not be followed")
            await self.close(code=COME_BACK)

    async def _next_look(self) -> None:
        await asyncio.sleep(min(LONGEST_REST_SECONDS, self.rest_factor * self._looked_for))
        try:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._hinted.wait()
        except TimeoutError:
            return

    async def _send_news(self, who: Who) -> bool:
        """Send what changed since we last looked; False when ``who`` may see it no more, or as
        somebody else than the one the page was made for."""
        self._hinted.clear()
        began = time.monotonic()
        frame = await self.read(who)
        self._looked_for = time.monotonic() - began
        if frame is None or (frame.account, frame.role) != self._standing:
            return False
        if frame.version >= self._version:
            text = "".join(news(frame.parts, self._known))
            self._known, self._version = frame.parts, frame.version
            if text:
                await self.send(text_data=text)
        return True


class SessionPage(LivePage):
    """``/ws/sessions/<uuid>/``"""

    async def read(self, who: Who) -> Frame | None:
        return await follow_session(who, self._session_id)

    def groups_of(self, frame: Frame) -> list[str]:
        return [session_group(self._session_id)]

    async def messages_changed(self, hint: Mapping[str, Any]) -> None:
        """The messages are not ours to read: have the page fetch its list again."""
        await self.send(
            text_data=render_to_string(
                "conversations/_changed.html", {"session_id": self._session_id}
            )
        )

    @property
    def _session_id(self) -> UUID:
        session_id: UUID = self.scope["url_route"]["kwargs"]["session_id"]
        return session_id


class AccountPage(LivePage):
    """A page that follows all numbers of the account that somebody looks at."""

    rest_factor = 3.0  # it reads every row of the account, and a restart changes them all

    def groups_of(self, frame: Frame) -> list[str]:
        return [account_group(frame.account)] if frame.account else []


class OverviewPage(AccountPage):
    """``/ws/overview/``; with ``?first`` of an account that has no number yet"""

    async def read(self, who: Who) -> Frame | None:
        return await follow_summary(who, first=self.scope["query_string"] == b"first")


class NumbersPage(AccountPage):
    """``/ws/numbers/``, with the page's own query string"""

    async def read(self, who: Who) -> Frame | None:
        asked = dict(parse_qsl(self.scope["query_string"].decode("ascii", "replace")))
        return await follow_listing(who, Query.parse(asked))
