"""The live page of a one-time link: its parts, and the socket of its browser.

The URL of the socket contains the link's id and no secret; a cookie authenticates the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from channels.db import database_sync_to_async
from django.template.loader import render_to_string

from core import tenancy
from sessions_app.consumers import AccountPage
from sessions_app.links import actions
from sessions_app.links.actions import LinkView
from sessions_app.pages.live_parts import Parts
from sessions_app.pages.live_updates import Frame, Viewer


def cookie_name(link_id: UUID) -> str:
    """Return the name of the cookie that binds a link to one browser."""
    return f"link_{link_id.hex}"


def browser_of(link_id: UUID, cookies: Mapping[str, str]) -> str:
    """Return the browser's secret for the link, or "" if it has none."""
    return cookies.get(cookie_name(link_id), "")


def link_parts(view: LinkView) -> Parts:
    """Render the live parts of the page, with ``hx-swap-oob``."""
    return {
        name: render_to_string(f"sessions_app/links/parts/_{name}.html", {**view, "oob": True})
        for name in ("sentence", "figure", "pairing-error")
    }


def _frame(link_id: UUID, browser: str) -> Frame | None:
    link = actions.open_link_by_id(link_id)
    if link is None or not actions.belongs_to(link, browser):
        return None
    with tenancy.of_accounts([link.account_id]):
        return Frame(link_parts(actions.view_of(link)), account=link.account_id)


class LinkSocket(AccountPage):
    """``/ws/links/<uuid>/``, for the browser that opened the link. It gets the hints of all
    numbers of the account, because its location may get another session, and sends its own."""

    async def read(self, viewer: Viewer) -> Frame | None:
        frame: Frame | None = await database_sync_to_async(_frame)(viewer.user_id, viewer.login_key)
        return frame

    def _viewer(self) -> Viewer | None:
        """The link takes the place of the user, and the browser that of the login."""
        link_id: UUID = self.scope["url_route"]["kwargs"]["link_id"]
        browser = browser_of(link_id, self.scope.get("cookies", {}))
        return Viewer(link_id, browser) if browser else None
