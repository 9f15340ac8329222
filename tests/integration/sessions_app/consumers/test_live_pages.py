"""Live pages: access, updates, and closing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.urls import path
from django.utils import timezone

from conversations.models import Message
from locations.models import Account, Member, Role, User
from sessions_app.consumers import RECONNECT, REFUSED, SessionPage
from sessions_app.hints import hint_messages, hint_viewers
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.pages.live_updates import Frame, Viewer
from tests.factory import make_account, make_location, make_message, make_session, make_user
from tests.integration.sessions_app.consumers.conftest import Open, Page, connect

pytestmark = pytest.mark.django_db(transaction=True)


class Scene:
    """alice's account with one session, and charlie, who has nothing to do with it."""

    def __init__(self, status: Status) -> None:
        self.account: Account = make_account()
        self.alice: User = make_user("alice", self.account, Role.OWNER)
        self.vera: User = make_user("vera", self.account, Role.VIEWER)
        self.charlie: User = make_user("charlie", make_account("Elsewhere"))
        self.session: Session = make_session(make_location(self.account, "Lisbon"), status)

    @property
    def path(self) -> str:
        return f"/ws/sessions/{self.session.pk}/"

    async def becomes(self, **columns: Any) -> None:
        """Act as the gateway: write a new version, then send a hint."""
        await database_sync_to_async(self._write)(columns)
        await hint_viewers(self.session.pk, self.account.pk, self.session.version)

    def _write(self, columns: dict[str, Any]) -> None:
        self.session.version += 1
        Session.objects.filter(pk=self.session.pk).update(version=self.session.version, **columns)


@pytest.fixture
def scene() -> Scene:
    return Scene(Status.INITIALIZING)


READY = {
    "status": Status.READY,
    "reason": Reason.OK,
    "phone_number": "+351912345678",
    "jid": "351912345678:1@s.whatsapp.net",
}


@pytest.mark.parametrize("page", ["session", "overview", "numbers"])
async def test_it_refuses_the_anonymous(scene: Scene, page: str) -> None:
    address = scene.path if page == "session" else f"/ws/{page}/"

    _, accepted, code = await connect(address, None)

    assert (accepted, code) == (False, REFUSED)


async def test_it_refuses_strangers_and_unknown_sessions(scene: Scene) -> None:
    for user, address in [
        (scene.charlie, scene.path),
        (scene.alice, f"/ws/sessions/{uuid.uuid4()}/"),
    ]:
        _, accepted, code = await connect(address, user)

        assert (accepted, code) == (False, REFUSED)


async def test_it_refuses_other_origins(scene: Scene) -> None:
    _, accepted, _ = await connect(scene.path, scene.alice, origin="https://evil.example")

    assert not accepted


async def test_it_sends_the_current_page_when_it_opens(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.alice) as page:
        text = await page.told()

    assert "Preparing WhatsApp session…" in text
    for part in ("head", "actions", "sentence", "figure", "device", "pairing-error", "timeline"):
        assert f'id="{part}"' in text


async def test_it_tells_what_changed_and_only_that(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.alice) as page:
        await page.told()

        await scene.becomes(**READY)
        text = await page.told()

    assert "✅ Connected" in text
    assert "+351 912 345 678" in text
    assert 'id="timeline"' not in text


async def test_it_sends_nothing_without_a_change(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.alice) as page:
        await page.told()

        await hint_viewers(scene.session.pk, scene.account.pk, scene.session.version)

        assert await page.nothing_more()


async def test_it_sends_each_new_code(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.alice) as page:
        await page.told()
        for number in (1, 2, 3):
            await scene.becomes(
                status=Status.QR,
                reason=Reason.SCAN,
                qr_text=f"code-{number}",
                qr_number=number,
                qr_of=6,
                qr_expires_at=timezone.now(),
            )

            assert "<svg" in await page.until_told(f"Code {number} of 6")


async def test_it_never_goes_back_to_an_older_version(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.alice) as page:
        await scene.becomes(**READY)
        await page.until_told("✅ Connected")
        scene.session.version -= 2  # as a replica that lags behind would answer

        await scene.becomes(status=Status.DISCONNECTED, reason=Reason.LOGGED_OUT)

        assert await page.nothing_more()


async def test_it_sends_no_buttons_to_viewers(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.vera) as page:
        await page.told()
        await scene.becomes(status=Status.DISCONNECTED, reason=Reason.QR_EXPIRED)
        text = await page.until_told("The codes ran out")

    assert "<button" not in text


async def test_it_closes_for_a_removed_member(scene: Scene, open_socket: Open) -> None:
    async with open_socket(scene.path, scene.alice) as page:
        await page.told()
        await database_sync_to_async(Member.objects.filter(user=scene.alice).delete)()

        await scene.becomes(**READY)

        assert await page.closed() == REFUSED


async def test_it_closes_after_signing_out(scene: Scene, open_socket: Open) -> None:
    from django.contrib.sessions.models import Session as Login

    async with open_socket(scene.path, scene.alice) as page:
        await page.told()
        await database_sync_to_async(Login.objects.all().delete)()

        await scene.becomes(**READY)

        assert await page.closed() == REFUSED


