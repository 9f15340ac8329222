"""Every URL and WebSocket, requested as anonymous visitor, stranger, viewer, member and owner.

URLs are read from the URL configuration. ``addresses.py`` lists the kinds of URLs, ``rows.py``
creates a row for each id in them.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

from config.asgi import application
from locations.models import ApiKey, Role, User
from sessions_app.routing import websocket_urlpatterns
from tests.architecture.addresses import (
    BY_TOKEN,
    FOR_OWNERS,
    FOR_VIEWERS_TOO,
    Address,
    addresses,
    of_accounts,
)
from tests.architecture.rows import NAMES_OF_IDS, Rows
from tests.factory import make_account, make_user

pytestmark = pytest.mark.django_db

ALL = addresses()
OF_ACCOUNTS = of_accounts()
WITH_IDS = [address for address in OF_ACCOUNTS if address.takes_id]
TIMEOUT_SECONDS = 30


def each(found: list[Address]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("address", found, ids=[address.name for address in found])


@dataclass
class World:
    rows: Rows
    users: dict[str, User]
    keys: dict[str, str]


@pytest.fixture
def world() -> World:
    account, elsewhere = make_account(), make_account("Elsewhere")
    users = {
        "alice": make_user("alice", account, Role.OWNER),
        "bob": make_user("bob", account, Role.MEMBER),
        "vera": make_user("vera", account, Role.VIEWER),
        "charlie": make_user("charlie", elsewhere, Role.OWNER),
    }
    # Keys have scopes instead of roles.
    keys = {
        "alice": ApiKey.issue(account, "ours")[1],
        "bob": ApiKey.issue(account, "ours, too")[1],
        "vera": ApiKey.issue(account, "reads", scopes=["read"])[1],
        "charlie": ApiKey.issue(elsewhere, "theirs")[1],
    }
    return World(Rows(account), users, keys)


def _request(address: Address, method: str, world: World, who: str | None, *, absent: bool) -> int:
    client, headers = Client(raise_request_exception=False), {}
    if who is not None and address.is_api:
        headers = {"Authorization": f"Bearer {world.keys[who]}"}
    elif who is not None:
        client.force_login(world.users[who])
    path = address.path(None if absent else world.rows)
    send = client.get if method == "GET" else client.post
    status: int = send(path, data={}, content_type="application/json", headers=headers).status_code
    return status


def _statuses(
    address: Address, world: World, who: str | None, *, absent: bool = False
) -> dict[str, int]:
    """Return the status of GET and POST, without methods that the URL does not accept."""
    found = {m: _request(address, m, world, who, absent=absent) for m in ("GET", "POST")}
    return {method: status for method, status in found.items() if status != 405}


@each([address for address in ALL if address.name not in BY_TOKEN])
def test_it_requires_a_sign_in(address: Address, world: World) -> None:
    statuses = _statuses(address, world, None)

    assert set(statuses.values()) <= ({401} if address.is_api else {302})


@each([address for address in ALL if address.name in BY_TOKEN])
@pytest.mark.parametrize("who", [None, "charlie", "alice"])
def test_it_requires_the_right_token(address: Address, who: str | None, world: World) -> None:
    assert set(_statuses(address, world, who).values()) == {404}


@each(WITH_IDS)
def test_it_does_not_exist_for_strangers(address: Address, world: World) -> None:
    assert set(_statuses(address, world, "charlie").values()) == {404}


@each(WITH_IDS)
def test_it_treats_foreign_ids_like_absent_ones(address: Address, world: World) -> None:
    foreign = _statuses(address, world, "charlie")

    assert foreign == _statuses(address, world, "charlie", absent=True)


@each([address for address in WITH_IDS if address.name not in FOR_VIEWERS_TOO])
def test_it_lets_viewers_read_but_not_write(address: Address, world: World) -> None:
    statuses = _statuses(address, world, "vera")

    assert statuses.get("POST", 403) == 403
    assert statuses.get("GET", 200) in {200, 403}


@each(OF_ACCOUNTS)
def test_it_works_for_members_unless_owners_only(address: Address, world: World) -> None:
    statuses = set(_statuses(address, world, "bob").values())

    if address.name in FOR_OWNERS:
        assert statuses == {403}
    else:
        assert not statuses & {401, 403, 404, 500}


@each(OF_ACCOUNTS)
def test_it_works_for_owners(address: Address, world: World) -> None:
    assert not set(_statuses(address, world, "alice").values()) & {401, 403, 404, 500}


ROUTES = [str(pattern.pattern) for pattern in websocket_urlpatterns]


def _socket_path(route: str, rows: Rows) -> str:
    def filled(match: re.Match[str]) -> str:
        name = match[1]
        assert name in NAMES_OF_IDS, f"Add {name} to NAMES_OF_IDS in tests/architecture/rows.py"
        return str(NAMES_OF_IDS[name](rows))

    return "/" + re.sub(r"<uuid:(\w+)>", filled, route)


def _cookie(user: User) -> bytes:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


async def _opens(path: str, user: User | None, origin: str = "http://localhost") -> bool:
    headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
    if user is not None:
        headers.append((b"cookie", await sync_to_async(_cookie)(user)))
    socket = WebsocketCommunicator(application, path, headers=headers)
    opened, _ = await socket.connect(timeout=TIMEOUT_SECONDS)
    await socket.disconnect(timeout=TIMEOUT_SECONDS)
    return bool(opened)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", [None, "charlie", "vera", "bob", "alice"])
@pytest.mark.parametrize("route", ROUTES)
async def test_it_opens_sockets_for_members_only(route: str, who: str | None, world: World) -> None:
    path = await sync_to_async(_socket_path)(route, world.rows)
    strangers = {None, "charlie"} if "<" in route else {None}
    may = who not in strangers and "link_id" not in route  # opens in the browser of the link only

    assert await _opens(path, world.users[who] if who else None) is may


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", ROUTES)
async def test_it_opens_no_socket_from_another_site(route: str, world: World) -> None:
    path = await sync_to_async(_socket_path)(route, world.rows)

    assert not await _opens(path, world.users["alice"], "https://evil.example")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", [route for route in ROUTES if "<" in route])
async def test_it_opens_no_socket_of_an_absent_id(route: str, world: World) -> None:
    path = "/" + re.sub(r"<uuid:\w+>", str(uuid.uuid4()), route)

    assert not await _opens(path, world.users["alice"])
