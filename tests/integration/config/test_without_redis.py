"""Everything works while Redis is away: sign-in, pages, API, sockets, hints and limits.

A real server is stopped, is stopped after it was used, or accepts connections and never answers.
"""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from core.data import redis_state
from locations.models import Account, Role, User
from sessions_app.hints import hint_viewers, session_group
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from tests.factory import PASSWORD, make_account, make_location, make_session, make_user
from tests.integration.locations.rest.conftest import Caller, make_key
from tests.integration.sessions_app.consumers.conftest import open_page
from tests.servers import start_redis
from tests.wire.product import free_port, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def use(settings: Settings, url: str) -> None:
    prefix = uuid.uuid4().hex
    settings.CACHES = {
        "default": {
            "BACKEND": "core.data.fallback_cache.FallbackCache",
            "LOCATION": url,
            "KEY_PREFIX": prefix,
        }
    }
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "core.background.hint_layer.HintLayer",
            "CONFIG": {"url": url, "prefix": prefix},
        }
    }


@pytest.fixture(params=["stopped", "stopped after use", "hanging"])
def away(request: Any, settings: Settings, tmp_path: Path) -> Iterator[str]:
    """Use a Redis that is away."""
    if request.param == "hanging":
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
            use(settings, url)
            yield url
        return
    server = start_redis(tmp_path)
    url = f"unix://{server.socket_file}"
    use(settings, url)
    if request.param == "stopped after use":
        cache.set("before", 1)
        assert cache.get("before") == 1
    server.shutdown()
    yield url


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> User:
    return make_user("alice", account, Role.OWNER)


def test_it_signs_in_and_out(away: str, alice: User) -> None:
    browser = Client()

    answer = browser.post("/sign-in/", {"login": alice.email, "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert browser.get("/").status_code == 200
    assert browser.post("/sign-out/").status_code == 302


def test_it_signs_up_without_redis(away: str) -> None:
    form = {"email": "dana@example.com", "password1": PASSWORD, "account": "Dana's Dentists"}

    answer = Client().post("/sign-up/", form)

    assert answer.status_code == 302
    assert User.objects.filter(email="dana@example.com").exists()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("path", ["/reset/", "/sign-in/code/"])
def test_it_mails_resets_and_codes(away: str, alice: User, path: str) -> None:
    answer = Client().post(path, {"email": alice.email})

    assert answer.status_code == 302
    assert len(mail.outbox) == 1


def test_it_still_limits_failed_sign_ins(away: str, alice: User) -> None:
    wrong = {"login": alice.email, "password": "wrong"}

    statuses = [Client().post("/sign-in/", wrong).status_code for _ in range(12)]

    assert statuses[0] == 422
    assert statuses[-1] in (422, 429)
    right = Client().post("/sign-in/", {"login": alice.email, "password": PASSWORD})
    assert right.status_code != 302  # too many attempts


def test_it_still_limits_calls_of_the_api(away: str, account: Account) -> None:
    account.own_max_api_calls_a_minute = 3
    account.save()
    caller = Caller(make_key(account))

    answers = [caller.get("/locations/") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["RateLimit-Remaining"] == "2"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/numbers/", "/connect/", "/notices/", "/settings/plan/", "/settings/audit-log/",
        "/settings/sign-ins/", "/settings/two-factor/", "/healthz",
    ],
)  # fmt: skip
def test_it_serves_pages_without_redis(away: str, alice: User, path: str) -> None:
    browser = Client()
    browser.force_login(alice)

    assert browser.get(path).status_code == 200


def test_it_serves_actions_and_the_admin(away: str, alice: User, account: Account) -> None:
    session = make_session(make_location(account), Status.DISCONNECTED, reason=Reason.QR_EXPIRED)
    browser, operator = Client(), Client()
    browser.force_login(alice)
    operator.force_login(User.objects.create_superuser("op@example.com"))

    assert browser.post(f"/sessions/{session.pk}/restart/").status_code == 302
    for path in ("", "locations/user/", "locations/account/", "sessions_app/session/"):
        assert operator.get(f"/admin/{path}").status_code == 200, path


async def test_it_keeps_pages_live(away: str, alice: User, account: Account) -> None:
    session = await database_sync_to_async(_new_session)(account)
    async with open_page(f"/ws/sessions/{session.pk}/", alice) as page:
        await page.told()
        ready = {"status": Status.READY, "reason": Reason.OK, "phone_number": "+351912345678"}
        changed = Session.objects.filter(pk=session.pk)
        await database_sync_to_async(changed.update)(version=session.version + 1, **ready)

        await hint_viewers(session.pk, account.pk, session.version + 1)

        assert "✅ Connected" in await page.until_told("✅ Connected")


def _new_session(account: Account) -> Session:
    return make_session(make_location(account), Status.INITIALIZING)


async def test_it_delivers_hints_within_the_process(away: str, account: Account) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(session_group(account.pk), channel)

    await hint_viewers(account.pk, account.pk, 1)

    async with asyncio.timeout(20):
        assert (await layer.receive(channel))["version"] == 1


def test_it_leaves_a_failing_server_alone(away: str, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(50):
        cache.set(f"key-{number}", number)

    assert [cache.get(f"key-{number}") for number in range(50)] == list(range(50))
    assert caplog.text.count("Redis is unavailable") == 1
    assert away not in caplog.text


def test_it_uses_redis_again_once_it_answers(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    use(settings, url)
    cache.set("count", 1)
    state = redis_state.state_of(url)
    assert not state.available

    server = start_redis(tmp_path, port)
    wait_for(lambda: state.available, "the next attempt")
    cache.set("count", 2)

    assert server.dbsize() == 1
    assert cache.get("count") == 2
    server.shutdown()


async def test_it_carries_hints_between_processes(settings: Settings, tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    url = f"unix://{server.socket_file}"
    use(settings, url)
    one = get_channel_layer()
    other = type(one)(url, settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"])
    channel = await one.new_channel()
    await one.group_add("group", channel)

    await other.group_send("group", {"type": "session.changed", "version": 7})

    async with asyncio.timeout(20):
        assert await one.receive(channel) == {"type": "session.changed", "version": 7}
    server.shutdown()
