"""What follows a one-time link: its live parts, and the socket of its browser.

The socket's address has the link's id and no secret: the browser proves itself by its cookie.
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
from sessions_app.pages.live_updates import Frame, Parts, Who


def cookie_name(link_id: UUID) -> str:
    """The cookie by which a browser proves that the link is its own."""
    return f"link_{link_id.hex}"


def browser_of(link_id: UUID, cookies: Mapping[str, str]) -> str:
    """The browser's secret for the link; "" when it has none."""
    return cookies.get(cookie_name(link_id), "")


def link_parts(view: LinkView) -> Parts:
    """The live parts of the page, for an exchange of what changed."""
    return {
        name: render_to_string(f"sessions_app/links/parts/_{name}.html", {**view, "oob": True})
        for name in ("sentence", "figure", "pairing-error")
    }


def _frame(link_id: UUID, browser: str) -> Frame | None:
    link = actions.usable_by_id(link_id)
    if link is None or not actions.belongs_to(link, browser):
        return None
    with tenancy.of_accounts([link.account_id]):
        return Frame(link_parts(actions.view_of(link)), account=link.account_id)


class LinkSocket(AccountPage):
    """``/ws/links/<uuid>/``, for the browser that has the link. It hears of all numbers of the
    account, for its location's session may be another one in a moment, and tells of its own."""

    async def read(self, who: Who) -> Frame | None:
        frame: Frame | None = await database_sync_to_async(_frame)(who.user_id, who.login_key)
        return frame

    def _who(self) -> Who | None:
        """The link in the place of a person, and the browser in that of a login."""
        link_id: UUID = self.scope["url_route"]["kwargs"]["link_id"]
        browser = browser_of(link_id, self.scope.get("cookies", {}))
        return Who(link_id, browser) if browser else None