async def test_it_closes_for_a_deactivated_user(scene: Scene, open_socket: Open) -> None:
    async with open_socket("/ws/numbers/", scene.alice) as page:
        await page.told()
        inactive = User.objects.filter(pk=scene.alice.pk)
        await database_sync_to_async(inactive.update)(is_active=False)

        await scene.becomes(**READY)

        assert await page.closed() == REFUSED


@pytest.mark.parametrize(("who", "told"), [("alice", True), ("vera", False)])
async def test_it_sends_no_pairing_errors_to_viewers(
    scene: Scene, open_socket: Open, who: str, told: bool
) -> None:
    async with open_socket(scene.path, getattr(scene, who)) as page:
        text = await page.told()

    assert 'id="sentence"' in text
    assert ('id="pairing-error"' in text) is told


async def test_it_sends_codes_to_writers_only(scene: Scene, open_socket: Open) -> None:
    async with (
        open_socket(scene.path, scene.alice) as writer,
        open_socket(scene.path, scene.vera) as viewer,
    ):
        await writer.told()
        await viewer.told()
        await scene.becomes(
            status=Status.QR,
            reason=Reason.SCAN,
            qr_text="a-secret",
            pairing_code="ABCD-EFGH",
            qr_number=1,
            qr_of=6,
            qr_expires_at=timezone.now(),
        )

        assert "ABCD-EFGH" in await writer.until_told('class="qr"')
        seen = await viewer.until_told("only its owners and members see it")
        for secret in ("ABCD-EFGH", 'class="qr"', "Scan this code"):
            assert secret not in seen


async def test_it_makes_the_page_fetch_its_messages(scene: Scene, open_socket: Open) -> None:
    message: Message = await database_sync_to_async(make_message)(scene.session, text="Private")
    async with open_socket(scene.path, scene.alice) as page:
        await page.told()

        await hint_messages(scene.session.pk)
        text = await page.told()

    assert f'hx-get="/sessions/{scene.session.pk}/messages/"' in text
    assert message.text not in text


async def test_it_sends_one_row_and_the_counts(scene: Scene, open_socket: Open) -> None:
    other = await database_sync_to_async(make_session)(
        await database_sync_to_async(make_location)(scene.account, "Porto")
    )
    async with open_socket("/ws/numbers/", scene.alice) as page:
        await page.told()

        await scene.becomes(**READY)
        text = await page.told()

    assert f'id="row-{scene.session.location_id}"' in text
    assert f'id="row-{other.location_id}"' not in text
    assert "Both numbers are ready." in text
    assert 'id="chips"' in text


async def test_it_announces_the_first_number(scene: Scene, open_socket: Open) -> None:
    connected = Session.objects.filter(pk=scene.session.pk)
    await database_sync_to_async(connected.update)(wanted=Wanted.UNLINKED)
    async with open_socket("/ws/overview/?first", scene.alice) as page:
        assert "hx-get" not in await page.told()

        await scene.becomes(wanted=Wanted.LINKED)
        text = await page.told()

    assert 'hx-get="/"' in text
    assert 'id="counts"' not in text


async def test_it_sends_the_message_chart(scene: Scene, open_socket: Open) -> None:
    async with open_socket("/ws/overview/", scene.alice) as page:
        assert "No messages in the last 14 days." in await page.told()

        await database_sync_to_async(make_message)(scene.session, text="Private")
        await scene.becomes()  # a hint; the page also reads every ten seconds
        text = await page.until_told('id="traffic"')

    assert "<b>1</b> out" in text
    assert "Private" not in text


async def test_it_sends_rows_of_the_shown_page_only(scene: Scene, open_socket: Open) -> None:
    async with open_socket("/ws/numbers/?q=nowhere", scene.alice) as page:
        await page.told()

        await scene.becomes(**READY)
        text = await page.told()

    assert "Your number is ready." in text
    assert 'id="row-' not in text


async def test_it_sends_nothing_of_other_accounts(scene: Scene, open_socket: Open) -> None:
    async with open_socket("/ws/numbers/", scene.charlie) as page:
        first = await page.told()

        await scene.becomes(**READY)

        assert await page.nothing_more()
    assert "Lisbon" not in first


async def test_it_never_sends_codes_in_lists(scene: Scene, open_socket: Open) -> None:
    async with open_socket("/ws/numbers/", scene.alice) as page:
        await page.told()
        await scene.becomes(
            status=Status.QR,
            reason=Reason.SCAN,
            qr_text="a-secret",
            pairing_code="ABCD-EFGH",
            qr_expires_at=timezone.now(),
        )
        text = await page.until_told("Scan the code")

    assert "ABCD-EFGH" not in text
    assert "a-secret" not in text


class Broken(SessionPage):
    """A page whose second read fails, as if the database were gone."""

    async def read(self, viewer: Viewer) -> Frame | None:
        if self._updates is not None:
            raise OSError("the database is gone")
        return await super().read(viewer)


async def test_it_asks_the_page_to_reconnect_on_errors(scene: Scene) -> None:
    routes = [path("ws/sessions/<uuid:session_id>/", Broken.as_asgi())]
    socket, accepted, _ = await connect(
        scene.path, scene.alice, application=AuthMiddlewareStack(URLRouter(routes))
    )

    assert accepted
    assert await Page(socket).closed() == RECONNECT
    await socket.disconnect()
