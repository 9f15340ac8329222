from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from locations.models import Account
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_location, make_session

URL = "/"


def connect(
    account: Account, name: str, status: Status = Status.READY, **columns: object
) -> Session:
    return make_session(make_location(account, name), status, **columns)


def test_it_says_first_that_all_is_well(alice: Client, account: Account) -> None:
    for name in ("Lisbon", "Porto"):
        connect(account, name)

    page = alice.get(URL).text

    assert "All 2 numbers are ready." in page


def test_it_says_first_who_needs_somebody_and_why(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    broken = connect(account, "Porto", Status.DISCONNECTED, reason=Reason.LOGGED_OUT)

    page = alice.get(URL).text

    assert "1 of 2 numbers needs you." in page
    assert "The link was removed on the phone" in page
    assert f'formaction="{reverse("session_restart", args=[broken.pk])}"' in page


def test_a_number_that_its_owner_stopped_needs_nobody(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    connect(
        account, "Porto", Status.DISCONNECTED, reason=Reason.USER_DISCONNECT, wanted=Wanted.STOPPED
    )

    assert "Your number is ready." in alice.get(URL).text


def test_a_ready_row_that_no_gateway_vouches_for_is_not_called_ready(
    alice: Client, account: Account
) -> None:
    connect(account, "Lisbon", lease_expires_at=timezone.now() - timedelta(seconds=1))

    page = alice.get(URL).text

    assert "Reconnecting" in page
    assert "Your number is ready." not in page


def test_it_shows_number_status_and_since(alice: Client, account: Account) -> None:
    session = connect(account, "Lisbon", phone_number="+351912345678")

    page = alice.get(URL).text

    assert "+351 912 345 678" in page
    assert session.since.isoformat(timespec="milliseconds") in page


def test_it_shows_nothing_of_other_accounts(
    alice: Client, charlie: Client, account: Account
) -> None:
    connect(account, "Lisbon", phone_number="+351912345678")

    page = charlie.get(URL).text

    assert "Lisbon" not in page
    assert "No locations yet" in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("q=lis", {"Lisbon"}),
        ("q=912 345", {"Lisbon"}),
        ("status=ready", {"Lisbon"}),
        ("status=scan", {"Porto"}),
        ("status=none", {"Faro"}),
        ("status=ready&q=porto", set()),
        ("status=nonsense", {"Lisbon", "Porto", "Faro"}),
    ],
)
def test_it_searches_and_filters(
    alice: Client, account: Account, asked: str, shown: set[str]
) -> None:
    connect(account, "Lisbon", phone_number="+351912345678")
    connect(account, "Porto", Status.QR)
    make_location(account, "Faro")

    rows = alice.get(f"{URL}?{asked}").context["rows"]

    assert {row["location"].name for row in rows} == shown


def test_it_counts_by_status_whatever_the_filter(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    connect(account, "Porto", Status.QR)
    make_location(account, "Faro")

    chips = alice.get(f"{URL}?status=ready").context["chips"]

    assert [(chip.label, chip.count, chip.chosen) for chip in chips] == [
        ("All", 3, False),
        ("Ready", 1, True),
        ("Scan the code", 1, False),
        ("Not connected", 1, False),
    ]


def test_it_shows_25_a_page_and_keeps_the_filter(alice: Client, account: Account) -> None:
    for number in range(30):
        make_location(account, f"Place {number:02}")

    first, second = alice.get(f"{URL}?q=place"), alice.get(f"{URL}?q=place&page=2")

    assert len(first.context["rows"]) == 25
    assert "?q=place&amp;page=2" in first.text
    assert [row["location"].name for row in second.context["rows"]] == [
        f"Place {number}" for number in range(25, 30)
    ]


def test_it_never_carries_a_code(alice: Client, account: Account) -> None:
    waiting = connect(account, "Lisbon", Status.QR, pairing_code="ABCD-EFGH")

    page = alice.get(URL).text

    assert waiting.qr_text not in page
    assert "ABCD-EFGH" not in page


def test_it_asks_the_database_as_often_for_many_rows_as_for_few(
    alice: Client, account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        connect(account, f"Place {number:02}")

    with django_assert_num_queries(5):  # login, user, memberships, sessions, locations
        alice.get(URL)


def test_an_unlinked_number_leaves_its_location_free(alice: Client, account: Account) -> None:
    gone = connect(
        account, "Lisbon", Status.DISCONNECTED, reason=Reason.UNLINKED, wanted=Wanted.UNLINKED
    )

    page = alice.get(URL).text

    assert "Not connected" in page
    assert str(gone.pk) not in page


def test_it_tells_an_account_without_locations_what_to_do(alice: Client) -> None:
    page = alice.get(URL).text

    assert "No locations yet" in page
    assert "Ask your operator to add a location" in page


def test_every_page_says_when_the_network_is_simulated(alice: Client, settings: Settings) -> None:
    assert "Simulated network" not in alice.get(URL).text

    settings.WHATSAPP_SIMULATOR = "/somewhere.json"

    assert "Simulated network" in alice.get(URL).text
