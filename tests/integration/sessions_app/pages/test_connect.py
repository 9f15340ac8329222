from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account, Location, Member, Role, User
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session

URL = "/connect/"


def test_it_creates_a_session_and_goes_to_its_page(alice: Client, location: Location) -> None:
    answer = alice.post(URL, {"location": location.pk})

    session = Session.objects.get(location=location)
    assert (answer.status_code, answer["Location"]) == (302, reverse("session", args=[session.pk]))
    assert session.created_by == "alice@example.com"


def test_it_offers_free_locations_only(alice: Client, account: Account) -> None:
    make_session(make_location(account, "Lisbon"))
    make_session(
        make_location(account, "Porto"),
        Status.DISCONNECTED,
        reason=Reason.UNLINKED,
        wanted=Wanted.UNLINKED,
    )
    make_location(name="Elsewhere")

    page = alice.get(URL)

    assert [place.name for place in page.context["free"]] == ["Porto"]


def test_it_offers_locations_of_the_current_account(alice: Client, location: Location) -> None:
    second = make_account("Second")
    alice_herself = User.objects.get(email="alice@example.com")
    Member.objects.create(account=second, user=alice_herself, role=Role.OWNER)
    other = make_location(second, "Porto")

    here = alice.get(URL).context["free"]
    alice.post(reverse("account_switch", args=[second.pk]))
    there = alice.get(URL).context["free"]

    assert (here, there) == ([location], [other])


def test_it_has_chosen_the_location_that_one_comes_from(alice: Client, location: Location) -> None:
    page = alice.get(f"{URL}?location={location.pk}").text

    assert f'value="{location.pk}" selected' in page


def test_it_has_chosen_the_only_location_that_is_free(
    alice: Client, account: Account, location: Location
) -> None:
    selected = f'value="{location.pk}" selected'
    assert selected in alice.get(URL).text

    make_location(account, "Porto")

    assert selected not in alice.get(URL).text


def test_it_reports_a_busy_location_beside_the_field(alice: Client, session: Session) -> None:
    answer = alice.post(URL, {"location": session.location_id})

    assert answer.status_code == 422
    assert f"{session.location.name} already has a number." in answer.text
    assert Session.objects.count() == 1


def test_it_asks_for_a_location_when_none_is_chosen(alice: Client, location: Location) -> None:
    answer = alice.post(URL, {"location": ""})

    assert answer.status_code == 422
    assert "Choose a location." in answer.text


@pytest.mark.parametrize("chosen", ["0b5e7a1c-2d7f-4f0e-9d55-6a4c1f6a9b11", "nonsense"])
def test_it_returns_404_for_a_wrong_id(alice: Client, location: Location, chosen: str) -> None:
    assert alice.post(URL, {"location": chosen}).status_code == 404


def test_it_returns_404_for_a_foreign_location(charlie: Client, location: Location) -> None:
    assert charlie.post(URL, {"location": location.pk}).status_code == 404
    assert not Session.objects.exists()


def test_it_refuses_a_viewer(vera: Client, location: Location) -> None:
    assert vera.post(URL, {"location": location.pk}).status_code == 403
    page = vera.get(URL)
    assert page.context["free"] == []
    assert "Only owners and members of the account can connect numbers" in page.text
    assert reverse("location_new") not in page.text


def test_it_lets_a_member_connect(bob: Client, location: Location) -> None:
    bob.post(URL, {"location": location.pk})

    assert Session.objects.get().created_by == "bob@example.com"
