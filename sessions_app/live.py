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

from sessions_app.reading import (
    Dashboard,
    Query,
    SessionView,
    dashboard,
    principal_now,
    session_view,
)

Parts = Mapping[str, str]
"""The id of an element of the page → its HTML."""

SESSION_PARTS = ("head", "actions", "sentence", "figure", "pairing-error", "timeline")


@dataclass(frozen=True)
class Who:
    """Whose socket it is: the user, and the login that must still stand."""

    user_id: uuid.UUID
    login_key: str


@dataclass(frozen=True)
class Frame:
    """The parts of a page at one version (0 where a page has none)."""

    parts: Parts
    version: int = 0
    accounts: tuple[uuid.UUID, ...] = ()


def session_parts(view: SessionView) -> Parts:
    """The live parts of the session page."""
    return {
        name: render_to_string(f"sessions/parts/_{name}.html", {**view, "oob": True})
        for name in SESSION_PARTS
    }


def dashboard_parts(board: Dashboard) -> Parts:
    """The live parts of the dashboard: its answer, its counts, and the rows of its page."""
    context = {**board, "oob": True}
    parts = {
        name: render_to_string(f"dashboard/parts/_{name}.html", context)
        for name in ("answer", "needs", "chips")
    }
    for row in board["rows"]:
        parts[f"row-{row['location'].pk}"] = render_to_string(
            "dashboard/parts/_row.html", {"row": row, "oob": True}
        )
    return parts


def news(parts: Parts, known: Parts) -> Iterable[str]:
    """What of ``parts`` differs from what is ``known`` on the other side."""
    return (html for name, html in parts.items() if known.get(name) != html)


async def follow_session(who: Who, session_id: uuid.UUID) -> Frame | None:
    """The session page for ``who`` now; None when he may not see it (any more)."""
    frame: Frame | None = await database_sync_to_async(_session_frame)(who, session_id)
    return frame


async def follow_dashboard(who: Who, query: Query) -> Frame | None:
    """The dashboard for ``who`` now; None when he has signed out."""
    frame: Frame | None = await database_sync_to_async(_dashboard_frame)(who, query)
    return frame


def _session_frame(who: Who, session_id: uuid.UUID) -> Frame | None:
    principal = principal_now(who.user_id, who.login_key)
    if principal is None:
        return None
    try:
        view = session_view(principal, session_id)
    except Http404:
        return None
    return Frame(session_parts(view), view["session"]["version"])


def _dashboard_frame(who: Who, query: Query) -> Frame | None:
    principal = principal_now(who.user_id, who.login_key)
    if principal is None:
        return None
    return Frame(
        dashboard_parts(dashboard(principal, query)), accounts=tuple(principal.account_ids)
    )
