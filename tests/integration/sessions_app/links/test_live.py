"""The page of a link follows its code over a socket that only its own browser may open."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from config.asgi import application
from locations.models import Member, Role, User
from locations.principals import Principal
from sessions_app.consumers import REFRESH_SECONDS, REFUSED
from sessions_app.hints import hint_viewers
from sessions_app.lifecycle import Event, Reason, Status
from sessions_app.links import actions
from sessions_app.models import ConnectLink, Session, SessionEvent
from tests.factory import make_user
from tests.integration.sessions_app.links.conftest import Scene

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 20.0


async def _socket(link_id: uuid.UUID, cookie: str) -> tuple[Any, bool, int | None]:
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    if cookie:
        headers.append((b"cookie", f"link_{link_id.hex}={cookie}".encode()))
    socket = WebsocketCommunicator(application, f"/ws/links/{link_id}/", headers=headers)
    accepted, code = await socket.connect(timeout=PATIENCE_SECONDS)
    return socket, accepted, code


@asynccontextmanager
async def _open(scene: Scene, cookie: str) -> AsyncIterator[Any]:
    socket, accepted, code = await _socket(scene.link.pk, cookie)
    assert accepted, code
    try:
        yield socket
    finally:
        await socket.disconnect(timeout=PATIENCE_SECONDS)


async def _told(socket: Any, what: str) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while what not in (text := await socket.receive_from(timeout=PATIENCE_SECONDS)):
            pass
    return str(text)


@sync_to_async
def _pressed(scene: Scene) -> str:
    phone = scene.phone()
    phone.press()
    return str(phone.client.cookies[f"link_{scene.link.pk.hex}"].value)


async def _becomes(scene: Scene, **columns: Any) -> None:
    session = await sync_to_async(lambda: scene.session)()
    assert session is not None
    alive = {"lease_owner": "test", "lease_expires_at": timezone.now() + timedelta(hours=1)}
    await sync_to_async(Session.objects.filter(pk=session.pk).update)(**{**alive, **columns})
    await hint_viewers(session.pk, session.account_id, 1)


QR = {
    "status": Status.QR,
    "reason": Reason.SCAN,
    "qr_text": "https://wa.me/settings/linked_devices#2@one",
    "qr_number": 1,
    "qr_of": 6,
    "qr_expires_at": timezone.now() + timedelta(hours=1),
}


async def test_it_sends_the_code_as_soon_as_it_arrives(scene: Scene) -> None:
    async with _open(scene, await _pressed(scene)) as socket:
        await _told(socket, 'data-picture="skeleton"')
        await _becomes(scene, **QR)

        assert "QR code 1 of 6" in await _told(socket, 'data-picture="qr"')


async def test_it_reports_the_connection_without_the_number(scene: Scene) -> None:
    async with _open(scene, await _pressed(scene)) as socket:
        await _becomes(scene, **QR)
        await _told(socket, 'data-picture="qr"')
        await sync_to_async(_write_ready)(scene)
        await _becomes(scene, **READY)

        text = await _told(socket, "✅ Connected")

    assert "912345678" not in text


READY = {
    "status": Status.READY,
    "reason": Reason.OK,
    "qr_text": "",
    "phone_number": "+351912345678",
    "jid": "351912345678:1@s.whatsapp.net",
}


def _write_ready(scene: Scene) -> None:
    session = scene.session
    assert session is not None
    SessionEvent.objects.create(
        session=session,
        event=Event.CONNECTED,
        old_status=Status.INITIALIZING,
        new_status=Status.READY,
        reason=Reason.OK,
        actor="WhatsApp",
        version=99,
    )


@pytest.mark.parametrize("cookie", ["", "guess", "A" * 43])
async def test_it_refuses_other_browsers(scene: Scene, cookie: str) -> None:
    await _pressed(scene)

    _, accepted, code = await _socket(scene.link.pk, cookie)

    assert (accepted, code) == (False, REFUSED)


async def test_it_refuses_an_unknown_link(scene: Scene) -> None:
    _, accepted, code = await _socket(uuid.uuid4(), await _pressed(scene))

    assert (accepted, code) == (False, REFUSED)


async def test_it_closes_when_the_link_is_revoked(scene: Scene, alice: Principal) -> None:
    async with _open(scene, await _pressed(scene)) as socket:
        await _told(socket, "figure")
        await sync_to_async(actions.revoke)(alice, scene.link)
        await _becomes(scene, **QR)

        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = await socket.receive_output(timeout=PATIENCE_SECONDS)
                if message["type"] == "websocket.close":
                    break
                assert "wa.me" not in message["text"]
                assert "QR code" not in message["text"]

    assert message["code"] == REFUSED


def _expired(scene: Scene) -> None:
    ConnectLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def _revoked(scene: Scene) -> None:
    ConnectLink.objects.update(revoked_at=timezone.now())


def _bound_elsewhere(scene: Scene) -> None:
    ConnectLink.objects.update(browser_hash=ConnectLink.hash("another browser"))


def _created_by_a_deactivated_user(scene: Scene) -> None:
    bob = make_user("bob", scene.link.account, Role.MEMBER)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    ConnectLink.objects.update(creator=bob.pk)


@pytest.mark.parametrize(
    "end",
    [_expired, _revoked, _bound_elsewhere, _created_by_a_deactivated_user],
    ids=lambda f: f.__name__,
)
async def test_it_closes_without_a_hint(scene: Scene, end: Callable[[Scene], None]) -> None:
    async with _open(scene, await _pressed(scene)) as socket:
        await _told(socket, "figure")

        await sync_to_async(end)(scene)

        async with asyncio.timeout(REFRESH_SECONDS * 0.7):  # not the next refresh
            while (message := await socket.receive_output(PATIENCE_SECONDS)).get("text"):
                pass
    assert message["code"] == REFUSED


async def test_it_closes_when_its_creator_is_removed(scene: Scene) -> None:
    account = await sync_to_async(lambda: scene.link.account)()
    bob = await sync_to_async(make_user)("bob", account, Role.MEMBER)
    await sync_to_async(ConnectLink.objects.update)(creator=bob.pk)
    async with _open(scene, await _pressed(scene)) as socket:
        await _told(socket, "figure")
        await sync_to_async(lambda: Member.objects.get(user=bob).delete())()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = await socket.receive_output(timeout=PATIENCE_SECONDS)
                if message["type"] == "websocket.close":
                    break

    assert message["code"] == REFUSED
