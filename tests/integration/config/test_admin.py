"""The admin: operators find rows and act on them, without codes, keys and messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Message
from core.background.jobs import registered
from core.data.batch_delete import BATCH_ROWS
from locations.models import Account, ApiKey, AuditEvent, Location, User
from sessions_app.gateway.ports import Change
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Gateway, Session, SessionEvent
from sessions_app.store.transitions import ChangeRequest
from tests.factory import (
    apply_change,
    make_account,
    make_location,
    make_message,
    make_session,
    make_user,
)

pytestmark = pytest.mark.django_db

BODY = "Your appointment is at ten"
PEER = "+351934567890"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator@example.com"))
    return client


def list_of(model: type[Any]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(row: Any, page: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=[row.pk])


def text_of(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def act(client: Client, action: str, *rows: Any, **more: str) -> str:
    """Return the page after an action on ``rows``."""
    answer = try_to_act(client, action, *rows, **more)
    assert answer.status_code == 200
    return str(answer.content.decode())


def try_to_act(client: Client, action: str, *rows: Any, **more: str) -> Any:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(list_of(type(rows[0])), data, follow=True)


@pytest.fixture
def busy(operator: Client) -> Iterator[tuple[Client, list[str]]]:
    """Create rows of every model. Return the texts that no page may show."""
    account = make_account()
    make_user("alice", account)
    waiting = make_session(make_location(account, "Porto"), Status.QR, pairing_code="ABCD-EFGH")
    linked = make_session(make_location(account, "Lisbon"))
    apply_change(
        "test", ChangeRequest(waiting.pk, 1, Change(Event.PAIR_CODE, "WhatsApp", "1 of 6"))
    )
    message = make_message(linked, text=BODY, peer=PEER, peer_name="Dr. Fig", whatsapp_id="3EB0AA")
    key, secret = ApiKey.issue(account, "Reports")
    now = timezone.now()
    Gateway.objects.create(owner="g", host="web-1", pid=7, started_at=now, heartbeat_at=now)
    hidden = [waiting.qr_text, "ABCD-EFGH", BODY, PEER, PEER[1:], "Dr. Fig", message.secret]
    yield operator, [*hidden, secret, key.key_hash, linked.jid]


def test_it_shows_no_codes_keys_or_messages(
    busy: tuple[Client, list[str]],
) -> None:
    operator, hidden = busy
    seen = 0
    for model in admin.site._registry:
        addresses = [list_of(model), *(page_of(row) for row in model._default_manager.all())]
        addresses += [page_of(row, "history") for row in model._default_manager.all()]
        for address in addresses:
            text = text_of(operator, address)
            seen += 1
            assert not [secret for secret in hidden if secret in text], address
    assert seen > 20


def test_it_shows_no_secrets_on_delete_confirmations(
    busy: tuple[Client, list[str]],
) -> None:
    operator, hidden = busy
    text = text_of(operator, page_of(Account.objects.get(), "delete"))
    assert not [secret for secret in hidden if secret in text]


@pytest.mark.parametrize("model", list(admin.site._registry))
def test_it_lets_only_staff_sign_in(client: Client, model: type[Any]) -> None:
    client.force_login(make_user("alice", make_account()))
    answer = client.get(list_of(model))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("term", ["+351912345678", "912 345", "Porto", "harbour"])
def test_it_finds_sessions_by_number_location_and_account(operator: Client, term: str) -> None:
    account = make_account("Harbour Group")
    wanted = make_session(make_location(account, "Porto"), phone_number="+351912345678")
    other = make_session(make_location(make_account("Other"), "Faro"))
    text = text_of(operator, list_of(Session), q=term)
    assert page_of(wanted) in text and page_of(other) not in text


def test_it_filters_sessions_by_status_and_reason(operator: Client) -> None:
    lost = make_session(status=Status.DISCONNECTED, reason="logged_out")
    expired = make_session(status=Status.DISCONNECTED, reason="qr_expired")
    ready = make_session()
    text = text_of(operator, list_of(Session), status="disconnected", reason="logged_out")
    assert page_of(lost) in text
    assert page_of(expired) not in text and page_of(ready) not in text


def test_it_shows_a_sessions_state_and_latest_events(
    operator: Client,
) -> None:
    session = make_session(status=Status.INITIALIZING)
    for event in (Event.CONNECTED, Event.DROPPED):
        apply_change("test", ChangeRequest(session.pk, 1, Change(event, "WhatsApp")))
    text = text_of(operator, page_of(session))
    assert "The connection dropped. Reconnecting by itself" in text
    assert 0 < text.index(">The connection dropped<") < text.index(">Connected<")


def test_it_shows_the_latest_hundred_events_in_a_timeline(operator: Client) -> None:
    session = make_session()
    SessionEvent.objects.bulk_create(
        SessionEvent(
            account=session.account,
            session=session,
            event=Event.QR_CODE,
            old_status="qr",
            new_status="qr",
            reason="scan",
            detail=f"round {number:03}",
            actor="WhatsApp",
            version=number,
        )
        for number in range(1, 151)
    )
    text = text_of(operator, page_of(session))
    assert text.count(">Showed a QR code<") == 100
    assert "round 150" in text and "round 051" in text and "round 050" not in text


def test_it_has_no_editable_fields_in_a_session(operator: Client) -> None:
    session = make_session(status=Status.QR)
    assert operator.post(page_of(session), {"status": "ready"}).status_code == 403
    assert operator.get(reverse("admin:sessions_app_session_add")).status_code == 403
    assert Session.objects.get().status == Status.QR


def test_it_records_the_operator_of_restart_and_stop(operator: Client) -> None:
    session = make_session()
    assert "Asked the gateway to restart 1 session." in act(operator, "restart", session)
    row = Session.objects.get()
    assert (row.wanted_attempt, row.wanted_by) == (2, "Operator operator@example.com")
    assert "Asked the gateway to stop 1 session." in act(operator, "stop", session)
    assert Session.objects.get().wanted == Wanted.STOPPED
    assert Session.objects.get().status == Status.READY  # the gateway's to change
    recorded = AuditEvent.objects.filter(account=session.account).values_list("verb", "actor")
    assert sorted(recorded) == [
        ("session_restarted", "Operator operator@example.com"),
        ("session_stopped", "Operator operator@example.com"),
    ]


def test_it_asks_for_confirmation_before_unlinking(operator: Client) -> None:
    session = make_session()
    page = act(operator, "unlink", session)
    assert session.phone_number in page and "permanently" in page
    assert Session.objects.get().wanted == Wanted.LINKED
    assert "Asked the gateway to unlink 1 session." in act(operator, "unlink", session, sure="yes")
    assert Session.objects.get().wanted == Wanted.UNLINKED


def test_it_explains_refused_actions_for_each_session(operator: Client) -> None:
    gone = make_session(make_location(name="Faro"), Status.DISCONNECTED, wanted=Wanted.UNLINKED)
    text = act(operator, "restart", gone, make_session())
    assert "Faro" in text and "This number is unlinked. Create a new connection." in text
    assert "Asked the gateway to restart 1 session." in text


def test_it_offers_no_actions_to_staff_who_only_view(client: Client) -> None:
    viewer = User.objects.create_user("bob@example.com", is_staff=True)
    look = Permission.objects.get(codename="view_session", content_type__app_label="sessions_app")
    viewer.user_permissions.add(look)
    client.force_login(viewer)
    session = make_session()
    assert 'value="restart"' not in text_of(client, list_of(Session))
    assert try_to_act(client, "restart", session).status_code in (200, 403)
    assert Session.objects.get().wanted_attempt == 1


def test_it_refuses_to_delete_parents_of_a_linked_session(operator: Client) -> None:
    session = make_session()
    for row in (session, session.location, session.account):
        operator.post(page_of(row, "delete"), {"post": "yes"})
    assert try_to_act(operator, "delete_selected", session, post="yes").status_code == 403
    assert Session.objects.filter(pk=session.pk).exists()
    assert Account.objects.filter(pk=session.account_id).exists()


def test_it_deletes_the_rows_of_a_deleted_account(
    operator: Client,
) -> None:
    session = make_session(status=Status.DISCONNECTED)
    make_message(session)
    make_user("alice", session.account)
    operator.post(page_of(session.account, "delete"), {"post": "yes"})
    assert not Account.objects.exists()
    assert not Message.objects.exists() and not Session.objects.exists()
    assert User.objects.filter(email="alice@example.com").exists()


@pytest.fixture
def large() -> Session:
    """A number that was unlinked, with more messages than one transaction deletes."""
    session = make_session(
        status=Status.DISCONNECTED, wanted=Wanted.UNLINKED, reason=Reason.UNLINKED
    )
    make_user("alice", session.account)
    Message.objects.bulk_create(
        Message(account=session.account, session=session, direction="in", status="received")
        for _ in range(BATCH_ROWS + 1)
    )
    return session


def test_it_deletes_no_rows_with_a_long_history(operator: Client, large: Session) -> None:
    for row in (large, large.location):
        assert operator.get(page_of(row, "delete")).status_code == 403
        assert operator.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
        assert try_to_act(operator, "delete_selected", row, post="yes").status_code == 403

    assert Message.objects.count() == BATCH_ROWS + 1


@pytest.mark.parametrize("selected", [False, True])
def test_it_leaves_a_large_account_to_the_job(
    operator: Client, large: Session, selected: bool
) -> None:
    assert str(large.account) in text_of(operator, page_of(large.account, "delete"))
    if selected:
        act(operator, "delete_selected", large.account, post="yes")
    else:
        operator.post(page_of(large.account, "delete"), {"post": "yes"})

    assert Account.objects.get().deleting_at is not None
    assert Message.objects.count() == BATCH_ROWS + 1
    assert registered()["accounts"].run() == "Deleted 1 account."
    assert not Message.objects.exists()


def test_it_lists_messages_with_the_last_digits_only(operator: Client) -> None:
    make_message(make_session(), peer=PEER, whatsapp_id="3EB0AA")
    text = text_of(operator, list_of(Message), q="3EB0AA")
    assert "…7890" in text and "3EB0AA" in text


def test_it_does_not_change_or_delete_a_message(operator: Client) -> None:
    message = make_message(make_session())
    assert operator.post(page_of(message, "delete"), {"post": "yes"}).status_code == 403
    assert operator.post(page_of(message), {"status": "sent"}).status_code == 403
    act(operator, "delete_selected", message, post="yes")
    assert Message.objects.get().status == "queued"


def test_it_does_not_search_the_text_of_messages(operator: Client) -> None:
    make_message(make_session(), text=BODY, peer=PEER, whatsapp_id="3EB0AA")
    for term in ("appointment", PEER, "34567"):
        assert "3EB0AA" not in text_of(operator, list_of(Message), q=term)


def test_it_ends_a_revoked_key_once(operator: Client) -> None:
    key, _ = ApiKey.issue(make_account(), "Reports")
    assert "1 revoked" in act(operator, "revoke", key)
    first = ApiKey.objects.get().revoked_at
    assert first is not None
    assert "0 revoked" in act(operator, "revoke", key)
    assert ApiKey.objects.get().revoked_at == first


def test_it_does_not_create_keys_in_the_admin(operator: Client) -> None:
    assert operator.get(reverse("admin:locations_apikey_add")).status_code == 403


def test_it_keeps_a_location_in_its_account(operator: Client) -> None:
    location, other = make_location(), make_account("Other")
    data = {"name": "Renamed", "ghl_id": "", "account": str(other.pk)}
    assert operator.post(page_of(location), data).status_code == 302
    row = Location.objects.get()
    assert (row.name, row.account) == ("Renamed", location.account)


def test_it_lets_an_operator_add_a_user_and_member(operator: Client) -> None:
    password = "correct horse battery staple"
    data = {
        "email": "charlie@example.com",
        "usable_password": "true",
        "password1": password,
        "password2": password,
    }
    assert operator.post(reverse("admin:locations_user_add"), data).status_code == 302
    charlie = User.objects.get(email="charlie@example.com")
    assert charlie.check_password(password) and not charlie.is_staff
    assert "charlie@example.com" in text_of(operator, page_of(charlie))


def test_it_shows_a_gateway_with_its_engines(operator: Client) -> None:
    now = timezone.now()
    engines = [
        {"kind": "running", "pid": 8, "sessions": 40, "starts": 41, "rss_mb": 120.4},
        {"kind": "linking", "pid": 9, "sessions": 1, "starts": 2, "rss_mb": 60.0},
    ]
    Gateway.objects.create(
        owner="g", host="web-1", pid=7, started_at=now, heartbeat_at=now, engines=engines
    )
    text = text_of(operator, list_of(Gateway))
    assert ">41<" in text and ">180<" in text
    assert operator.get(reverse("admin:sessions_app_gateway_add")).status_code == 403


@pytest.mark.parametrize("model", list(admin.site._registry))
def test_it_lists_rows_in_constant_queries(
    operator: Client, model: type[Any], django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        session = make_session(make_location(make_account(f"Account {number}"), f"Place {number}"))
        make_message(session)
        ApiKey.issue(session.account, f"Key {number}")
        make_user(f"person{number}", session.account)
    with django_assert_max_num_queries(16):
        text_of(operator, list_of(model))
