"""The content of a live page: read it, check access, render the parts.

The templates of first paint render each part, here with ``hx-swap-oob``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from channels.db import database_sync_to_async
from django.http import Http404
from django.template.loader import render_to_string

from core import tenancy
from locations.principals import Principal
from sessions_app.pages.live_parts import Page, Parts, registered_parts
from sessions_app.pages.number_list import Listing, Query, listing
from sessions_app.pages.session_page import SessionView, principal_now, session_view
from sessions_app.pages.summary import Summary, summary

SESSION_PARTS = ("head", "actions", "sentence", "figure", "device", "pairing-error", "timeline")
_ANSWER = "sessions_app/pages/number_list/parts/_answer.html"


@dataclass(frozen=True)
class Viewer:
    """The owner of a socket: the user, the login that must still be valid, and the account that
    was selected when the socket was opened."""

    user_id: uuid.UUID
    login_key: str
    account: uuid.UUID | None = None


@dataclass(frozen=True)
class Frame:
    """The parts of a page at one version (0 if the page has none), the account of the page, and
    the viewer's role there."""

    parts: Parts
    version: int = 0
    account: uuid.UUID | None = None
    role: str = ""


def session_parts(view: SessionView) -> Parts:
    """Render the live parts of the session page. Pairing errors are for users who may write."""
    return {
        name: render_to_string(
            f"sessions_app/pages/session/parts/_{name}.html", {**view, "oob": True}
        )
        for name in SESSION_PARTS
        if view["may_write"] or name != "pairing-error"
    }


def summary_parts(view: Summary, principal: Principal, *, first: bool = False) -> Parts:
    """Render the live parts of the overview. With ``first`` the account has no number yet: the
    page fetches itself again once its first number has arrived."""
    context = {**view, "principal": principal, "oob": True}
    page = Page.FIRST_NUMBER if first else Page.OVERVIEW
    return {"answer": render_to_string(_ANSWER, context), **registered_parts(page, context)}


def listing_parts(view: Listing) -> Parts:
    """Render the live parts of the list: its answer, its filters, and the rows of its page."""
    context = {**view, "oob": True}
    parts = {
        "answer": render_to_string(_ANSWER, context),
        "chips": render_to_string("sessions_app/pages/number_list/parts/_chips.html", context),
    }
    for row in view["rows"]:
        parts[f"row-{row['location_id']}"] = render_to_string(
            "sessions_app/pages/number_list/parts/_row.html", {**context, "row": row}
        )
    return parts


def changed_html(parts: Parts, known: Parts) -> Iterable[str]:
    """Return the HTML of those of ``parts`` that differ from ``known``, what was sent before."""
    return (html for name, html in parts.items() if known.get(name) != html)


async def read_session(viewer: Viewer, session_id: uuid.UUID) -> Frame | None:
    """Return the session page for ``viewer``, or None if the session may not be seen."""
    frame: Frame | None = await database_sync_to_async(_session_frame)(viewer, session_id)
    return frame


async def read_summary(viewer: Viewer, *, first: bool = False) -> Frame | None:
    """Return the overview for ``viewer``, or None if the login has ended. See
    ``summary_parts``."""
    frame: Frame | None = await database_sync_to_async(_summary_frame)(viewer, first)
    return frame


async def read_listing(viewer: Viewer, query: Query) -> Frame | None:
    """Return the list for ``viewer``, or None if the login has ended."""
    frame: Frame | None = await database_sync_to_async(_listing_frame)(viewer, query)
    return frame


def _session_frame(viewer: Viewer, session_id: uuid.UUID) -> Frame | None:
    principal = principal_now(viewer.user_id, viewer.login_key, viewer.account)
    if principal is None:
        return None
    with tenancy.of_accounts(principal.account_ids):
        try:
            view = session_view(principal, session_id)
        except Http404:
            return None
        return _frame(
            principal, session_parts(view), view["account_id"], view["session"]["version"]
        )


def _summary_frame(viewer: Viewer, first: bool) -> Frame | None:
    principal = principal_now(viewer.user_id, viewer.login_key, viewer.account)
    if principal is None:
        return None
    with tenancy.of_accounts(principal.account_ids):
        parts = summary_parts(summary(principal), principal, first=first)
        return _frame(principal, parts, principal.account)


def _listing_frame(viewer: Viewer, query: Query) -> Frame | None:
    principal = principal_now(viewer.user_id, viewer.login_key, viewer.account)
    if principal is None:
        return None
    with tenancy.of_accounts(principal.account_ids):
        return _frame(principal, listing_parts(listing(principal, query)), principal.account)


def _frame(
    principal: Principal, parts: Parts, account: uuid.UUID | None, version: int = 0
) -> Frame:
    role = "" if account is None else str(principal.roles[account])
    return Frame(parts, version, account, role)
