"""Open pages close at once when their viewer loses access, whatever the cause, without a hint.

The causes are written to the database only, as another process or an operator would. No page hears
of them: without the checks of the hub, it would stay open until its next refresh.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session as Login
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from config.asgi import application
from locations.models import Account, Member, Role, User
from sessions_app.consumers import REFRESH_SECONDS, REFUSED
from sessions_app.hints import hint_viewers
from sessions_app.lifecycle import Reason, Status
from sessions_app.live import hub
from sessions_app.models import Session
from tests.factory import PASSWORD, make_account, make_location, make_session, make_user
from tests.integration.sessions_app.consumers.conftest import HOST, PATIENCE_SECONDS, Page

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"password1": "another long passphrase", "password2": "another long passphrase"}


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    """The limits of sign-ins count in the cache, which outlives a test."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


class Victim:
    """bob, a member of alice's account, is signed in twice: in one browser that changes
    something, and in one that has a page open."""

    def __init__(self) -> None:
        self.account: Account = make_account()
        make_user("alice", self.account, Role.OWNER)
        self.bob: User = make_user("bob", self.account, Role.MEMBER)
        self.session: Session = make_session(make_location(self.account), Status.INITIALIZING)
        self.own, self.open = Client(), Client()
        for browser in (self.own, self.open):
            browser.post(reverse("account_login"), {"login": self.bob.email, "password": PASSWORD})

    def write_code(self, text: str) -> None:
        self.session.version += 1
        Session.objects.filter(pk=self.session.pk).update(
            status=Status.QR, reason=Reason.SCAN, qr_text=text, pairing_code=text, qr_number=1,
            qr_of=6, qr_expires_at=timezone.now() + timedelta(minutes=1),
            version=self.session.version,
        )  # fmt: skip


@pytest.fixture
def victim() -> Victim:
    return Victim()


async def open_page(browser: Client, path: str) -> WebsocketCommunicator:
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    headers = [(b"origin", f"http://{HOST}".encode()), (b"host", HOST.encode())]
    headers.append((b"cookie", cookies.encode()))
    socket = WebsocketCommunicator(application, path, headers=headers)
    accepted, code = await socket.connect(timeout=PATIENCE_SECONDS)
    assert accepted, code
    return socket


async def closed_before_refresh(page: Page) -> int:
    """Return the close code. It must come before the page would have been read again anyway."""
    async with asyncio.timeout(REFRESH_SECONDS * 0.7):
        return await page.closed()


def signed_out(victim: Victim) -> None:
    victim.open.post(reverse("account_logout"))


def signed_out_elsewhere(victim: Victim) -> None:
    assert victim.own.post(reverse("usersessions_list")).status_code == 302


def password_changed(victim: Victim) -> None:
    form = {"oldpassword": PASSWORD, **NEW}
    assert victim.own.post(reverse("account_change_password"), form).status_code == 302


def password_set_by_an_operator(victim: Victim) -> None:
    victim.bob.set_password("something else entirely")
    victim.bob.save()


def address_changed(victim: Victim) -> None:
    victim.own.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    victim.own.post(reverse("account_email"), {"action_add": "", "email": "bob@new.example"})
    link = str(mail.outbox[-1].body).split("/verify/")[1].split()[0]
    victim.own.post(f"/verify/{link}")
    assert EmailAddress.objects.get(user=victim.bob).email == "bob@new.example"


def deactivated(victim: Victim) -> None:
    User.objects.filter(pk=victim.bob.pk).update(is_active=False)


def sign_in_expired(victim: Victim) -> None:
    Login.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def role_lost(victim: Victim) -> None:
    Member.objects.filter(user=victim.bob).update(role=Role.VIEWER)


def membership_lost(victim: Victim) -> None:
    Member.objects.filter(user=victim.bob)._raw_delete("default")


def user_deleted(victim: Victim) -> None:
    victim.bob.delete()


