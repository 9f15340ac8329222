"""A number's proxy over the API, which never returns the login."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from locations.models import Account, ApiKey, Location
from sessions_app.engine.proxy_url import parse
from sessions_app.models import Session
from tests.factory import make_account
from tests.integration.sessions_app.proxies.conftest import PASSWORD, USER


@pytest.fixture
def key(account: Account) -> str:
    return ApiKey.issue(account, "ours")[1]


def call(key: str, method: str, path: str, body: Any = None) -> Any:
    return Client().generic(
        method,
        f"/api/v1/sessions/{path}",
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def test_it_is_set_read_and_removed(key: str, session: Session, proxy: dict[str, Any]) -> None:
    path = f"{session.pk}/proxy/"
    none = {"address": None, "has_login": False, "readable": True}
    assert call(key, "GET", path).json() == none

    answer = call(key, "PUT", path, proxy)

    shown = {"address": f"socks5://127.0.0.1:{proxy['port']}", "has_login": True, "readable": True}
    assert (answer.status_code, answer.json()) == (200, shown)
    assert call(key, "GET", path).json() == shown
    session.refresh_from_db()
    assert parse(session.proxy).password == PASSWORD
    assert call(key, "DELETE", path).json() == none


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scheme": "socks4"}, "scheme"),
        ({"host": "a b"}, "host"),
        ({"host": "127.0.0.1:1080"}, "host"),
        ({"port": 0}, "port"),
        ({"port": "many"}, "port"),
        ({"user": "x" * 256}, "user"),
        ({"password": "wrong"}, "proxy"),
        ({"password": 5 * ["x"]}, "password"),
    ],
)
def test_it_reports_invalid_values_by_field(
    key: str, session: Session, proxy: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    answer = call(key, "PUT", f"{session.pk}/proxy/", {**proxy, **changes})

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert USER not in answer.content.decode()


def test_it_creates_a_session_with_its_proxy(
    key: str, location: Location, proxy: dict[str, Any]
) -> None:
    answer = call(key, "POST", "", {"location": str(location.pk), "proxy": proxy})

    assert answer.status_code == 201
    assert parse(Session.objects.get().proxy).user == USER
    assert USER not in answer.content.decode()


def test_it_creates_no_session_with_a_broken_proxy(
    key: str, location: Location, proxy: dict[str, Any]
) -> None:
    wrong = {**proxy, "password": "wrong"}
    answer = call(key, "POST", "", {"location": str(location.pk), "proxy": wrong})

    assert answer.status_code == 400
    assert not Session.objects.exists()


def test_it_hides_everything_from_strangers(session: Session, proxy: dict[str, Any]) -> None:
    _, strange = ApiKey.issue(make_account("Elsewhere"), "theirs")

    for method, body in (("GET", None), ("PUT", proxy), ("DELETE", None)):
        assert call(strange, method, f"{session.pk}/proxy/", body).status_code == 404
