"""Vulnerabilities that comparable products had, tested for every URL.

Access is tested in ``test_url_access.py``, the audit log in ``test_audit_trail.py``. This module
covers the rest: authentication, what responses disclose, and what requests can change.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from conversations.ledger.inbound import store_message
from conversations.models import Message
from locations.models import ApiKey, Location, Role, User
from sessions_app.gateway.ports import IncomingMessage
from sessions_app.lifecycle import Status
from sessions_app.models import ConnectLink, Session
from tests.architecture.addresses import Address, addresses, of_accounts
from tests.architecture.rows import MAKERS, Rows
from tests.factory import PASSWORD, make_account, make_location, make_session, make_user

pytestmark = pytest.mark.django_db

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [address for address in of_accounts() if not address.is_api]
OPEN_PAGES = ["/sign-in/", "/sign-up/", "/link/x/", "/invitations/x/", "/nowhere/"]
# No login is involved that another site could abuse: forging a POST to a one-time link, or to an
# unsubscribe link (RFC 8058), requires knowing the link.
CSRF_EXEMPT = {"link", "link_live", "link_pairing", "unsubscribe", "unsubscribe_undo"}


def each(found: list[Address]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("address", found, ids=[address.name for address in found])


@pytest.fixture
def rows() -> Rows:
    rows = Rows(make_account())
    for model in MAKERS:
        rows.of(model)
    return rows


@pytest.fixture
def alice(rows: Rows) -> User:
    return make_user("alice", rows.account, Role.OWNER)


def _signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def _caller(address: Address, rows: Rows, alice: User) -> tuple[Client, dict[str, str]]:
    """Return alice's browser, or for the API a key with every scope, as client and headers."""
    if not address.is_api:
        return _signed_in(alice), {}
    _, secret = ApiKey.issue(rows.account, "all")
    return Client(raise_request_exception=False), {"Authorization": f"Bearer {secret}"}


def _views() -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            else:
                found[route] = pattern

    walk(get_resolver().url_patterns, "")
    return found


# --- authentication -----------------------------------------------------------------------


@each(addresses())
def test_it_trusts_no_identity_in_headers(address: Address, rows: Rows, alice: User) -> None:
    claims = {
        "X-User-ID": str(alice.pk),
        "X-Account-ID": str(rows.account.pk),
        "X-Tenant": str(rows.account.pk),
        "X-Forwarded-User": alice.email,
        "Remote-User": alice.email,
        "X-Admin": "true",
    }

    answer = Client().get(address.path(rows), headers=claims)

    assert answer.status_code in {302, 401, 404, 405}


def test_it_ends_the_login_of_inactive_users(alice: User) -> None:
    client = _signed_in(alice)
    assert client.get("/").status_code == 200

    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert client.get("/").status_code == 302


def test_it_refuses_a_revoked_key_at_once(rows: Rows) -> None:
    key, secret = ApiKey.issue(rows.account, "Reminders")
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/sessions/", headers=headers).status_code == 200

    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())

    assert Client().get("/api/v1/sessions/", headers=headers).status_code == 401


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:1"])
def test_it_redirects_to_no_other_site(elsewhere: str, alice: User) -> None:
    answer = Client().post(
        f"/sign-in/?next={elsewhere}",
        {"login": alice.email, "password": PASSWORD, "next": elsewhere},
    )

    assert "evil" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


def test_it_requires_a_csrf_token_for_posts() -> None:
    exempt = {
        pattern.name
        for route, pattern in _views().items()
        if getattr(pattern.callback, "csrf_exempt", False) and not route.startswith("api/")
    }

    assert exempt == CSRF_EXEMPT


def test_it_does_not_start_without_a_secret_key(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DJANGO_SECRET_KEY": ""}

    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert started.returncode != 0
    assert "DJANGO_SECRET_KEY" in started.stderr


# --- disclosure ---------------------------------------------------------------------------


def _secrets(rows: Rows, alice: User) -> list[str]:
    return [
        alice.password,
        rows.of("ApiKey").key_hash,
        rows.of("ConnectLink").token_hash,
        rows.of("Invitation").token_hash,
        rows.of("Message").secret,
    ]


@each(of_accounts())
def test_it_shows_no_secret_even_to_owners(address: Address, rows: Rows, alice: User) -> None:
    client, headers = _caller(address, rows, alice)

    answer = client.get(address.path(rows), headers=headers)
    body = b"".join(answer) if answer.streaming else answer.content

    for hidden in _secrets(rows, alice):
        assert hidden.encode() not in body


@each(PAGES)
def test_it_escapes_what_users_type(address: Address, rows: Rows, alice: User) -> None:
    Location.objects.update(name="<script>alert(1)</script>")
    type(rows.account).objects.update(name="<img src=x onerror=alert(2)>")

    page = _signed_in(alice).get(address.path(rows))

    if page.headers["Content-Type"].startswith("text/html"):
        assert b"<script>alert" not in page.content
        assert b"<img src=x" not in page.content


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_it_escapes_the_url(path: str) -> None:
    page = Client().get(f"{path}%3Cscript%3Ealert(1)%3C/script%3E/?a=<script>alert(2)</script>")

    assert b"<script>alert" not in page.content


@each(of_accounts())
def test_it_lets_no_other_site_read_or_frame_it(address: Address, rows: Rows, alice: User) -> None:
    answer = _signed_in(alice).get(address.path(rows), headers={"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY"


# --- changes ------------------------------------------------------------------------------


@each(of_accounts())
def test_it_changes_nothing_on_get(address: Address, rows: Rows, alice: User) -> None:
    def everything() -> list[Any]:
        columns = ("pk", "wanted", "wanted_attempt", "device_name")
        links = ("pk", "revoked_at", "browser_hash")
        return [
            sorted(Session.objects.values_list(*columns)),
            sorted(ConnectLink.objects.values_list(*links), key=str),
            Location.objects.count(),
            Message.objects.count(),
            ApiKey.objects.filter(revoked_at=None).count(),
            alice.memberships.count(),
        ]

    client, headers = _caller(address, rows, alice)
    before, path = everything(), address.path(rows)

    statuses = {send(path, headers=headers).status_code for send in (client.get, client.head)}

    assert not statuses & {401, 403, 404, 500}
    assert everything() == before


def test_it_has_no_path_parameters_or_debug_urls() -> None:
    ours = [route for route in _views() if not route.startswith("admin/")]

    assert [route for route in ours if "<path:" in route] == []
    assert [r for r in ours if re.search(r"debug|emergency|force-|sync-all", r)] == []


def test_it_drops_messages_of_unknown_sessions(rows: Rows) -> None:
    before = Message.objects.count()
    message = IncomingMessage(
        whatsapp_id="A1",
        peer="+351911111111",
        peer_name="Bea",
        text="Hello",
        media=None,
        from_me=False,
        sent_at=timezone.now(),
    )

    assert store_message(uuid.uuid4(), message) is False
    assert Message.objects.count() == before


def test_it_sends_no_text_over_another_number(rows: Rows) -> None:
    ready = rows.of("Session")
    gone = make_session(make_location(rows.account, "Porto"), Status.DISCONNECTED)
    _, secret = ApiKey.issue(rows.account, "Reminders")
    before = Message.objects.filter(session=ready).count()

    answer = Client().post(
        f"/api/v1/sessions/{gone.pk}/messages/",
        {"to": "+351911111111", "text": "Hello"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )

    assert answer.status_code == 409
    assert Message.objects.filter(session=ready).count() == before
    assert not Message.objects.filter(session=gone).exists()
