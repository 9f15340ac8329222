"""The page of a number's proxy: tried when it is saved, sealed when it is stored, never shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from locations.models import AuditEvent, Location
from sessions_app.engine.proxy_url import parse
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.factory import make_location, make_session
from tests.integration.sessions_app.proxies.conftest import PASSWORD, USER
from tests.wire.product import Simulator

# The same for all failures, or a customer could scan ports and names from our network.
USELESS = (
    "This proxy does not lead to WhatsApp. Check its kind, host and port, its user and password, "
    "and that it allows connections to web.whatsapp.com on port 443."
)


def address(session: Session) -> str:
    return f"/sessions/{session.pk}/proxy/"


def stored(session: Session) -> str:
    session.refresh_from_db()
    return str(session.proxy)


def test_it_lets_a_member_set_a_proxy(bob: Client, session: Session, proxy: dict[str, Any]) -> None:
    answer = bob.post(address(session), proxy)

    assert answer.status_code == 302
    kept = parse(stored(session))
    assert (kept.user, kept.password) == (USER, PASSWORD)
    assert kept.shown == f"socks5://127.0.0.1:{proxy['port']}"
    assert session.wanted_attempt == 2  # a running session reconnects


def test_it_stands_sealed_in_the_database(
    bob: Client, session: Session, proxy: dict[str, Any]
) -> None:
    bob.post(address(session), proxy)

    with connection.cursor() as cursor:
        cursor.execute("SELECT proxy FROM sessions_app_session")
        (column,) = cursor.fetchone()
    assert column.startswith("v1.")


def test_it_never_shows_the_login_again(
    bob: Client, session: Session, proxy: dict[str, Any]
) -> None:
    bob.post(address(session), proxy)

    page = bob.get(address(session)).content.decode()
    assert f"socks5://127.0.0.1:{proxy['port']}" in page
    assert "A user and a password are stored." in page
    assert USER not in page and PASSWORD not in page


def test_it_records_the_address_without_the_login(
    bob: Client, session: Session, proxy: dict[str, Any]
) -> None:
    bob.post(address(session), proxy)
    bob.post(f"{address(session)}remove/")

    removed, added = AuditEvent.objects.all()[:2]
    assert (added.verb, removed.verb) == ("proxy_set", "proxy_removed")
    assert added.detail == f"socks5://127.0.0.1:{proxy['port']}"
    assert added.actor == "bob@example.com"


def test_it_keeps_the_login_for_the_same_address(
    bob: Client, session: Session, proxy: dict[str, Any]
) -> None:
    bob.post(address(session), proxy)

    bob.post(address(session), {**proxy, "user": "", "password": ""})

    assert parse(stored(session)).password == PASSWORD


def test_it_sends_the_login_to_no_other_address(
    bob: Client, session: Session, proxy: dict[str, Any], simulator: Simulator
) -> None:
    """Otherwise, users who may change the address could read the password there."""
    bob.post(address(session), proxy)
    other = simulator.ask("POST", "/api/proxies", {})

    bob.post(address(session), {**proxy, "port": other["port"], "user": "", "password": ""})

    kept = parse(stored(session))
    assert (kept.port, kept.user, kept.password) == (other["port"], "", "")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"password": "wrong"}, USELESS),
        ({"user": "", "password": ""}, USELESS),
        ({"host": "nowhere.invalid"}, USELESS),
        ({"port": 1}, USELESS),
        ({"scheme": "https"}, USELESS),
        ({"host": "http://127.0.0.1"}, "without http://"),
        ({"host": ""}, "Enter its host."),
        ({"port": ""}, "Enter its port."),
        ({"port": "65536"}, "65535"),
        ({"scheme": "ftp"}, "valid choice"),
        ({"user": "a:b"}, "no colon"),
        ({"user": "", "password": "x"}, "needs a user"),
        ({"password": "ö"}, "unaccented"),
    ],
)
def test_it_explains_and_refuses_a_broken_proxy(
    bob: Client, session: Session, proxy: dict[str, Any], typed: dict[str, Any], sentence: str
) -> None:
    answer = bob.post(address(session), {**proxy, **typed})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert stored(session) == ""


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_it_refuses_a_proxy_that_leads_nowhere(
    bob: Client, session: Session, proxy: dict[str, Any], simulator: Simulator, scheme: str
) -> None:
    (name,) = [
        one["name"] for one in simulator.ask("GET", "/api/proxies") if one["port"] == proxy["port"]
    ]
    simulator.ask("POST", f"/api/proxies/{name}", {"state": "blocked"})

    answer = bob.post(address(session), {**proxy, "scheme": scheme})

    assert USELESS in answer.content.decode()


def test_it_refuses_a_private_proxy_in_production(
    bob: Client, session: Session, proxy: dict[str, Any], settings: Settings
) -> None:
    settings.DEBUG, settings.WHATSAPP_SIMULATOR = False, ""
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.SECURE_SSL_REDIRECT = False

    for host in ("127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"):
        answer = bob.post(address(session), {**proxy, "host": host})
        assert "is not public" in answer.content.decode()
    named = bob.post(address(session), {**proxy, "host": "localhost"})
    assert USELESS in named.content.decode()  # it does not reveal what the name resolves to


def test_it_reports_an_unreadable_proxy_that_can_be_replaced(
    bob: Client, session: Session, proxy: dict[str, Any], settings: Settings
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [b"l" * 32]
    session.set_proxy("http://127.0.0.1:1", by="test")
    settings.FIELD_ENCRYPTION_KEYS = [b"k" * 32]

    assert "can no longer be read" in bob.get(address(session)).content.decode()
    assert bob.get(f"/sessions/{session.pk}/").status_code == 200
    bob.post(address(session), proxy)
    assert parse(stored(session)).password == PASSWORD


def test_it_refuses_viewers_and_strangers(
    vera: Client, charlie: Client, session: Session, proxy: dict[str, Any]
) -> None:
    for path in (address(session), f"{address(session)}remove/"):
        assert vera.post(path, proxy).status_code == 403
        assert charlie.post(path, proxy).status_code == 404
    assert stored(session) == ""


def test_it_is_set_before_the_first_code(
    bob: Client, location: Location, proxy: dict[str, Any]
) -> None:
    answer = bob.post("/connect/", {**proxy, "location": str(location.pk)})

    assert answer.status_code == 302
    assert parse(stored(Session.objects.get())).password == PASSWORD


def test_it_creates_no_session_with_a_broken_proxy(
    bob: Client, location: Location, proxy: dict[str, Any]
) -> None:
    answer = bob.post("/connect/", {**proxy, "password": "no", "location": str(location.pk)})

    assert answer.status_code == 422
    assert USELESS in answer.content.decode()
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("columns", "anew"),
    [
        ({"status": Status.READY}, True),
        ({"status": Status.QR}, True),
        ({"status": Status.DISCONNECTED}, False),  # nothing runs that could reconnect
        ({"status": Status.READY, "wanted": "stopped"}, False),
    ],
)
def test_it_reconnects_only_running_sessions(
    bob: Client,
    location: Location,
    proxy: dict[str, Any],
    columns: dict[str, Any],
    anew: bool,
) -> None:
    session = make_session(location, **columns)

    bob.post(address(session), proxy)

    assert stored(session) != ""
    assert session.wanted_attempt == 1 + anew


def test_it_refuses_a_proxy_for_an_unlinked_session(
    bob: Client, session: Session, proxy: dict[str, Any]
) -> None:
    session.ask_unlink(by="bob")

    answer = bob.post(address(session), proxy)

    assert "This number is unlinked" in answer.content.decode()
    assert stored(session) == ""


def test_it_leaves_other_locations_alone(
    bob: Client, session: Session, proxy: dict[str, Any], location: Location
) -> None:
    other = make_session(make_location(location.account, "Porto"))

    bob.post(address(session), proxy)

    assert (stored(other), other.wanted_attempt) == ("", 1)


def test_it_creates_no_link_before_the_proxy_is_set(
    bob: Client, location: Location, proxy: dict[str, Any]
) -> None:
    answer = bob.post("/links/new/", {**proxy, "location": str(location.pk)}, follow=True)

    assert "so that its proxy is set" in answer.content.decode()
    assert answer.request["PATH_INFO"] == "/connect/"
