"""Every address and every socket, as anonymous, stranger, viewer, member and owner.

The sweep finds addresses in the URL configuration by itself: a new one is swept without a word
here, and one that takes an id which the sweep does not know fails until it is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.asgi import application
from locations.models import ApiKey, Role, User
from sessions_app.models import Session
from sessions_app.routing import websocket_urlpatterns
from tests.factory import (
    make_account,
    make_delivery,
    make_location,
    make_session,
    make_user,
    make_webhook,
)

pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = {
    "healthz",
    "api:schema",
    "api:docs",
    # before the sign-in: tests/integration/people
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "mfa_login_webauthn",
    "mfa_authenticate",
    "account_inactive",
    "account_logout",
    "account_signup",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
# Of a person and of no account; there when he has such a thing. Swept as anonymous here, the
# rest in tests/integration/people.
A_PERSONS_OWN = {
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}
NOT_OURS = ("admin/",)  # staff only: swept in the admin's own tests
READ_ONLY = {"dashboard", "connect", "session", "session_live", "messages"}


@dataclass(frozen=True)
class Address:
    name: str
    path: str
    takes_id: bool
    is_api: bool


def _patterns(
    patterns: list[URLPattern | URLResolver], prefix: str, namespace: str
) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from _patterns(pattern.url_patterns, route, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}", route


def _addresses() -> list[Address]:
    found = []
    for name, route in _patterns(get_resolver().url_patterns, "", ""):
        if name in PUBLIC or route.startswith(NOT_OURS):
            continue
        found.append(Address(name, "/" + route, "<" in route, route.startswith("api/")))
    return found


ADDRESSES = _addresses()
IDS = [f"{address.name}" for address in ADDRESSES]
OF_ACCOUNTS = [address for address in ADDRESSES if address.name not in A_PERSONS_OWN]


@dataclass
class World:
    session: Session
    people: dict[str, User]
    keys: dict[str, str]


@pytest.fixture
def world() -> World:
    account = make_account()
    session = make_session(make_location(account))
    make_delivery(make_webhook(account, pk=session.pk), pk=session.pk)  # one id fits every address
    people = {
        "alice": make_user("alice", account, Role.OWNER),
        "bob": make_user("bob", account, Role.MEMBER),
        "vera": make_user("vera", account, Role.VIEWER),
    }
    strangers = make_account("Elsewhere")
    people["charlie"] = make_user("charlie", strangers, Role.OWNER)
    keys = {"alice": ApiKey.issue(account, "ours")[1], "charlie": ApiKey.issue(strangers, "x")[1]}
    return World(session, people, keys)


def _path(address: Address, identifier: uuid.UUID) -> str:
    path = address.path.replace("<int:pk>", "1")
    for name in ("session_id", "webhook_id", "delivery_id"):
        path = path.replace(f"<uuid:{name}>", str(identifier))
    assert "<" not in path, f"{address.name} takes an id that this sweep does not know"
    return path


def _ask(client: Client, method: str, path: str, **headers: str) -> int:
    send = client.get if method == "GET" else client.post
    return send(path, data={}, content_type="application/json", headers=headers).status_code


def _statuses(address: Address, world: World, who: str | None, identifier: uuid.UUID) -> set[int]:
    """What GET and POST answer, leaving out the method that the address does not take."""
    client, headers = Client(raise_request_exception=False), {}
    if address.is_api and who is not None:
        headers = {"Authorization": f"Bearer {world.keys[who]}"}
    elif who is not None:
        client.force_login(world.people[who])
    path = _path(address, identifier)
    return {_ask(client, method, path, **headers) for method in ("GET", "POST")} - {405}


@pytest.mark.parametrize("address", ADDRESSES, ids=IDS)
def test_it_asks_who_is_there(address: Address, world: World) -> None:
    statuses = _statuses(address, world, None, world.session.pk)

    assert statuses <= ({401} if address.is_api else {302})
    assert statuses


@pytest.mark.parametrize("address", [a for a in OF_ACCOUNTS if a.takes_id], ids=str)
def test_it_does_not_exist_for_strangers(address: Address, world: World) -> None:
    assert _statuses(address, world, "charlie", world.session.pk) == {404}


@pytest.mark.parametrize("address", [a for a in OF_ACCOUNTS if a.takes_id], ids=str)
def test_it_tells_a_foreign_id_from_an_absent_one_in_no_way(address: Address, world: World) -> None:
    foreign = _statuses(address, world, "charlie", world.session.pk)

    assert foreign == _statuses(address, world, "charlie", uuid.uuid4())


@pytest.mark.parametrize("address", [a for a in OF_ACCOUNTS if a.takes_id and not a.is_api], ids=str)
def test_it_lets_viewers_look_and_not_touch(address: Address, world: World) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(world.people["vera"])
    path = _path(address, world.session.pk)

    assert _ask(client, "POST", path) in {403, 405}
    world.session.refresh_from_db()
    assert (world.session.wanted, world.session.wanted_attempt) == ("linked", 1)
    if address.name in READ_ONLY:
        assert _ask(client, "GET", path) == 200


@pytest.mark.parametrize("who", ["alice", "bob"])
@pytest.mark.parametrize("address", OF_ACCOUNTS, ids=lambda address: address.name)
def test_it_works_for_owners_and_members(address: Address, who: str, world: World) -> None:
    name = "alice" if address.is_api else who

    statuses = _statuses(address, world, name, world.session.pk)

    assert not statuses & {401, 403, 404, 500}


@pytest.mark.parametrize("who", [None, "charlie", "vera", "bob", "alice"])
@pytest.mark.parametrize("route", [str(p.pattern) for p in websocket_urlpatterns])
async def test_it_opens_sockets_for_its_own_people_only(
    route: str, who: str | None, world: World
) -> None:
    path = "/" + route.replace("<uuid:session_id>", str(world.session.pk))
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    if who is not None:
        client = Client()
        await _sign_in(client, world.people[who])
        cookie = client.cookies["sessionid"].value
        headers.append((b"cookie", f"sessionid={cookie}".encode()))
    socket = WebsocketCommunicator(application, path, headers=headers)

    opened, _ = await socket.connect(timeout=30)

    strangers = {None, "charlie"} if "session" in route else {None}
    assert opened is (who not in strangers)
    await socket.disconnect()


async def _sign_in(client: Client, user: User) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(client.force_login)(user)


async def test_it_opens_no_socket_from_another_site(world: World) -> None:
    client = Client()
    await _sign_in(client, world.people["alice"])
    headers = [
        (b"origin", b"https://evil.example"),
        (b"host", b"localhost"),
        (b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()),
    ]
    socket = WebsocketCommunicator(application, "/ws/dashboard/", headers=headers)

    opened, _ = await socket.connect(timeout=30)

    assert not opened
