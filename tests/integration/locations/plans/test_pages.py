"""Adding and deleting locations, the plan page, and the limits."""

from __future__ import annotations

import pytest
from django.test import Client

from conversations.actions import NotReady, queue_text
from conversations.rules import checked_text
from core.text.phone_numbers import e164
from locations.models import Account, AccountState, AuditEvent, Location
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_plan, make_session

TO = e164("+351912345678")
HELLO = checked_text("Hello")

NEW, LIST = "/settings/locations/new/", "/settings/locations/"


def small(account: Account, **limits: int) -> None:
    """Put ``account`` on a plan with ``limits``."""
    account.plan = make_plan("Small", **limits)
    account.save()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_it_lets_owners_and_members_add_a_location(
    who: str, account: Account, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)

    answer = client.post(NEW, {"name": " Harbour  Café · Porto ", "ghl_id": "ve9EPM428h8vShlRW1KT"})

    location = Location.objects.get()
    assert answer.headers["Location"] == f"/connect/?location={location.pk}"
    assert (location.name, location.ghl_id) == ("Harbour Café · Porto", "ve9EPM428h8vShlRW1KT")
    assert location.account == account
    event = AuditEvent.objects.get(verb="location_added")
    assert (event.actor, event.target) == (f"{who}@example.com", "Harbour Café · Porto")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "Give the location a name."),
        ({"name": "\u2800"}, "Enter a name with visible characters."),
        ({"name": "abc\u202edef"}, "invisible characters"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"name": "Porto", "ghl_id": "two words"}, "Copy the id from GoHighLevel"),
        ({"name": "Porto", "ghl_id": "taken"}, "cannot be used"),
    ],
)
def test_it_explains_errors_and_keeps_the_input(
    alice: Client, typed: dict[str, str], says: str
) -> None:
    other = make_location(make_account("Elsewhere"))
    Location.objects.filter(pk=other.pk).update(ghl_id="taken")

    answer = alice.post(NEW, typed)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert Location.objects.count() == 1
    assert f'value="{typed.get("ghl_id", "")}"' in answer.content.decode() or "ghl_id" not in typed


def test_it_keeps_the_input_over_the_limit(alice: Client, account: Account) -> None:
    make_location(account)
    small(account, max_locations=1)

    answer = alice.post(NEW, {"name": "Porto"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "allows 1 location" in page and "ask your operator" in page
    assert 'value="Porto"' in page
    assert Location.objects.count() == 1


def test_it_explains_a_refused_session_over_the_limit(alice: Client, account: Account) -> None:
    make_session(make_location(account, "A"))
    free = make_location(account, "B")
    small(account, max_sessions=1)

    answer = alice.post("/connect/", {"location": str(free.pk)})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "allows 1 number" in page
    assert f'<option value="{free.pk}" selected>' in page
    assert Session.objects.count() == 1


def test_it_renames_a_location(alice: Client, account: Account) -> None:
    location = make_location(account, "Old")

    answer = alice.post(f"{LIST}{location.pk}/", {"name": "New", "ghl_id": ""})

    location.refresh_from_db()
    assert (answer.status_code, location.name) == (302, "New")
    assert AuditEvent.objects.get(verb="location_changed").target == "Old"


def test_it_confirms_before_deleting_a_location(alice: Client, account: Account) -> None:
    location = make_location(account, "Porto")

    asked = alice.get(f"{LIST}{location.pk}/delete/").content.decode()
    assert "Delete Porto?" in asked
    assert Location.objects.count() == 1
    alice.post(f"{LIST}{location.pk}/delete/")

    assert Location.objects.count() == 0
    assert AuditEvent.objects.get(verb="location_deleted").target == "Porto"


@pytest.mark.parametrize("wanted", [Wanted.LINKED, Wanted.STOPPED, Wanted.UNLINKED])
def test_it_keeps_a_location_whose_number_whatsapp_still_knows(
    alice: Client, account: Account, wanted: Wanted
) -> None:
    location = make_location(account, "Porto")
    make_session(location, wanted=wanted)

    answer = alice.post(f"{LIST}{location.pk}/delete/")

    assert answer.status_code == 422
    assert "Unlink it first" in answer.content.decode()
    assert Location.objects.count() == 1


def test_it_deletes_a_location_that_only_has_a_past(alice: Client, account: Account) -> None:
    location = make_location(account, "Porto")
    make_session(location, Status.DISCONNECTED, wanted=Wanted.UNLINKED, reason=Reason.UNLINKED)

    alice.post(f"{LIST}{location.pk}/delete/")

    assert Location.objects.count() == 0


def test_it_lets_viewers_look_and_hides_from_strangers(
    vera: Client, charlie: Client, account: Account
) -> None:
    location = make_location(account, "Porto")
    pages = [f"{LIST}{location.pk}/", f"{LIST}{location.pk}/delete/"]

    assert "Porto" in vera.get(LIST).content.decode()
    assert NEW not in vera.get(LIST).content.decode()
    assert {vera.post(page, {"name": "x"}).status_code for page in [NEW, *pages]} == {403}
    assert "Porto" not in charlie.get(LIST).content.decode()
    assert {charlie.post(page, {"name": "x"}).status_code for page in pages} == {404}
    assert Location.objects.get().name == "Porto"


def test_it_shows_usage_on_the_plan_page(alice: Client, account: Account) -> None:
    small(account, max_locations=2, max_sessions=5, max_api_calls_a_minute=60)
    make_session(make_location(account, "A"))

    page = alice.get("/settings/plan/").content.decode()

    assert "Small" in page and "Active" in page
    assert "1 of 2" in page and "1 of 5" in page and "1, no limit" in page
    assert "up to 60 per minute" in page


def test_it_explains_a_suspension_on_the_plan_page(alice: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(state=AccountState.SUSPENDED)

    page = alice.get("/settings/plan/").content.decode()

    assert "Suspended" in page and "Ask your operator to resume" in page


def test_it_explains_a_paused_number_and_offers_no_restart(alice: Client, account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(state=AccountState.SUSPENDED)
    session = make_session(
        make_location(account),
        Status.DISCONNECTED,
        reason=Reason.SUSPENDED_BILLING,
        jid="351911111111:1@s.whatsapp.net",
    )

    page = alice.get(f"/sessions/{session.pk}/").content.decode()

    assert "Paused, because the account is suspended" in page
    assert "Ask your operator to resume it." in page
    assert 'form="session_restart"' not in page
    assert f"/sessions/{session.pk}/unlink/" in page


def test_it_sends_nothing_for_a_suspended_account_at_once(
    account: Account,
) -> None:
    session = make_session(make_location(account))
    Account.objects.filter(pk=account.pk).update(state=AccountState.SUSPENDED)

    with pytest.raises(NotReady, match="Ask your operator") as refused:
        queue_text(session, to=TO, text=HELLO, by="alice@example.com")

    assert refused.value.reason is Reason.SUSPENDED_BILLING
    assert not session.messages.exists()
