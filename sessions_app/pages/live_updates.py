"""The content of a live page: read it, check access, render the parts.

The templates of first paint render each part, here with ``hx-swap-oob``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace

from django.http import Http404
from django.template.loader import render_to_string

from core import tenancy
from locations.access import find
from locations.principals import Principal
from locations.sign_ins import OpenSignIn, principals_of
from sessions_app.live.hub import current_hub
from sessions_app.models import Session
from sessions_app.pages.live_parts import Page, Parts, registered_parts
from sessions_app.pages.number_list import Listing, Query, listing
from sessions_app.pages.session_page import SessionView, session_view
from sessions_app.pages.summary import Summary, summary

SESSION_PARTS = ("head", "actions", "sentence", "figure", "device", "pairing-error", "timeline")
_ANSWER = "sessions_app/pages/number_list/parts/_answer.html"


@dataclass(frozen=True)
class Viewer:
    """The owner of a socket: the user (None until the first check), the login that must still be
    valid, and the account that the page shows (None for the one selected in the login)."""

    user_id: uuid.UUID | None
    login_key: str
    account: uuid.UUID | None = None


@dataclass(frozen=True)
class Access:
    """What a viewer may see: the account of the page, and the role there. ``owner`` is the user,
    or the one-time link of a page without one."""

    owner: uuid.UUID
    account: uuid.UUID | None
    role: str = ""
    principal: Principal | None = None

    def about(self, account: uuid.UUID) -> Access:
        """Return the same access for another account of the principal."""
        role = "" if self.principal is None else str(self.principal.roles[account])
        return replace(self, account=account, role=role)

    @property
    def shared(self) -> Hashable:
        """What decides how a page of the account looks: the same for all viewers with one role."""
        if self.account is None or self.principal is None:
            return self.owner
        closing = self.account in self.principal.closing
        return (self.account, self.role, closing, bool(self.principal.operator))

    def is_still(self, now: Access | None) -> bool:
        """Return whether the page that was rendered for this access is right for ``now``."""
        return now is not None and (self.owner, self.account, self.role) == (
            now.owner, now.account, now.role,
        )  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """The parts of a page at one version (0 if the page has none), and the session that the page
    shows, if it shows one."""

    parts: Parts
    version: int = 0
    session: uuid.UUID | None = None


def check_users(viewers: Collection[Viewer]) -> Mapping[Viewer, Access]:
    """Return the access of each of ``viewers`` now, without those who have signed out or lost it
    in any other way."""
    sign_ins = {viewer: OpenSignIn(viewer.login_key, viewer.account) for viewer in viewers}
    principals = principals_of(set(sign_ins.values()))
    return {
        viewer: access
        for viewer, sign_in in sign_ins.items()
        if (access := _access(viewer, principals.get(sign_in))) is not None
    }


def _access(viewer: Viewer, principal: Principal | None) -> Access | None:
    if principal is None or principal.user is None:
        return None
    account = viewer.account or principal.account
    if account is not None and account not in principal.roles:
        return None
    if viewer.user_id not in (None, principal.user.pk):
        return None
    access = Access(principal.user.pk, account, principal=principal)
    return access if account is None else access.about(account)


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


async def admit(viewer: Viewer) -> Access | None:
    """Return the access of ``viewer`` now, or None without any."""
    access: Access | None = await current_hub().access_of(check_users, viewer)
    return access


async def admit_to_session(access: Access | None, session_id: uuid.UUID) -> Access | None:
    """Return ``access`` for the account of the session, or None if the session may not be seen."""
    if access is None or access.principal is None:
        return None
    principal = access.principal
    account: uuid.UUID | None = await current_hub().page(
        ("account", session_id, access.owner),
        access.owner,
        lambda: _account_of(principal, session_id),
    )
    return None if account is None else access.about(account)


async def read_session(
    viewer: Viewer, session_id: uuid.UUID, known: Access | None = None
) -> Frame | None:
    """Return the session page for ``viewer``, or None if the session may not be seen. ``known`` is
    the viewer's access at an earlier check."""
    known = known or await admit_to_session(await admit(viewer), session_id)
    key = ("session", session_id)
    return await _read(viewer, known, key, lambda principal: _session_frame(principal, session_id))


async def read_summary(viewer: Viewer, known: Access, *, first: bool = False) -> Frame | None:
    """Return the overview for ``viewer``, or None if the access ``known`` has ended. See
    ``summary_parts``."""
    key = ("summary", first)
    return await _read(viewer, known, key, lambda principal: _summary_frame(principal, first))


async def read_listing(viewer: Viewer, known: Access, query: Query) -> Frame | None:
    """Return the list for ``viewer``, or None if the access ``known`` has ended."""
    return await _read(viewer, known, query, lambda principal: _listing_frame(principal, query))


async def _read(
    viewer: Viewer,
    known: Access | None,
    page: Hashable,
    render: Callable[[Principal], Frame | None],
) -> Frame | None:
    if known is None or known.principal is None:
        return None
    principal, group = known.principal, known.account or known.owner
    frame: Frame | None = await current_hub().page(
        (page, known.shared), group, lambda: render(principal)
    )
    # Checked after the read, so that nothing is sent that is newer than the viewer's access.
    now = await admit(replace(viewer, account=known.account))
    return frame if known.is_still(now) else None


def _account_of(principal: Principal, session_id: uuid.UUID) -> uuid.UUID | None:
    with tenancy.of_accounts(principal.account_ids):
        try:
            session: Session = find(Session.objects.all(), principal, session_id)
        except Http404:
            return None
        return session.account_id


def _session_frame(principal: Principal, session_id: uuid.UUID) -> Frame | None:
    with tenancy.of_accounts(principal.account_ids):
        try:
            view = session_view(principal, session_id)
        except Http404:
            return None
        return Frame(session_parts(view), view["session"]["version"], session_id)


def _summary_frame(principal: Principal, first: bool) -> Frame:
    with tenancy.of_accounts(principal.account_ids):
        return Frame(summary_parts(summary(principal), principal, first=first))


def _listing_frame(principal: Principal, query: Query) -> Frame:
    with tenancy.of_accounts(principal.account_ids):
        return Frame(listing_parts(listing(principal, query)))