CAUSES = [
    signed_out, signed_out_elsewhere, password_changed, password_set_by_an_operator,
    address_changed, deactivated, sign_in_expired, role_lost, membership_lost, user_deleted,
]  # fmt: skip
Cause = Callable[[Victim], None]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("page", ["session", "numbers"])
async def test_it_closes_without_a_hint(victim: Victim, cause: Cause, page: str) -> None:
    path = f"/ws/sessions/{victim.session.pk}/" if page == "session" else "/ws/numbers/"
    socket = await open_page(victim.open, path)
    assert await Page(socket).told()

    await database_sync_to_async(cause)(victim)

    assert await closed_before_refresh(Page(socket)) == REFUSED
    await socket.disconnect(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda f: f.__name__)
async def test_it_sends_no_code_from_then_on(victim: Victim, cause: Cause) -> None:
    socket = await open_page(victim.open, f"/ws/sessions/{victim.session.pk}/")
    assert await Page(socket).told()
    await database_sync_to_async(cause)(victim)

    await database_sync_to_async(victim.write_code)("NEW-CODE")
    await hint_viewers(victim.session.pk, victim.account.pk, victim.session.version)

    async with asyncio.timeout(PATIENCE_SECONDS):
        while (message := await socket.receive_output(PATIENCE_SECONDS)).get("code") != REFUSED:
            assert "NEW-CODE" not in message["text"]
            assert "<svg" not in message["text"]
    await socket.disconnect(timeout=PATIENCE_SECONDS)


async def test_it_keeps_the_page_that_is_still_signed_in(victim: Victim) -> None:
    socket = await open_page(victim.own, f"/ws/sessions/{victim.session.pk}/")
    assert await Page(socket).told()

    await database_sync_to_async(signed_out)(victim)  # the other browser
    await asyncio.sleep(2 * hub.CHECK_SECONDS)
    await database_sync_to_async(victim.write_code)("NEW-CODE")

    assert "NEW-CODE" in await Page(socket).until_told("NEW-CODE")
    await socket.disconnect(timeout=PATIENCE_SECONDS)


async def test_it_updates_within_a_check_without_hints(victim: Victim) -> None:
    socket = await open_page(victim.open, f"/ws/sessions/{victim.session.pk}/")
    assert await Page(socket).told()

    await database_sync_to_async(victim.write_code)("NEW-CODE")

    async with asyncio.timeout(REFRESH_SECONDS * 0.7):
        await Page(socket).until_told("NEW-CODE")
    await socket.disconnect(timeout=PATIENCE_SECONDS)


def test_it_checks_access_twice_a_second() -> None:
    assert hub.CHECK_SECONDS <= 0.5


class Support:
    """An operator with the permission to impersonate, who views alice's account."""

    def __init__(self) -> None:
        self.account: Account = make_account()
        self.alice: User = make_user("alice", self.account, Role.OWNER)
        self.session: Session = make_session(make_location(self.account, "Porto"))
        self.operator: User = User.objects.create_user("op@example.com", is_staff=True)
        codes = ("view_as_owner", "view_account", "change_account")
        self.operator.user_permissions.set(Permission.objects.filter(codename__in=codes))
        self.browser = Client()
        self.browser.force_login(self.operator)
        reason = {"reason": "Ticket 4711: the number of Porto drops"}
        path = reverse("admin:locations_account_view", args=[self.account.pk])
        assert self.browser.post(path, reason).status_code == 302


def viewing_over(support: Support) -> None:
    session = support.browser.session
    session["viewing"] = {**session["viewing"], "until": timezone.now().timestamp() - 1}
    session.save()


def viewing_stopped(support: Support) -> None:
    assert support.browser.post("/viewing/stop/").status_code == 302


def permission_lost(support: Support) -> None:
    support.operator.user_permissions.clear()


def owner_deactivated(support: Support) -> None:
    User.objects.filter(pk=support.alice.pk).update(is_active=False)


@pytest.mark.parametrize(
    "cause",
    [viewing_over, viewing_stopped, permission_lost, owner_deactivated],
    ids=lambda f: f.__name__,
)
async def test_it_closes_when_the_viewing_ends(cause: Callable[[Support], None]) -> None:
    support = await database_sync_to_async(Support)()
    socket = await open_page(support.browser, f"/ws/sessions/{support.session.pk}/")
    assert await Page(socket).told()

    await database_sync_to_async(cause)(support)

    assert await closed_before_refresh(Page(socket)) == REFUSED
    await socket.disconnect(timeout=PATIENCE_SECONDS)
