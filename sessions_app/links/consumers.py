"""The live page of a one-time link: its parts, and the socket of its browser.

The URL of the socket contains the link's id and no secret; a cookie authenticates the browser.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from uuid import UUID

from django.template.loader import render_to_string

from core import tenancy
from sessions_app.consumers import AccountPage
from sessions_app.links import actions
from sessions_app.links.actions import LinkView
from sessions_app.live.hub import current_hub
from sessions_app.pages.live_parts import Parts
from sessions_app.pages.live_updates import Access, Frame, Viewer


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


def check_browsers(viewers: Collection[Viewer]) -> Mapping[Viewer, Access]:
    """Return the access of each of ``viewers`` to its link now, without those whose link has ended
    or is bound to another browser."""
    links = actions.open_links_by_id({viewer.user_id for viewer in viewers})
    return {
        viewer: Access(link.pk, link.account_id)
        for viewer in viewers
        if (link := links.get(viewer.user_id)) and actions.belongs_to(link, viewer.login_key)
    }


def _frame(link_id: UUID) -> Frame | None:
    link = actions.open_link_by_id(link_id)
    if link is None:
        return None
    with tenancy.of_accounts([link.account_id]):
        view = actions.view_of(link)
        session = view["session"]
        return Frame(link_parts(view), session=session["id"] if session else None)


class LinkSocket(AccountPage):
    """``/ws/links/<uuid>/``, for the browser that opened the link. It gets the hints of all
    numbers of the account, because its location may get another session, and sends its own."""

    check = staticmethod(check_browsers)

    async def admit(self, viewer: Viewer) -> Access | None:
        access: Access | None = await current_hub().access_of(check_browsers, viewer)
        return access

    async def read(self, viewer: Viewer) -> Frame | None:
        frame: Frame | None = await current_hub().page(
            ("link", self._link_id), self.access.account, partial(_frame, self._link_id)
        )
        # Checked after the read, so that nothing is sent that is newer than the access.
        return frame if self.access.is_still(await self.admit(viewer)) else None

    def _viewer(self) -> Viewer | None:
        """The link takes the place of the user, and the browser that of the login."""
        browser = browser_of(self._link_id, self.scope["cookies"])
        return Viewer(self._link_id, browser) if browser else None

    @property
    def _link_id(self) -> UUID:
        link_id: UUID = self.scope["url_route"]["kwargs"]["link_id"]
        return link_id
