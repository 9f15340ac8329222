"""Members create links, list the open ones, and revoke them."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.logs.redaction import redact
from locations.models import Account, AuditEvent, Location, Role
from sessions_app.audit_verbs import SessionVerb
from sessions_app.lifecycle import Status
from sessions_app.models import ConnectLink
from tests.factory import make_account, make_session, make_user
from tests.integration.sessions_app.links.conftest import Phone, Scene


def _signed_in(name: str, account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_user(name, account, role))
    return client


def _page(location: Location) -> str:
    return f"/locations/{location.pk}/links/"


@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER])
def test_it_shows_a_new_link_once(scene: Scene, account: Account, role: Role) -> None:
    client = _signed_in("bob", account, role)

    made = client.post(_page(scene.location), {"lifetime": "1h"}, follow=True).text
    later = client.get(_page(scene.location)).content.decode()

    address = re.search(r"http://testserver/link/([\w-]{43})/", made)
    assert address is not None
    assert Phone(address[1]).look().status_code == 200
    assert address[1] not in later
    newest: ConnectLink = ConnectLink.objects.earliest("-created_at")
    assert timedelta(minutes=59) < newest.expires_at - timezone.now() <= timedelta(hours=1)


def test_it_offers_one_day_by_default(scene: Scene, account: Account) -> None:
    page = _signed_in("alice", account).get(_page(scene.location)).content.decode()

    assert '<option value="24h" selected' in page


def test_it_refuses_another_lifetime(scene: Scene, account: Account) -> None:
    answer = _signed_in("alice", account).post(_page(scene.location), {"lifetime": "9999d"})

    assert answer.status_code == 422
    assert ConnectLink.objects.count() == 1


def test_it_refuses_viewers_and_strangers(scene: Scene, account: Account) -> None:
    vera = _signed_in("vera", account, Role.VIEWER)
    charlie = _signed_in("charlie", make_account("Elsewhere"))

    assert vera.post(_page(scene.location), {"lifetime": "1h"}).status_code == 403
    assert charlie.post(_page(scene.location), {"lifetime": "1h"}).status_code == 404
    assert ConnectLink.objects.count() == 1


def test_it_refuses_a_location_with_a_linked_number(scene: Scene, account: Account) -> None:
    make_session(scene.location, Status.READY)

    answer = _signed_in("alice", account).post(_page(scene.location), {"lifetime": "1h"})

    assert answer.status_code == 422
    assert "already has a number" in answer.content.decode()


def test_it_lists_and_revokes_open_links(scene: Scene, account: Account) -> None:
    client = _signed_in("bob", account, Role.MEMBER)
    assert "Open links" in client.get(_page(scene.location)).content.decode()

    client.post(f"/links/{scene.link.pk}/revoke/")

    assert "Open links" not in client.get(_page(scene.location)).content.decode()
    assert scene.phone().look().status_code == 404


def test_it_records_links_without_their_token(scene: Scene, account: Account) -> None:
    _signed_in("bob", account, Role.MEMBER).post(f"/links/{scene.link.pk}/revoke/")

    made = AuditEvent.objects.get(verb=SessionVerb.CONNECT_LINK_MADE)
    revoked = AuditEvent.objects.get(verb=SessionVerb.CONNECT_LINK_REVOKED)

    assert (made.actor, revoked.actor) == ("alice@example.com", "bob@example.com")
    for row in (made, revoked):
        assert scene.token not in f"{row.target}{row.detail}{row.actor}"


def test_it_is_offered_beside_the_code(scene: Scene, account: Account) -> None:
    client = _signed_in("alice", account)

    chosen = client.post("/links/new/", {"location": scene.location.pk})
    assert chosen.headers["Location"] == _page(scene.location)
    session = make_session(scene.location, Status.QR)

    assert _page(scene.location) in client.get(f"/sessions/{session.pk}/").content.decode()


def test_it_writes_no_token_to_a_log(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    ConnectLink.objects.update(revoked_at=timezone.now())

    with caplog.at_level(logging.INFO):
        scene.phone().look()

    assert any("/link/" in record.getMessage() for record in caplog.records)
    assert scene.token not in redact(" ".join(r.getMessage() for r in caplog.records))


@pytest.mark.parametrize("token", ["short", "aaaa-bbbb-cccc", "A" * 43])
def test_it_redacts_any_token_in_a_path(token: str) -> None:
    for path in (f"/link/{token}/live/", f"Not Found: /invitations/{token}/?a=b"):
        assert token not in redact(path)
