"""What a socket or a poll may be sent now: read, check access, render. Each part is rendered by
the template of first paint and carries ``hx-swap-oob``; who has it already need not get it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from channels.db import database_sync_to_async
from django.http import Http404
from django.template.loader import render_to_string

from core import tenancy
from locations.principals import Principal
from sessions_app.pages.number_list import Listing, Query, listing
from sessions_app.pages.session_page import SessionView, principal_now, session_view
from sessions_app.pages.summary import Summary, summary

Parts = Mapping[str, str]
"""The id of an element of the page → its HTML."""

SESSION_PARTS = ("head", "actions", "sentence", "figure", "device", "pairing-error", "timeline")
SUMMARY_PARTS = ("answer", "needs", "counts", "traffic", "recent")


@dataclass(frozen=True)
class Who:
    """Whose socket it is: the user, the login that must still stand, and the account that he
    looked at when it was opened."""

    user_id: uuid.UUID
    login_key: str
    account: uuid.UUID | None = None


@dataclass(frozen=True)
class Frame:
    """The parts of a page at one version (0 where a page has none), the account that it is
    about, and the reader's role there."""

    parts: Parts
    version: int = 0
    account: uuid.UUID | None = None
    role: str = ""


def session_parts(view: SessionView) -> Parts:
    """The live parts of the session page; who only looks has no place for what pairing says."""
    return {
        name: render_to_string(
            f"sessions_app/pages/session/parts/_{name}.html", {**view, "oob": True}
        )
        for name in SESSION_PARTS
        if view["may_write"] or name != "pairing-error"
    }


def summary_parts(view: Summary, principal: Principal, *, first: bool = False) -> Parts:
    """The live parts of the overview; of one that waits for its ``first`` number, a word that it
    is there, by which the page fetches the rest of itself."""
    context = {**view, "principal": principal, "oob": True}
    names = ("answer", "arrived") if first else SUMMARY_PARTS
    return {
        name: render_to_string(f"conversations/dashboard/parts/_{name}.html", context)
        for name in names
    }


def listing_parts(view: Listing) -> Parts:
    """The live parts of the list: its answer, its filters, and the rows of its page."""
    context = {**view, "oob": True}
    parts = {
        "answer": render_to_string("conversations/dashboard/parts/_answer.html", context),
        "chips": render_to_string("sessions_app/pages/number_list/parts/_chips.html", context),
    }
    for row in view["rows"]:
        parts[f"row-{row['location_id']}"] = render_to_string(
            "sessions_app/pages/number_list/parts/_row.html", {**context, "row": row}
        )
    return parts


def news(parts: Parts, known: Parts) -> Iterable[str]:
    """What of ``parts`` differs from what is ``known`` on the other side."""
    return (html for name, html in parts.items() if known.get(name) != html)


async def follow_session(who: Who, session_id: uuid.UUID) -> Frame | None:
    """The session page for ``who`` now; None when he may not see it (any more)."""
    frame: Frame | None = await database_sync_to_async(_session_frame)(who, session_id)
    return frame


async def follow_summary(who: Who, *, first: bool = False) -> Frame | None:
    """The overview for ``who`` now; None when he has signed out. See ``summary_parts``."""
    frame: Frame | None = await database_sync_to_async(_summary_frame)(who, first)
    return frame


async def follow_listing(who: Who, query: Query) -> Frame | None:
    """The list for ``who`` now; None when he has signed out."""
    frame: Frame | None = await database_sync_to_async(_listing_frame)(who, query)
    return frame


def _session_frame(who: Who, session_id: uuid.UUID) -> Frame | None:
    principal = principal_now(who.user_id, who.login_key, who.account)
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


def _summary_frame(who: Who, first: bool) -> Frame | None:
    principal = principal_now(who.user_id, who.login_key, who.account)
    if principal is None:
        return None
    with tenancy.of_accounts(principal.account_ids):
        parts = summary_parts(summary(principal), principal, first=first)
        return _frame(principal, parts, principal.account)


def _listing_frame(who: Who, query: Query) -> Frame | None:
    principal = principal_now(who.user_id, who.login_key, who.account)
    if principal is None:
        return None
    with tenancy.of_accounts(principal.account_ids):
        return _frame(principal, listing_parts(listing(principal, query)), principal.account)


def _frame(
    principal: Principal, parts: Parts, account: uuid.UUID | None, version: int = 0
) -> Frame:
    role = "" if account is None else str(principal.roles[account])
    return Frame(parts, version, account, role)
