"""Every URL that changes something in an account writes an audit event.

URLs are read from the URL configuration. A new one that accepts POST is called as the owner with
its data from ``FORM_DATA``, and must succeed and write an event, or be listed as an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.auth.urls import SETTINGS
from locations.models import Account, ApiKey, AuditEvent, Invitation, Role, User
from notifications.kinds import NoticeKind
from sessions_app.lifecycle import Status
from sessions_app.models import Session
from tests.architecture.addresses import Address, of_accounts
from tests.architecture.rows import Rows
from tests.factory import PASSWORD, make_account, make_location, make_session, make_user

pytestmark = pytest.mark.django_db

# Settings of a user, not of an account (tests/integration/locations/auth).
OF_A_USER = {pattern.name for pattern in SETTINGS} | {"account_email_again"}
CHANGES_NOTHING = {
    "account_switch",  # selects the account that the user's pages show
    "viewing_stop",  # ends impersonation; tests/integration/locations/test_impersonation.py
    "link_new",  # redirects to the page of the chosen location
}
# They dial the proxy first (tests/integration/sessions_app/proxies).
NEEDS_A_NETWORK = {"session_proxy", "session_proxy_remove"}

MAILS = {
    **{kind: "daily" for kind in NoticeKind.values},
    "language": "en",
    "time_zone": "Europe/Lisbon",
    "hour": "7",
}
Body = Callable[[Rows], dict[str, Any]]
TEXT = {"to": "+351911111111", "text": "Private words"}
HOOK = {"url": "https://1.1.1.1/hooks", "events": ["message.received"]}


def _nothing(rows: Rows) -> dict[str, Any]:
    return {}


def _free_location(rows: Rows) -> dict[str, Any]:
    return {"location": str(make_location(rows.account, "Free").pk)}


FORM_DATA: Mapping[str, Body] = {
    "api:sessions": _free_location,
    "api:locations": lambda rows: {"name": "Harbour Dental · Porto"},
    "api:pairing_code": lambda rows: {"phone": "+351911111111"},
    "api:messages": lambda rows: TEXT,
    "api:webhooks": lambda rows: HOOK,
    "connect": _free_location,
    "messages": lambda rows: TEXT,
    "numbers_restart": lambda rows: {"sessions": str(rows.of("Session").pk)},
    "session_pairing": lambda rows: {"phone": "+351911111111"},
    "session_name": lambda rows: {"name": "Front desk"},
    "location_new": lambda rows: {"name": "Harbour Dental · Porto"},
    "location_change": lambda rows: {"name": "Harbour Dental · Faro"},
    "location_links": lambda rows: {"lifetime": "1h"},
    "key_new": lambda rows: {"name": "Reminders", "scopes": ["read"]},
    "key_rotate": lambda rows: {"grace": "1h"},
    "account_new": lambda rows: {"name": "Second Street"},
    "account_rename": lambda rows: {"name": "Harbour & Sons"},
    "account_delete": lambda rows: {"name": rows.account.name},
    "invite": lambda rows: {"email": "dora@example.com", "role": "viewer"},
    "member_role": lambda rows: {"role": "viewer"},
    "webhook_new": lambda rows: HOOK,
    "webhook_change": lambda rows: HOOK,
    "mail_preferences": lambda rows: MAILS,
}
WAITS_FOR_A_SCAN = {"session_pairing", "session_name", "session_replace", "api:pairing_code"}


def _tested() -> list[Address]:
    left_out = OF_A_USER | CHANGES_NOTHING | NEEDS_A_NETWORK
    return [address for address in of_accounts() if address.name not in left_out]


class Owner:
    """alice, with a browser and an API key. A second owner allows her to leave."""

    def __init__(self) -> None:
        self.account: Account = make_account()
        self.user: User = make_user("alice", self.account, Role.OWNER)
        make_user("zoe", self.account, Role.OWNER)
        self._key = ApiKey.issue(self.account, "ours")[1]

    def posts(self, address: Address, rows: Rows, body: dict[str, Any]) -> int:
        client, path = Client(), address.path(rows)
        how: dict[str, Any] = {}
        if address.is_api:
            key = {"Authorization": f"Bearer {self._key}"}
            how = {"content_type": "application/json", "headers": key}
        else:
            client.force_login(self.user)
            client.post("/confirm/", {"password": PASSWORD})  # some actions require it
        send: Callable[..., Any] = client.post
        return int(send(path, body, **how).status_code)


@pytest.mark.parametrize("address", _tested(), ids=[address.name for address in _tested()])
def test_it_records_each_change_of_an_owner(address: Address) -> None:
    owner = Owner()
    rows = Rows(owner.account)
    if address.name in WAITS_FOR_A_SCAN:
        known = {"phone_number": "+351912345678"}  # linked before
        waiting = make_session(make_location(owner.account), Status.QR, **known)
        Session.objects.exclude(pk=waiting.pk).delete()
        rows = Rows(owner.account)
        rows._made["Session"] = waiting
    body = FORM_DATA.get(address.name, _nothing)(rows)
    address.path(rows)  # creates the rows in the URL before events are counted
    before = set(AuditEvent.objects.values_list("pk", flat=True))

    status = owner.posts(address, rows, body)

    if status == 405:
        return
    assert status < 400, f"Add the data of {address.name} to FORM_DATA"
    added = AuditEvent.objects.exclude(pk__in=before)
    assert added.exists(), f"{address.name} writes no audit event"
    for event in added:
        assert event.address == "127.0.0.1"
        assert "Private words" not in f"{event.target} {event.detail}"
        assert "911111111" not in f"{event.target} {event.detail}"


def test_it_records_an_accepted_invitation() -> None:
    owner, dora = Owner(), make_user("dora")
    invitation = Invitation(account=owner.account, email=dora.email, role=Role.VIEWER)
    token = invitation.renew()
    invitation.save()
    client = Client()
    client.force_login(dora)

    assert client.post(reverse("invitation", args=[token])).status_code == 302

    event = AuditEvent.objects.get()
    assert (event.actor, event.verb) == ("dora@example.com", "invitation_accepted")
    assert event.at <= timezone.now()
