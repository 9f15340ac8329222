"""Faults that products of this kind have had, each shut out for every address there is.

Who may see what is swept in ``test_tenant_sweep.py``, what is written of it in
``test_audit_trail.py``; this is the rest: who one is, what answers give away, what they let in.
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
# They have no login that another site could abuse: the API takes keys only, and who can forge a
# post to a one-time link, or to one that ends mails (RFC 8058), knows the link.
WITHOUT_FORM_PROOF = {"link", "link_live", "link_pairing", "unsubscribe", "unsubscribe_undo"}


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


# --- who one is ---------------------------------------------------------------------------


@each(addresses())
def test_no_header_makes_anybody_somebody(address: Address, rows: Rows, alice: User) -> None:
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


def test_a_login_ends_with_the_user(alice: User) -> None:
    client = _signed_in(alice)
    assert client.get("/").status_code == 200

    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert client.get("/").status_code == 302


def test_a_key_ends_at_once_when_it_is_revoked(rows: Rows) -> None:
    key, secret = ApiKey.issue(rows.account, "Reminders")
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/sessions/", headers=headers).status_code == 200

    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())

    assert Client().get("/api/v1/sessions/", headers=headers).status_code == 401


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:1"])
def test_the_sign_in_leads_nowhere_else(elsewhere: str, alice: User) -> None:
    answer = Client().post(
        f"/sign-in/?next={elsewhere}",
        {"login": alice.email, "password": PASSWORD, "next": elsewhere},
    )

    assert "evil" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


def test_every_post_has_to_prove_that_it_comes_from_a_page_of_ours() -> None:
    exempt = {
        pattern.name
        for route, pattern in _views().items()
        if getattr(pattern.callback, "csrf_exempt", False) and not route.startswith("api/")
    }

    assert exempt == WITHOUT_FORM_PROOF


def test_it_does_not_start_without_a_secret_of_its_own(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DJANGO_SECRET_KEY": ""}

    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert started.returncode != 0
    assert "DJANGO_SECRET_KEY" in started.stderr


# --- what answers give away ---------------------------------------------------------------


def _secrets(rows: Rows, alice: User) -> list[str]:
    return [
        alice.password,
        rows.of("ApiKey").key_hash,
        rows.of("ConnectLink").token_hash,
        rows.of("Invitation").token_hash,
        rows.of("Message").secret,
    ]


@each(of_accounts())
def test_no_answer_carries_a_secret_not_even_to_its_owner(
    address: Address, rows: Rows, alice: User
) -> None:
    client, headers = _signed_in(alice), {}
    if address.is_api:
        _, secret = ApiKey.issue(rows.account, "all")
        client, headers = Client(), {"Authorization": f"Bearer {secret}"}

    answer = client.get(address.path(rows), headers=headers)
    body = b"".join(answer) if answer.streaming else answer.content

    for hidden in _secrets(rows, alice):
        assert hidden.encode() not in body


@each(PAGES)
def test_what_people_type_is_never_taken_for_markup(
    address: Address, rows: Rows, alice: User
) -> None:
    Location.objects.update(name="<script>alert(1)</script>")
    type(rows.account).objects.update(name="<img src=x onerror=alert(2)>")

    page = _signed_in(alice).get(address.path(rows))

    if page.headers["Content-Type"].startswith("text/html"):
        assert b"<script>alert" not in page.content
        assert b"<img src=x" not in page.content


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_an_address_is_never_taken_for_markup(path: str) -> None:
    page = Client().get(f"{path}%3Cscript%3Ealert(1)%3C/script%3E/?a=<script>alert(2)</script>")

    assert b"<script>alert" not in page.content


@each(of_accounts())
def test_no_other_site_may_read_or_frame_it(address: Address, rows: Rows, alice: User) -> None:
    answer = _signed_in(alice).get(address.path(rows), headers={"Origin": "https://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["X-Frame-Options"] == "DENY"


# --- what they let in ---------------------------------------------------------------------


@each(of_accounts())
def test_looking_changes_nothing(address: Address, rows: Rows, alice: User) -> None:
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

    client, before = _signed_in(alice), everything()

    client.get(address.path(rows))
    client.head(address.path(rows))

    assert everything() == before


def test_no_address_takes_a_path_or_is_there_for_debugging() -> None:
    ours = [route for route in _views() if not route.startswith("admin/")]

    assert [route for route in ours if "<path:" in route] == []
    assert [r for r in ours if re.search(r"debug|emergency|force-|sync-all", r)] == []


def test_a_message_for_an_unknown_session_is_nobodys(rows: Rows) -> None:
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


def test_a_text_never_goes_out_over_another_number(rows: Rows) -> None:
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
