"""The phone of another number was refused: the page says so, and the customer may use it anyway."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from conversations.models import Message
from locations.models import Account, AuditEvent, Location
from sessions_app.gateway.ports import Change
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest
from tests.factory import apply_change, make_message, make_session

OURS = "+351912345678"
DETAIL = "Scanned with the number that ends in 4321"


@pytest.fixture
def refused(location: Location) -> Session:
    """A session of ``OURS`` that another phone has scanned."""
    session = make_session(location, Status.QR, phone_number=OURS, device_name="Front desk")
    make_message(session, text="for the first number")
    change = Change(Event.OTHER_NUMBER, "WhatsApp", DETAIL, device=None)
    apply_change("test", ChangeRequest(session.pk, 1, change))
    session.refresh_from_db()
    return session


def page_of(client: Client, session: Session) -> str:
    return client.get(reverse("session", args=[session.pk])).text


def replace(client: Client, session: Session, **how: Any) -> Any:
    return client.post(reverse("session_replace", args=[session.pk]), **how)


def test_it_names_the_number_that_belongs_here(alice: Client, refused: Session) -> None:
    page = page_of(alice, refused)

    assert "The code was scanned with another phone" in page
    assert DETAIL in page
    assert f"The number that belongs to {refused.location.name} is …5678." in page
    assert '<button class="strong" form="session_restart">New QR code</button>' in page
    assert reverse("session_replace", args=[refused.pk]) in page


def test_it_records_the_refusal(alice: Client, refused: Session, account: Account) -> None:
    event = AuditEvent.objects.get(verb="other_number_refused")
    assert (event.account_id, event.target) == (account.pk, refused.location.name)
    assert event.detail == DETAIL

    (moved,) = refused.events.filter(event=Event.OTHER_NUMBER)
    assert (moved.new_status, moved.reason) == (Status.DISCONNECTED, Reason.OTHER_NUMBER)
    assert "Another phone scanned the code and was unlinked again" in page_of(alice, refused)


def test_it_asks_before_it_uses_another_number(alice: Client, refused: Session) -> None:
    asked = alice.get(reverse("session_replace", args=[refused.pk])).text

    assert f"Use another number at {refused.location.name}?" in asked
    assert "…5678" in asked and "are kept" in asked
    assert Session.objects.get().wanted == Wanted.LINKED


def test_it_begins_anew_and_keeps_the_history(alice: Client, refused: Session) -> None:
    response = replace(alice, refused)

    fresh = Session.objects.live().get()
    assert response["Location"] == reverse("session", args=[fresh.pk])
    assert (fresh.location_id, fresh.phone_number) == (refused.location_id, "")
    assert fresh.device_name == "Front desk"
    refused.refresh_from_db()
    assert (refused.wanted, refused.phone_number) == (Wanted.UNLINKED, OURS)
    assert Message.objects.get().session_id == refused.pk
    verbs = AuditEvent.objects.filter(actor="alice@example.com").values_list("verb", flat=True)
    assert list(verbs) == ["number_replaced"]
    assert "for the first number" not in page_of(alice, fresh)


def test_it_needs_no_room_for_another_number(
    alice: Client, refused: Session, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(own_max_sessions=1)

    replace(alice, refused)

    assert Session.objects.live().exclude(pk=refused.pk).count() == 1


def test_it_keeps_everything_when_no_number_is_allowed(
    alice: Client, refused: Session, account: Account
) -> None:
    Account.objects.filter(pk=account.pk).update(own_max_sessions=0)

    response = replace(alice, refused)

    assert list(get_messages(response.wsgi_request))
    assert Session.objects.get().wanted == Wanted.LINKED


def test_it_keeps_the_proxy_for_the_other_number(alice: Client, refused: Session) -> None:
    Session.objects.filter(pk=refused.pk).update(proxy="http://192.0.2.1:3128")

    replace(alice, refused)

    assert Session.objects.live().get().proxy == "http://192.0.2.1:3128"


def test_it_keeps_a_number_whose_proxy_is_unreadable(alice: Client, refused: Session) -> None:
    with_column(refused, "sealed by a key that is gone")

    response = replace(alice, refused)

    assert "proxy cannot be read" in str(next(iter(get_messages(response.wsgi_request))))
    assert Session.objects.get().wanted == Wanted.LINKED


def with_column(session: Session, value: str) -> None:
    """Store ``value`` as it is, without encrypting it."""
    from django.db import connection

    with connection.cursor() as cursor:
        pk = session.pk.hex if connection.vendor == "sqlite" else session.pk
        cursor.execute("UPDATE sessions_app_session SET proxy = %s WHERE id = %s", [value, pk])


def test_it_does_not_replace_a_linked_number(alice: Client, location: Location) -> None:
    linked = make_session(location, phone_number=OURS)

    response = replace(alice, linked)

    assert "Unlink it first" in str(next(iter(get_messages(response.wsgi_request))))
    assert Session.objects.get().wanted == Wanted.LINKED
    assert reverse("session_replace", args=[linked.pk]) not in page_of(alice, linked)


def test_it_offers_no_other_number_before_the_first(alice: Client, location: Location) -> None:
    waiting = make_session(location, Status.QR)

    assert reverse("session_replace", args=[waiting.pk]) not in page_of(alice, waiting)
    replace(alice, waiting)
    assert Session.objects.get().wanted == Wanted.LINKED
