"""A location with a long history: gone for users at once, deleted by a job in small steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone

from conversations.models import Message
from core.background.jobs import registered
from core.data.batch_delete import BATCH_ROWS
from core.data.deletion_pace import AT_ONCE_SECONDS
from locations import actions
from locations.models import Account, Location, Role
from locations.principals import Principal
from notifications.models import Delivery, Webhook
from sessions_app.actions import create_session
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.links import actions as links
from sessions_app.models import ConnectLink, Session, SessionEvent
from tests.factory import (
    make_account,
    make_delivery,
    make_location,
    make_message,
    make_plan,
    make_session,
    make_user,
    make_webhook,
)

pytestmark = pytest.mark.django_db
LIST = "/settings/locations/"


@pytest.fixture
def account() -> Account:
    return make_account()


@pytest.fixture
def alice(account: Account) -> Principal:
    user = make_user("alice", account)
    return Principal({account.pk: Role.OWNER}, user.email, user=user)


@pytest.fixture
def browser(alice: Principal) -> Client:
    client = Client()
    assert alice.user is not None
    client.force_login(alice.user)
    return client


@pytest.fixture
def location(account: Account) -> Location:
    location = make_location(account, "Porto")
    Location.objects.filter(pk=location.pk).update(ghl_id="ghl-1")
    return location


@pytest.fixture
def session(location: Location) -> Session:
    """A number of the past, with a timeline."""
    session = make_session(
        location, Status.DISCONNECTED, wanted=Wanted.UNLINKED, reason=Reason.UNLINKED
    )
    SessionEvent.objects.create(
        account=session.account, session=session, event="unlinked", old_status="", version=1,
        new_status="disconnected", reason="unlinked", actor="alice@example.com",
    )  # fmt: skip
    return session


def _interrupted(location: Location) -> None:
    """Mark ``location`` as a request does whose process is killed right afterwards."""
    Location.objects.filter(pk=location.pk).update(deleting_at=timezone.now(), ghl_id="")


def _count(model: Any) -> int:
    return int(model._base_manager.count())


def test_it_deletes_a_small_location_within_the_request(
    alice: Principal, location: Location, session: Session
) -> None:
    make_message(session)

    actions.delete(location, by=alice)

    assert [_count(model) for model in (Location, Session, SessionEvent, Message)] == [0] * 4


def test_it_completes_large_locations_in_the_job(
    alice: Principal, location: Location, session: Session
) -> None:
    rows = 40 * BATCH_ROWS
    Message.objects.bulk_create(
        Message(account=session.account, session=session, direction="in", status="received")
        for _ in range(rows)
    )

    began = timezone.now()
    actions.delete(location, by=alice)

    took = timezone.now() - began
    assert took < timedelta(seconds=AT_ONCE_SECONDS) or _count(Message) < rows
    assert not Location.objects.exists()
    while Location.being_deleted().exists():
        registered()["locations"].run()
    assert [_count(model) for model in (Location, Session, Message)] == [0, 0, 0]


def test_it_hides_a_location_that_is_being_deleted(
    browser: Client, location: Location, session: Session
) -> None:
    pages = [f"{LIST}{location.pk}/", f"/sessions/{session.pk}/"]
    assert [browser.get(page).status_code for page in pages] == [200, 200]

    _interrupted(location)

    assert [browser.get(page).status_code for page in pages] == [404, 404]
    assert "Porto" not in browser.get(LIST).text
    assert "Porto" not in browser.get("/").text


def test_it_frees_the_id_and_the_plan(
    alice: Principal, account: Account, location: Location
) -> None:
    account.plan = make_plan("Small", max_locations=1)
    account.save()
    _interrupted(location)

    again = actions.add(account, "Porto", "ghl-1", by=alice)

    assert list(Location.objects.all()) == [again]


def test_it_ends_webhooks_and_links_at_once(alice: Principal, location: Location) -> None:
    webhook = make_webhook(location.account, location=location)
    make_delivery(webhook)
    _, token = links.create(alice, location, timedelta(hours=1))
    assert links.open_link(token)

    _interrupted(location)
    assert links.open_link(token) is None

    Location._base_manager.update(deleting_at=None)
    actions.delete(location, by=alice)
    assert [_count(model) for model in (Webhook, Delivery, ConnectLink)] == [0, 0, 0]


def test_it_links_no_number_any_more(location: Location) -> None:
    _interrupted(location)

    with pytest.raises(Http404):
        create_session(location, by="alice@example.com")

    assert not Session.objects.exists()


def test_it_leaves_locations_in_use_alone(location: Location) -> None:
    kept = make_location(location.account, "Lisbon")
    _interrupted(location)

    assert registered()["locations"].run() == "Deleted 1 location."

    assert list(Location._base_manager.all()) == [kept]


def test_it_does_nothing_on_a_second_deletion(alice: Principal, location: Location) -> None:
    _interrupted(location)

    actions.delete(location, by=alice)

    assert _count(Location) == 1
